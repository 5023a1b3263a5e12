#include "raft/state_words.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"
#include "raft/configuration_body.h"
#include "raft/raft.h"

namespace ledger::raft {
namespace {

void add_bytes(StateWords& out, ByteSpan bytes) {
    out.add(static_cast<std::uint64_t>(bytes.size()));
    for (const std::byte byte : bytes) {
        out.add(static_cast<std::uint64_t>(byte));
    }
}

// What each message says beyond its kind, in the order of message.h.
struct Fields {
    StateWords& out;

    void operator()(const PreVoteRequest& m) const {
        out.add(m.term);
        out.add(m.proposed);
        out.add(m.last);
        out.add(m.attempt);
        out.add(m.addressee);
    }
    void operator()(const PreVoteResponse& m) const {
        out.add(m.term);
        out.add(m.proposed);
        out.add(m.attempt);
        out.add(m.granted);
        out.add(m.removed);
    }
    void operator()(const VoteRequest& m) const {
        out.add(m.term);
        out.add(m.last);
        out.add(m.transfer);
        out.add(m.addressee);
    }
    void operator()(const VoteResponse& m) const {
        out.add(m.term);
        out.add(m.granted);
    }
    void operator()(const AppendRequest& m) const {
        out.add(m.term);
        out.add(m.previous);
        out.add(m.commit);
        out.add_request_number(m.sequence);
        out.add(static_cast<std::uint64_t>(m.entries.size()));
        for (const EntryRef& entry : m.entries) {
            out.add(entry);
        }
        out.add(m.addressee);
        out.add(m.trimmed);
    }
    void operator()(const AppendResponse& m) const {
        out.add(m.term);
        out.add_request_number(m.sequence);
        out.add(m.accepted);
        out.add(m.match);
        out.add(m.previous);
        out.add(m.hint);
        out.add(m.trimmed);
        out.add(m.crowded);
    }
    void operator()(const Heartbeat& m) const {
        out.add(m.term);
        out.add(m.commit);
        out.add(m.round);
    }
    void operator()(const HeartbeatResponse& m) const {
        out.add(m.term);
        out.add(m.round);
        out.add(m.crowded);
    }
    void operator()(const TimeoutNow& m) const { out.add(m.term); }
    void operator()(const ReadRequest& m) const {
        out.add(m.term);
        out.add(m.number);
    }
    void operator()(const ReadResponse& m) const {
        out.add(m.term);
        out.add(m.number);
        out.add(m.index);
    }
    void operator()(const SnapshotOffer& m) const {
        out.add(m.term);
        out.add(m.cut);
        out.add(static_cast<std::uint64_t>(m.cluster_time.nanoseconds));
        out.add(static_cast<std::uint64_t>(m.wall_time.nanoseconds));
        const auto configuration = decode_configuration(m.configuration.envelope());
        LEDGER_ASSERT(configuration.has_value());  // who sends one has encoded it
        out.add(*configuration);
    }
    void operator()(const SnapshotStatus& m) const {
        out.add(m.term);
        out.add(m.cut);
        out.add(m.held);
    }
};

}  // namespace

void StateWords::add(const NodeSet& nodes) {
    std::array<std::uint64_t, members_max> named{};
    std::size_t count = 0;
    for (const NodeId node : nodes) {
        named[count] = name_of(node).value;
        ++count;
    }
    const auto end = named.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(named.begin(), end);
    add(static_cast<std::uint64_t>(count));
    words_.insert(words_.end(), named.begin(), end);
}

void StateWords::add(const Configuration& configuration) {
    add(configuration.voters);
    add(configuration.outgoing);
    add(configuration.learners);
    std::array<Member, members_max> named{};
    for (std::uint32_t i = 0; i < configuration.details_count; ++i) {
        named[i] = configuration.details[i];
        named[i].node = name_of(named[i].node);
    }
    const auto end = named.begin() + configuration.details_count;
    std::sort(named.begin(), end, [](const Member& a, const Member& b) { return a.node < b.node; });
    add(static_cast<std::uint64_t>(configuration.details_count));
    for (auto member = named.begin(); member != end; ++member) {
        words_.push_back(member->node.value);
        add(member->incarnation);
        add(static_cast<std::uint64_t>(member->priority));
        add(member->witness);
        add(member->promote);
        add(member->replaces);
    }
    add(static_cast<std::uint64_t>(configuration.recoveries));
}

void StateWords::add(const EntryRef& entry) {
    add(entry.index);
    add(entry.term);
    add(static_cast<std::uint64_t>(entry.kind));
    add(static_cast<std::uint64_t>(entry.bytes));
    add(static_cast<std::uint64_t>(entry.cluster_time.nanoseconds));
    add(static_cast<std::uint64_t>(entry.wall_time.nanoseconds));
    const std::optional<Configuration> configuration =
        entry.kind == EntryKind::configuration ? configuration_of(entry) : std::nullopt;
    add(configuration.has_value());
    if (configuration) {
        add(*configuration);
        return;
    }
    add_bytes(*this, entry.handle.envelope());
    add_bytes(*this, entry.handle.erasable());
    add(static_cast<std::uint64_t>(entry.handle.erasure()));
}

void StateWords::add(const Message& message) {
    add(static_cast<std::uint64_t>(message.index()));
    std::visit(Fields{*this}, message);
}

void RaftLog::describe(StateWords& out) const {
    out.add(first_);
    out.add(durable_);
    out.add(previous_);
    out.add(static_cast<std::uint64_t>(last_cluster_time_.nanoseconds));
    out.add(static_cast<std::uint64_t>(last_wall_time_.nanoseconds));
    out.add(truncated_in_);
    out.add(static_cast<std::uint64_t>(runs_.size()));
    for (const TermRun& run : runs_) {
        out.add(run.first);
        out.add(run.term);
    }
    out.add(last_);
    out.add(first_in_memory());
    for (std::size_t i = head_; i < window_.size(); ++i) {
        out.add(window_[i]);
    }
    out.add(static_cast<std::uint64_t>(holes_.size()));
    for (const Index hole : holes_) {
        out.add(hole);
    }
}

void ConfigurationHistory::describe(StateWords& out) const {
    out.add(static_cast<std::uint64_t>(all_.size()));
    for (const ConfigurationAt& one : all_) {
        out.add(one.index);
        out.add(one.configuration);
    }
    out.add(gap_after_);
    out.add(gap_before_);
    out.add(static_cast<std::uint64_t>(unreadable_.size()));
    for (const Index index : unreadable_) {
        out.add(index);
    }
}

void InflightWindow::describe(StateWords& out) const {
    out.add(static_cast<std::uint64_t>(count_));
    for (std::uint32_t i = 0; i < count_; ++i) {
        const Sent& sent = ring_[(begin_ + i) % inflight_messages_capacity];
        out.add(sent.last);
        out.add(sent.bytes);
        out.add(sent.round);
    }
}

void InflightWindow::restart_clock(Instant at) {
    for (std::uint32_t i = 0; i < count_; ++i) {
        ring_[(begin_ + i) % inflight_messages_capacity].at = at;
    }
}

namespace {

void describe(const ForwardedReads& reads, StateWords& out) {
    out.add(reads.asked);
    out.add(static_cast<std::uint64_t>(reads.waiting.size()));
    for (const ForwardedReads::Waiting& read : reads.waiting) {
        out.add(read.id);
        out.add(read.number);
    }
}

void describe(const Progress& peer, StateWords& out) {
    out.add(peer.node);
    out.add(peer.witness);
    out.add(peer.added);
    out.add(static_cast<std::uint64_t>(peer.state));
    out.add(peer.match);
    out.add(peer.next);
    out.add(peer.waiting);
    out.add(peer.retry);
    out.add(peer.waiting_round);
    out.add_request_number(peer.since);
    out.add(peer.acked_round);
    out.add(peer.loading.has_value());
    if (peer.loading) {
        out.add(peer.loading->first);
        out.add(peer.loading->last);
    }
    out.add(peer.incarnation);
    out.add(peer.addressee);
    out.add(peer.trimmed);
    out.add(peer.crowded);
    out.add(peer.catch_up.until);
    out.add(static_cast<std::uint64_t>(peer.catch_up.rounds));
    out.add(peer.leaving.has_value());
    if (peer.leaving) {
        out.add(peer.leaving->index);
        out.add(peer.leaving->told_round);
    }
    peer.inflight.describe(out);
    out.add(peer.offered);
    out.add(peer.sending);
}

// The data of each role.
struct RoleFields {
    StateWords& out;

