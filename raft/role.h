#pragma once
// Role: what a node is at the moment, with the data that exists only in that role.

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "raft/membership.h"
#include "raft/progress.h"
#include "raft/read_queue.h"

namespace ledger::raft {

// Reads that wait for an index from the leader; one request is under way at a time, and those that
// arrive meanwhile share the next one.
struct ForwardedReads {
    struct Waiting {
        ReadId id;
        std::uint64_t number = 0;  // of the request that serves it
    };
    std::vector<Waiting> waiting;  // Invariant: numbers do not decrease
    bool asked = false;            // request number Raft::read_requests_ has no answer yet
    Instant asked_at;
};

struct Follower {
    NodeId leader;     // of the current term; 0 = unknown
    Instant heard;     // last proof of life of `leader`, if there is one
    Instant deadline;  // then it looks for a new leader
    ForwardedReads reads;
};

// Asks whether it could win, before it disturbs anybody with a new term (thesis §9.6).
struct PreCandidate {
    std::uint64_t attempt = 0;
    NodeSet granted;
    NodeSet refused;
    Instant deadline;
};

struct Candidate {
    NodeSet granted;  // itself only once its vote is durable
    NodeSet refused;
    Instant deadline;
};

// Leadership on its way to another voter (thesis §3.10). No proposals meanwhile.
struct Transfer {
    NodeId target;
    Instant deadline;  // then it is given up and proposals are taken again
};

// When the newest heartbeat rounds left: leases count from there (catalogue L08).
class RoundTimes {
  public:
    void sent(std::uint64_t round, Instant at) { ring_[round % ring_.size()] = {round, at}; }
    // Nothing if that round was too long ago.
    std::optional<Instant> of(std::uint64_t round) const {
        const Sent& sent = ring_[round % ring_.size()];
        return sent.round == round ? std::optional(sent.at) : std::nullopt;
    }

  private:
    struct Sent {
        std::uint64_t round = 0;
        Instant at;
    };
    std::array<Sent, 16> ring_{};
};

struct Leader {
    std::vector<Progress> peers;  // all members but itself, in the order of their ids
    std::uint64_t sequence = 0;   // of the newest AppendRequest
    std::uint64_t round = 0;      // of the newest Heartbeat
    bool round_open = false;      // that round has not left yet: reads may still join it
    RoundTimes round_times;
    Instant heartbeat_due;
    Index first_own;  // the no-op of its term; beyond the log while there are holes in it
    NodeSet never_had;   // voters that never had the first hole
    Index never_had_at;  // which that is
    std::uint64_t uncommitted_bytes = 0;
    ClusterTime stamped;  // cluster time of the last entry, or at the election
    Instant stamped_at;   // the own clock at that moment
    ReadQueue reads;
    Instant loads_from;           // what was loaded for followers is paid for then
    Instant paced_until = never;  // a follower's next load waits for that
    std::optional<Transfer> transfer;
    Instant hand_over_from;  // not before that because of a crowded disk
    bool lease_given_away = false;  // somebody may campaign in spite of it, until the term ends
    Instant disk_progress;  // the own disk finished a group, or got work after it had none
};

using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader>;

}  // namespace ledger::raft
