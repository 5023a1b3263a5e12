#pragma once
// Raft: the consensus core as a value: calls in, one Ready out; no clock, no I/O, no payloads.
//
// The caller's duties, in order, after every call that is not const:
//   1. look at ready(); 2. store hard_state, truncation and entries, as one group in FIFO order;
//   3. send the messages, the durable ones only when that group and all before it are on disk;
//   4. answer reads and dropped_reads, start loads; 5. advance(); 6. apply entries up to commit();
//   7. call time() at deadline(). When a group is on disk, call stored() with what it ended with.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "log/base/entry.h"
#include "log/base/time.h"
#include "raft/configuration_history.h"
#include "raft/membership.h"
#include "raft/message.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/raft_log.h"
#include "raft/ready.h"
#include "raft/role.h"

namespace ledger::raft {

class StateWords;

struct Config {
    NodeId self;
    // Of the own disk; 0 on all nodes = the caller sees to it that no member's disk is emptied.
    Incarnation incarnation;
    // In force before the log says anything. Only for disks that were formatted when the cluster
    // was made: a node that joins later, or whose disk was emptied, starts with none, votes only
    // for candidates whose configuration names its incarnation, and learns its place from the
    // leader.
    Configuration configuration;
    Duration election_timeout_min = milliseconds(300);  // drawn from [min, 2 * min)
    Duration heartbeat_interval = milliseconds(60);     // < election_timeout_min / 2
    std::uint32_t append_entries_max = 512;             // per AppendRequest
    std::uint64_t append_bytes_max = 1u << 20;          // per AppendRequest; one entry always fits
    // What a follower needs and is no longer in memory is read and sent in bulk: one load, one
    // AppendRequest, one group on its disk.
    std::uint32_t catch_up_entries_max = 16'384;
    std::uint64_t catch_up_bytes_max = 4u << 20;        // one entry always fits
    // All loads of a leader together, on average, so that they leave disk and network to what is
    // new. One load is under way for a follower at a time.
    std::uint64_t catch_up_bytes_per_second = 64u << 20;
    // The leader ends a joint phase as soon as it can; else it waits for leave_joint_phase().
    bool leaves_joint_phase = true;
    std::uint32_t inflight_messages_max = 16;           // per follower; 1 .. capacity of the ring
    std::uint64_t inflight_bytes_max = 8u << 20;        // per follower
    std::uint64_t uncommitted_bytes_max = 64u << 20;    // beyond: proposals are refused (Busy)
    // How far two clocks of the cluster may run apart during one minimum election timeout. Given,
    // the leader answers reads from a lease that is shorter by this; nothing = no leases. The same
    // on all nodes: a node that restarts then votes for nobody for one minimum timeout, since it
    // no longer knows which leader it has promised to wait for.
    std::optional<Duration> clock_drift_max;
    ChoiceSource* choices = nullptr;                    // outlives the core; election jitter
};

// What a node knows of its log at boot. Entries of `tail` are in memory from the start.
struct Boot {
    HardState hard_state;
    LogId previous;                 // the entry before `first`; not 0 if the log was cut there
    Index first{1};                 // first index that the disk holds
    Index last;                     // 0 = empty
    std::vector<TermRun> terms;     // of [first, last]
    Index commit;                   // known committed, <= last
    std::vector<EntryRef> tail;     // (commit, last], or more of the newest entries
    std::vector<Index> holes;       // of (commit, last]: damaged on the disk, of a known term; their
                                    // places in `tail` have index, term and kind only
    ClusterTime last_cluster_time;  // stamps of the last entry
    WallTime last_wall_time;
    // The newest configuration at or below `commit`, if an entry holds it; later ones are found
    // in `tail`.
    std::optional<ConfigurationAt> configuration;
    Index unreadable_configuration;  // a damaged one after it, at or below `commit`; 0 = none
    std::optional<Cut> cut;  // the newest durable one, at or below `commit`; covers [1, first)
};

struct Proposed {
    LogId first;
    LogId last;
};
struct NotLeader {
    NodeId leader;  // 0 = unknown
};
struct Busy {};  // uncommitted_bytes_max reached, or leadership moves; nothing was appended
using ProposeOutcome = std::variant<Proposed, NotLeader, Busy>;

struct TransferStarted {
    NodeId target;
};
struct TransferRefused {};  // no such voter, none that answers, or another transfer is under way
using TransferOutcome = std::variant<TransferStarted, NotLeader, TransferRefused>;

struct ChangeStarted {
    LogId entry;  // the first step; it is in force already
};
struct ChangeRefused {
    std::string_view reason;
    bool passes = false;  // by itself, soon
};
using ChangeOutcome = std::variant<ChangeStarted, NotLeader, ChangeRefused>;

struct Status {
    Role role = Role::follower;
    Term term;
    NodeId vote;
    NodeId leader;
    Index last;
    Index durable;  // last index known to be on the own disk
    Index commit;
    NodeId transfer_target;  // as leader: who shall follow it; 0 = no transfer
    bool trimmed = false;    // HardState::trimmed
    Index removed;           // a peer said that this configuration has no place for us; 0 = none
};

// The place of a cut without its configuration.
struct CutMark {
    LogId id;
    ClusterTime cluster_time;
    WallTime wall_time;
};

class Raft {
  public:
    Raft(const Config& config, const Boot& boot, Instant now);

