#pragma once
// Replica: one member of the cluster as a value-in, value-out machine: Raft, log order, commit
// groups, the state machine and the clients' answers. Both hosts run exactly this.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "log/base/time.h"
#include "node/effect.h"
#include "node/eraser.h"
#include "node/event.h"
#include "node/features.h"
#include "node/hash_window.h"
#include "node/limits.h"
#include "node/proposal_queue.h"
#include "node/query_board.h"
#include "node/repair.h"
#include "node/scrubber.h"
#include "node/snapshotter.h"
#include "node/state_machine.h"
#include "node/store_queue.h"
#include "raft/raft.h"

namespace ledger::node {

struct Config {
    ClusterId cluster;
    GroupId group{1};
    // Its `choices` is set by the replica, its `incarnation` is that of the disk.
    raft::Config raft;
    Limits limits;
    // The newest feature version that this node knows: that of its build, or an older one.
    Feature features_max = newest_feature;
    // In force before the log says anything; later ones are entries of the log.
    Feature features_founded = Feature::base;
};

class Replica {
  public:
    // `machine` starts empty; both must outlive the replica.
    Replica(const Config& config, StateMachine& machine, ChoiceSource& choices);

    // The first event is Start. The effects are valid until the next step, in the order in which
    // they must begin; the host may move out of them. After Halt every event is ignored.
    std::span<Effect> step(Instant now, Event&& event);

    bool started() const { return raft_.has_value(); }
    bool halted() const { return halted_; }
    // Only after Start.
    const raft::Raft& raft() const { return *raft_; }
    Index applied() const { return applied_; }
    const Snapshotter& snapshots() const { return snapshots_; }
    const Repair& repair() const { return repair_; }
    const Scrubber& scrubber() const { return scrubber_; }
    const Eraser& eraser() const { return eraser_; }
    const Features& features() const { return features_; }
    bool crowded() const { return crowded_; }

  private:
    struct Waiter {
        Index index;
        Term term;
        ClientId client;
        RequestId request;
    };
    // What a Load was issued for.
    struct LoadForApply {};
    struct LoadForPeer {
        NodeId peer;
    };
    struct LoadForFetch {
        NodeId peer;
        FetchEntry asked;
    };
    struct LoadForScrub {};
    struct LoadForErasure {};
    struct LoadForNothing {};  // what wanted it has been overtaken by a cut
    struct LoadForQuery {
        std::uint64_t query = 0;
    };
    using LoadPurpose = std::variant<LoadForApply, LoadForPeer, LoadForQuery, LoadForFetch,
        LoadForScrub, LoadForErasure, LoadForNothing>;
    struct PendingLoad {
        std::uint64_t request = 0;
        LoadPurpose purpose;
    };

    void on(Instant now, Start&& event);
    void on(Instant now, Message&& event);
    void on(Instant now, Stored&& event);
    void on(Instant now, StoreFailed&& event);
    void on(Instant now, Loaded&& event);
    void on(Instant now, Time&& event);
    void on(Instant now, Client&& event);
    void on(Instant now, PeerUp&& event);
    void on(Instant now, PeerDown&& event);
    void on(Instant now, CutStored&& event);
    void on(Instant now, ChunkLoaded&& event);

    void on_command(Instant now, ClientId client, RequestId request, Command&& command);
    void propose_due(Instant now);
    bool lacks_space() const;
    void note_space(Instant now, bool crowded);
    void propose(Instant now);
    template <typename Outcome>
    void refuse_proposals(const Outcome& outcome);
    void on_change(
        Instant now, ClientId client, RequestId request, const ChangeMembership& change);
    void on_transfer(
        Instant now, ClientId client, RequestId request, const TransferLeadership& transfer);
    void on_query(Instant now, ClientId client, RequestId request, Query&& query);
    // Plans the answer from the state as it is now, and begins to gather it.
    void plan_query(std::uint64_t query);
    StatusAnswer status(Instant now) const;
    std::vector<MemberStatus> members(Instant now) const;
    bool quorum_answers(Instant now, const raft::NodeSet& voters) const;
    raft::ReadPath read_path(ReadLevel level) const;
    void on_finalise(Instant now, ClientId client, RequestId request, const Finalise& finalise);
    // As leader of a new cluster, once all members have said what they know.
    void found_features(Instant now);
    // True if this node cannot work with the entry, and has halted.
    bool halts_at(const EntryRef& entry);

