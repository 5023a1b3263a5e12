#include "raft/quorum.h"

#include <algorithm>
#include <array>
#include <functional>

#include "log/base/assert.h"

namespace ledger::raft {
namespace {

std::uint64_t value_of(NodeId node, std::span<const Acknowledged> acknowledged) {
    for (const Acknowledged& one : acknowledged) {
        if (one.node == node) {
            return one.value;
        }
    }
    return 0;
}

std::uint32_t count_in(const NodeSet& voters, const NodeSet& nodes) {
    std::uint32_t count = 0;
    for (NodeId node : nodes) {
        count += voters.contains(node) ? 1u : 0u;
    }
    return count;
}

VoteResult majority_vote(const NodeSet& voters, const NodeSet& granted, const NodeSet& refused) {
    if (voters.empty()) {
        return VoteResult::won;
    }
    const std::uint32_t needed = voters.size() / 2 + 1;
    if (count_in(voters, granted) >= needed) {
        return VoteResult::won;
    }
    const std::uint32_t possible = voters.size() - count_in(voters, refused);
    return possible >= needed ? VoteResult::open : VoteResult::lost;
}

}  // namespace

std::uint64_t majority_value(const NodeSet& voters, std::span<const Acknowledged> acknowledged) {
    if (voters.empty()) {
        return UINT64_MAX;
    }
    std::array<std::uint64_t, members_max> values{};
    std::uint32_t count = 0;
    for (NodeId voter : voters) {
        values[count] = value_of(voter, acknowledged);
        ++count;
    }
    LEDGER_ASSERT(count == voters.size());
    // In descending order the value at place n/2 has been reached by n/2 + 1 voters.
    std::sort(values.begin(), values.begin() + count, std::greater<>());
    return values[count / 2];
}

std::uint64_t quorum_value(
    const Configuration& configuration, std::span<const Acknowledged> acknowledged) {
    if (configuration.voters.empty()) {
        return 0;
    }
    return std::min(majority_value(configuration.voters, acknowledged),
        majority_value(configuration.outgoing, acknowledged));
}

VoteResult vote_result(
    const Configuration& configuration, const NodeSet& granted, const NodeSet& refused) {
    if (configuration.voters.empty()) {
        return VoteResult::lost;
    }
    const VoteResult incoming = majority_vote(configuration.voters, granted, refused);
    const VoteResult outgoing = majority_vote(configuration.outgoing, granted, refused);
    if (incoming == VoteResult::lost || outgoing == VoteResult::lost) {
        return VoteResult::lost;
    }
    const bool won = incoming == VoteResult::won && outgoing == VoteResult::won;
    return won ? VoteResult::won : VoteResult::open;
}

}  // namespace ledger::raft
