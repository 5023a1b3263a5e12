#pragma once
// Committed log: what all replicas must agree on, index by index, seen from inside (white box).

#include <cstdint>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "sim/check/order.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// The identity of a committed entry.
struct CommittedEntry {
    Term term;
    EntryKind kind = EntryKind::noop;
    NodeId first_by;    // the replica that applied it first
    Digest entry_hash;  // covers everything before it
    Digest envelope_digest;
    Hash128 state_digest;  // of the state after it
};

// The check "agreement" (Raft §5.4.3, state machine safety). The first replica to apply an index
// defines it; everybody else, and every later life of the same replica, must agree.
class CommittedLog {
  public:
    // A replica has applied `index`. `entry` and `outcome` are looked at only by the first applier
    // (its events and their positions become part of order()); a later one may pass nullptr and
    // nothing. A node that is new, or has restarted, begins at index 1
    // or after restored().
    [[nodiscard]] Finding applied(NodeId node, Index index, Term term, EntryKind kind,
        const Digest& entry_hash, const Hash128& state_digest, const EntryRef* entry,
        ByteSpan outcome);
    // The node lost its memory and will apply from index 1 again.
    void restarted(NodeId node);
    // The node took up the state of a cut at `index` and will apply what follows.
    void restored(NodeId node, Index index);

    // Whether this index is still undefined: only then `entry` and `outcome` are needed.
    bool wants(Index index) const { return last() < index; }
    Index last() const { return Index{entries_.size()}; }
    const CommittedEntry& entry(Index index) const;  // 1 <= index <= last()
    Index index_of(Position position) const;         // position < order().length()
    const Order& order() const { return order_; }
    std::uint64_t length() const { return order_.length(); }
    // How far this node has applied in its present life.
    Index applied_by(NodeId node) const;

    // Name "agreement"; examined = comparisons with what another replica or life had defined.
    CheckResult result() const { return tally_.result(); }

  private:
    Finding in_order(NodeId node, Index index);
    Finding define(NodeId node, Index index, const CommittedEntry& identity, const EntryRef& entry,
        ByteSpan outcome);
    Finding extend_order(NodeId node, Index index, const EntryRef& entry, ByteSpan outcome);
    Finding compare(NodeId node, Index index, const CommittedEntry& seen);

    std::vector<CommittedEntry> entries_;  // [0] is index 1
    ClusterTime cluster_time_;             // of the last entry
    WallTime wall_time_;
    std::vector<Index> applied_by_;        // by node number
    Order order_;
    Tally tally_{"agreement"};
};

}  // namespace ledger::check