    // The wall clock at `at`, for stamping entries (informational; may jump).
    void set_wall_clock(Instant at, WallTime wall);

    // `incarnation` is that of the sender's disk, 0 if the caller does not know it.
    void receive(Instant now, NodeId from, Message&& message, Incarnation incarnation = {});
    void time(Instant now);
    // Appends `entries` as leader, in order, all or none. Raft fills index, term and both time
    // stamps of each; kind, bytes and handle are the caller's.
    ProposeOutcome propose(Instant now, std::span<EntryRef> entries);
    // Asks for a linearizable read index (thesis §6.4). The grant comes in this or a later Ready,
    // after the leader's term has a commit and a quorum has confirmed leadership, or a lease has.
    // False: not leader, or on the path `anywhere` no leader is known.
    bool read(Instant now, ReadId id, ReadPath path = ReadPath::leader);
    // Hands leadership to `target`, or with 0 to the best successor: of the voters that answer and
    // keep up the one of the highest priority, then the one that holds most (thesis §3.10).
    // Proposals are Busy until the target leads or one minimum election timeout has passed.
    TransferOutcome transfer(Instant now, NodeId target = {});
    // Leads the cluster to `target` (thesis §4), by joint consensus unless at most one voter
    // differs; raft/membership.h makes the usual targets. The second step, promotions and the
    // handing over of a leader that leaves follow by themselves. One change at a time, and none
    // before the leader has committed an entry of its own term (the flaw of 2015).
    ChangeOutcome change_membership(Instant now, const Configuration& target);
    // Ends a committed joint phase; for tests, with Config::leaves_joint_phase off. Refused, with
    // nothing done, when there is none or it has been left already.
    ChangeOutcome leave_joint_phase(Instant now);
    // The own disk is crowded, or is no longer (DESIGN section 5, storage trap T2). A crowded node takes
    // entries as a follower up to the first command that it does not hold, and says so; as a leader
    // it hands over to a voter that keeps up and is not crowded, once in a while at most, unless too
    // many of the voters are crowded. It votes, campaigns and appends as ever: it is for the caller to
    // propose no commands without has_space().
    void set_crowded(Instant now, bool crowded);
    // A group is on disk, and all before it. `upto` is the log's last id and `hard_state` the hard
    // state as they were when the group was taken from Ready, also if the group changed neither.
    void stored(Instant now, LogId upto, HardState hard_state);
    // The answer to a LoadWanted of `peer`; empty if it could not be read.
    void loaded(Instant now, NodeId peer, std::span<const EntryRef> entries);
    // The state as of `cut` is durable here and can be sent to others. `cut` is committed; its
    // configuration is what configuration_at() says.
    void cut_durable(const Cut& cut);
    // What a cut at this committed index, not below the newest durable cut, has to contain. Empty on
    // a node that joined and has not reached the first configuration in the log: no cut there.
    const Configuration& configuration_at(Index index) const;
    // Entries up to `upto`, which is in the newest durable cut, are gone or will be.
    void discard_to(Index upto);
    // How far the log may go: up to the newest cut, but `kept_min` entries before it stay, and for
    // followers that answer and still need them up to `kept_max`.
    Index discardable(std::uint64_t kept_min, std::uint64_t kept_max) const;
    // As follower: the cut `id` that was offered is complete, verified and durable. False if it is
    // not wanted any more; else the state continues after it, from Ready::restore or state_from if one
    // of them is set.
    bool snapshot_received(Instant now, LogId id);
    // As leader: the cut could not be sent to `peer`. Offered again, or a newer one, after the next
    // heartbeat.
    void snapshot_failed(Instant now, NodeId peer);
    // A committed entry is to be kept and sent with this body from now on, of the same envelope.
    void replace_body(Index index, const EntryHandle& body);
    // An intact copy of an entry of this log that was damaged on the disk, which the caller stores.
    void mend(Instant now, const EntryRef& entry);
    // `from`, whose term is this leader's, never had the entry `id`, which is the first hole here:
    // its adopting the term keeps it so. Once no quorum can have had it, it and all behind it are
    // dropped (storage reference 3.3).
    void never_had(Instant now, NodeId from, LogId id);
    // A cut at `id`, which this log contains, is complete and durable here: what lies below it need not
    // be whole, and the state goes on from it (Ready::state_from). Nothing happens if the log does not
    // contain it (any more).
    void covered_by_cut(Instant now, LogId id, const Configuration& configuration);
    // Somebody asks or answers in this term; ignored if no cluster gets there.
    void adopt_term(Instant now, Term term);
    // As follower, at boot: these entries follow the log, which is whole; a crash had left them in
    // doubt on the own disk, and others have them.
    void restore_unsealed(std::span<const EntryRef> entries);
    // At boot: an entry that this disk lost in doubt existed. Who lacks it gets no vote from here,
    // and this node does not stand itself until its log is as long again.
    void claim(LogId id) { claimed_ = std::max(claimed_, id); }
    bool claims_more() const { return claimed_ > log_.last_id(); }
    // The disk in here is the one that the configuration knows, if it knows one: what it denies it
    // never had.
    bool own_disk_is_member() const;
    // This disk of `node` is that one.
    bool is_disk_of(NodeId node, Incarnation incarnation) const;
    LogId newest_cut() const { return cut_.id; }
    // As leader, with holes: what they were is being asked; nothing is appended before it is known.
    bool settling() const;

