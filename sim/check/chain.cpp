#include "sim/check/chain.h"

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

Chain::Link& Chain::link(NodeId node) {
    LEDGER_ASSERT(node.value != 0);
    if (links_.size() <= node.value) {
        links_.resize(node.value + 1);
    }
    return links_[node.value];
}

void Chain::begins(NodeId node, Index first, const Digest& previous) {
    LEDGER_ASSERT(first.value >= 1);
    link(node) = {first, previous};
}

Finding Chain::entry(NodeId node, const HashedEntry& entry) {
    Link& at = link(node);
    tally_.examined();
    const Index index = entry.entry.index;
    if (index != at.next) {
        const Index expected = at.next;
        at = {index.next(), entry.hash};
        return tally_.violated(fmt::format("the log of {} holds index {} where index {} belongs",
            node_name(node), index, expected));
    }
    const Digest computed = entry_hash(at.previous, entry.entry);
    at = {index.next(), entry.hash};
    if (computed != entry.hash) {
        return tally_.violated(fmt::format(
            "the hash chain of {} breaks at index {}: stored {}, computed from the bytes {}",
            node_name(node), index, short_hash(entry.hash), short_hash(computed)));
    }
    if (index <= committed_.last() && committed_.entry(index).entry_hash != computed) {
        return tally_.violated(fmt::format(
            "the log of {} holds another entry at index {} than {} applied: hash {} against {}",
            node_name(node), index, node_name(committed_.entry(index).first_by),
            short_hash(computed), short_hash(committed_.entry(index).entry_hash)));
    }
    return std::nullopt;
}

}  // namespace ledger::check
