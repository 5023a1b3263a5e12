#include "raft/quorum.h"

#include <algorithm>
#include <array>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

NodeSet set_of(std::initializer_list<std::uint32_t> ids) {
    NodeSet nodes;
    for (std::uint32_t id : ids) {
        nodes.insert(NodeId{id});
    }
    return nodes;
}

NodeSet any_set(std::uint32_t size_max) {
    NodeSet nodes;
    for (std::uint32_t id : *rc::gen::container<std::vector<std::uint32_t>>(
             *rc::gen::inRange<std::size_t>(0, size_max + 1), rc::gen::inRange(1u, 9u))) {
        nodes.insert(NodeId{id});
    }
    return nodes;
}

// The nodes whose bit is set, node 1 having bit 0.
NodeSet subset(std::uint64_t bits) {
    NodeSet nodes;
    for (std::uint32_t id = 1; bits != 0; ++id, bits >>= 1) {
        if ((bits & 1) != 0) {
            nodes.insert(NodeId{id});
        }
    }
    return nodes;
}

// The naive twins: try every value, count heads.

std::uint64_t heads_at(
    const NodeSet& voters, const std::vector<Acknowledged>& acknowledged, std::uint64_t value) {
    std::uint64_t heads = 0;
    for (NodeId voter : voters) {
        const auto found = std::find_if(acknowledged.begin(), acknowledged.end(),
            [voter](const Acknowledged& one) { return one.node == voter; });
        const std::uint64_t reached = found == acknowledged.end() ? 0 : found->value;
        heads += reached >= value ? 1u : 0u;
    }
    return heads;
}

bool agreed(const Configuration& configuration, const std::vector<Acknowledged>& acknowledged,
    std::uint64_t value) {
    const bool incoming =
        heads_at(configuration.voters, acknowledged, value) * 2 > configuration.voters.size();
    const bool outgoing =
        configuration.outgoing.empty() ||
        heads_at(configuration.outgoing, acknowledged, value) * 2 > configuration.outgoing.size();
    return incoming && outgoing;
}

// Won if every completion of the open votes wins, lost if none does: tries all of them.
VoteResult naive_vote(
    const Configuration& configuration, const NodeSet& granted, const NodeSet& refused) {
    std::vector<NodeId> undecided;
    for (NodeId node : configuration.members()) {
        if (!granted.contains(node) && !refused.contains(node)) {
            undecided.push_back(node);
        }
    }
    const auto wins = [&](std::uint64_t choice) {
        NodeSet yes = granted;
        for (std::size_t i = 0; i < undecided.size(); ++i) {
            if ((choice >> i & 1) != 0) {
                yes.insert(undecided[i]);
            }
        }
        const auto half = [&yes](const NodeSet& voters) {
            return std::count_if(voters.begin(), voters.end(),
                       [&yes](NodeId node) { return yes.contains(node); }) *
                       2 >
                   static_cast<std::ptrdiff_t>(voters.size());
        };
        return half(configuration.voters) &&
               (configuration.outgoing.empty() || half(configuration.outgoing));
    };
    if (wins(0)) {
        return VoteResult::won;
    }
    return wins((1ULL << undecided.size()) - 1) ? VoteResult::open : VoteResult::lost;
}

}  // namespace

TEST_CASE("quorum: a majority acknowledges the committed index", "[raft]") {
    const std::vector<Acknowledged> acknowledged{{NodeId{1}, 5}, {NodeId{2}, 3}, {NodeId{3}, 9}};
    CHECK(majority_value(set_of({1, 2, 3}), acknowledged) == 5);
    CHECK(majority_value(set_of({1, 2}), acknowledged) == 3);
    CHECK(majority_value(set_of({1, 2, 3, 4}), acknowledged) == 3);
    CHECK(majority_value(set_of({1, 2, 3, 4, 5}), acknowledged) == 3);
    CHECK(majority_value(set_of({3}), acknowledged) == 9);
    CHECK(majority_value(set_of({4}), acknowledged) == 0);
}

TEST_CASE("quorum: a joint configuration needs both halves", "[raft]") {
    const Configuration joint{.voters = set_of({1, 2, 3}), .outgoing = set_of({3, 4, 5})};
    const std::vector<Acknowledged> acknowledged{{NodeId{1}, 9}, {NodeId{2}, 9}, {NodeId{3}, 1}};
    CHECK(quorum_value(joint, acknowledged) == 0);
    // Four of the five nodes: a majority of the union, but of one half only.
    CHECK(vote_result(joint, set_of({1, 2, 4}), {}) == VoteResult::open);
    CHECK(vote_result(joint, set_of({1, 2, 4, 5}), {}) == VoteResult::won);
    CHECK(vote_result(joint, set_of({1, 2}), set_of({4, 5})) == VoteResult::lost);
}

TEST_CASE("quorum: without voters nothing is ever decided", "[raft]") {
    const std::vector<Acknowledged> acknowledged{{NodeId{1}, 9}};
    CHECK(quorum_value(Configuration{}, acknowledged) == 0);
    CHECK(vote_result(Configuration{}, set_of({1}), {}) == VoteResult::lost);
}

