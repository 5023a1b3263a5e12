#pragma once
// Quorum: what a set of voters has decided; one tally for votes, commits, reads and liveness.

#include <cstdint>
#include <span>

#include "log/base/ids.h"
#include "raft/membership.h"

namespace ledger::raft {

// What one node has acknowledged: an index, a heartbeat round, a moment. Each node at most once.
struct Acknowledged {
    NodeId node;
    std::uint64_t value = 0;
};

// The largest value that a majority of `voters` has reached. A voter that is not listed counts as
// 0, a listed node that is no voter counts nothing. No voters: everything, so that an empty half
// of a configuration does not restrain the other.
std::uint64_t majority_value(const NodeSet& voters, std::span<const Acknowledged> acknowledged);

// The smaller of both halves (thesis §4.3). A configuration without voters has reached nothing.
std::uint64_t quorum_value(
    const Configuration& configuration, std::span<const Acknowledged> acknowledged);

enum class VoteResult : std::uint8_t { open = 1, won = 2, lost = 3 };

// Won with a majority of every half, lost as soon as one half can no longer be won. A node is in
// at most one of the sets; nodes that are no voters count nothing.
VoteResult vote_result(
    const Configuration& configuration, const NodeSet& granted, const NodeSet& refused);

}  // namespace ledger::raft
