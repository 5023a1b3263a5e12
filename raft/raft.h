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
#include <utility>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "log/base/entry.h"
#include "log/base/time.h"
#include "raft/membership.h"
#include "raft/message.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/raft_log.h"
#include "raft/ready.h"
#include "raft/role.h"

namespace ledger::raft {

struct Config {
    NodeId self;
    Configuration configuration;
    Duration election_timeout_min = milliseconds(300);  // drawn from [min, 2 * min)
    Duration heartbeat_interval = milliseconds(60);     // < election_timeout_min / 2
    std::uint32_t append_entries_max = 512;             // per AppendRequest
    std::uint64_t append_bytes_max = 1u << 20;          // per AppendRequest; one entry always fits
    std::uint32_t inflight_messages_max = 16;           // per follower; 1 .. capacity of the ring
    std::uint64_t inflight_bytes_max = 8u << 20;        // per follower
    std::uint64_t uncommitted_bytes_max = 64u << 20;    // beyond: proposals are refused (Busy)
    ChoiceSource* choices = nullptr;                    // outlives the core; election jitter
};

// What a node knows of its log at boot. Entries of `tail` are in memory from the start.
struct Boot {
    HardState hard_state;
    Index first{1};                 // first index that the disk holds
    Index last;                     // 0 = empty
    std::vector<TermRun> terms;     // of [first, last]
    Index commit;                   // known committed, <= last
    std::vector<EntryRef> tail;     // (commit, last], or more of the newest entries
    ClusterTime last_cluster_time;  // stamps of the last entry
    WallTime last_wall_time;
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

struct Status {
    Role role = Role::follower;
    Term term;
    NodeId vote;
    NodeId leader;
    Index last;
    Index durable;  // last index known to be on the own disk
    Index commit;
    NodeId transfer_target;  // as leader: who shall follow it; 0 = no transfer
};

class Raft {
  public:
    Raft(const Config& config, const Boot& boot, Instant now);

    // The wall clock at `at`, for stamping entries (informational; may jump).
    void set_wall_clock(Instant at, WallTime wall);

    void receive(Instant now, NodeId from, Message&& message);
    void time(Instant now);
    // Appends `entries` as leader, in order, all or none. Raft fills index, term and both time
    // stamps of each; kind, bytes and handle are the caller's.
    ProposeOutcome propose(Instant now, std::span<EntryRef> entries);
    // Asks for a linearizable read index (thesis §6.4). The grant comes in a later Ready, after
    // the leader's term has a commit and a quorum has confirmed leadership. False: not leader.
    bool read(Instant now, ReadId id);
    // Hands leadership to `target`, or with 0 to the best successor: of the voters that answer and
    // keep up the one of the highest priority, then the one that holds most (thesis §3.10).
    // Proposals are Busy until the target leads or one minimum election timeout has passed.
    TransferOutcome transfer(Instant now, NodeId target = {});
    // A group is on disk, and all before it. `upto` is the log's last id and `hard_state` the hard
    // state as they were when the group was taken from Ready, also if the group changed neither.
    void stored(Instant now, LogId upto, HardState hard_state);
    // The answer to a LoadWanted of `peer`; empty if it could not be read.
    void loaded(Instant now, NodeId peer, std::span<const EntryRef> entries);
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
    const Configuration& configuration() const { return config_.configuration; }
    // For invariants, traces and tests: the role with its data.
    const RoleState& role_state() const { return role_; }

  private:
    // raft.cpp
    void advance_clock(Instant now);
    Role role() const;
    NodeId leader_id() const;
    Leader* leader() { return std::get_if<Leader>(&role_); }
    void note_transition();
    void persist_hard_state();
    void append_stamped(Leader& self, EntryRef& entry);
    template <typename M>
    void send(NodeId to, bool durable, M&& message);

    // election.cpp
    bool can_campaign() const;
    bool live_leader_known() const;
    void draw_election_timeout();
    Instant election_deadline() const { return now_ + election_timeout_; }
    Duration priority_delay() const;
    void become_follower(Term term, NodeId leader);
    void become_pre_candidate();
    void become_candidate(bool transfer);
    void become_leader();
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
    bool contradicts_commit(const AppendRequest& request) const;
    void merge_entries(const AppendRequest& request);
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
    void send_appends(Leader& self);
    void send_appends(Leader& self, Progress& peer);
    void send_probe(Leader& self, Progress& peer);
    bool send_batch(Leader& self, Progress& peer, std::span<const EntryRef> entries);
    bool send_request(Leader& self, const Progress& peer, std::span<const EntryRef> entries);
    std::span<const EntryRef> next_batch(const Progress& peer) const;
    std::span<const EntryRef> usable(
        const Progress& peer, Index last, std::span<const EntryRef> loaded) const;
    void want_load(Progress& peer);
    void leader_commit(Leader& self);

    // read.cpp
    void leader_time(Leader& self);
    Instant quorum_contact(const Leader& self) const;
    void start_round(Leader& self);
    void start_read_round(Leader& self);
    void open_read_gate(Leader& self);
    void grant_reads(Leader& self);

    // transfer.cpp
    void handle(NodeId from, const TimeoutNow& request);
    bool answers(const Progress& peer) const;
    const Progress* best_successor(const Leader& self) const;
    void start_transfer(Leader& self, Progress& target);
    void continue_transfer(Leader& self);
    Instant stall_deadline(const Leader& self) const;
    void step_down_stalled(Leader& self);

    Config config_;
    RaftLog log_;
    Ready ready_;
    Instant now_;
    Term term_;
    NodeId vote_;                   // Invariant: changes within a term only from nobody to somebody
    Index commit_;                  // Invariant: grows, <= log_.last()
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
