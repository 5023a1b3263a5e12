// Replication: entries from the leader to the followers, and what counts as committed.
#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/quorum.h"
#include "raft/raft.h"

namespace ledger::raft {

namespace {

// What a witness gets: envelopes, so that its log has the same hash chain and its state the same
// digest as everybody's.
void drop_erasable_parts(std::vector<EntryRef>& entries) {
    for (EntryRef& entry : entries) {
        entry.handle = entry.handle.erased();
        entry.bytes = static_cast<std::uint32_t>(entry.handle.envelope().size());
    }
}

}  // namespace

// ---- as follower

// `from` speaks as leader of `term`, which is not below ours. False if that cannot be.
bool Raft::follow(NodeId from, Term term) {
    LEDGER_ASSERT(term >= term_);
    if (term > term_) {
        become_follower(term, from, Cause::newer_term);
    }
    const bool other = leader_id() != NodeId{0} && leader_id() != from;
    LEDGER_SOMETIMES(other, "raft.second_leader_of_a_term");
    if (other) {
        return false;
    }
    if (leader_id() != from) {
        become_follower(term_, from, Cause::leader_heard);
    }
    Follower& self = *std::get_if<Follower>(&role_);
    self.heard = now_;
    self.deadline = election_deadline();
    return true;
}

// Another disk has taken the place of the one that it is for. What that one lacks is not what this one
// lacks, and a witness's entries are of no use to who shall hold data.
bool Raft::meant_for_other_disk(const AppendRequest& request) const {
    const bool other = request.addressee != Incarnation{0} &&
                       config_.incarnation != Incarnation{0} &&
                       request.addressee != config_.incarnation;
    LEDGER_SOMETIMES(other, "raft.append_for_other_disk");
    return other;
}

void Raft::handle(NodeId from, const AppendRequest& request) {
    if (meant_for_other_disk(request)) {
        return;
    }
    AppendResponse response{
        .term = term_, .sequence = request.sequence, .previous = request.previous.index,
        .crowded = crowded_};
    if (request.term < term_) {
        send(from, false, response);
        return;
    }
    const bool broken = contradicts_commit(request);
    LEDGER_SOMETIMES(broken, "raft.append_contradicts_commit");
    if (broken || !follow(from, request.term)) {
        return;  // No correct leader says so (Raft §5.4.3): nothing to agree or disagree with.
    }
    response.term = term_;
    if (request.previous.index > log_.whole_to() && !log_.holes().empty()) {
        // What is damaged counts as missing, so that the leader sends it once more.
        LEDGER_SOMETIMES(true, "raft.hole_asked_for");
        response.hint = log_.last_not_above({request.previous.term, log_.whole_to()});
        send(from, false, response);
        return;
    }
    // Raft §5.3, the consistency check. Up to our commit index every leader's log is ours, also
    // where the terms are no longer known.
    if (request.previous.index > commit_ && !log_.contains(request.previous)) {
        response.hint = log_.last_not_above(request.previous);
        send(from, false, response);
        return;
    }
    const std::size_t taken = affordable(request);
    merge_entries(request, taken);
    response.accepted = true;
    response.match = request.previous.index + taken;
    response.trimmed = trimmed_;
    // Raft fig. 2: beyond `match` our log may differ from the leader's.
    commit_to(std::max(commit_, std::min(request.commit, response.match)));
    send(from, true, response);
}

// A committed entry of ours is missing from the sender's log.
bool Raft::contradicts_commit(const AppendRequest& request) const {
    const auto differs = [this](LogId theirs) {
        const std::optional<Term> ours = log_.term_at(theirs.index);
        return theirs.index <= commit_ && ours && *ours != theirs.term;
    };
    if (differs(request.previous)) {
        return true;
    }
    for (const EntryRef& entry : request.entries) {
        if (differs(entry.id())) {
            return true;
        }
    }
    return false;
}

// How many of the entries there is space for: a crowded node takes no new commands, but all that keeps
// the cluster going.
std::size_t Raft::affordable(const AppendRequest& request) const {
    const auto costs = [this](const EntryRef& entry) {
        return entry.kind == EntryKind::command && entry.index > commit_ &&
               !log_.contains(entry.id());
    };
    if (!crowded_) {
        return request.entries.size();
    }
    const auto first = std::find_if(request.entries.begin(), request.entries.end(), costs);
    LEDGER_SOMETIMES(first != request.entries.end(), "raft.crowded_follower_takes_no_command");
    return static_cast<std::size_t>(first - request.entries.begin());
}

// What is there stays there: a request that was delayed must not shorten the log. Raft §5.3: an
// entry is deleted only when one of the same index and another term replaces it.
void Raft::merge_entries(const AppendRequest& request, std::size_t count) {
    for (const EntryRef& entry : std::span(request.entries).first(count)) {
        const bool held = entry.index <= commit_ || log_.contains(entry.id());
        if (held && log_.is_hole(entry.index)) {
            LEDGER_SOMETIMES(true, "raft.hole_mended_by_leader");
            mend_hole(entry);
            note_trimmed(request, entry);
        }
        if (held) {
            continue;
        }
        if (entry.index <= log_.last()) {
            truncate_log(entry.index.previous());
        }
        append_entry(entry);
        note_trimmed(request, entry);
    }
}

void Raft::note_trimmed(const AppendRequest& request, const EntryRef& entry) {
    if (request.trimmed && !trimmed_ && entry.handle.is_erased()) {
        trimmed_ = true;
        persist_hard_state();
    }
}

void Raft::truncate_log(Index last) {
    LEDGER_ASSERT(last >= commit_);
    LEDGER_ASSERT(leader() == nullptr || settling());
    LEDGER_SOMETIMES(leader() == nullptr, "raft.conflict_truncation");
    LEDGER_SOMETIMES(
        log_.term_at(last.next()) != log_.term_at(log_.last()), "raft.several_terms_truncated");
    // Where the caller's log ends once truncate_to of this Ready is done.
    const Index handed_over =
        ready_.entries.empty() ? log_.last() : ready_.entries.front().index.previous();
    while (!ready_.entries.empty() && ready_.entries.back().index > last) {
        ready_.entries.pop_back();
    }
    if (last < handed_over) {
        LEDGER_ASSERT(ready_.entries.empty());
        ready_.truncate_to = last;
    }
    std::erase_if(ready_.repairs, [last](const EntryRef& entry) { return entry.index > last; });
    log_.truncate_to(last, term_);
    const bool rolled_back = history_.truncate_to(last);
    LEDGER_SOMETIMES(rolled_back, "raft.configuration_rolled_back");
}

void Raft::commit_to(Index index) {
    LEDGER_ASSERT(index >= commit_);
    LEDGER_ASSERT(index <= log_.last());
    LEDGER_SOMETIMES(index > log_.whole_to(), "raft.commit_waits_for_hole");
    commit_ = std::max(commit_, std::min(index, log_.whole_to()));
}

void Raft::handle(NodeId from, const Heartbeat& heartbeat) {
    if (heartbeat.term >= term_ && !follow(from, heartbeat.term)) {
        return;
    }
    if (heartbeat.term == term_) {
        // A leader says at most what we acknowledged to it; what we lack, we did not.
        const bool held = heartbeat.commit <= log_.last();
        LEDGER_SOMETIMES(!held, "raft.heartbeat_commit_beyond_log");
        commit_to(held ? std::max(commit_, heartbeat.commit) : commit_);
        ask_leader_again(*std::get_if<Follower>(&role_));
    }
    // To a stale leader the answer tells the newer term, and confirms nothing: when it arrives, that
    // node may lead the newer term, in which rounds are counted anew (thesis §6.4).
    const std::uint64_t confirmed = heartbeat.term == term_ ? heartbeat.round : 0;
    send(from, false, HeartbeatResponse{.term = term_, .round = confirmed, .crowded = crowded_});
}

// ---- as leader

// The sender's progress if `term` is the one that we lead.
Progress* Raft::answering_peer(NodeId from, Term term) {
    if (term > term_) {
        become_follower(term, NodeId{}, Cause::newer_term);
        return nullptr;
    }
    Leader* self = leader();
    if (self == nullptr || term < term_) {
        return nullptr;
    }
    for (Progress& peer : self->peers) {
        if (peer.node == from) {
            peer.contact = now_;
            return &peer;
        }
    }
    return nullptr;
}

void Raft::handle(NodeId from, const AppendResponse& response) {
    Progress* peer = answering_peer(from, response.term);
    if (peer == nullptr) {
        return;
    }
    Leader& self = *leader();
    if (response.sequence == 0 || response.sequence > self.sequence) {
        LEDGER_SOMETIMES(true, "raft.answer_without_question");
        return;
    }
    if (response.accepted) {
        accepted(self, *peer, response);
    } else {
        rejected(self, *peer, response);
    }
}

void Raft::accepted(Leader& self, Progress& peer, const AppendResponse& response) {
    if (response.match > log_.last()) {
        LEDGER_SOMETIMES(true, "raft.match_beyond_log");
        return;
    }
    const bool news = peer.acknowledged(response.match);
    peer.trimmed = response.trimmed;
    peer.crowded = response.crowded;  // perhaps no longer; the next heartbeat tells
    if (peer.state == Progress::State::probe && (news || response.sequence >= peer.since)) {
        peer.become_replicate();
    }
    if (peer.crowded && peer.state == Progress::State::replicate && peer.next > peer.match.next()) {
        // What is under way beyond that was not taken, or will not be.
        LEDGER_SOMETIMES(true, "raft.crowded_follower_stops_window");
        peer.become_probe(peer.match.next(), self.sequence + 1);
    }
    if (peer.state == Progress::State::snapshot && peer.match.next() >= log_.first()) {
        // However it got there, the log can help it again.
        LEDGER_SOMETIMES(true, "raft.snapshot_not_needed");
        peer.become_replicate();
    }
    if (news) {
        leader_commit(self);
        continue_transfer(self);
        send_to_witnesses(self);
    }
    send_appends(self, peer);
}

void Raft::rejected(Leader& self, Progress& peer, const AppendResponse& response) {
    const bool stale = response.sequence < peer.since || response.previous <= peer.match ||
                       response.previous >= peer.next;
    LEDGER_SOMETIMES(stale, "raft.stale_rejection");
    if (stale) {
        return;
    }
    // Our newest entry that the follower may have: not above its hint in index or in term. Both
    // ends skip whole terms (Raft §5.3), and every rejection moves `next` down.
    const LogId limit{response.hint.term, std::min(response.hint.index, response.previous)};
    const Index common = std::min(log_.last_not_above(limit).index.next(), response.previous);
    LEDGER_SOMETIMES(common.next() < response.previous, "raft.backtrack_by_hint");
    const Index from = std::max(common, peer.match.next());
    LEDGER_ASSERT(from < peer.next);
    peer.become_probe(from, self.sequence + 1);
    send_appends(self, peer);
}

void Raft::handle(NodeId from, const HeartbeatResponse& response) {
    Progress* peer = answering_peer(from, response.term);
    if (peer == nullptr) {
        return;
    }
    Leader& self = *leader();
    if (response.round == 0 || response.round > self.round) {
        LEDGER_SOMETIMES(true, "raft.answer_without_question");
        return;
    }
    peer->crowded = response.crowded;
    peer->answered_round(response.round);
    if (const std::optional<Instant> left = self.round_times.of(response.round)) {
        peer->promised = std::max(peer->promised.value_or(*left), *left);
    }
    grant_reads(self);
    look_after(self, *peer, response.round);
}

// The peer lives. If it answered a heartbeat that left after a request which it has not answered,
// the request may be lost: one empty request finds out, at the price of some bytes if it was not.
void Raft::look_after(Leader& self, Progress& peer, std::uint64_t answered_round) {
    if (peer.match == log_.last()) {
        return;
    }
    if (peer.state == Progress::State::snapshot) {
        if (answered_round > peer.waiting_round) {
            offer_snapshot(self, peer);
        }
        return;
    }
    if (peer.state == Progress::State::probe) {
        if (peer.waiting && answered_round > peer.waiting_round) {
            LEDGER_SOMETIMES(true, "raft.probe_repeated");
            peer.waiting = false;
            peer.retry = true;
        }
    } else if (!peer.inflight.empty() && peer.inflight.oldest().round < answered_round &&
               peer.nudged + config_.heartbeat_interval <= now_) {
        LEDGER_SOMETIMES(true, "raft.nudge");
        peer.nudged = now_;
        send_request(self, peer, {});
    }
    send_appends(self, peer);
}

void Raft::retransmit_unanswered(Leader& self) {
    for (Progress& peer : self.peers) {
        if (peer.state == Progress::State::replicate && !peer.inflight.empty() &&
            peer.inflight.oldest().at + config_.election_timeout_min <= now_) {
            LEDGER_SOMETIMES(true, "raft.retransmission");
            peer.become_probe(peer.match.next(), self.sequence + 1);
            send_appends(self, peer);
        }
    }
}

void Raft::peer_down(Instant now, NodeId node) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return;
    }
    for (Progress& peer : self->peers) {
        if (peer.node == node && peer.state == Progress::State::replicate) {
            peer.become_probe(peer.match.next(), self->sequence + 1);
        }
        if (peer.node == node) {
            peer.sending = false;  // what was on its way is lost; the rest is wanted again
        }
    }
}

