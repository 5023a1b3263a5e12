#include "node/membership.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::node {
namespace {

using raft::Configuration;

Configuration three_voters() {
    Configuration configuration;
    for (std::uint32_t node = 1; node <= 3; ++node) {
        configuration.voters.insert(NodeId{node});
    }
    return configuration;
}

std::string fault(const Configuration& current, const ChangeMembership& change) {
    const auto target = target_of(current, change);
    const auto* reason = std::get_if<std::string>(&target);
    return reason == nullptr ? std::string() : *reason;
}

Configuration after(const Configuration& current, const ChangeMembership& change) {
    const auto target = target_of(current, change);
    REQUIRE(std::holds_alternative<Configuration>(target));
    return *std::get_if<Configuration>(&target);
}

// Any well-formed configuration over a handful of nodes.
Configuration any_configuration() {
    Configuration configuration;
    for (std::uint32_t number = 1; number <= 6; ++number) {
        const NodeId node{number};
        switch (*rc::gen::inRange(0, 4)) {
            case 0: configuration.learners.insert(node); break;
            case 1: break;
            default: configuration.voters.insert(node); break;
        }
        if (configuration.is_member(node)) {
            const bool learner = configuration.learners.contains(node);
            configuration.set_member({.node = node,
                .incarnation = Incarnation{*rc::gen::inRange<std::uint64_t>(0, 3)},
                .priority = *rc::gen::inRange<std::uint8_t>(0, 3),
                .witness = *rc::gen::inRange(0, 4) == 0,
                .promote = learner && *rc::gen::arbitrary<bool>()});
        }
    }
    return configuration;
}

}  // namespace

TEST_CASE("membership: every verb leads where it says", "[node]") {
    const Configuration three = three_voters();
    const Configuration learner =
        after(three, {MembershipVerb::add_learner, NodeId{4}, {}, 0});
    CHECK(learner.learners.contains(NodeId{4}));
    CHECK_FALSE(learner.member(NodeId{4}).promote);
    CHECK(after(learner, {MembershipVerb::promote, NodeId{4}, {}, 0}).member(NodeId{4}).promote);
    CHECK(after(three, {MembershipVerb::add_voter, NodeId{4}, {}, 0}).member(NodeId{4}).promote);
    const Configuration witness =
        after(three, {MembershipVerb::add_witness, NodeId{4}, {}, 0});
    CHECK(witness.member(NodeId{4}).witness);
    CHECK_FALSE(after(three, {MembershipVerb::remove, NodeId{3}, {}, 0}).is_member(NodeId{3}));
    const Configuration replaced =
        after(three, {MembershipVerb::replace, NodeId{4}, NodeId{2}, 0});
    CHECK(replaced.member(NodeId{4}).replaces == NodeId{2});
    CHECK(replaced.voters.contains(NodeId{2}));
    CHECK(after(three, {MembershipVerb::set_priority, NodeId{2}, {}, 7}).member(NodeId{2}).priority ==
          7);
}

TEST_CASE("membership: what makes no sense is refused by name", "[node]") {
    const Configuration three = three_voters();
    CHECK(fault(three, {MembershipVerb::add_voter, NodeId{3}, {}, 0}) == "n3 is a member already");
    CHECK(fault(three, {MembershipVerb::remove, NodeId{4}, {}, 0}) == "n4 is no member");
    CHECK(fault(three, {MembershipVerb::promote, NodeId{1}, {}, 0}) == "n1 is no learner");
    CHECK(fault(three, {MembershipVerb::set_priority, NodeId{5}, {}, 1}) == "n5 is no member");
    CHECK(fault(three, {MembershipVerb::replace, NodeId{4}, NodeId{5}, 0}) ==
          "n5 is no voter that could be replaced");
    CHECK(fault(three, {MembershipVerb::replace, NodeId{1}, NodeId{2}, 0}) == "n1 votes already");
    CHECK(fault(three, {MembershipVerb::add_learner, NodeId{}, {}, 0}) == "node 0 is nobody");
    Configuration full = three;
    for (std::uint32_t node = 4; node <= raft::members_max; ++node) {
        full.learners.insert(NodeId{node});
    }
    CHECK(fault(full, {MembershipVerb::add_learner, NodeId{17}, {}, 0}) ==
          "there are as many members as can be");
    Configuration joint = three;
    joint.outgoing.insert(NodeId{1});
    CHECK(fault(joint, {MembershipVerb::remove, NodeId{3}, {}, 0}) == "another change is under way");
}

TEST_CASE("membership: where a change leads, it is fulfilled", "[node]") {
    rc::prop("for any configuration and change", [] {
        const Configuration current = any_configuration();
        const ChangeMembership change{static_cast<MembershipVerb>(*rc::gen::inRange(1, 8)),
            NodeId{*rc::gen::inRange<std::uint32_t>(0, 9)},
            NodeId{*rc::gen::inRange<std::uint32_t>(0, 9)}, *rc::gen::inRange<std::uint8_t>(0, 3)};
        const auto target = target_of(current, change);
        if (const auto* configuration = std::get_if<Configuration>(&target)) {
            RC_ASSERT(fulfilled(*configuration, change));
        }
    });
}

TEST_CASE("membership: a configuration comes back from the status that lists it", "[node]") {
    rc::prop("whatever it is", [] {
        const Configuration configuration = any_configuration();
        RC_ASSERT(configuration_of(members_of(configuration)) == configuration);
    });
}

}  // namespace ledger::node