    // The link to `peer` broke: what was in flight may be lost.
    void peer_down(Instant now, NodeId peer);

    Ready& ready() { return ready_; }
    void advance();
    // Entries up to `upto` may leave memory. Uncommitted and not yet durable ones stay.
    void release_entries(Index upto);

    NodeId self() const { return config_.self; }
    Index commit() const { return commit_; }
    // The next moment at which time() has something to do.
    Instant deadline() const;
    const RaftLog& log() const { return log_; }
    Status status() const;
    // In force: the newest one in the log, committed or not.
    const Configuration& configuration() const { return history_.current(); }
    const ConfigurationHistory& configurations() const { return history_; }
    // As leader: neither this node nor too many of the voters are crowded, as far as they have said, so
    // that a command that is appended now can be committed.
    bool has_space() const;
    // Votes and holds data by the configuration in force, or by the committed one.
    bool may_lead() const;
    // For invariants, traces and tests: the role with its data.
    const RoleState& role_state() const { return role_; }

    // As leader: nothing beyond this entry is sent to the peer yet.
    Index sendable(const Progress& peer) const;

    // For exhaustive search (state_words.h); no host calls these. Both need an empty Ready and no leases.
    // Everything that is not a moment.
    void describe(StateWords& out) const;
    // All moments become one, Instant{}: whatever was heard, sent or begun was so just now, and every
    // timeout begins anew. The next call says what has passed since.
    void restart_clocks();

  private:
    // raft.cpp
    void advance_clock(Instant now);
    Role role() const;
    NodeId leader_id() const;
    // What votes compare.
    LogId promised_last() const { return std::max(log_.last_id(), claimed_); }
    Leader* leader() { return std::get_if<Leader>(&role_); }
    void note_transition(Cause cause);
    HardState promises() const { return {term_, vote_, trimmed_}; }
    void persist_hard_state();
    void append_stamped(Leader& self, EntryRef& entry);
    void append_entry(const EntryRef& entry);
    void finish_call();
    template <typename M>
    void send(NodeId to, bool durable, M&& message);

    // election.cpp
    bool can_campaign() const;
    bool may_vote(Incarnation addressee) const;
    Index removal_of(NodeId node) const;
    bool live_leader_known() const;
    void draw_election_timeout();
    Instant election_deadline() const { return now_ + election_timeout_; }
    // When the own election is due, of whoever does not lead.
    Instant own_election() const;
    Duration priority_delay() const;
    void become_follower(Term term, NodeId leader, Cause cause);
    void become_pre_candidate();
    void become_candidate(bool transfer);
    void become_leader();
    void begin_term(Leader& self);
    void begin_term_when_whole();
    void drop_from_hole(Leader& self);
    void count_pre_votes(PreCandidate& self);
    void count_votes(Candidate& self);
    void give_up_leadership(Leader& self);
    void handle(NodeId from, const PreVoteRequest& request);
    void handle(NodeId from, const PreVoteResponse& response);
    void handle(NodeId from, const VoteRequest& request);
    void handle(NodeId from, const VoteResponse& response);

