#include "sim/step_view.h"

#include <type_traits>
#include <variant>

namespace ledger::sim {
namespace {

using check::Told;

check::Electorate voters_of(const raft::NodeSet& nodes) {
    return {nodes.begin(), nodes.end()};
}

struct Tell {
    const NodeId from;

    Told operator()(const raft::Heartbeat& said) const {
        return {.what = Told::What::heartbeat, .from = from, .term = said.term};
    }
    Told operator()(const raft::AppendRequest& said) const { return leader_lives(said.term); }
    Told operator()(const raft::SnapshotOffer& said) const { return leader_lives(said.term); }
    Told operator()(const raft::AppendResponse& said) const { return answer(said.term); }
    Told operator()(const raft::HeartbeatResponse& said) const { return answer(said.term); }
    Told operator()(const raft::SnapshotStatus& said) const { return answer(said.term); }
    Told operator()(const raft::PreVoteRequest& said) const {
        return {.what = Told::What::pre_vote_wanted, .from = from, .term = said.term};
    }
    Told operator()(const raft::PreVoteResponse& said) const {
        return {.what = said.granted ? Told::What::pre_vote_granted : Told::What::nothing,
            .from = from,
            .term = said.proposed,
            .attempt = said.attempt};
    }
    Told operator()(const raft::VoteRequest& said) const {
        return {.what = Told::What::vote_wanted,
            .from = from,
            .term = said.term,
            .transfer = said.transfer};
    }
    Told operator()(const raft::VoteResponse&) const { return {}; }
    Told operator()(const raft::TimeoutNow& said) const {
        return {.what = Told::What::take_over, .from = from, .term = said.term};
    }
    Told operator()(const raft::ReadRequest&) const { return {}; }
    Told operator()(const raft::ReadResponse&) const { return {}; }

    Told leader_lives(Term term) const {
        return {.what = Told::What::leader_lives, .from = from, .term = term};
    }
    Told answer(Term term) const {
        return {.what = Told::What::answer, .from = from, .term = term};
    }
};

// What another disk than the member's says counts for nothing.
bool of_other_disk(const Host& host, const node::PeerMessage& message) {
    const Incarnation bound =
        host.replica().raft().configuration().member(message.from).incarnation;
    return bound != Incarnation{} && bound != message.incarnation;
}

void note(check::Did& did, const raft::Transition& transition) {
    switch (transition.role) {
        case raft::Role::pre_candidate: did.asks_for_pre_votes = 0; break;
        case raft::Role::candidate:
            did.takes_over = transition.cause == raft::Cause::transfer;
            did.wins_pre_votes = !did.takes_over;
            break;
        case raft::Role::leader: did.elected = true; break;
        case raft::Role::follower:
            did.loses_quorum |= transition.cause == raft::Cause::quorum_lost;
            did.finds_disk_stalled |= transition.cause == raft::Cause::disk_stalled;
            break;
    }
}

void note(check::Did& did, const node::PeerMessage& sent) {
    if (const auto* asks = node::raft_message<raft::PreVoteRequest>(sent)) {
        did.asks_for_pre_votes = asks->attempt;
    } else if (const auto* pre_vote = node::raft_message<raft::PreVoteResponse>(sent)) {
        did.grants_pre_vote |= pre_vote->granted;
    } else if (const auto* vote = node::raft_message<raft::VoteResponse>(sent)) {
        did.grants_vote |= vote->granted;
    }
}

}  // namespace

void StepView::begins(const Host& host, const node::Event& event) {
    told_ = {};
    stored_.reset();
    if (const auto* message = std::get_if<node::Message>(&event)) {
        const auto* said = std::get_if<raft::Message>(&message->message.body);
        if (said != nullptr) {
            told_ = std::visit(Tell{message->message.from}, *said);
        }
        const bool response =
            told_.what == Told::What::answer || told_.what == Told::What::pre_vote_granted;
        if (response && of_other_disk(host, message->message)) {
            told_ = {};
        }
    } else if (const auto* stored = std::get_if<node::Stored>(&event)) {
        stored_ = stored->ticket;
    }
}

check::NodeStep StepView::ends(
    const Host& host, std::span<const node::Effect> effects, Instant now, bool caught_up) {
    const raft::Raft& raft = host.replica().raft();
    const raft::Configuration& configuration = raft.configuration();
    const raft::Status status = raft.status();
    const Incarnation known = configuration.member(host.node()).incarnation;
    const bool own_disk = known == Incarnation{} || known == host.disk_incarnation();
    // Who lost its configuration, or what it claims, has to wait for others.
    const bool whole = raft.configurations().knows_current() && !raft.claims_more() &&
                       host.replica().repair().settled();
    members_ = configuration.members();
    electorates_ = {voters_of(configuration.voters), voters_of(configuration.outgoing)};
    check::NodeStep step{.node = host.node(),
        .at = host.clock().local(now),
        .caught_up = caught_up,
        .told = told_,
        .did = {.stored = stored_},
        .standing = {.term = status.term,
            .leader = status.leader,
            .may_campaign = raft.may_lead() && own_disk && !status.trimmed &&
                             status.removed == Index{} && whole,
            .alone = configuration.voters.size() == 1 && !configuration.joint() &&
                     configuration.voters.contains(host.node()),
            .electorates = std::span(electorates_).first(configuration.joint() ? 2 : 1),
            .members = {members_.begin(), members_.end()}}};
    for (const node::Effect& effect : effects) {
        if (const auto* trace = std::get_if<node::Trace>(&effect)) {
            note(step.did, trace->transition);
        } else if (const auto* send = std::get_if<node::Send>(&effect)) {
            note(step.did, send->message);
        } else if (const auto* store = std::get_if<node::Store>(&effect)) {
            if (!store->group->entries.empty()) {
                step.did.stores = store->ticket;
            }
        }
    }
    return step;
}

}  // namespace ledger::sim