// Followers get entries while the own disk writes them (thesis §10.2.1), witnesses only what somebody
// holds who may lead: if nobody else held the entries after a crash, or once this leader has been
// removed, the witness, who cannot lead, would keep those who lack them from leading, for ever.
//
// A crowded follower gets what it will take: nothing from the next command on, so that it need not say
// so again and again. What must be read from the disk first is not looked at.
Index Raft::sendable(const Progress& peer) const {
    const Index last = sendable_with_space(peer);
    if (!peer.crowded || peer.next < log_.first()) {
        return last;
    }
    Index upto = peer.next.previous();
    for (const EntryRef* entry = log_.find(upto.next());
         upto < last && entry != nullptr && entry->kind != EntryKind::command;
         entry = log_.find(upto.next())) {
        ++upto;
    }
    return upto;
}

Index Raft::sendable_with_space(const Progress& peer) const {
    if (!peer.witness) {
        return log_.last();
    }
    const Configuration& current = configuration();
    Index held = current.may_lead(config_.self) ? log_.durable() : Index{};
    for (const Progress& other : std::get_if<Leader>(&role_)->peers) {
        held = current.may_lead(other.node) ? std::max(held, other.match) : held;
    }
    return std::min(held, log_.last());
}

void Raft::send_to_witnesses(Leader& self) {
    for (Progress& peer : self.peers) {
        if (peer.witness) {
            send_appends(self, peer);
        }
    }
}

