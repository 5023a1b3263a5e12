#pragma once
// Ready: everything that Raft wants done after a step: store, send, apply, answer, wake.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/entry.h"
#include "log/base/time.h"
#include "raft/message.h"

namespace ledger::raft {

// One read waiting for a confirmed index; chosen by the caller, unique among waiting reads.
using ReadId = Strong<struct ReadIdTag>;

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

enum class Role : std::uint8_t { follower = 1, pre_candidate = 2, candidate = 3, leader = 4 };

// A role or term change, in the order in which they happened.
struct Transition {
    Role role = Role::follower;
    Term term;
    NodeId leader;  // 0 = unknown
    friend bool operator==(const Transition&, const Transition&) = default;
};

// Order of obligations: the hard state is durable before any entry of the same batch; the log is
// truncated before `entries` are appended; durable messages leave after all of it.
struct Ready {
    std::optional<HardState> hard_state;
    std::optional<Index> truncate_to;  // the log ends here before `entries` are appended
    std::vector<EntryRef> entries;     // contiguous, index and term filled in
    std::vector<Outgoing> messages;
    std::vector<ReadGrant> reads;
    std::vector<ReadId> dropped_reads;  // leadership was lost first: the caller answers
    std::vector<LoadWanted> loads;
    std::vector<Transition> transitions;

    bool empty() const {
        return !hard_state && !truncate_to && entries.empty() && messages.empty() &&
               reads.empty() && dropped_reads.empty() && loads.empty() && transitions.empty();
    }
    // Forgets everything but keeps the memory.
    void clear() {
        hard_state.reset();
        truncate_to.reset();
        entries.clear();
        messages.clear();
        reads.clear();
        dropped_reads.clear();
        loads.clear();
        transitions.clear();
    }
};

}  // namespace ledger::raft
