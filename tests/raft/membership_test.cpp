#include "raft/membership.h"

#include <set>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

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

}  // namespace ledger::raft