void Raft::send_appends(Leader& self) {
    for (Progress& peer : self.peers) {
        send_appends(self, peer);
    }
}

void Raft::send_appends(Leader& self, Progress& peer) {
    if (settling()) {
        return;
    }
    if (peer.state == Progress::State::probe) {
        if (!peer.waiting && peer.next <= log_.last()) {
            send_probe(self, peer);
        }
        return;
    }
    while (peer.state == Progress::State::replicate && peer.next <= sendable(peer) &&
           !peer.loading) {
        if (peer.inflight.full(config_.inflight_messages_max, config_.inflight_bytes_max)) {
            LEDGER_SOMETIMES(true, "raft.window_full");
            return;
        }
        if (peer.next < log_.first()) {
            offer_snapshot(self, peer);
            return;
        }
        if (log_.find(peer.next) == nullptr) {
            want_load(self, peer);
            return;
        }
        if (!send_batch(self, peer, next_batch(peer))) {
            return;
        }
    }
}

// Entries that must be read from the disk do not leave before a common entry is known.
void Raft::send_probe(Leader& self, Progress& peer) {
    const bool empty =
        peer.retry || peer.next > sendable(peer) || log_.find(peer.next) == nullptr;
    const bool sent =
        send_request(self, peer, empty ? std::span<const EntryRef>{} : next_batch(peer));
    if (sent) {
        peer.wait_for_heartbeat(self.round);
    } else {
        offer_snapshot(self, peer);
    }
}