    void operator()(const Follower& role) const {
        out.add(role.leader);
        describe(role.reads, out);
    }
    void operator()(const PreCandidate& role) const {
        out.add(role.attempt);
        out.add(role.granted);
        out.add(role.refused);
    }
    void operator()(const Candidate& role) const {
        out.add(role.granted);
        out.add(role.refused);
    }
    void operator()(const Leader& role) const {
        std::array<const Progress*, 2 * members_max> peers{};
        std::size_t count = 0;
        for (const Progress& peer : role.peers) {
            LEDGER_ASSERT(count < peers.size());
            peers[count] = &peer;
            ++count;
        }
        const auto end = peers.begin() + static_cast<std::ptrdiff_t>(count);
        std::sort(peers.begin(), end, [this](const Progress* a, const Progress* b) {
            return out.name_of(a->node) < out.name_of(b->node);
        });
        out.add(static_cast<std::uint64_t>(count));
        for (auto peer = peers.begin(); peer != end; ++peer) {
            describe(**peer, out);
        }
        out.add_request_number(role.sequence);
        out.add(role.round);
        out.add(role.round_open);
        out.add(role.first_own);
        out.add(role.never_had);
        out.add(role.never_had_at);
        out.add(role.uncommitted_bytes);
        out.add(static_cast<std::uint64_t>(role.stamped.nanoseconds));
        out.add(role.reads.size());
        for (const ReadQueue::Waiting& read : role.reads.all()) {
            out.add(read.id);
            out.add(read.index);
            out.add(read.round);
            out.add(read.from);
        }
        out.add(role.paced_until != never);
        out.add(role.transfer ? role.transfer->target : NodeId{});
        out.add(role.lease_given_away);
    }
};

}  // namespace

void Raft::describe(StateWords& out) const {
    LEDGER_ASSERT(ready_.empty());
    LEDGER_ASSERT(!config_.clock_drift_max);  // a lease is all about moments
    out.add(config_.self);
    out.add(config_.incarnation);
    log_.describe(out);
    out.add(claimed_);
    history_.describe(out);
    out.add(cut_.id);
    out.add(offered_.id);
    out.add(read_requests_);
    out.add(removed_);
    out.add(promises());
    out.add(crowded_);
    out.add(commit_);
    out.add(attempt_);
    out.add(static_cast<std::uint64_t>(noted_.role));
    out.add(noted_.term);
    out.add(noted_.leader);
    out.add(static_cast<std::uint64_t>(role()));
    std::visit(RoleFields{out}, role_);
}

// As if all of it had happened just now. What is due after one minimum timeout falls due one after
// the other, so that a caller who chooses the moment of the next call can have each of them alone:
// requests without an answer, a transfer, a disk that stalls, a quorum that is silent.
void Raft::restart_clocks() {
    constexpr Duration apart = nanoseconds(1);
    LEDGER_ASSERT(ready_.empty());
    LEDGER_ASSERT(!config_.clock_drift_max);
    now_ = Instant{};
    votes_from_ = now_;
    if (Follower* self = std::get_if<Follower>(&role_)) {
        self->heard = now_;
        self->deadline = election_deadline();
        self->reads.asked_at = now_;
    } else if (PreCandidate* asking = std::get_if<PreCandidate>(&role_)) {
        asking->deadline = election_deadline();
    } else if (Candidate* candidate = std::get_if<Candidate>(&role_)) {
        candidate->deadline = election_deadline();
    }
    Leader* const self = leader();
    if (self == nullptr) {
        return;
    }
    self->round_times = {};
    self->heartbeat_due = now_ + config_.heartbeat_interval;
    self->stamped_at = now_;
    self->loads_from = now_;
    self->paced_until = self->paced_until == never ? never : self->heartbeat_due;
    self->hand_over_from = now_;
    self->disk_progress = Instant{now_.nanoseconds - apart.nanoseconds};
    if (self->transfer) {
        self->transfer->deadline =
            Instant{(now_ + config_.election_timeout_min).nanoseconds - 2 * apart.nanoseconds};
    }
    for (Progress& peer : self->peers) {
        peer.contact = now_;
        peer.promised.reset();
        peer.nudged = now_;
        peer.catch_up.since = now_;
        peer.inflight.restart_clock(Instant{now_.nanoseconds - 3 * apart.nanoseconds});
        if (peer.leaving) {
            peer.leaving->until = now_ + config_.election_timeout_min * 4;
        }
    }
}

}  // namespace ledger::raft
