#include "raft/raft.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/configuration_body.h"

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
    return m.term.value < number_max && (!m.granted || m.term < m.proposed) &&
           m.removed.value < number_max;
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
        const bool readable =
            entry.kind != EntryKind::configuration || configuration_of(entry).has_value();
        if (entry.index != before.index.next() || entry.term < before.term ||
            !plausible(entry.term) || !readable) {
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

bool plausible(const ReadRequest& m) {
    return plausible(m.term);
}
bool plausible(const ReadResponse& m) {
    return plausible(m.term) && m.index.value < number_max;
}

bool plausible(const SnapshotOffer& m) {
    return plausible(m.term) && plausible(m.cut) && m.cut.index > Index{0} &&
           m.cut.term <= m.term && decode_configuration(m.configuration.envelope()).has_value();
}
bool plausible(const SnapshotStatus& m) {
    return plausible(m.term) && plausible(m.cut);
}

RaftLog::Contents contents_of(const Boot& boot) {
    return {.first = boot.first,
        .last = std::max(boot.last, boot.first.previous()),
        .previous = boot.previous,
        .terms = boot.terms,
        .tail = boot.tail,
        .holes = boot.holes,
        .last_cluster_time = boot.last_cluster_time,
        .last_wall_time = boot.last_wall_time};
}

// The oldest one that anybody may still ask for: at the newest cut, if there is one.
ConfigurationAt first_configuration(const Config& config, const Boot& boot) {
    if (boot.cut) {
        return {boot.cut->id.index, boot.cut->configuration};
    }
    return boot.configuration.value_or(ConfigurationAt{Index{}, config.configuration});
}

// Says something about what the sender holds or has promised.
bool is_response(const Message& message) {
    return std::holds_alternative<PreVoteResponse>(message) ||
           std::holds_alternative<VoteResponse>(message) ||
           std::holds_alternative<AppendResponse>(message) ||
           std::holds_alternative<HeartbeatResponse>(message) ||
           std::holds_alternative<SnapshotStatus>(message);
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
      history_(first_configuration(config, boot)),
      read_requests_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.nanoseconds))),
      votes_from_(config.clock_drift_max ? now + config.election_timeout_min : now),
      now_(now),
      term_(boot.hard_state.term),
      vote_(boot.hard_state.vote),
      trimmed_(boot.hard_state.trimmed),
      commit_(boot.commit) {
    LEDGER_ASSERT(config_.self != NodeId{0});
    LEDGER_ASSERT(config_.choices != nullptr);
    LEDGER_ASSERT(config_.heartbeat_interval * 2 < config_.election_timeout_min);
    LEDGER_ASSERT(config_.append_entries_max > 0);
    LEDGER_ASSERT(config_.catch_up_entries_max > 0);
    LEDGER_ASSERT(config_.catch_up_bytes_per_second > 0);
    LEDGER_ASSERT(config_.inflight_messages_max > 0);
    LEDGER_ASSERT(config_.inflight_messages_max <= inflight_messages_capacity);
    LEDGER_ASSERT(commit_ <= log_.whole_to());
    LEDGER_ASSERT(log_.last_id().term <= term_);
    LEDGER_ASSERT(log_.first_in_memory() <= commit_.next());
    LEDGER_ASSERT(history_.current_index() <= commit_);
    LEDGER_ASSERT(boot.previous.index.next() == boot.first || boot.first == Index{1});
    LEDGER_ASSERT(boot.first.previous() <= (boot.cut ? boot.cut->id.index : Index{}));
    if (boot.configuration && boot.configuration->index > history_.current_index()) {
        history_.append_after_gap(boot.configuration->index, boot.configuration->configuration);
    }
    if (boot.unreadable_configuration > history_.current_index()) {
        history_.note_unreadable(boot.unreadable_configuration);
    }
    if (boot.cut) {
        LEDGER_ASSERT(boot.cut->id.index <= commit_);
        cut_ = {boot.cut->id, boot.cut->cluster_time, boot.cut->wall_time};
    }
    for (const EntryRef& entry : boot.tail) {
        if (entry.kind != EntryKind::configuration || entry.index <= history_.current_index()) {
            continue;
        }
        if (log_.is_hole(entry.index)) {
            history_.note_unreadable(entry.index);
        } else {
            const std::optional<Configuration> found = configuration_of(entry);
            LEDGER_ASSERT(found.has_value());  // unreadable ones are not let into a log
            history_.append(entry.index, *found);
        }
    }
    draw_election_timeout();
    role_ = Follower{.deadline = election_deadline()};  // Raft §5.2: servers start as followers.
    noted_ = {.role = role(), .term = term_};
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

void Raft::note_transition(Cause cause) {
    const bool same =
        noted_.role == role() && noted_.term == term_ && noted_.leader == leader_id();
    if (same) {
        return;
    }
    noted_ = {.role = role(),
        .term = term_,
        .leader = leader_id(),
        .cause = cause,
        .vote = vote_,
        .last = log_.last_id(),
        .commit = commit_,
        .configuration = history_.current_index()};
    ready_.transitions.push_back(noted_);
}

void Raft::persist_hard_state() {
    ready_.hard_state = promises();
}

void Raft::set_wall_clock(Instant at, WallTime wall) {
    wall_at_ = at;
    wall_ = wall;
}

void Raft::receive(Instant now, NodeId from, Message&& message, Incarnation incarnation) {
    advance_clock(now);
    // Thesis §4.1: servers take requests of servers that are not in their configuration. Answers
    // can only come from where questions went.
    const bool response = is_response(message);
    Leader* const self = leader();
    Progress* const peer = self != nullptr && response ? find_peer(*self, from) : nullptr;
    const bool asked = !response || peer != nullptr || configuration().is_member(from);
    const bool known = from != config_.self && from != NodeId{0} && asked;
    LEDGER_SOMETIMES(!known, "raft.message_of_stranger");
    if (!known) {
        return;
    }
    // An answer counts only from the disk that the configuration knows: an emptied one has
    // forgotten its votes and its log (catalogue M19). A request is no promise.
    const bool other_disk = response && !is_disk_of(from, incarnation);
    LEDGER_SOMETIMES(other_disk, "raft.answer_of_other_disk");
    if (other_disk) {
        return;
    }
    if (peer != nullptr) {
        peer->incarnation = incarnation;
    }
    const bool possible = std::visit([](const auto& m) { return plausible(m); }, message);
    LEDGER_SOMETIMES(!possible, "raft.impossible_message");
    if (!possible) {
        return;
    }
    std::visit([this, from](const auto& m) { handle(from, m); }, message);
    finish_call();
    LEDGER_ASSERT(commit_ <= log_.last());
}

void Raft::adopt_term(Instant now, Term term) {
    advance_clock(now);
    if (term > term_ && plausible(term)) {
        become_follower(term, NodeId{}, Cause::newer_term);
    }
}

// What follows by itself once a call is done: nothing refers to a peer any more.
void Raft::finish_call() {
    if (Leader* self = leader()) {
        continue_membership_change(*self);
    }
}

void Raft::time(Instant now) {
    advance_clock(now);
    if (now_ < deadline()) {
        return;
    }
    if (Leader* self = leader()) {
        leader_time(*self);
        finish_call();
        return;
    }
    if (!can_campaign()) {
        // The leader is silent: nobody answers the reads.
        become_follower(term_, NodeId{}, Cause::timeout);
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
    if (self->transfer || settling()) {
        return Busy{};
    }
    std::uint64_t bytes = 0;
    for (const EntryRef& entry : entries) {
        LEDGER_ASSERT(entry.kind != EntryKind::configuration);  // that is change_membership()
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
    append_entry(entry);
    self.uncommitted_bytes += entry.bytes;
}

void Raft::append_entry(const EntryRef& entry) {
    log_.append(entry);
    ready_.entries.push_back(entry);
    if (entry.kind == EntryKind::configuration) {
        const std::optional<Configuration> next = configuration_of(entry);
        LEDGER_ASSERT(next.has_value());
        history_.append(entry.index, *next);
    }
}

void Raft::stored(Instant now, LogId upto, HardState hard_state) {
    advance_clock(now);
    LEDGER_ASSERT(hard_state.term <= term_);
    log_.stored(upto, hard_state.term);
    if (Leader* self = leader()) {
        self->disk_progress = now_;
        leader_commit(*self);
        send_to_witnesses(*self);
        finish_call();
        return;
    }
    Candidate* candidate = std::get_if<Candidate>(&role_);
    if (candidate != nullptr && hard_state == promises()) {
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
        return std::min(
            {self->heartbeat_due, lonely, stall_deadline(*self), given_up, self->paced_until});
    }
    if (const Follower* follower = std::get_if<Follower>(&role_)) {
        // Who may not campaign forgets a leader that is silent, and that is all it does.
        const bool something = can_campaign() || follower->leader != NodeId{0} ||
                               !follower->reads.waiting.empty();
        return something ? follower->deadline : never;
    }
    return can_campaign() ? own_election() : never;
}

// Also while it may not campaign: it may again.
Instant Raft::own_election() const {
    struct Deadline {
        Instant operator()(const Follower& role) const { return role.deadline; }
        Instant operator()(const PreCandidate& role) const { return role.deadline; }
        Instant operator()(const Candidate& role) const { return role.deadline; }
        Instant operator()(const Leader&) const { return never; }
    };
    return std::visit(Deadline{}, role_);
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
        .transfer_target = self != nullptr && self->transfer ? self->transfer->target : NodeId{},
        .trimmed = trimmed_,
        .removed = removed_ > history_.current_index() ? removed_ : Index{}};
}

}  // namespace ledger::raft
