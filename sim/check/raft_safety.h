#pragma once
// Raft safety: one leader per term, leaders that hold all that is committed, votes that last.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "sim/check/committed_log.h"
#include "sim/check/durability.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// Seen from outside, over all nodes and all their lives (raft/invariants looks at one node).
class RaftSafety {
  public:
    explicit RaftSafety(const CommittedLog& committed) : committed_(committed) {}

    // The node became leader with a log that ends in `last` (before its own no-op).
    // `term_at_committed` is the term of its entry at index committed.last(), nothing if it has
    // none there or if nothing is committed. Raft §5.2 (election safety), §5.4 (completeness).
    [[nodiscard]] Finding elected(
        NodeId node, Term term, LogId last, std::optional<Term> term_at_committed);
    // The voters of the configuration that it was elected in are these. Raft §5.2: a majority of them
    // has voted for it, each by what its disk has said; or the disk says a later term, in which the
    // vote cannot be given once more (term and vote of one group take the place of earlier ones).
    [[nodiscard]] Finding won(
        NodeId node, Term term, std::span<const Electorate> electorates);
    // Nothing is left of what its disk promised: an empty one took its place.
    void wiped(NodeId node);
    // What the node's disk durably says now; after every sync and at every boot. The term never
    // falls, a vote never changes within its term.
    [[nodiscard]] Finding hard_state(NodeId node, const HardState& durable);

    // Name "raft_safety"; examined = elections and hard states judged.
    CheckResult result() const { return tally_.result(); }
    std::uint64_t elections() const { return elections_; }

  private:
    const CommittedLog& committed_;
    LookupTable<Term, NodeId> leaders_;
    std::vector<HardState> durable_;  // by node number
    std::vector<Term> terms_;         // by node number: the highest on any disk that it had
    std::map<std::pair<Term, NodeId>, std::vector<NodeId>> votes_;  // for whom, by whom
    Term highest_;                    // on any disk so far
    std::uint64_t elections_ = 0;
    Tally tally_{"raft_safety"};
};

}  // namespace ledger::check
