// Reads and leadership: heartbeat rounds confirm reads (thesis §6.4) and keep the leader honest.
#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/quorum.h"
#include "raft/raft.h"

namespace ledger::raft {
namespace {

constexpr std::uint64_t sign = 1ULL << 63;

// Instants as unsigned numbers in the same order.
std::uint64_t ordered(Instant at) {
    return static_cast<std::uint64_t>(at.nanoseconds) ^ sign;
}
Instant instant_of(std::uint64_t number) {
    return {static_cast<std::int64_t>(number ^ sign)};
}

}  // namespace

// The latest moment by which a quorum had answered; the leader itself answers always.
Instant Raft::quorum_contact(const Leader& self) const {
    std::array<Acknowledged, members_max> contacts{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        contacts[count] = {peer.node, ordered(peer.contact)};
        ++count;
    }
    contacts[count] = {config_.self, ordered(now_)};
    return instant_of(quorum_value(config_.configuration, std::span(contacts).first(count + 1)));
}

void Raft::leader_time(Leader& self) {
    const bool deserted = quorum_contact(self) + config_.election_timeout_min <= now_;
    LEDGER_SOMETIMES(deserted, "raft.check_quorum_step_down");
    if (deserted) {
        become_follower(term_, NodeId{});  // Thesis §6.2
        return;
    }
    if (stall_deadline(self) <= now_) {
        step_down_stalled(self);
        return;
    }
    if (self.transfer && self.transfer->deadline <= now_) {
        LEDGER_SOMETIMES(true, "raft.transfer_given_up");
        self.transfer.reset();
    }
    if (self.heartbeat_due <= now_) {
        start_round(self);
        retransmit_unanswered(self);
        grant_reads(self);
        continue_transfer(self);
    }
}

void Raft::start_round(Leader& self) {
    ++self.round;
    self.round_open = true;
    self.heartbeat_due = now_ + config_.heartbeat_interval;
    for (const Progress& peer : self.peers) {
        // At most what this follower is known to hold: a heartbeat checks no log.
        send(peer.node, false,
            Heartbeat{.term = term_, .commit = std::min(commit_, peer.match), .round = self.round});
    }
}

bool Raft::read(Instant now, ReadId id) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return false;
    }
    const bool gated = commit_ < self->first_own;
    LEDGER_SOMETIMES(gated, "raft.read_before_own_commit");
    if (gated) {
        self->reads.add_gated(id);
        return true;
    }
    // A round whose heartbeats still lie in Ready leaves after this read arrived.
    self->reads.add(id, commit_, self->round_open ? self->round : self->round + 1);
    start_read_round(*self);
    grant_reads(*self);
    return true;
}

// One round for reads at a time: those that arrive meanwhile share the next one, which starts
// when this one is confirmed, or with the next periodic heartbeat if it was lost.
void Raft::start_read_round(Leader& self) {
    if (self.reads.needs_round_after(self.round) && !self.reads.awaits_round(self.round)) {
        start_round(self);
    }
}

// Only now is the commit index at least what any earlier leader acknowledged (thesis §6.4 step 1).
void Raft::open_read_gate(Leader& self) {
    LEDGER_ASSERT(commit_ >= self.first_own);
    self.reads.open_gate(commit_, self.round_open ? self.round : self.round + 1);
    start_read_round(self);
    grant_reads(self);
}

void Raft::grant_reads(Leader& self) {
    if (self.reads.empty()) {
        return;
    }
    std::array<Acknowledged, members_max> rounds{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        rounds[count] = {peer.node, peer.acked_round};
        ++count;
    }
    rounds[count] = {config_.self, self.round};
    const std::uint64_t confirmed =
        quorum_value(config_.configuration, std::span(rounds).first(count + 1));
    LEDGER_ASSERT(confirmed <= self.round);
    const std::span<const ReadQueue::Waiting> granted = self.reads.confirmed_by(confirmed);
    LEDGER_SOMETIMES(granted.size() > 1, "raft.reads_granted_together");
    for (const ReadQueue::Waiting& read : granted) {
        LEDGER_ASSERT(read.index <= commit_);
        ready_.reads.push_back({read.id, read.index});
    }
    self.reads.pop(granted.size());
    start_read_round(self);
}

}  // namespace ledger::raft
