#include "raft/membership.h"

#include <set>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "raft/quorum.h"
#include "tests/raft/solo.h"

namespace ledger::raft {

TEST_CASE("membership: a node set behaves like std::set", "[raft]") {
    CHECK(rc::check("insert, erase, contains and order equal those of std::set", [] {
        NodeSet nodes;
        std::set<NodeId> twin;
        for (std::uint32_t value :
            *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, 32u))) {
            const NodeId node{1 + value % 16};
            if (value < 20) {
                RC_ASSERT(nodes.insert(node) == twin.insert(node).second);
            } else {
                RC_ASSERT(nodes.erase(node) == (twin.erase(node) == 1));
            }
            RC_ASSERT(nodes.contains(node) == (twin.count(node) == 1));
        }
        RC_ASSERT(std::vector<NodeId>(nodes.begin(), nodes.end()) ==
                  std::vector<NodeId>(twin.begin(), twin.end()));
        RC_ASSERT(nodes.size() == twin.size());
        RC_ASSERT(nodes.empty() == twin.empty());
    }));
}

TEST_CASE("membership: equal sets are equal whatever was in them before", "[raft]") {
    NodeSet a;
    NodeSet b;
    a.insert(NodeId{3});
    a.insert(NodeId{1});
    b.insert(NodeId{1});
    CHECK_FALSE(a == b);
    a.erase(NodeId{3});
    CHECK(a == b);
}

TEST_CASE("membership: a full set holds members_max nodes", "[raft]") {
    NodeSet nodes;
    for (std::uint32_t id = members_max; id > 0; --id) {
        CHECK(nodes.insert(NodeId{id}));
    }
    CHECK(nodes.size() == members_max);
    CHECK_FALSE(nodes.insert(NodeId{7}));
    CHECK(*nodes.begin() == NodeId{1});
}

TEST_CASE("membership: roles of nodes in a joint configuration", "[raft]") {
    Configuration joint = voters_1_to(2);
    CHECK_FALSE(joint.joint());
    joint.outgoing.insert(NodeId{2});
    joint.outgoing.insert(NodeId{3});
    joint.learners.insert(NodeId{4});
    CHECK(joint.joint());
    CHECK(joint.is_voter(NodeId{3}));
    CHECK_FALSE(joint.is_voter(NodeId{4}));
    CHECK(joint.is_member(NodeId{4}));
    CHECK_FALSE(joint.is_member(NodeId{5}));
    CHECK(joint.members() == voters_1_to(4).voters);
}

