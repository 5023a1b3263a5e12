// Transfer: leadership handed over on purpose (thesis §3.10), by wish or because the disk stalls.
#include <algorithm>
#include <tuple>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/raft.h"

namespace ledger::raft {

bool Raft::answers(const Progress& peer) const {
    return now_ < peer.contact + config_.election_timeout_min;
}

bool Raft::may_succeed(const Progress& peer) const {
    return configuration().voters.contains(peer.node) && configuration().may_lead(peer.node) &&
           !peer.trimmed && answers(peer);
}

// Null if no other voter answers.
const Progress* Raft::best_successor(const Leader& self) const {
    const auto merit = [this](const Progress& peer) {
        return std::tuple(!peer.crowded, peer.state == Progress::State::replicate,
            configuration().member(peer.node).priority, peer.match);
    };
    const Progress* best = nullptr;
    for (const Progress& peer : self.peers) {
        if (may_succeed(peer) && (best == nullptr || merit(peer) > merit(*best))) {
            best = &peer;
        }
    }
    return best;
}

TransferOutcome Raft::transfer(Instant now, NodeId target) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return NotLeader{leader_id()};
    }
    if (settling()) {
        return TransferRefused{};
    }
    if (self->transfer) {
        const bool same = target == NodeId{0} || target == self->transfer->target;
        return same ? TransferOutcome(TransferStarted{self->transfer->target}) : TransferRefused{};
    }
    const Progress* best = target == NodeId{0} ? best_successor(*self) : nullptr;
    const NodeId chosen = best != nullptr ? best->node : target;
    for (Progress& peer : self->peers) {
        if (peer.node == chosen && may_succeed(peer)) {
            start_transfer(*self, peer);
            return TransferStarted{peer.node};
        }
    }
    return TransferRefused{};
}

void Raft::start_transfer(Leader& self, Progress& target) {
    LEDGER_ASSERT(!self.transfer);
    LEDGER_ASSERT(target.node != config_.self);
    LEDGER_SOMETIMES(target.match < log_.last(), "raft.transfer_to_lagging");
    LEDGER_SOMETIMES(!self.reads.empty(), "raft.read_during_transfer");
    self.transfer = {target.node, now_ + config_.election_timeout_min};
    send_appends(self, target);
    continue_transfer(self);
}

// The target may campaign as soon as it holds everything; said again with every heartbeat round.
void Raft::continue_transfer(Leader& self) {
    if (!self.transfer) {
        return;
    }
    for (const Progress& peer : self.peers) {
        if (peer.node == self.transfer->target && peer.match == log_.last()) {
            self.lease_given_away = true;
            send(peer.node, false, TimeoutNow{.term = term_});
        }
    }
}

void Raft::set_crowded(Instant now, bool crowded) {
    advance_clock(now);
    crowded_ = crowded;
    if (Leader* self = leader()) {
        hand_over_if_crowded(*self);
    }
}

// Commands are taken again elsewhere. Only to who has everything and has said in this term that it has
// space; and with a pause, so that two nodes at their limits do not hand leadership to and fro.
void Raft::hand_over_if_crowded(Leader& self) {
    constexpr std::int64_t pause = 4;  // minimum election timeouts
    const bool due = crowded_ && !self.transfer && !settling() && now_ >= self.hand_over_from;
    if (!due || !quorum_has_space(self)) {
        return;
    }
    Progress* best = nullptr;
    for (Progress& peer : self.peers) {
        const bool able = may_succeed(peer) && !peer.crowded && peer.acked_round > 0 &&
                          peer.state == Progress::State::replicate && peer.match >= commit_;
        if (able && (best == nullptr || peer.match > best->match)) {
            best = &peer;
        }
    }
    if (best != nullptr) {
        LEDGER_SOMETIMES(true, "raft.crowded_leader_hands_over");
        self.hand_over_from = now_ + config_.election_timeout_min * pause;
        start_transfer(self, *best);
    }
}

// Neither asks first nor waits: the leader itself wants it.
void Raft::handle(NodeId from, const TimeoutNow& request) {
    const Follower* self = std::get_if<Follower>(&role_);
    const bool asked = self != nullptr && request.term == term_ && self->leader == from;
    LEDGER_SOMETIMES(!asked, "raft.transfer_too_late");
    if (asked && can_campaign()) {
        become_candidate(true);
    }
}

// A leader whose own disk finishes nothing for one minimum election timeout (DESIGN section 5).
Instant Raft::stall_deadline(const Leader& self) const {
    const NodeSet& voters = configuration().voters;
    const bool alone =
        voters.size() == 1 && voters.contains(config_.self) && !configuration().joint();
    if (alone || log_.durable() == log_.last()) {
        return never;  // alone there is nobody who could do better
    }
    return self.disk_progress + config_.election_timeout_min;
}

// What it acknowledges as leader it could not store; as follower it holds nobody up. Whoever has
// everything may campaign without waiting for a timeout.
void Raft::step_down_stalled(Leader& self) {
    LEDGER_SOMETIMES(true, "raft.stalled_disk_step_down");
    const Progress* successor = best_successor(self);
    if (successor != nullptr && successor->match == log_.last()) {
        send(successor->node, false, TimeoutNow{.term = term_});
    }
    become_follower(term_, NodeId{}, Cause::disk_stalled);
    LEDGER_ASSERT(leader() == nullptr);
}

}  // namespace ledger::raft
