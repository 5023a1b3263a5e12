#include "raft/raft.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::raft {
namespace {

// No cluster gets there; what claims to be beyond is not ours. Keeps sums far from overflow.
constexpr std::uint64_t number_max = 1ULL << 62;

bool plausible(Term term) {
    return term > Term{0} && term.value < number_max;
}

// A log either is empty or ends in an entry of some term.
bool plausible(LogId id) {
    return id.index.value < number_max && (id.index == Index{0}) == (id.term == Term{0});
}

// Only pre-votes are said before the first term.
bool plausible(const PreVoteRequest& m) {
    return m.term.value < number_max && m.proposed == m.term.next() && plausible(m.last) &&
           m.last.term <= m.term;
}
bool plausible(const PreVoteResponse& m) {
    return m.term.value < number_max && (!m.granted || m.term < m.proposed);
}
bool plausible(const VoteRequest& m) {
    return plausible(m.term) && plausible(m.last) && m.last.term < m.term;
}
bool plausible(const VoteResponse& m) {
    return plausible(m.term);
}
bool plausible(const AppendRequest& m) {
    if (!plausible(m.term) || !plausible(m.previous)) {
        return false;
    }
    LogId before = m.previous;
    for (const EntryRef& entry : m.entries) {
        if (entry.index != before.index.next() || entry.term < before.term ||
            !plausible(entry.term)) {
            return false;
        }
        before = entry.id();
    }
    return before.term <= m.term;
}
bool plausible(const AppendResponse& m) {
    return plausible(m.term);
}
bool plausible(const Heartbeat& m) {
    return plausible(m.term);
}
bool plausible(const HeartbeatResponse& m) {
    return plausible(m.term);
}

bool plausible(const TimeoutNow& m) {
    return plausible(m.term);
}

RaftLog::Contents contents_of(const Boot& boot) {
    return {.first = boot.first,
        .last = std::max(boot.last, boot.first.previous()),
        .previous = {},
        .terms = boot.terms,
        .tail = boot.tail,
        .last_cluster_time = boot.last_cluster_time,
        .last_wall_time = boot.last_wall_time};
}

// `time` plus `elapsed`, at most the end of time.
ClusterTime later(ClusterTime time, Duration elapsed) {
    LEDGER_ASSERT(elapsed >= Duration{});
    const bool fits = time.nanoseconds <= INT64_MAX - elapsed.nanoseconds;
    return {fits ? time.nanoseconds + elapsed.nanoseconds : INT64_MAX};
}

}  // namespace

Raft::Raft(const Config& config, const Boot& boot, Instant now)
    : config_(config),
      log_(contents_of(boot)),
      now_(now),
      term_(boot.hard_state.term),
      vote_(boot.hard_state.vote),
      commit_(boot.commit) {
    LEDGER_ASSERT(config_.self != NodeId{0});
    LEDGER_ASSERT(config_.choices != nullptr);
    LEDGER_ASSERT(config_.heartbeat_interval * 2 < config_.election_timeout_min);
    LEDGER_ASSERT(config_.append_entries_max > 0);
    LEDGER_ASSERT(config_.inflight_messages_max > 0);
    LEDGER_ASSERT(config_.inflight_messages_max <= inflight_messages_capacity);
    LEDGER_ASSERT(commit_ <= log_.last());
    LEDGER_ASSERT(log_.last_id().term <= term_);
    LEDGER_ASSERT(log_.first_in_memory() <= commit_.next());
    draw_election_timeout();
    role_ = Follower{.deadline = election_deadline()};  // Raft §5.2: servers start as followers.
    noted_ = {role(), term_, NodeId{}};
}

void Raft::advance_clock(Instant now) {
    now_ = std::max(now_, now);
}

Role Raft::role() const {
    struct Name {
        Role operator()(const Follower&) const { return Role::follower; }
        Role operator()(const PreCandidate&) const { return Role::pre_candidate; }
        Role operator()(const Candidate&) const { return Role::candidate; }
        Role operator()(const Leader&) const { return Role::leader; }
    };
    return std::visit(Name{}, role_);
}

NodeId Raft::leader_id() const {
    if (const Follower* follower = std::get_if<Follower>(&role_)) {
        return follower->leader;
    }
    return std::holds_alternative<Leader>(role_) ? config_.self : NodeId{};
}

void Raft::note_transition() {
    const Transition transition{role(), term_, leader_id()};
    if (transition != noted_) {
        ready_.transitions.push_back(transition);
        noted_ = transition;
    }
}

void Raft::persist_hard_state() {
    ready_.hard_state = HardState{term_, vote_};
}

void Raft::set_wall_clock(Instant at, WallTime wall) {
    wall_at_ = at;
    wall_ = wall;
}

