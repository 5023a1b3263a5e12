#pragma once
// Ready: everything that Raft wants done after a step: store, send, apply, answer, wake.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/entry.h"
#include "log/base/time.h"
#include "raft/membership.h"
#include "raft/message.h"
#include "raft/transition.h"

namespace ledger::raft {

// One read waiting for a confirmed index; chosen by the caller, unique among waiting reads.
using ReadId = Strong<struct ReadIdTag>;

// How a read gets its index.
enum class ReadPath : std::uint8_t {
    leader = 1,    // only on the leader, which asks a quorum whether it still leads
    lease = 2,     // the same, but without asking while the leader holds a lease
    anywhere = 3,  // also on a follower or learner, which asks the leader
};

struct Outgoing {
    NodeId to;
    // May leave only when everything that Raft asked to store up to now is on the disk.
    bool durable = false;
    Message message;
};

// A read may be answered from any state that has applied `index`.
struct ReadGrant {
    ReadId id;
    Index index;
};

// A follower needs entries that are no longer in memory. The caller reads them and hands them to
// Raft::loaded, at most one request per peer at a time.
struct LoadWanted {
    NodeId peer;
    Index first;
    Index last;
    std::uint64_t bytes_max = 0;
};

// A cut as Raft sees it (DESIGN section 4): the state after `id`, and what the log says there.
struct Cut {
    LogId id;
    ClusterTime cluster_time;  // stamps of that entry
    WallTime wall_time;
    Configuration configuration;  // in force at it
    friend bool operator==(const Cut&, const Cut&) = default;
};

// As leader: send this cut to `peer`, resuming where the peer says it stands. Ends when it arrived
// and was wanted, when the link broke (then it is wanted again), or with snapshot_failed(), which
// the caller owes when the receiver does not take it, or has asked for nothing for long: the word
// that it arrived may have been lost.
struct SnapshotWanted {
    NodeId peer;
    Cut cut;
};

// As follower: `from` will send this cut. A part of another one that came before is of no use.
struct SnapshotOffered {
    NodeId from;
    Cut cut;
};

// Order of obligations: the hard state is durable before anything else of the same batch; the log
// is restarted or truncated before `entries` are appended; durable messages leave after all of it.
struct Ready {
    std::optional<HardState> hard_state;
    std::optional<Cut> restore;  // the log is emptied and goes on after this cut; so does the state
    std::optional<LogId> state_from;  // the state goes on after this cut; the log stays as it is
    std::optional<Index> truncate_to;  // the log ends here before `entries` are appended
    std::vector<EntryRef> entries;     // contiguous, index and term filled in
    std::vector<EntryRef> repairs;     // copies of entries that were damaged on the disk
    std::vector<Outgoing> messages;
    std::vector<ReadGrant> reads;
    std::vector<ReadId> dropped_reads;  // leadership was lost first: the caller answers
    std::vector<LoadWanted> loads;
    std::vector<SnapshotWanted> snapshots;
    std::vector<SnapshotOffered> offers;
    std::vector<Transition> transitions;

    bool empty() const {
        return !hard_state && !restore && !state_from && !truncate_to && entries.empty() && repairs.empty() &&
               messages.empty() &&
               reads.empty() && dropped_reads.empty() && loads.empty() && snapshots.empty() &&
               offers.empty() && transitions.empty();
    }
    // Forgets everything but keeps the memory.
    void clear() {
        hard_state.reset();
        restore.reset();
        state_from.reset();
        truncate_to.reset();
        snapshots.clear();
        offers.clear();
        entries.clear();
        repairs.clear();
        messages.clear();
        reads.clear();
        dropped_reads.clear();
        loads.clear();
        transitions.clear();
    }
};

}  // namespace ledger::raft
