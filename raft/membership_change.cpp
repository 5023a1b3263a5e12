// Membership change: joint consensus, promotions, bindings, and what a leader owes those who leave
// (Raft §6, thesis §4).
#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/configuration_body.h"
#include "raft/raft.h"

namespace ledger::raft {
namespace {

// A removed node that does not answer is forgotten after so many minimum election timeouts.
constexpr std::int64_t farewell_timeouts = 4;

}  // namespace

Progress Raft::new_peer(NodeId node, Index next) const {
    Progress peer;
    peer.node = node;
    peer.witness = configuration().member(node).witness;
    peer.addressee = configuration().member(node).incarnation;
    peer.next = next;
    peer.added = next <= log_.last() ? next : Index{};
    peer.contact = now_;
    peer.nudged = now_;
    return peer;
}

Progress* Raft::find_peer(Leader& self, NodeId node) {
    const auto at = std::find_if(self.peers.begin(), self.peers.end(),
        [node](const Progress& peer) { return peer.node == node; });
    return at == self.peers.end() ? nullptr : &*at;
}

ChangeOutcome Raft::change_membership(Instant now, const Configuration& target) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return NotLeader{leader_id()};
    }
    // Without an own commit two leaders could each have a change that the other's majority does
    // not know (catalogue M01, raft-dev 2015).
    const bool early = commit_ < self->first_own;
    LEDGER_SOMETIMES(early, "raft.change_before_own_commit");
    if (early) {
        return ChangeRefused{.reason = "this term has committed nothing yet", .passes = true};
    }
    const bool busy = history_.current_index() > commit_ || configuration().joint();
    LEDGER_SOMETIMES(busy, "raft.change_during_change");
    if (busy) {
        return ChangeRefused{"another change is under way"};
    }
    if (self->transfer) {
        return ChangeRefused{.reason = "leadership is on its way to another node", .passes = true};
    }
    if (const std::string_view refusal = refusal_of(configuration(), target); !refusal.empty()) {
        return ChangeRefused{refusal};
    }
    LEDGER_ASSERT(target.recoveries == configuration().recoveries);
    for (NodeId voter : target.voters) {
        const bool unknown = target.member(voter).incarnation == Incarnation{0};
        if (config_.incarnation != Incarnation{0} && unknown && !configuration().is_voter(voter)) {
            return ChangeRefused{"a new voter needs its incarnation"};
        }
    }
    append_configuration(*self, step_towards(configuration(), target));
    return ChangeStarted{log_.last_id()};
}

ChangeOutcome Raft::leave_joint_phase(Instant now) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return NotLeader{leader_id()};
    }
    if (!configuration().joint()) {
        return ChangeRefused{"there is no joint phase"};
    }
    if (commit_ < self->first_own || commit_ < history_.current_index() || self->transfer) {
        return ChangeRefused{"the joint configuration is not committed in this term"};
    }
    append_configuration(*self, leave_joint(configuration()));
    return ChangeStarted{log_.last_id()};
}

void Raft::append_configuration(Leader& self, const Configuration& next) {
    LEDGER_ASSERT(history_.current_index() <= commit_);
    LEDGER_ASSERT(!self.transfer);
    EntryRef entry = configuration_entry(next);
    append_stamped(self, entry);
    LEDGER_ASSERT(history_.current_index() == log_.last());
    refresh_peers(self);
    send_appends(self);
}

// New members get a progress of their own; those who left keep theirs until they know it.
void Raft::refresh_peers(Leader& self) {
    const NodeSet members = configuration().members();
    for (Progress& peer : self.peers) {
        if (!members.contains(peer.node) && !peer.leaving) {
            peer.leaving = {.index = history_.current_index(),
                .until = now_ + config_.election_timeout_min * farewell_timeouts};
        } else if (members.contains(peer.node) && peer.leaving) {
            peer = new_peer(peer.node, log_.last());  // back again, and nobody knows with what disk
        } else if (members.contains(peer.node)) {
            peer.addressee = configuration().member(peer.node).incarnation;
        }
        peer.catch_up = {};
    }
    for (NodeId node : members) {
        if (node == config_.self || find_peer(self, node) != nullptr) {
            continue;
        }
        const auto at = std::find_if(self.peers.begin(), self.peers.end(),
            [node](const Progress& peer) { return peer.node > node; });
        self.peers.insert(at, new_peer(node, log_.last()));
    }
    while (self.peers.size() > members_max) {
        const auto gone = std::find_if(self.peers.begin(), self.peers.end(),
            [](const Progress& peer) { return peer.leaving.has_value(); });
        LEDGER_ASSERT(gone != self.peers.end());
        self.peers.erase(gone);
    }
}

