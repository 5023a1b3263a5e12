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
// Requests of one peer that may wait for a round; an honest one sends the next after the answer.
constexpr std::uint64_t peer_reads_max = 4;

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
    std::array<Acknowledged, members_max + 1> contacts{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        contacts[count] = {peer.node, ordered(peer.contact)};
        ++count;
    }
    contacts[count] = {config_.self, ordered(now_)};
    return instant_of(quorum_value(configuration(), std::span(contacts).first(count + 1)));
}

void Raft::leader_time(Leader& self) {
    const bool deserted = quorum_contact(self) + config_.election_timeout_min <= now_;
    LEDGER_SOMETIMES(deserted, "raft.check_quorum_step_down");
    if (deserted) {
        become_follower(term_, NodeId{}, Cause::quorum_lost);  // Thesis §6.2
        return;
    }
    if (stall_deadline(self) <= now_) {
        step_down_stalled(self);
        return;
    }
    if (self.transfer && self.transfer->deadline <= now_) {
        LEDGER_SOMETIMES(true, "raft.transfer_given_up");
        self.transfer.reset();
        if (!configuration().voters.contains(config_.self)) {
            become_follower(term_, NodeId{}, Cause::removed);  // and nobody took over
            return;
        }
    }
    if (self.paced_until <= now_) {
        self.paced_until = never;
        send_appends(self);
    }
    if (self.heartbeat_due <= now_) {
        forget_departed(self);
        start_round(self);
        retransmit_unanswered(self);
        grant_reads(self);
        continue_transfer(self);
        hand_over_if_crowded(self);
    }
}

void Raft::start_round(Leader& self) {
    ++self.round;
    self.round_open = true;
    self.round_times.sent(self.round, now_);
    self.heartbeat_due = now_ + config_.heartbeat_interval;
    for (const Progress& peer : self.peers) {
        // At most what this follower is known to hold: a heartbeat checks no log.
        send(peer.node, false,
            Heartbeat{.term = term_, .commit = std::min(commit_, peer.match), .round = self.round});
    }
}

bool Raft::read(Instant now, ReadId id, ReadPath path) {
    advance_clock(now);
    if (Leader* self = leader()) {
        const bool at_once = path == ReadPath::lease && holds_lease(*self);
        LEDGER_SOMETIMES(path == ReadPath::lease && !at_once, "raft.lease_refused");
        if (at_once) {
            ready_.reads.push_back({id, commit_});
        } else {
            queue_read(*self, id, NodeId{});
        }
        return true;
    }
    Follower* follower = std::get_if<Follower>(&role_);
    if (path != ReadPath::anywhere || follower == nullptr || follower->leader == NodeId{0}) {
        return false;
    }
    if (!follower->reads.asked) {
        ++read_requests_;
        ask_leader(*follower);
        follower->reads.waiting.push_back({id, read_requests_});
    } else {
        follower->reads.waiting.push_back({id, read_requests_ + 1});
    }
    return true;
}

// A quorum has promised, by answering a heartbeat, to help no other leader for one minimum
// election timeout from its arrival, which is not before it left here (thesis §6.4.1; the drift
// covers clocks that run faster than ours). A transfer breaks the promise (catalogue L11).
bool Raft::holds_lease(const Leader& self) const {
    if (!config_.clock_drift_max || self.lease_given_away || commit_ < self.first_own) {
        return false;
    }
    std::array<Acknowledged, members_max + 1> promises{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        promises[count] = {peer.node, peer.promised ? ordered(*peer.promised) : 0};
        ++count;
    }
    promises[count] = {config_.self, ordered(now_)};
    const std::uint64_t agreed =
        quorum_value(configuration(), std::span(promises).first(count + 1));
    const Duration lease = config_.election_timeout_min - *config_.clock_drift_max;
    return agreed != 0 && now_ < instant_of(agreed) + lease;
}

