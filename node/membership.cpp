#include "node/membership.h"

#include "log/base/assert.h"

namespace ledger::node {
namespace {

using raft::Configuration;
using raft::Member;

std::string name_of(NodeId node) {
    return "n" + std::to_string(node.value);
}

// Empty, or why `change` makes no sense in `current`.
std::string fault_of(const Configuration& current, const ChangeMembership& change) {
    const bool adds = change.verb == MembershipVerb::add_learner ||
                      change.verb == MembershipVerb::add_voter ||
                      change.verb == MembershipVerb::add_witness;
    const bool learner = current.learners.contains(change.node);
    if (current.joint()) {
        return "another change is under way";
    }
    if (change.node == NodeId{}) {
        return "node 0 is nobody";
    }
    if (adds && current.is_member(change.node)) {
        return name_of(change.node) + " is a member already";
    }
    if (change.verb == MembershipVerb::replace && current.is_voter(change.node)) {
        return name_of(change.node) + " votes already";
    }
    if (change.verb == MembershipVerb::replace && !current.is_voter(change.replaced)) {
        return name_of(change.replaced) + " is no voter that could be replaced";
    }
    if (change.verb == MembershipVerb::promote && !learner) {
        return name_of(change.node) + " is no learner";
    }
    const bool fresh = adds || (change.verb == MembershipVerb::replace && !learner);
    if (!fresh && !current.is_member(change.node)) {
        return name_of(change.node) + " is no member";
    }
    if (fresh && current.members().size() >= raft::members_max) {
        return "there are as many members as can be";
    }
    return {};
}

Configuration with_promise(Configuration current, NodeId learner) {
    Member member = current.member(learner);
    member.promote = true;
    current.set_member(member);
    return current;
}

Configuration with_priority(Configuration current, NodeId node, std::uint8_t priority) {
    Member member = current.member(node);
    member.priority = priority;
    current.set_member(member);
    return current;
}

Configuration applied_to(const Configuration& current, const ChangeMembership& change) {
    const NodeId node = change.node;
    switch (change.verb) {
        case MembershipVerb::add_learner: return raft::with_learner(current, {.node = node});
        case MembershipVerb::add_voter:
            return raft::with_learner(current, {.node = node, .promote = true});
        case MembershipVerb::add_witness:
            return raft::with_learner(current, {.node = node, .witness = true, .promote = true});
        case MembershipVerb::remove: return raft::without(current, node);
        case MembershipVerb::replace:
            return raft::with_replacement(current, change.replaced, current.member(node));
        case MembershipVerb::promote: return with_promise(current, node);
        case MembershipVerb::set_priority: return with_priority(current, node, change.priority);
    }
    return current;
}

}  // namespace

std::variant<Configuration, std::string> target_of(
    const Configuration& current, const ChangeMembership& change) {
    if (std::string fault = fault_of(current, change); !fault.empty()) {
        return fault;
    }
    return applied_to(current, change);
}

bool fulfilled(const Configuration& configuration, const ChangeMembership& change) {
    const NodeId node = change.node;
    const Member member = configuration.member(node);
    const bool votes = configuration.voters.contains(node);
    const bool will_vote = votes || (configuration.learners.contains(node) && member.promote);
    switch (change.verb) {
        case MembershipVerb::add_learner: return configuration.is_member(node);
        case MembershipVerb::add_voter: return will_vote && !member.witness;
        case MembershipVerb::add_witness: return will_vote && member.witness;
        case MembershipVerb::remove:
            return !votes && !configuration.learners.contains(node);
        case MembershipVerb::replace:
            return votes ? !configuration.voters.contains(change.replaced)
                         : will_vote && member.replaces == change.replaced;
        case MembershipVerb::promote: return will_vote;
        case MembershipVerb::set_priority:
            return configuration.is_member(node) && member.priority == change.priority;
    }
    return false;
}

std::vector<MemberStatus> members_of(const Configuration& configuration) {
    std::vector<MemberStatus> members;
    for (const NodeId node : configuration.members()) {
        members.push_back({.member = configuration.member(node),
            .voter = configuration.voters.contains(node),
            .outgoing = configuration.outgoing.contains(node),
            .learner = configuration.learners.contains(node),
            .match = {}});
    }
    return members;
}

Configuration configuration_of(const std::vector<MemberStatus>& members) {
    LEDGER_ASSERT(members.size() <= raft::members_max);
    Configuration configuration;
    for (const MemberStatus& one : members) {
        const auto put = [&one](raft::NodeSet& set, bool is_in) {
            if (is_in) {
                set.insert(one.member.node);
            }
        };
        put(configuration.voters, one.voter);
        put(configuration.outgoing, one.outgoing);
        put(configuration.learners, one.learner);
        configuration.set_member(one.member);
    }
    return configuration;
}

}  // namespace ledger::node