// Optimistically `next` moves on before the answer is here (thesis §10.2.1). False if `next` lies
// where only a snapshot could help.
bool Raft::send_batch(Leader& self, Progress& peer, std::span<const EntryRef> entries) {
    LEDGER_ASSERT(!entries.empty());
    LEDGER_ASSERT(peer.state == Progress::State::replicate);
    LEDGER_ASSERT(entries.front().index == peer.next);
    std::uint64_t bytes = 0;
    for (const EntryRef& entry : entries) {
        bytes += entry.bytes;
    }
    if (!send_request(self, peer, entries)) {
        offer_snapshot(self, peer);
        return false;
    }
    const Index last = entries.back().index;
    peer.inflight.add({.last = last, .bytes = bytes, .round = self.round, .at = now_});
    peer.next = last.next();
    return true;
}

// False if the log no longer tells the term of the entry before `next`.
bool Raft::send_request(Leader& self, const Progress& peer, std::span<const EntryRef> entries) {
    const Index previous = peer.next.previous();
    const std::optional<Term> previous_term = log_.term_at(previous);
    LEDGER_SOMETIMES(!previous_term, "raft.peer_behind_first_entry");
    if (!previous_term) {
        return false;
    }
    ++self.sequence;
    send(peer.node, false,
        AppendRequest{.term = term_,
            .previous = {*previous_term, previous},
            .commit = commit_,
            .sequence = self.sequence,
            .entries = {entries.begin(), entries.end()},
            .addressee = peer.addressee,
            .trimmed = peer.witness});
    if (peer.witness) {
        drop_erasable_parts(std::get_if<AppendRequest>(&ready_.messages.back().message)->entries);
    }
    return true;
}

