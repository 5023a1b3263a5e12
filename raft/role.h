#pragma once
// Role: what a node is at the moment, with the data that exists only in that role.

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

struct Follower {
    NodeId leader;     // of the current term; 0 = unknown
    Instant heard;     // last proof of life of `leader`, if there is one
    Instant deadline;  // then it looks for a new leader
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

struct Leader {
    std::vector<Progress> peers;  // all members but itself, in the order of their ids
    std::uint64_t sequence = 0;   // of the newest AppendRequest
    std::uint64_t round = 0;      // of the newest Heartbeat
    bool round_open = false;      // that round has not left yet: reads may still join it
    Instant heartbeat_due;
    Index first_own;  // the no-op of its term
    std::uint64_t uncommitted_bytes = 0;
    ClusterTime stamped;  // cluster time of the last entry, or at the election
    Instant stamped_at;   // the own clock at that moment
    ReadQueue reads;
    std::optional<Transfer> transfer;
    Instant disk_progress;  // the own disk finished a group, or got work after it had none
};

using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader>;

}  // namespace ledger::raft
