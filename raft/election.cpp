// Elections: pre-vote, votes, stickiness, and what changes with a role.
#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/quorum.h"
#include "raft/raft.h"

namespace ledger::raft {
namespace {

constexpr std::uint64_t jitter_steps = 1024;

}  // namespace

// A removed node learns it from its log, or from a peer when that no longer reaches it; a witness
// could lead nobody, whatever it was before or will be.
bool Raft::can_campaign() const {
    return may_lead() && own_disk_is_member() && !trimmed_ &&
           removed_ <= history_.current_index() && history_.knows_current() &&
           !claims_more();
}

// Who is being removed may still be needed: nobody else may hold the entry that removes it, and
// with it all that is behind (thesis §4.2.2).
bool Raft::may_lead() const {
    const bool leaving = history_.current_index() > commit_ && commit_ >= history_.oldest_index() &&
                         history_.in_force_at(commit_).configuration.may_lead(config_.self);
    const bool now = configuration().may_lead(config_.self);
    LEDGER_SOMETIMES(leaving && !now, "raft.removed_one_may_still_lead");
    return now || leaving;
}

// Not so when this disk took the place of an emptied one: that one's promises are unknown.
bool Raft::own_disk_is_member() const {
    const Incarnation known = configuration().member(config_.self).incarnation;
    return known == Incarnation{0} || known == config_.incarnation;
}

bool Raft::is_disk_of(NodeId node, Incarnation incarnation) const {
    const Incarnation bound = configuration().member(node).incarnation;
    return bound == Incarnation{0} || bound == incarnation;
}

// Not a disk that took the place of another one, which may have voted already; so who knows no
// configuration votes only when it is meant by name. Being a member is not asked: the own
// configuration may be old (thesis §4.1).
bool Raft::may_vote(Incarnation addressee) const {
    if (config_.incarnation == Incarnation{0} || addressee == Incarnation{0}) {
        const bool vouched_for = config_.incarnation == Incarnation{0};
        return (vouched_for || !configuration().voters.empty()) && own_disk_is_member();
    }
    return addressee == config_.incarnation;
}

// The committed configuration that has no place for `node` any more; 0 if it may have one.
Index Raft::removal_of(NodeId node) const {
    const ConfigurationAt& committed = history_.in_force_at(commit_);
    const bool gone =
        !committed.configuration.is_member(node) && !configuration().is_member(node);
    return gone ? committed.index : Index{};
}

// Thesis §4.2.3: who has heard a leader within the minimum election timeout helps nobody else. A
// leader has heard itself; check-quorum ends that when the others no longer answer.
bool Raft::live_leader_known() const {
    if (const Follower* follower = std::get_if<Follower>(&role_)) {
        return follower->leader != NodeId{0} &&
               now_ < follower->heard + config_.election_timeout_min;
    }
    return std::holds_alternative<Leader>(role_);
}

// Raft §5.2: uniformly over [T, 2T), once per term and attempt.
void Raft::draw_election_timeout() {
    const std::uint64_t sequence = (term_.value << 16) + (attempt_ & 0xffff);
    const std::uint64_t step =
        config_.choices->choose(Site::election_jitter, config_.self.value, sequence, jitter_steps);
    LEDGER_ASSERT(step < jitter_steps);
    const Duration jitter = config_.election_timeout_min * static_cast<std::int64_t>(step) /
                            static_cast<std::int64_t>(jitter_steps);
    election_timeout_ = config_.election_timeout_min + jitter + priority_delay();
}

// Half a timeout for each level of priority above the own one, at most two levels: a head start
// for the preferred, which costs the others a bounded time when those are gone.
Duration Raft::priority_delay() const {
    const std::uint8_t own = configuration().member(config_.self).priority;
    std::uint8_t above = own;   // the lowest priority above the own one, or the own
    std::uint8_t highest = own;
    for (NodeId voter : configuration().voters) {
        const std::uint8_t priority = configuration().member(voter).priority;
        highest = std::max(highest, priority);
        above = priority > own && (above == own || priority < above) ? priority : above;
    }
    const std::int64_t levels = (above > own ? 1 : 0) + (highest > above ? 1 : 0);
    LEDGER_SOMETIMES(levels > 0, "raft.campaigns_later");
    return config_.election_timeout_min * levels / 2;
}

// Forgets the vote only with a new term: a second vote in one term could elect a second leader.
// Only hearing a leader and granting a vote postpone the own election (Raft §5.2); the callers
// that do so set the deadline, all others leave it where it was.
void Raft::become_follower(Term term, NodeId leader_node, Cause cause) {
    LEDGER_ASSERT(term >= term_);
    const bool was_leader = leader() != nullptr;
    drop_forwarded_reads();
    const Instant deadline_before = own_election();
    if (was_leader) {
        give_up_leadership(*leader());
    }
    if (term > term_) {
        term_ = term;
        vote_ = NodeId{};
        attempt_ = 0;
        draw_election_timeout();
        persist_hard_state();
    }
    role_ = Follower{.leader = leader_node,
        .heard = now_,
        .deadline = was_leader ? election_deadline() : deadline_before};
    note_transition(cause);
}

void Raft::give_up_leadership(Leader& self) {
    LEDGER_SOMETIMES(commit_ < log_.last(), "raft.leader_deposed_with_uncommitted");
    LEDGER_SOMETIMES(!self.reads.empty(), "raft.read_dropped");
    for (const ReadQueue::Waiting& read : self.reads.all()) {
        if (read.from == NodeId{0}) {
            ready_.dropped_reads.push_back(read.id);
        }
    }
    self.reads.pop(self.reads.size());
}

void Raft::become_pre_candidate() {
    LEDGER_ASSERT(can_campaign());
    LEDGER_ASSERT(leader() == nullptr);
    drop_forwarded_reads();
    ++attempt_;
    draw_election_timeout();
    PreCandidate self{.attempt = attempt_, .deadline = election_deadline()};
    self.granted.insert(config_.self);  // promises nothing, so it need not be durable
    role_ = self;
    note_transition(Cause::timeout);
    for (NodeId node : configuration().members()) {
        if (node != config_.self && configuration().is_voter(node)) {
            send(node, false,
                PreVoteRequest{.term = term_,
                    .proposed = term_.next(),
                    .last = log_.last_id(),
                    .attempt = attempt_,
                    .addressee = configuration().member(node).incarnation});
        }
    }
    count_pre_votes(*std::get_if<PreCandidate>(&role_));
}

void Raft::count_pre_votes(PreCandidate& self) {
    switch (vote_result(configuration(), self.granted, self.refused)) {
        case VoteResult::open: return;
        case VoteResult::won: become_candidate(false); return;
        case VoteResult::lost: become_follower(term_, NodeId{}, Cause::refused); return;
    }
}

// `transfer`: the leader asked for it, so that nobody need protect it (thesis §3.10).
void Raft::become_candidate(bool transfer) {
    LEDGER_ASSERT(can_campaign());
    drop_forwarded_reads();
    term_ = term_.next();
    vote_ = config_.self;
    attempt_ = 0;
    draw_election_timeout();
    persist_hard_state();
    role_ = Candidate{.deadline = election_deadline()};
    note_transition(transfer ? Cause::transfer : Cause::pre_vote_won);
    // Durable: the own vote and the log that the request advertises are on the disk when it
    // leaves, or a crash could make the sender vote twice or hold less than it claimed.
    for (NodeId node : configuration().members()) {
        if (node != config_.self && configuration().is_voter(node)) {
            send(node, true, VoteRequest{.term = term_,
                    .last = log_.last_id(),
                    .transfer = transfer,
                    .addressee = configuration().member(node).incarnation});
        }
    }
}

void Raft::count_votes(Candidate& self) {
    switch (vote_result(configuration(), self.granted, self.refused)) {
        case VoteResult::open: return;
        case VoteResult::won: become_leader(); return;
        case VoteResult::lost: become_follower(term_, NodeId{}, Cause::refused); return;
    }
}

void Raft::become_leader() {
    LEDGER_ASSERT(std::holds_alternative<Candidate>(role_));
    LEDGER_ASSERT(vote_ == config_.self);
    Leader self;
    for (NodeId node : configuration().members()) {
        if (node != config_.self) {
            self.peers.push_back(new_peer(node, log_.last().next()));
        }
    }
    self.heartbeat_due = now_ + config_.heartbeat_interval;
    self.first_own = log_.last().next();
    self.disk_progress = now_;
    // Whoever had to hand over may have handed over to this one.
    self.hand_over_from = now_ + config_.election_timeout_min * 2;
    role_ = std::move(self);
    note_transition(Cause::elected);
    if (!settling()) {
        begin_term(*leader());
    }
}

bool Raft::settling() const {
    return std::holds_alternative<Leader>(role_) && !log_.holes().empty();
}

// Raft §8: only an entry of its own term tells a leader what is committed.
void Raft::begin_term(Leader& self) {
    LEDGER_ASSERT(!settling());
    if (commit_ < log_.last()) {
        for (const EntryRef& entry : log_.entries(commit_.next(), log_.last())) {
            self.uncommitted_bytes += entry.bytes;
        }
    }
    self.first_own = log_.last().next();
    self.stamped = log_.last_cluster_time();
    self.stamped_at = now_;
    EntryRef noop;
    append_stamped(self, noop);
    LEDGER_ASSERT(log_.last() == self.first_own);
    send_appends(self);
}

// Changes nothing here: neither term, nor vote, nor the election timer.
void Raft::handle(NodeId from, const PreVoteRequest& request) {
    const bool sticky = live_leader_known() || now_ < votes_from_;
    const bool up_to_date = request.last >= promised_last();
    const bool granted =
        request.proposed > term_ && !sticky && up_to_date && may_vote(request.addressee);
    LEDGER_SOMETIMES(!granted, "raft.pre_vote_refused");
    LEDGER_SOMETIMES(!up_to_date, "raft.pre_vote_refused_for_old_log");
    send(from, false,
        PreVoteResponse{.term = term_,
            .proposed = request.proposed,
            .attempt = request.attempt,
            .granted = granted,
            .removed = granted ? Index{} : removal_of(from)});
}

void Raft::handle(NodeId from, const PreVoteResponse& response) {
    PreCandidate* self = std::get_if<PreCandidate>(&role_);
    if (self == nullptr || response.proposed != term_.next() || response.attempt != self->attempt) {
        LEDGER_SOMETIMES(response.granted, "raft.pre_vote_too_late");
        return;
    }
    const bool gone =
        response.removed > history_.current_index() && configuration().is_voter(from);
    LEDGER_SOMETIMES(gone, "raft.told_of_removal");
    if (gone) {
        removed_ = std::max(removed_, response.removed);
    }
    if (response.term > term_ || gone) {
        LEDGER_ASSERT(!response.granted || gone);
        become_follower(std::max(term_, response.term), NodeId{},
            gone ? Cause::removed : Cause::newer_term);
        return;
    }
    if (!self->granted.contains(from) && !self->refused.contains(from)) {
        (response.granted ? self->granted : self->refused).insert(from);
    }
    count_pre_votes(*self);
}

void Raft::handle(NodeId from, const VoteRequest& request) {
    const bool forgetful = !may_vote(request.addressee);
    LEDGER_SOMETIMES(forgetful, "raft.forgetful_does_not_vote");
    if (forgetful) {
        return;
    }
    if (request.term < term_) {
        send(from, false, VoteResponse{.term = term_, .granted = false});
        return;
    }
    const bool promised = live_leader_known() || now_ < votes_from_;
    const bool sticky = promised && !request.transfer;
    LEDGER_SOMETIMES(sticky, "raft.stickiness_refusal");
    if (sticky) {
        return;  // Thesis §4.2.3: neither adopts the term nor answers.
    }
    if (request.term > term_) {
        become_follower(request.term, NodeId{}, Cause::newer_term);
    }
    const bool free = vote_ == NodeId{0} || vote_ == from;
    const bool up_to_date = request.last >= promised_last();  // Raft §5.4.1
    if (!free || !up_to_date) {
        LEDGER_SOMETIMES(!up_to_date, "raft.vote_refused_for_old_log");
        send(from, false, VoteResponse{.term = term_, .granted = false});
        return;
    }
    if (vote_ != from) {
        vote_ = from;
        persist_hard_state();
    }
    if (!std::holds_alternative<Follower>(role_)) {
        become_follower(term_, NodeId{}, Cause::vote_granted);
    }
    std::get_if<Follower>(&role_)->deadline = election_deadline();
    send(from, true, VoteResponse{.term = term_, .granted = true});
}

void Raft::handle(NodeId from, const VoteResponse& response) {
    if (response.term > term_) {
        become_follower(response.term, NodeId{}, Cause::newer_term);
        return;
    }
    Candidate* self = std::get_if<Candidate>(&role_);
    if (self == nullptr || response.term < term_) {
        return;
    }
    // Sets: a repeated answer counts once, and the first one counts.
    if (!self->granted.contains(from) && !self->refused.contains(from)) {
        (response.granted ? self->granted : self->refused).insert(from);
    }
    count_votes(*self);
}

}  // namespace ledger::raft