void Raft::receive(Instant now, NodeId from, Message&& message) {
    advance_clock(now);
    const bool known = from != config_.self && config_.configuration.is_member(from);
    LEDGER_SOMETIMES(!known, "raft.message_of_stranger");
    if (!known) {
        return;
    }
    const bool possible = std::visit([](const auto& m) { return plausible(m); }, message);
    LEDGER_SOMETIMES(!possible, "raft.impossible_message");
    if (!possible) {
        return;
    }
    std::visit([this, from](const auto& m) { handle(from, m); }, message);
    LEDGER_ASSERT(commit_ <= log_.last());
}

void Raft::time(Instant now) {
    advance_clock(now);
    if (now_ < deadline()) {
        return;
    }
    if (Leader* self = leader()) {
        leader_time(*self);
        return;
    }
    LEDGER_SOMETIMES(role() == Role::candidate, "raft.split_vote");
    become_pre_candidate();
}

ProposeOutcome Raft::propose(Instant now, std::span<EntryRef> entries) {
    advance_clock(now);
    LEDGER_ASSERT(!entries.empty());
    Leader* self = leader();
    if (self == nullptr) {
        return NotLeader{leader_id()};
    }
    LEDGER_SOMETIMES(self->transfer.has_value(), "raft.proposal_during_transfer");
    if (self->transfer) {
        return Busy{};
    }
    std::uint64_t bytes = 0;
    for (const EntryRef& entry : entries) {
        bytes += entry.bytes;
    }
    // An empty tail always admits one proposal, however large.
    const bool busy = self->uncommitted_bytes > 0 &&
                      self->uncommitted_bytes + bytes > config_.uncommitted_bytes_max;
    LEDGER_SOMETIMES(busy, "raft.busy");
    if (busy) {
        return Busy{};
    }
    for (EntryRef& entry : entries) {
        append_stamped(*self, entry);
    }
    // Thesis §10.2.1: the followers get the entries while the leader's own disk writes them.
    send_appends(*self);
    return Proposed{entries.front().id(), entries.back().id()};
}

void Raft::append_stamped(Leader& self, EntryRef& entry) {
    self.stamped = later(self.stamped, now_ - self.stamped_at);
    self.stamped_at = now_;
    const WallTime before = log_.last_wall_time();
    const WallTime wall =
        wall_ ? WallTime{wall_->nanoseconds + (now_ - wall_at_).nanoseconds} : before;
    if (log_.durable() == log_.last()) {
        self.disk_progress = now_;
    }
    entry.index = log_.last().next();
    entry.term = term_;
    entry.cluster_time = self.stamped;
    entry.wall_time = std::max(before, wall);
    log_.append(entry);
    ready_.entries.push_back(entry);
    self.uncommitted_bytes += entry.bytes;
}

void Raft::stored(Instant now, LogId upto, HardState hard_state) {
    advance_clock(now);
    LEDGER_ASSERT(hard_state.term <= term_);
    log_.stored(upto, hard_state.term);
    if (Leader* self = leader()) {
        self->disk_progress = now_;
        leader_commit(*self);
        return;
    }
    Candidate* candidate = std::get_if<Candidate>(&role_);
    if (candidate != nullptr && hard_state == HardState{term_, vote_}) {
        LEDGER_ASSERT(vote_ == config_.self);
        candidate->granted.insert(config_.self);
        count_votes(*candidate);
    }
}

void Raft::advance() {
    ready_.clear();
    if (Leader* self = leader()) {
        self->round_open = false;
    }
}

void Raft::release_entries(Index upto) {
    log_.release(std::min(upto, commit_));
}

Instant Raft::deadline() const {
    if (const Leader* self = std::get_if<Leader>(&role_)) {
        const Instant lonely = quorum_contact(*self) + config_.election_timeout_min;
        const Instant given_up = self->transfer ? self->transfer->deadline : never;
        return std::min({self->heartbeat_due, lonely, stall_deadline(*self), given_up});
    }
    if (!can_campaign()) {
        return never;
    }
    if (const Follower* follower = std::get_if<Follower>(&role_)) {
        return follower->deadline;
    }
    const PreCandidate* pre_candidate = std::get_if<PreCandidate>(&role_);
    return pre_candidate != nullptr ? pre_candidate->deadline
                                    : std::get_if<Candidate>(&role_)->deadline;
}

Status Raft::status() const {
    const Leader* self = std::get_if<Leader>(&role_);
    return {.role = role(),
        .term = term_,
        .vote = vote_,
        .leader = leader_id(),
        .last = log_.last(),
        .durable = log_.durable(),
        .commit = commit_,
        .transfer_target = self != nullptr && self->transfer ? self->transfer->target : NodeId{}};
}

}  // namespace ledger::raft