namespace {

NodeSet nodes_of(std::uint32_t mask) {
    NodeSet nodes;
    for (std::uint32_t id = 1; id <= 8; ++id) {
        if ((mask >> (id - 1) & 1) != 0) {
            nodes.insert(NodeId{id});
        }
    }
    return nodes;
}

bool wins(const Configuration& configuration, std::uint32_t votes) {
    return vote_result(configuration, nodes_of(votes), {}) == VoteResult::won;
}

// Some set of nodes decides for one, and the others for the other: two leaders, two histories.
bool can_split(const Configuration& a, const Configuration& b) {
    for (std::uint32_t votes = 0; votes < 256; ++votes) {
        if (wins(a, votes) && wins(b, 255 & ~votes)) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("membership: no step of a change lets two majorities decide apart", "[raft]") {
    CHECK(rc::check("both steps of any change overlap, by trying all votes", [] {
        Configuration current;
        current.voters = nodes_of(*rc::gen::inRange(1u, 256u));
        Configuration target;
        target.voters = nodes_of(*rc::gen::inRange(1u, 256u));
        RC_PRE(refusal_of(current, target).empty());
        const Configuration step = step_towards(current, target);
        RC_ASSERT(!can_split(current, step));
        RC_ASSERT(step.voters == target.voters);
        if (step.joint()) {
            RC_ASSERT(!can_split(step, target));
            RC_ASSERT(leave_joint(step) == target);
        } else {
            RC_ASSERT(step == target);
        }
    }));
    // The test can fail: two voters at once without the joint phase.
    CHECK(can_split(voters_1_to(2), voters_1_to(5)));
    CHECK_FALSE(step_towards(voters_1_to(3), voters_1_to(4)).joint());
    CHECK(step_towards(voters_1_to(3), voters_1_to(5)).joint());
}

TEST_CASE("membership: what makes no sense is refused with a reason", "[raft]") {
    const Configuration three = voters_1_to(3);
    const auto refused = [&](const Configuration& target, std::string_view part) {
        const std::string reason(refusal_of(three, target));
        INFO(reason);
        return reason.find(part) != std::string::npos;
    };
    CHECK(refused(three, "nothing"));
    CHECK(refused({}, "no voter"));
    CHECK(refused(with_learner(three, {.node = NodeId{2}}), "either votes or learns"));
    Configuration nobody = three;
    nobody.learners.insert(NodeId{});
    CHECK(refused(nobody, "nobody"));
    CHECK(refused(step_towards(three, voters_1_to(5)), "joint phase"));
    Configuration many = voters_1_to(members_max);
    many = without(without(without(many, NodeId{1}), NodeId{2}), NodeId{3});
    many.learners.insert(NodeId{20});
    CHECK(refused(many, "too many members"));
    Configuration foreign = three;
    foreign.set_member({.node = NodeId{9}, .priority = 1});
    CHECK(refused(foreign, "no member"));
    Configuration promoted = three;
    promoted.set_member({.node = NodeId{2}, .promote = true});
    CHECK(refused(promoted, "only a learner"));
    CHECK(refused(with_replacement(three, NodeId{7}, {.node = NodeId{4}}), "replace a voter"));
    Configuration witness = three;
    witness.set_member({.node = NodeId{2}, .witness = true});
    CHECK(refused(witness, "for good"));
    Configuration bound = three;
    bound.set_member({.node = NodeId{2}, .incarnation = Incarnation{5}});
    CHECK(refusal_of(three, bound).empty());
    CHECK(std::string(refusal_of(bound, three)).find("incarnation") != std::string::npos);
    Configuration witnesses;
    witnesses.voters.insert(NodeId{4});
    witnesses.set_member({.node = NodeId{4}, .witness = true});
    CHECK(refused(witnesses, "holds data"));
}

TEST_CASE("membership: a replacement adds, promotes and removes", "[raft]") {
    const Configuration three = voters_1_to(3);
    const Configuration added = with_replacement(three, NodeId{2}, {.node = NodeId{4}});
    CHECK(added.voters == three.voters);
    CHECK(added.learners.contains(NodeId{4}));
    REQUIRE(refusal_of(three, added).empty());
    const Configuration target = with_promoted(added, NodeId{4});
    CHECK(target.voters.contains(NodeId{4}));
    CHECK_FALSE(target.is_member(NodeId{2}));
    CHECK(target.details_count == 0);
    const Configuration step = step_towards(added, target);
    CHECK(step.joint());
    CHECK(leave_joint(step) == target);
    // The voter left by itself meanwhile: nobody is replaced any more.
    const Configuration alone = without(added, NodeId{2});
    CHECK(alone.member(NodeId{4}).replaces == NodeId{});
    CHECK(fault_of(alone).empty());
}

TEST_CASE("membership: a voter that becomes a learner votes until the joint phase ends", "[raft]") {
    Configuration target = voters_1_to(3);
    target.voters.erase(NodeId{1});
    target.voters.insert(NodeId{4});
    target.learners.insert(NodeId{1});
    const Configuration joint = step_towards(voters_1_to(3), target);
    REQUIRE(joint.joint());
    CHECK(joint.is_voter(NodeId{1}));
    CHECK_FALSE(leave_joint(joint).is_voter(NodeId{1}));
    CHECK(leave_joint(joint).learners.contains(NodeId{1}));
}

}  // namespace ledger::raft