void Raft::queue_read(Leader& self, ReadId id, NodeId from) {
    const bool gated = commit_ < self.first_own;
    LEDGER_SOMETIMES(gated, "raft.read_before_own_commit");
    if (gated) {
        self.reads.add_gated(id, from);
        return;
    }
    // A round whose heartbeats still lie in Ready leaves after this read arrived.
    self.reads.add(id, from, commit_, self.round_open ? self.round : self.round + 1);
    start_read_round(self);
    grant_reads(self);
}

void Raft::handle(NodeId from, const ReadRequest& request) {
    Leader* self = leader();
    if (self == nullptr || request.term != term_ || find_peer(*self, from) == nullptr) {
        LEDGER_SOMETIMES(true, "raft.read_request_to_other");
        return;  // the asker finds out by what it hears from the leader
    }
    const ReadId number{request.number};
    const bool waits = self->reads.contains(number, from);
    const bool flood = self->reads.count_from(from) >= peer_reads_max;
    LEDGER_SOMETIMES(waits, "raft.read_request_repeated");
    LEDGER_SOMETIMES(flood, "raft.too_many_read_requests");
    if (!waits && !flood) {
        queue_read(*self, number, from);
    }
}

void Raft::handle(NodeId from, const ReadResponse& response) {
    Follower* self = std::get_if<Follower>(&role_);
    const bool awaited = self != nullptr && self->leader == from && response.term == term_ &&
                         self->reads.asked && response.number == read_requests_;
    LEDGER_SOMETIMES(!awaited, "raft.read_response_too_late");
    if (!awaited) {
        return;
    }
    ForwardedReads& reads = self->reads;
    reads.asked = false;
    std::size_t served = 0;
    while (served < reads.waiting.size() && reads.waiting[served].number <= response.number) {
        ready_.reads.push_back({reads.waiting[served].id, response.index});
        ++served;
    }
    reads.waiting.erase(
        reads.waiting.begin(), reads.waiting.begin() + static_cast<std::ptrdiff_t>(served));
    if (!reads.waiting.empty()) {
        ++read_requests_;
        ask_leader(*self);
    }
}

void Raft::ask_leader(Follower& self) {
    LEDGER_ASSERT(self.leader != NodeId{0});
    self.reads.asked = true;
    self.reads.asked_at = now_;
    send(self.leader, false, ReadRequest{.term = term_, .number = read_requests_});
}

// The leader lives, but the question or its answer may be lost.
void Raft::ask_leader_again(Follower& self) {
    if (self.reads.asked && self.reads.asked_at + config_.heartbeat_interval <= now_) {
        LEDGER_SOMETIMES(true, "raft.read_asked_again");
        ask_leader(self);
    }
}

// The leader that was asked is no longer known to lead.
void Raft::drop_forwarded_reads() {
    Follower* self = std::get_if<Follower>(&role_);
    if (self == nullptr) {
        return;
    }
    LEDGER_SOMETIMES(!self->reads.waiting.empty(), "raft.forwarded_read_dropped");
    for (const ForwardedReads::Waiting& read : self->reads.waiting) {
        ready_.dropped_reads.push_back(read.id);
    }
    self->reads.waiting.clear();
    self->reads.asked = false;
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
    std::array<Acknowledged, members_max + 1> rounds{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        rounds[count] = {peer.node, peer.acked_round};
        ++count;
    }
    rounds[count] = {config_.self, self.round};
    const std::uint64_t confirmed =
        quorum_value(configuration(), std::span(rounds).first(count + 1));
    LEDGER_ASSERT(confirmed <= self.round);
    const std::span<const ReadQueue::Waiting> granted = self.reads.confirmed_by(confirmed);
    LEDGER_SOMETIMES(granted.size() > 1, "raft.reads_granted_together");
    for (const ReadQueue::Waiting& read : granted) {
        LEDGER_ASSERT(read.index <= commit_);
        if (read.from == NodeId{0}) {
            ready_.reads.push_back({read.id, read.index});
        } else {
            send(read.from, false,
                ReadResponse{.term = term_, .number = read.id.value, .index = read.index});
        }
    }
    self.reads.pop(granted.size());
    start_read_round(self);
}

}  // namespace ledger::raft
