#include "sim/check/durability.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

std::vector<NodeId> common(Electorate voters, std::span<const NodeId> holders) {
    std::vector<NodeId> both;
    for (NodeId voter : voters) {
        if (std::find(holders.begin(), holders.end(), voter) != holders.end()) {
            both.push_back(voter);
        }
    }
    return both;
}

bool majority(Electorate voters, std::span<const NodeId> holders) {
    return common(voters, holders).size() > voters.size() / 2;
}

// Of the first of them that lacks copies.
std::string disks(std::span<const Electorate> electorates, std::span<const NodeId> all) {
    const auto lacking = std::find_if(electorates.begin(), electorates.end(),
        [&](Electorate voters) { return !majority(voters, all); });
    LEDGER_ASSERT(lacking != electorates.end());
    const std::uint64_t voters = lacking->size();
    const std::vector<NodeId> holders = common(*lacking, all);
    if (holders.empty()) {
        return fmt::format("is on the disk of none of {} replicas", voters);
    }
    return fmt::format("is on the disk of only {} of {} replicas ({})", holders.size(), voters,
        node_names(holders));
}

}  // namespace

bool majorities(std::span<const Electorate> electorates, std::span<const NodeId> holders) {
    return std::all_of(electorates.begin(), electorates.end(),
        [&](Electorate voters) { return majority(voters, holders); });
}

Finding Durability::acknowledged(const Acknowledgement& acknowledgement) {
    const Acknowledgement& a = acknowledgement;
    LEDGER_ASSERT(a.index.value >= 1);
    LEDGER_ASSERT(!a.electorates.empty());
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
    if (!majorities(a.electorates, a.holders)) {
        return tally_.violated(fmt::format("append of {} was acknowledged at index {} but {}",
            client_name(a.client, a.session, a.sequence), a.index, disks(a.electorates, a.holders)));
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

Finding Durability::finish(std::span<const Electorate> electorates) {
    Finding first;
    for (std::size_t i = 0; i < promises_.size(); ++i) {
        const Promise& promise = promises_[i];
        if (!promise.made || majorities(electorates, promise.holders)) {
            continue;
        }
        Finding lost =
            tally_.violated(fmt::format("append of {}, acknowledged at index {}, {} at the end",
                client_name(promise.client, promise.session, promise.sequence), i + 1,
                disks(electorates, promise.holders)));
        first = first ? std::move(first) : std::move(lost);
    }
    return first;
}

}  // namespace ledger::check