std::span<const EntryRef> Raft::next_batch(const Progress& peer) const {
    const Index most = peer.next + (config_.append_entries_max - 1);
    const std::span<const EntryRef> all =
        log_.entries(peer.next, std::min(most, sendable(peer)));
    std::uint64_t bytes = all.front().bytes;
    std::size_t count = 1;
    while (count < all.size() && bytes + all[count].bytes <= config_.append_bytes_max) {
        bytes += all[count].bytes;
        ++count;
    }
    return all.first(count);
}

void Raft::want_load(Leader& self, Progress& peer) {
    LEDGER_ASSERT(!peer.loading);
    LEDGER_ASSERT(peer.next < log_.first_in_memory());
    LEDGER_SOMETIMES(true, "raft.load_for_lagging_peer");
    // One load may run ahead of its time, so that small ones do not wait at all.
    const Duration ahead = time_to_load(config_.catch_up_bytes_max);
    if (now_ + ahead < self.loads_from) {
        LEDGER_SOMETIMES(true, "raft.load_paced");
        self.paced_until = Instant{self.loads_from.nanoseconds - ahead.nanoseconds};
        return;
    }
    const Index most = peer.next + (config_.catch_up_entries_max - 1);
    const Index last = std::min(most, log_.first_in_memory().previous());
    peer.loading = Progress::Range{peer.next, last};
    ready_.loads.push_back({peer.node, peer.next, last, config_.catch_up_bytes_max});
}

