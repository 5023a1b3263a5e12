#include "sim/check/durability.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

std::string disks(std::span<const NodeId> holders, std::uint32_t voters) {
    if (holders.empty()) {
        return fmt::format("is on the disk of none of {} replicas", voters);
    }
    std::string names;
    for (NodeId holder : holders) {
        names += names.empty() ? "" : ", ";
        names += node_name(holder);
    }
    return fmt::format(
        "is on the disk of only {} of {} replicas ({})", holders.size(), voters, names);
}

}  // namespace

Finding Durability::acknowledged(const Acknowledgement& acknowledgement) {
    const Acknowledgement& a = acknowledgement;
    LEDGER_ASSERT(a.index.value >= 1);
    LEDGER_ASSERT(a.quorum >= 1);
    LEDGER_ASSERT(a.quorum <= a.voters);
    tally_.examined();
    if (promises_.size() < a.index.value) {
        promises_.resize(a.index.value);
    }
    Promise& promise = promises_[a.index.value - 1];
    if (!promise.made) {
        promise = {.made = true,
            .client = a.client,
            .session = a.session,
            .sequence = a.sequence,
            .holders = {}};
        ++promises_made_;
    }
    if (a.holders.size() < a.quorum) {
        return tally_.violated(fmt::format("append of {} was acknowledged at index {} but {}",
            client_name(a.client, a.session, a.sequence), a.index, disks(a.holders, a.voters)));
    }
    return std::nullopt;
}

void Durability::holds(NodeId node, Index index, const Digest& entry_hash) {
    LEDGER_ASSERT(index.value >= 1);
    if (index.value > promises_.size() || !promises_[index.value - 1].made) {
        return;
    }
    // Another entry at this index is no copy.
    if (index > committed_.last() || committed_.entry(index).entry_hash != entry_hash) {
        return;
    }
    std::vector<NodeId>& holders = promises_[index.value - 1].holders;
    if (std::find(holders.begin(), holders.end(), node) == holders.end()) {
        holders.push_back(node);
    }
}

Finding Durability::finish(std::uint32_t voters, std::uint32_t quorum) {
    Finding first;
    for (std::size_t i = 0; i < promises_.size(); ++i) {
        const Promise& promise = promises_[i];
        if (!promise.made || promise.holders.size() >= quorum) {
            continue;
        }
        Finding lost =
            tally_.violated(fmt::format("append of {}, acknowledged at index {}, {} at the end",
                client_name(promise.client, promise.session, promise.sequence), i + 1,
                disks(promise.holders, voters)));
        first = first ? std::move(first) : std::move(lost);
    }
    return first;
}

}  // namespace ledger::check