    // Everything that follows from a change: Raft's wishes, applying, answering, storing, waking.
    void settle(Instant now);
    void take_ready(Instant now);
    void boot_tail(const log::Recovered& found, raft::Boot& boot);
    static void note_committed(const EntryRef& entry, bool damaged, raft::Boot& boot);
    void receive(Instant now, NodeId from, const FetchEntry& asked);
    bool needs_cut(const FetchedEntry& fetched) const;
    void mend(Instant now, const EntryRef& copy);
    void store_repair(const EntryRef& copy);
    void learn_hashes(const EntryRef& copy);
    Repair::Step repair_step(Instant now) { return {now, *raft_, effects_, envelope_}; }
    bool apply_is_blocked() const {
        return (apply_waits_for_past_ && snapshots_.lacks_past()) ||
               (apply_waits_for_ > applied_ && repair_.wants(apply_waits_for_));
    }
    bool needs_past(const EntryRef& entry);
    void restart_log(const raft::Cut& cut);
    void restore_state(LogId cut);
    void forget_load_for_apply();
    void work_on_cuts(Instant now);
    Snapshotter::Step snapshot_step(Instant now) {
        return {now, *raft_, effects_, envelope_, features_.active() >= Feature::cuts,
            !eraser_.idle()};
    }
    void apply_committed(Instant now);
    void apply_entry(Instant now, const HashedEntry& entry);
    void answer_granted();
    void work_on_query(std::uint64_t query);
    void scrub(Instant now);
    EntryRef as_it_stays(EntryRef&& entry) const;
    void forget_erased(Index index);
    void forget_all_erased();
    void erase(Instant now);
    void submit_stores();
    void announce();
    void plan_wake(Instant now);

    void start_load(LoadPurpose purpose, Index first, Index last, std::uint64_t bytes_max,
        const std::optional<Digest>& previous_hash = std::nullopt);
    void abandon_clients(NodeId leader);
    void give_up_reads_without_leader();
    void reply(ClientId client, RequestId request, decltype(ClientReply::outcome) outcome);
    void halt(std::string reason, bool too_old = false);

    Config config_;
    StateMachine& machine_;
    ChoiceSource& choices_;

    PeerMessage envelope_;  // of every message to a peer: who sends
    std::optional<raft::Raft> raft_;
    Features features_;
    bool features_news_ = false;  // somebody said something new, or leads newly
    HashWindow hashes_;
    StoreQueue stores_;
    QueryBoard queries_;
    ProposalQueue proposals_;
    Snapshotter snapshots_;
    Repair repair_;
    Scrubber scrubber_;
    Eraser eraser_;
    std::deque<Waiter> waiters_;      // ascending by index
    std::vector<PendingLoad> loads_;  // few: one for apply, one per peer, one per open query
    std::uint64_t load_requests_ = 0;
    Index applied_;
    std::optional<Digest> chain_at_applied_;  // nothing before the first entry
    Index announced_;  // what the last Advanced said
    std::uint32_t apply_budget_ = 0;  // entries that this step may still apply
    std::uint64_t answer_budget_ = 0;  // bytes of entries that this step may still answer with
    bool loading_to_apply_ = false;
    Index apply_waits_for_;  // a damaged entry that the chain to the next one needs; 0 = none
    bool apply_waits_for_past_ = false;  // see needs_past()
    bool restore_begins_ = false;  // the next step reads the cut from which the state goes on
    Ticket restart_;  // covers the log's new beginning behind a cut; 0 = on the disk
    bool halted_ = false;
    Instant wake_ = never;            // what the last WakeAt said
    bool crowded_ = false;            // the disk has no space for commands
    Instant look_again_ = never;      // whether it still has none
    Instant seal_at_ = never;         // when the log is sealed if nothing else is stored
    std::vector<Effect> effects_;
};

}  // namespace ledger::node