// A removed node that never hears of it would campaign for ever (catalogue M15). It knows when it
// has answered a heartbeat that came after the committed configuration.
void Raft::forget_departed(Leader& self) {
    for (Progress& peer : self.peers) {
        if (!peer.leaving || peer.match < peer.leaving->index || commit_ < peer.leaving->index) {
            continue;
        }
        if (peer.leaving->told_round == 0) {
            peer.leaving->told_round = self.round + 1;
        }
    }
    std::erase_if(self.peers, [this](const Progress& peer) {
        const bool told = peer.leaving && peer.leaving->told_round != 0 &&
                          peer.acked_round >= peer.leaving->told_round;
        const bool silent = peer.leaving && peer.leaving->until <= now_;
        LEDGER_SOMETIMES(told, "raft.removed_node_told");
        LEDGER_SOMETIMES(silent && !told, "raft.removed_node_not_told");
        return told || silent;
    });
}

// The step that follows by itself, as soon as the configuration in force is committed and so is an
// entry of this term.
void Raft::continue_membership_change(Leader& self) {
    const Configuration& current = configuration();
    if (commit_ < self.first_own || commit_ < history_.current_index() || self.transfer) {
        return;
    }
    if (current.joint() && !config_.leaves_joint_phase) {
        return;
    }
    if (current.joint()) {
        LEDGER_SOMETIMES(self.first_own > history_.current_index(), "raft.joint_left_by_successor");
        append_configuration(self, leave_joint(current));
        return;
    }
    if (!current.voters.contains(config_.self)) {
        leave_leadership(self);
        return;
    }
    std::optional<Configuration> next = next_binding(self);
    if (!next) {
        next = next_promotion(self);
    }
    if (next) {
        append_configuration(self, *next);
    }
}

// Thesis §4.2.2, §3.10: the cluster has committed a configuration without its leader, which hands
// over to a voter; leader_time() ends its leadership if nobody takes over.
void Raft::leave_leadership(Leader& self) {
    LEDGER_SOMETIMES(true, "raft.removed_leader_hands_over");
    const Progress* successor = best_successor(self);
    if (successor == nullptr) {
        become_follower(term_, NodeId{}, Cause::removed);
        return;
    }
    start_transfer(self, *find_peer(self, successor->node));
}

bool Raft::catch_up_ended(Progress& peer) {
    Progress::CatchUp& round = peer.catch_up;
    if (round.given_up()) {
        return false;
    }
    if (round.until == Index{0}) {
        round = {.until = log_.last(), .since = now_};
    }
    if (peer.match < round.until) {
        return false;
    }
    if (now_ < round.since + config_.election_timeout_min && answers(peer)) {
        return true;
    }
    round = {.until = log_.last(), .since = now_, .rounds = round.rounds + 1};
    LEDGER_SOMETIMES(true, "raft.catch_up_round_too_slow");
    LEDGER_SOMETIMES(round.given_up(), "raft.promotion_given_up");
    return false;
}

std::optional<Configuration> Raft::next_promotion(Leader& self) {
    const Configuration& current = configuration();
    for (NodeId node : current.learners) {
        const Member member = current.member(node);
        const bool known =
            config_.incarnation == Incarnation{0} || member.incarnation != Incarnation{0};
        Progress* const peer = member.promote && known ? find_peer(self, node) : nullptr;
        // The disk of a former witness lacks what a data holder promises to have.
        const bool unfit = peer != nullptr && peer->trimmed && !member.witness;
        LEDGER_SOMETIMES(unfit, "raft.former_witness_not_promoted");
        if (peer == nullptr || unfit || !catch_up_ended(*peer)) {
            continue;
        }
        const Configuration target = with_promoted(current, node);
        if (refusal_of(current, target).empty()) {
            LEDGER_SOMETIMES(member.replaces != NodeId{0}, "raft.voter_replaced");
            return step_towards(current, target);
        }
    }
    return std::nullopt;
}

// Writes down whose disks the members' promises are on, as far as it is known by now.
std::optional<Configuration> Raft::next_binding(const Leader& self) const {
    if (config_.incarnation == Incarnation{0}) {
        return std::nullopt;
    }
    Configuration next = configuration();
    const auto bind = [&next](NodeId node, Incarnation incarnation) {
        Member member = next.member(node);
        if (next.is_member(node) && member.incarnation == Incarnation{0}) {
            member.incarnation = incarnation;
            next.set_member(member);
        }
    };
    bind(config_.self, config_.incarnation);
    for (const Progress& peer : self.peers) {
        bind(peer.node, peer.incarnation);
    }
    return next == configuration() ? std::nullopt : std::optional(next);
}

}  // namespace ledger::raft