    // replication.cpp, as follower
    bool follow(NodeId from, Term term);
    void handle(NodeId from, const AppendRequest& request);
    void handle(NodeId from, const Heartbeat& heartbeat);
    bool meant_for_other_disk(const AppendRequest& request) const;
    bool contradicts_commit(const AppendRequest& request) const;
    void merge_entries(const AppendRequest& request, std::size_t count);
    void mend_hole(const EntryRef& entry);
    std::size_t affordable(const AppendRequest& request) const;
    void note_trimmed(const AppendRequest& request, const EntryRef& entry);
    void truncate_log(Index last);
    void commit_to(Index index);
    // replication.cpp, as leader
    void handle(NodeId from, const AppendResponse& response);
    void handle(NodeId from, const HeartbeatResponse& response);
    Progress* answering_peer(NodeId from, Term term);
    void accepted(Leader& self, Progress& peer, const AppendResponse& response);
    void rejected(Leader& self, Progress& peer, const AppendResponse& response);
    void look_after(Leader& self, Progress& peer, std::uint64_t answered_round);
    void retransmit_unanswered(Leader& self);
    Index sendable_with_space(const Progress& peer) const;
    bool quorum_has_space(const Leader& self) const;
    void send_to_witnesses(Leader& self);
    void send_appends(Leader& self);
    void send_appends(Leader& self, Progress& peer);
    void send_probe(Leader& self, Progress& peer);
    bool send_batch(Leader& self, Progress& peer, std::span<const EntryRef> entries);
    bool send_request(Leader& self, const Progress& peer, std::span<const EntryRef> entries);
    std::span<const EntryRef> next_batch(const Progress& peer) const;
    std::span<const EntryRef> usable(
        const Progress& peer, Index last, std::span<const EntryRef> loaded) const;
    void want_load(Leader& self, Progress& peer);
    Duration time_to_load(std::uint64_t bytes) const;
    void pace_loads(Leader& self, std::span<const EntryRef> loaded);
    void leader_commit(Leader& self);

    // read.cpp
    void leader_time(Leader& self);
    Instant quorum_contact(const Leader& self) const;
    void start_round(Leader& self);
    void start_read_round(Leader& self);
    void open_read_gate(Leader& self);
    void grant_reads(Leader& self);
    void queue_read(Leader& self, ReadId id, NodeId from);
    bool holds_lease(const Leader& self) const;
    void handle(NodeId from, const ReadRequest& request);
    void handle(NodeId from, const ReadResponse& response);
    void ask_leader(Follower& self);
    void ask_leader_again(Follower& self);
    void drop_forwarded_reads();

    // membership_change.cpp
    Progress new_peer(NodeId node, Index next) const;
    Progress* find_peer(Leader& self, NodeId node);
    void append_configuration(Leader& self, const Configuration& next);
    void refresh_peers(Leader& self);
    void forget_departed(Leader& self);
    void continue_membership_change(Leader& self);
    void leave_leadership(Leader& self);
    bool catch_up_ended(Progress& peer);
    std::optional<Configuration> next_promotion(Leader& self);
    std::optional<Configuration> next_binding(const Leader& self) const;

    // snapshot.cpp
    void offer_snapshot(Leader& self, Progress& peer);
    void handle(NodeId from, const SnapshotOffer& offer);
    void handle(NodeId from, const SnapshotStatus& status);
    void restore(const Cut& cut);
    // What was offered up to there is awaited no more.
    void forget_offer(LogId upto);

    // transfer.cpp
    void hand_over_if_crowded(Leader& self);
    void handle(NodeId from, const TimeoutNow& request);
    bool answers(const Progress& peer) const;
    bool may_succeed(const Progress& peer) const;
    const Progress* best_successor(const Leader& self) const;
    void start_transfer(Leader& self, Progress& target);
    void continue_transfer(Leader& self);
    Instant stall_deadline(const Leader& self) const;
    void step_down_stalled(Leader& self);

    Config config_;
    RaftLog log_;
    LogId claimed_;  // see claim(); {0, 0} = nothing
    ConfigurationHistory history_;
    CutMark cut_;      // the newest durable one; index 0 = none
    CutMark offered_;  // as follower: shall arrive; index 0 = none
    EntryHandle offered_configuration_;
    std::uint64_t read_requests_;  // numbers given out; grow beyond those of an earlier life
    Instant votes_from_;           // before it has promised its vote to a leader it forgot
    Index removed_;  // told by a peer; past when a later configuration is in the log
    Ready ready_;
    Instant now_;
    Term term_;
    NodeId vote_;                   // Invariant: changes within a term only from nobody to somebody
    bool trimmed_ = false;          // HardState::trimmed
    bool crowded_ = false;          // see set_crowded()
    Index commit_;                  // Invariant: grows, <= log_.whole_to()
    std::uint64_t attempt_ = 0;     // campaigns begun in this term, pre-votes included
    Duration election_timeout_;     // drawn anew with every term and attempt
    std::optional<WallTime> wall_;  // the wall clock at wall_at_
    Instant wall_at_;
    Transition noted_;  // the last one put into Ready
    RoleState role_;
};

template <typename M>
void Raft::send(NodeId to, bool durable, M&& message) {
    Outgoing& out = ready_.messages.emplace_back();
    out.to = to;
    out.durable = durable;
    out.message = std::forward<M>(message);
}

}  // namespace ledger::raft
