#pragma once
// RaftLog: what Raft knows of its own log: terms of all of it, entries of the newest part, and how
// much of it is on the disk.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/entry.h"

namespace ledger::raft {

class StateWords;

class RaftLog {
  public:
    // A log as found at boot; all of it is on the disk.
    struct Contents {
        Index first{1};
        Index last;                  // first - 1 = empty
        LogId previous;              // the entry before `first`, when the log was cut there
        std::vector<TermRun> terms;  // of [first, last]
        std::vector<EntryRef> tail;  // the newest entries, contiguous, up to `last`; may be none
        std::vector<Index> holes;    // of those: damaged on the disk, known by index and term only
        ClusterTime last_cluster_time;
        WallTime last_wall_time;
    };

    explicit RaftLog(Contents contents);

    Index first() const { return first_; }
    Index last() const { return last_; }
    LogId last_id() const { return {last_term(), last_}; }
    // Invariant: durable() <= last().
    Index durable() const { return durable_; }
    ClusterTime last_cluster_time() const { return last_cluster_time_; }
    WallTime last_wall_time() const { return last_wall_time_; }

    // The term of the entry at `index`; 0 at index 0. Nothing beyond the log, and nothing for an
    // entry that was cut away: an unknown term never equals another one.
    std::optional<Term> term_at(Index index) const;
    bool contains(LogId id) const;
    // The newest entry at or below `limit.index` whose term is at most `limit.term`; what stands
    // before the log if there is none. Skips whole terms (Raft §5.3, fast backtracking).
    LogId last_not_above(LogId limit) const;

    // Entries [first_in_memory(), last()] can be had at once; next() of last() if there are none.
    Index first_in_memory() const;
    // The entry, or null if it is not in memory or damaged. Valid until the log changes.
    const EntryRef* find(Index index) const;
    // Both ends are in memory, first <= last; holes have no body. Valid until the log changes.
    std::span<const EntryRef> entries(Index first, Index last) const;

    // Damaged entries of the part in memory, ascending. They count as part of the log, and the disk
    // still owes them: somebody may have been promised that they are here.
    std::span<const Index> holes() const { return holes_; }
    bool is_hole(Index index) const;
    // The end of what is whole: before the first hole, or last().
    Index whole_to() const { return holes_.empty() ? last_ : holes_.front().previous(); }
    // An intact copy of a hole: no hole any more.
    void mend(const EntryRef& entry);
    // This entry has another body from now on, of the same envelope. Nothing happens if it is damaged or
    // not in memory.
    void replace_body(Index index, const EntryHandle& body);
    // What lies up to here is not needed any more, whole or not. Up to the last hole there it leaves
    // memory.
    void forget_holes(Index upto);

    // `entry` follows last() and its term is not below the last one.
    void append(const EntryRef& entry);
    // The log ends at `last` from now on. `current` is the node's term, see stored().
    void truncate_to(Index last, Term current);
    // A group that ended with `upto`, when the node's term was `current`, is on the disk. Ignored
    // when the log no longer contains it.
    void stored(LogId upto, Term current);
    // The log begins after `upto`, of which only the term is known from now on. Needs
    // first() <= upto.next() and upto <= last().
    void begin_after(Index upto);
    // Everything here is wrong or missing: the log is empty and continues after `cut`, which is
    // durable elsewhere.
    void restart_after(
        LogId cut, ClusterTime cluster_time, WallTime wall_time, Term current);
    // Drops entries up to `upto` from memory; what is not durable stays.
    void release(Index upto);

    void describe(StateWords& out) const;  // see Raft::describe()

  private:
    Term last_term() const;
    const EntryRef* in_window(Index index) const;

    Index first_;
    Index last_;
    Index durable_;
    LogId previous_;
    ClusterTime last_cluster_time_;
    WallTime last_wall_time_;
    // The node's term at the last truncation. A group stored in a lower term says nothing about
    // what was written since, even if the same entry stands there again.
    Term truncated_in_;
    // Invariant: first indexes and terms strictly increase; runs_[0].first == first_.
    std::vector<TermRun> runs_;
    // window_[head_ ...] are the entries in memory, the last one being last_.
    std::vector<EntryRef> window_;
    std::size_t head_ = 0;
    std::vector<Index> holes_;  // Invariant: ascending, in the window
};

}  // namespace ledger::raft