TEST_CASE("quorum: learners and strangers count nothing", "[raft]") {
    const Configuration configuration{.voters = set_of({1, 2, 3}), .learners = set_of({4, 5})};
    const std::vector<Acknowledged> acknowledged{
        {NodeId{1}, 7}, {NodeId{4}, 7}, {NodeId{5}, 7}, {NodeId{6}, 7}};
    CHECK(quorum_value(configuration, acknowledged) == 0);
    CHECK(vote_result(configuration, set_of({1, 4, 5}), {}) == VoteResult::open);
    CHECK(vote_result(configuration, {}, set_of({1, 4, 5})) == VoteResult::open);
}

TEST_CASE("quorum: for all small configurations the agreed value is the counted one", "[raft]") {
    // Voters and outgoing among nodes 1 to 4, node 5 a stranger, each with 0, 1 or 2.
    constexpr std::uint64_t values = 3 * 3 * 3 * 3 * 3;
    std::uint64_t wrong = 0;
    for (std::uint64_t halves = 0; halves < 16 * 16; ++halves) {
        const Configuration configuration{
            .voters = subset(halves % 16), .outgoing = subset(halves / 16)};
        for (std::uint64_t choice = 0; choice < values; ++choice) {
            std::vector<Acknowledged> acknowledged;
            for (std::uint64_t rest = choice, id = 1; id <= 5; ++id, rest /= 3) {
                acknowledged.push_back({NodeId{static_cast<std::uint32_t>(id)}, rest % 3});
            }
            std::uint64_t best = 0;
            for (std::uint64_t value = 1; value <= 2; ++value) {
                best = agreed(configuration, acknowledged, value) ? value : best;
            }
            wrong += quorum_value(configuration, acknowledged) != best ? 1u : 0u;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("quorum: for all small configurations the vote is what all outcomes say", "[raft]") {
    // Each of the nodes 1 to 5 grants, refuses or is silent.
    constexpr std::uint64_t answers = 3 * 3 * 3 * 3 * 3;
    std::uint64_t wrong = 0;
    for (std::uint64_t halves = 0; halves < 16 * 16; ++halves) {
        const Configuration configuration{
            .voters = subset(halves % 16), .outgoing = subset(halves / 16)};
        for (std::uint64_t choice = 0; choice < answers; ++choice) {
            std::array<NodeSet, 3> said;
            for (std::uint64_t rest = choice, id = 1; id <= 5; ++id, rest /= 3) {
                said[rest % 3].insert(NodeId{static_cast<std::uint32_t>(id)});
            }
            const VoteResult result = vote_result(configuration, said[0], said[1]);
            wrong += result != naive_vote(configuration, said[0], said[1]) ? 1u : 0u;
        }
    }
    CHECK(wrong == 0);
}

// Why a joint phase is safe (thesis §4.3): no decision of one phase misses one of its neighbours.
TEST_CASE("quorum: majorities of neighbouring configurations always meet", "[raft]") {
    const auto wins = [](const Configuration& configuration, std::uint64_t nodes) {
        return vote_result(configuration, subset(nodes), {}) == VoteResult::won;
    };
    std::uint64_t missed = 0;
    for (std::uint64_t halves = 0; halves < 32 * 32; ++halves) {
        const Configuration before{.voters = subset(halves / 32)};
        const Configuration after{.voters = subset(halves % 32)};
        const Configuration joint{.voters = after.voters, .outgoing = before.voters};
        for (std::uint64_t nodes = 0; nodes < 32; ++nodes) {
            const std::uint64_t others = 31 - nodes;  // shares nobody with `nodes`
            missed += wins(joint, nodes) && wins(joint, others) ? 1u : 0u;
            missed += wins(joint, nodes) && wins(before, others) ? 1u : 0u;
            missed += wins(joint, nodes) && wins(after, others) ? 1u : 0u;
        }
    }
    CHECK(missed == 0);
}

TEST_CASE("quorum: the agreed value equals a brute-force count", "[raft]") {
    CHECK(rc::check("quorum_value is the largest agreed value", [] {
        const Configuration configuration{.voters = any_set(7), .outgoing = any_set(7)};
        RC_PRE(!configuration.voters.empty());
        std::vector<Acknowledged> acknowledged;
        for (NodeId node : any_set(9)) {
            acknowledged.push_back({node, *rc::gen::inRange<std::uint64_t>(0, 6)});
        }
        std::uint64_t best = 0;
        for (std::uint64_t value = 0; value <= 6; ++value) {
            best = agreed(configuration, acknowledged, value) ? value : best;
        }
        RC_ASSERT(quorum_value(configuration, acknowledged) == best);
    }));
}

TEST_CASE("quorum: the vote equals trying all outcomes", "[raft]") {
    CHECK(rc::check("vote_result is won, lost or open as all completions say", [] {
        const Configuration configuration{
            .voters = any_set(7), .outgoing = any_set(7), .learners = any_set(2)};
        RC_PRE(!configuration.voters.empty());
        const NodeSet granted = any_set(9);
        NodeSet refused = any_set(9);
        for (NodeId node : granted) {
            refused.erase(node);
        }
        RC_ASSERT(vote_result(configuration, granted, refused) ==
                  naive_vote(configuration, granted, refused));
    }));
}

}  // namespace ledger::raft
