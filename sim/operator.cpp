#include "sim/operator.h"

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

using node::ChangeMembership;
using node::MembershipVerb;
using node::TransferLeadership;
using node::client::What;
using raft::Configuration;

// Everything that the leader's log says of the membership is there for good.
bool settled(const raft::Raft& leader) {
    const auto* role = std::get_if<raft::Leader>(&leader.role_state());
    LEDGER_ASSERT(role != nullptr);
    return leader.commit() >= role->first_own && !leader.configuration().joint() &&
           leader.configurations().current_index() <= leader.commit();
}

// Who is no voter any more when it is done; 0 = nobody.
NodeId leaves(const What& what) {
    const auto* change = std::get_if<ChangeMembership>(&what);
    if (change == nullptr) {
        return {};
    }
    switch (change->verb) {
        case MembershipVerb::remove: return change->node;
        case MembershipVerb::replace: return change->replaced;
        default: return {};
    }
}

}  // namespace

Operator::Operator(
    const Profile& profile, ChoiceSource& choices, FaultCounts& faults, OperatorPort& port)
    : profile_(profile), choices_(choices), faults_(faults), port_(port) {}

std::uint64_t Operator::draw(std::uint64_t domain) {
    return choices_.choose(Site::operator_action, turns_, ++draws_, domain);
}

NodeId Operator::random_node() {
    return NodeId{static_cast<std::uint32_t>(1 + draw(profile_.hosts()))};
}

std::optional<What> Operator::next(std::uint32_t) {
    ++turns_;
    draws_ = 0;
    std::optional<What> what = choose();
    const NodeId goes = what ? leaves(*what) : NodeId{};
    if (goes != NodeId{} && goes != lost_ && !port_.may_lose(goes)) {
        return TransferLeadership{};
    }
    if (goes != NodeId{}) {
        leaving_.push_back(goes);
    }
    return what;
}

std::optional<What> Operator::choose() {
    if (finished()) {
        return std::nullopt;
    }
    const raft::Raft* leader = port_.leading();
    if (leader == nullptr) {
        return transfer();  // somebody may lead when it is asked for
    }
    if (lost_ != NodeId{}) {
        if (std::optional<What> next = repair(leader->configuration())) {
            return next;
        }
    }
    if (ended_) {
        return std::nullopt;
    }
    const bool moves = profile_.membership.transfers && draw(4) == 0;
    return moves || !profile_.membership.changes ? transfer() : change(*leader);
}

What Operator::transfer() {
    const bool to_the_best = draw(3) == 0;
    return TransferLeadership{to_the_best ? NodeId{} : random_node()};
}

// A member whose disk was lost leaves under its old identity and comes back under the new one.
std::optional<What> Operator::repair(const Configuration& current) {
    const Incarnation known = current.member(lost_).incarnation;
    if (!current.is_member(lost_)) {
        return ChangeMembership{MembershipVerb::add_voter, lost_, {}, 0};
    }
    if (known != Incarnation{} && known != port_.disk_of(lost_)) {
        return ChangeMembership{MembershipVerb::remove, lost_, {}, 0};
    }
    lost_ = {};
    return std::nullopt;
}

What Operator::change(const raft::Raft& leader) {
    const NodeId node = random_node();
    return leader.configuration().is_member(node) ? treat(leader, node)
                                                  : admit(leader.configuration(), node);
}

What Operator::admit(Configuration current, NodeId node) {
    constexpr MembershipVerb verbs[] = {MembershipVerb::add_voter, MembershipVerb::replace,
        MembershipVerb::add_learner, MembershipVerb::add_witness};
    const MembershipVerb verb = verbs[draw(4)];
    const bool free_to_lose = !port_.member_anywhere(node) && !unsure_;
    if (free_to_lose && profile_.membership.wipes && draw(2) == 0) {
        make_empty(node);
    }
    const std::uint64_t place = draw(current.voters.size());
    return ChangeMembership{verb, node,
        verb == MembershipVerb::replace ? *(current.voters.begin() + place) : NodeId{}, 0};
}

What Operator::treat(const raft::Raft& leader, NodeId member) {
    const Configuration& current = leader.configuration();
    const std::uint64_t what = draw(4);
    if (what == 0 && may_lose_disk(leader, member)) {
        make_empty(member);
        lost_ = member;
        return ChangeMembership{MembershipVerb::remove, member, {}, 0};
    }
    if (current.learners.contains(member) && what != 1) {
        return ChangeMembership{MembershipVerb::promote, member, {}, 0};
    }
    const bool enough = current.learners.contains(member) ||
                        current.voters.size() + 1 > profile_.nodes || what == 2;
    if (enough && what != 3) {
        return ChangeMembership{MembershipVerb::remove, member, {}, 0};
    }
    return ChangeMembership{
        MembershipVerb::set_priority, member, {}, static_cast<std::uint8_t>(draw(3))};
}

// Whatever a quorum has acknowledged has another copy with its payloads (DESIGN section 6, promise 1),
// and the other voters that hold data are a quorum: a witness may hold, alone with the disk that is
// lost, an entry that nobody has acknowledged, and then votes for nobody who lacks it.
bool Operator::may_lose_disk(const raft::Raft& leader, NodeId member) const {
    const bool wipes = profile_.membership.wipes && !unsure_;
    if (!wipes || !settled(leader) || !port_.may_lose(member)) {
        return false;
    }
    const Configuration& current = leader.configuration();
    std::uint32_t witnesses = 0;
    for (const NodeId node : current.members()) {
        const raft::Member known = current.member(node);
        if (known.incarnation == Incarnation{} || known.incarnation != port_.disk_of(node)) {
            return false;  // one at a time
        }
        witnesses += current.voters.contains(node) && known.witness ? 1u : 0u;
    }
    if (!current.voters.contains(member)) {
        return true;
    }
    const std::uint32_t quorum = current.voters.size() / 2 + 1;
    const std::uint32_t data = current.voters.size() - witnesses;
    const std::uint32_t others = current.member(member).witness ? data : data - 1;
    return others >= quorum && quorum >= witnesses + 2;
}

void Operator::make_empty(NodeId node) {
    faults_.fire(Fault::disk_wiped);
    faults_.consume(Fault::disk_wiped);
    port_.wipe(node);
}

void Operator::ended(std::uint32_t, const node::client::Done& done) {
    unsure_ = done.ending == node::client::Ending::unknown;
    if (!unsure_) {
        leaving_.clear();
    }
    if (done.ending != node::client::Ending::done) {
        return;
    }
    const bool moved = std::holds_alternative<TransferLeadership>(done.what);
    const Fault fault = moved ? Fault::leadership_transferred : Fault::membership_changed;
    faults_.fire(fault);
    faults_.consume(fault);
}

}  // namespace ledger::sim
