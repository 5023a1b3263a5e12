#include "raft/membership.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::raft {

bool NodeSet::insert(NodeId node) {
    NodeId* const end = nodes_.data() + size_;
    NodeId* const at = std::lower_bound(nodes_.data(), end, node);
    if (at != end && *at == node) {
        return false;
    }
    LEDGER_ASSERT(size_ < members_max);
    std::move_backward(at, end, end + 1);
    *at = node;
    ++size_;
    return true;
}

bool NodeSet::erase(NodeId node) {
    NodeId* const end = nodes_.data() + size_;
    NodeId* const at = std::lower_bound(nodes_.data(), end, node);
    if (at == end || *at != node) {
        return false;
    }
    std::move(at + 1, end, at);
    --size_;
    nodes_[size_] = NodeId{};
    return true;
}

bool NodeSet::contains(NodeId node) const {
    return std::binary_search(begin(), end(), node);
}

bool operator==(const NodeSet& a, const NodeSet& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

Member Configuration::member(NodeId node) const {
    for (std::uint32_t i = 0; i < details_count; ++i) {
        if (details[i].node == node) {
            return details[i];
        }
    }
    return {.node = node};
}

// Defaults are not listed and the tail stays empty, so that equal configurations compare equal.
void Configuration::set_member(const Member& member) {
    LEDGER_ASSERT(member.node != NodeId{0});
    Member* const begin = details.data();
    Member* end = begin + details_count;
    Member* at = std::lower_bound(begin, end, member.node,
        [](const Member& one, NodeId wanted) { return one.node < wanted; });
    if (at != end && at->node == member.node) {
        std::move(at + 1, end, at);
        --details_count;
        --end;
        *end = Member{};
    }
    if (member == Member{.node = member.node}) {
        return;
    }
    LEDGER_ASSERT(details_count < members_max);
    std::move_backward(at, end, end + 1);
    *at = member;
    ++details_count;
}

namespace {

NodeSet united(const NodeSet& a, const NodeSet& b) {
    NodeSet all = a;
    for (NodeId node : b) {
        all.insert(node);
    }
    return all;
}

// Without asserting: how many nodes are in a or in b.
std::uint32_t united_size(const NodeSet& a, const NodeSet& b) {
    std::uint32_t size = a.size();
    for (NodeId node : b) {
        size += a.contains(node) ? 0u : 1u;
    }
    return size;
}

std::uint32_t differing(const NodeSet& a, const NodeSet& b) {
    return 2 * united_size(a, b) - a.size() - b.size();
}

bool holds_data(const Configuration& configuration, const NodeSet& voters) {
    return std::any_of(voters.begin(), voters.end(),
        [&](NodeId node) { return !configuration.member(node).witness; });
}

// Nobody is spoken of who is no member.
void drop_foreign_details(Configuration& configuration) {
    for (std::uint32_t i = configuration.details_count; i > 0; --i) {
        const NodeId node = configuration.details[i - 1].node;
        if (!configuration.is_member(node)) {
            configuration.set_member({.node = node});
        }
    }
}

// The joint configuration on the way from `current` to `target`.
Configuration both(const Configuration& current, const Configuration& target) {
    Configuration joint = target;
    joint.outgoing = current.voters;
    for (NodeId node : joint.outgoing) {
        if (!target.is_member(node)) {
            joint.set_member(current.member(node));
        }
    }
    return joint;
}

std::string_view fault_of(const Configuration& configuration, const Member& member) {
    if (!configuration.is_member(member.node)) {
        return "it speaks of a node that is no member";
    }
    const bool learner =
        configuration.learners.contains(member.node) && !configuration.is_voter(member.node);
    if (member.promote && !learner) {
        return "only a learner can be promoted";
    }
    const bool replaces_voter = configuration.is_voter(member.replaces);
    if (member.replaces != NodeId{0} && !(member.promote && replaces_voter)) {
        return "only a learner to be promoted can replace a voter";
    }
    return {};
}

}  // namespace

NodeSet Configuration::members() const {
    return united(united(voters, outgoing), learners);
}

std::string_view fault_of(const Configuration& configuration) {
    const NodeSet& voters = configuration.voters;
    if (voters.empty()) {
        return "it has no voter";
    }
    if (configuration.is_member(NodeId{0})) {
        return "node 0 is nobody";
    }
    for (NodeId node : configuration.learners) {
        if (voters.contains(node)) {
            return "a node either votes or learns";
        }
    }
    if (united_size(voters, configuration.outgoing) + configuration.learners.size() > members_max) {
        return "it has too many members";
    }
    if (!holds_data(configuration, voters) ||
        (configuration.joint() && !holds_data(configuration, configuration.outgoing))) {
        return "no voter holds data";
    }
    for (std::uint32_t i = 0; i < configuration.details_count; ++i) {
        const std::string_view fault = fault_of(configuration, configuration.details[i]);
        if (!fault.empty()) {
            return fault;
        }
    }
    return {};
}

std::string_view refusal_of(const Configuration& current, const Configuration& target) {
    if (const std::string_view fault = fault_of(target); !fault.empty()) {
        return fault;
    }
    if (target.joint()) {
        return "the joint phase is not for the caller to choose";
    }
    if (united_size(current.voters, target.voters) + target.learners.size() > members_max) {
        return "both memberships together have too many members";
    }
    if (target == current) {
        return "it changes nothing";
    }
    if (target.recoveries != current.recoveries) {
        return "that a quorum was once given up is neither made nor undone by a change";
    }
    for (NodeId node : target.members()) {
        const Member before = current.member(node);
        const Member after = target.member(node);
        if (!current.is_member(node)) {
            continue;
        }
        if (before.incarnation != Incarnation{0} && after.incarnation != before.incarnation) {
            return "a member keeps its incarnation; remove it first";
        }
        if (before.witness != after.witness) {
            return "a member holds data or is a witness for good; remove it first";
        }
    }
    return fault_of(both(current, target));
}

Configuration step_towards(const Configuration& current, const Configuration& target) {
    LEDGER_ASSERT(!current.joint());
    LEDGER_ASSERT(refusal_of(current, target).empty());
    return differing(current.voters, target.voters) <= 1 ? target : both(current, target);
}

Configuration leave_joint(const Configuration& joint) {
    LEDGER_ASSERT(joint.joint());
    Configuration next = joint;
    next.outgoing = {};
    drop_foreign_details(next);
    return next;
}

Configuration with_learner(Configuration current, const Member& fresh) {
    current.learners.insert(fresh.node);
    current.set_member(fresh);
    return current;
}

Configuration without(Configuration current, NodeId node) {
    current.voters.erase(node);
    current.learners.erase(node);
    drop_foreign_details(current);
    for (Member member : current.details) {
        if (member.replaces == node && node != NodeId{0}) {
            member.replaces = NodeId{0};
            current.set_member(member);
        }
    }
    return current;
}

Configuration with_promoted(Configuration current, NodeId learner) {
    LEDGER_ASSERT(current.learners.contains(learner));
    Member member = current.member(learner);
    const NodeId replaced = member.replaces;
    member.promote = false;
    member.replaces = NodeId{0};
    current.learners.erase(learner);
    current.voters.insert(learner);
    current.set_member(member);
    return replaced == NodeId{0} ? current : without(current, replaced);
}

Configuration with_replacement(Configuration current, NodeId old, Member fresh) {
    fresh.promote = true;
    fresh.replaces = old;
    return with_learner(current, fresh);
}

}  // namespace ledger::raft
