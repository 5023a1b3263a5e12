#include "sim/check/cuts.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

Finding Cuts::kept(NodeId node, Index index, const Digest& root) {
    LEDGER_ASSERT(node.value != 0);
    const auto [first, fresh] = roots_.try_emplace(index, First{node, root});
    if (fresh) {
        return std::nullopt;
    }
    tally_.examined();
    if (first->second.root == root) {
        return std::nullopt;
    }
    return tally_.violated(fmt::format("the cut of {} at index {} has root {}, that of {} has {}",
        node_name(node), index, short_hash(root), node_name(first->second.node),
        short_hash(first->second.root)));
}

Finding Cuts::restored(NodeId node, Index index, const Hash128& state_digest) {
    tally_.examined();
    if (index == Index{0} || index > committed_.last()) {
        return tally_.violated(fmt::format("{} took up a state at index {}, which nobody has applied",
            node_name(node), index));
    }
    if (committed_.entry(index).state_digest != state_digest) {
        return tally_.violated(fmt::format(
            "{} took up another state at index {} than {} had there", node_name(node), index,
            node_name(committed_.entry(index).first_by)));
    }
    return std::nullopt;
}

Finding Cuts::agreed(Index index, const Digest& root) {
    const auto [known, fresh] = agreed_.try_emplace(index, root);
    if (known->second != root) {
        return tally_.violated(fmt::format("the log agrees on two roots of the cut at index {}: {} and {}",
            index, short_hash(known->second), short_hash(root)));
    }
    // A replica may have lost its power before it could tell of the cut that it then proposed.
    const auto first = roots_.find(index);
    tally_.examined();
    if (first != roots_.end() && first->second.root != root) {
        return tally_.violated(fmt::format(
            "the log agrees on root {} of the cut at index {}, that of {} has {}",
            short_hash(root), index, node_name(first->second.node), short_hash(first->second.root)));
    }
    return std::nullopt;
}

void Cuts::retained(Index upto) {
    if (agreed_.find(upto) != agreed_.end()) {
        retained_ = std::max(retained_, upto);
    }
}

Finding Cuts::log_begins(
    NodeId node, Index first, bool dropped, std::span<const Copy> copies) {
    LEDGER_ASSERT(node.value != 0);
    LEDGER_ASSERT(first.value >= 1);
    if (covered_.size() <= node.value) {
        covered_.resize(node.value + 1);
    }
    Index& covered = covered_[node.value];
    covered = Index{};
    if (first == Index{1}) {
        return std::nullopt;
    }
    tally_.examined();
    const Index gone = first.previous();
    if (dropped && gone > retained_) {
        return tally_.violated(
            fmt::format("{} has dropped its log up to index {}, but only up to index {} it may",
                node_name(node), gone, retained_));
    }
    bool other_root = false;
    for (const Copy& copy : copies) {
        const auto agreed = agreed_.find(copy.index);
        const bool verified = agreed != agreed_.end() && agreed->second == copy.root;
        if (copy.index >= gone && verified) {
            covered = gone;
        }
        other_root = other_root || (copy.index >= gone && !verified);
    }
    if (covered == gone) {
        return std::nullopt;
    }
    return tally_.violated(fmt::format("the log of {} begins at index {}, and its disk holds {}",
        node_name(node), first,
        other_root ? "only cuts without the agreed root of what was before"
                   : "no whole cut of what was before"));
}

Finding Cuts::refused(NodeId node, const std::string& why) {
    tally_.examined();
    if (retained_ == Index{}) {
        return tally_.violated(fmt::format(
            "{} refused a read, though nothing may be gone: {}", node_name(node), why));
    }
    return std::nullopt;
}

bool Cuts::covers(NodeId node, Index index) const {
    LEDGER_ASSERT(index.value >= 1);
    return node.value < covered_.size() && index <= covered_[node.value];
}

}  // namespace ledger::check