Duration Raft::time_to_load(std::uint64_t bytes) const {
    constexpr std::uint64_t second = 1'000'000'000;
    LEDGER_ASSERT(bytes < UINT64_MAX / second);
    const std::uint64_t time = bytes * second / config_.catch_up_bytes_per_second;
    return nanoseconds(static_cast<std::int64_t>(std::min(time, 3600 * second)));
}

// What has been read must be paid for with time before the next load, whomever that is for.
void Raft::pace_loads(Leader& self, std::span<const EntryRef> loaded) {
    std::uint64_t bytes = 0;
    for (const EntryRef& entry : loaded) {
        bytes += entry.bytes;
    }
    self.loads_from = std::max(self.loads_from, now_) + time_to_load(bytes);
    LEDGER_ASSERT(self.loads_from >= now_);
}

// The part of `loaded` that continues at `peer.next`, as far as it is still our log.
std::span<const EntryRef> Raft::usable(
    const Progress& peer, Index last, std::span<const EntryRef> loaded) const {
    std::size_t count = 0;
    for (const EntryRef& entry : loaded) {
        if (entry.index > last || entry.index != peer.next + count || !log_.contains(entry.id())) {
            break;
        }
        ++count;
    }
    return loaded.first(count);
}

void Raft::loaded(Instant now, NodeId node, std::span<const EntryRef> entries) {
    advance_clock(now);
    Leader* self = leader();
    if (self == nullptr) {
        return;
    }
    for (Progress& peer : self->peers) {
        if (peer.node != node || !peer.loading) {
            continue;
        }
        const Progress::Range wanted = *peer.loading;
        peer.loading.reset();
        pace_loads(*self, entries);
        const bool awaited = peer.state == Progress::State::replicate && peer.next == wanted.first;
        LEDGER_SOMETIMES(!awaited, "raft.load_too_late");
        const std::span<const EntryRef> good = usable(peer, wanted.last, entries);
        if (awaited && good.empty()) {
            // The disk did not answer with our log: not again before the next heartbeat.
            LEDGER_SOMETIMES(true, "raft.load_failed");
            peer.become_probe(peer.match.next(), self->sequence + 1);
            peer.wait_for_heartbeat(self->round);
            return;
        }
        if (!awaited || send_batch(*self, peer, good)) {
            send_appends(*self, peer);
        }
        return;
    }
}

bool Raft::quorum_has_space(const Leader& self) const {
    std::array<Acknowledged, members_max + 1> space{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        space[count] = {peer.node, peer.crowded ? 0u : 1u};
        ++count;
    }
    space[count] = {config_.self, crowded_ ? 0u : 1u};
    return quorum_value(configuration(), std::span(space).first(count + 1)) > 0;
}

bool Raft::has_space() const {
    const Leader* self = std::get_if<Leader>(&role_);
    return self != nullptr && !crowded_ && quorum_has_space(*self);
}

// Raft §5.4.2, fig. 8: only entries of our own term are counted; older ones are committed with
// them. The leader counts itself only up to what its own disk holds.
void Raft::leader_commit(Leader& self) {
    std::array<Acknowledged, members_max + 1> matches{};
    std::size_t count = 0;
    for (const Progress& peer : self.peers) {
        matches[count] = {peer.node, peer.match.value};
        ++count;
    }
    matches[count] = {config_.self, log_.durable().value};
    const Index agreed{quorum_value(configuration(), std::span(matches).first(count + 1))};
    LEDGER_ASSERT(agreed <= log_.last());
    if (agreed <= commit_ || log_.term_at(agreed) != term_) {
        LEDGER_SOMETIMES(agreed > commit_, "raft.old_term_not_counted");
        return;
    }
    for (const EntryRef& entry : log_.entries(commit_.next(), agreed)) {
        LEDGER_ASSERT(self.uncommitted_bytes >= entry.bytes);
        self.uncommitted_bytes -= entry.bytes;
    }
    const bool first_of_term = commit_ < self.first_own;
    commit_to(agreed);
    if (first_of_term) {
        open_read_gate(self);
    }
}

}  // namespace ledger::raft
