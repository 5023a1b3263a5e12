#pragma once
// Host: carries out the effects of one replica and its edge in the simulated world and feeds them
// their events. Replica, edge, storage and recovery are the production code.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "log/cut_store.h"
#include "log/reader.h"
#include "log/storage.h"
#include "node/edge.h"
#include "node/ledger_machine.h"
#include "node/replica.h"
#include "raft/invariants.h"
#include "sim/clock.h"
#include "sim/cut_audit.h"
#include "sim/disk.h"
#include "sim/disk_audit.h"
#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/guest.h"
#include "sim/profile.h"

namespace ledger::sim {

// Where a node's files lie on its disk.
inline constexpr char data_directory[] = "ledger";

// What a host needs from the world around it.
class HostPort {
  public:
    virtual ~HostPort() = default;
    virtual void schedule(const Item& item) = 0;
    // An event is about to be stepped / has been stepped with these effects.
    virtual void stepping(NodeId node, const node::Event& event) = 0;
    virtual void stepped(NodeId node, std::span<const node::Effect> effects) = 0;
    virtual void send(const node::PeerMessage& message) = 0;
    // Leaves over the client's connection; comes back as on_drained, in the order of the calls.
    virtual void reply(NodeId node, ClientId client, node::ClientReply&& reply) = 0;
    // The edge closes this client's connection.
    virtual void closed(NodeId node, ClientId client) = 0;
    virtual void applied(
        NodeId node, const HashedEntry& entry, ByteSpan outcome, const Hash128& digest) = 0;
    // The node has a complete cut on its disk, made by itself or received.
    virtual void cut_kept(NodeId node, const log::CutManifest& manifest) = 0;
    // The state of the node is that of a cut at `index` now; entries follow from there.
    virtual void restored(NodeId node, Index index, const Hash128& digest) = 0;
    // It applies the log from the first entry on, in the same life.
    virtual void emptied(NodeId node) = 0;
    virtual void transition(NodeId node, const raft::Transition& transition) = 0;
    // The node's durable image changed: a sync completed or a crash was survived.
    virtual void synced(NodeId node) = 0;
    virtual void violated(const std::string& check, const std::string& sentence) = 0;
    // The armed crash fired in the middle of a step.
    virtual void crashed_mid_step(NodeId node) = 0;
    // The replica halted because an injected error of its disk reached it.
    virtual void halted(NodeId node) = 0;
    // The replica halted, or did not start, for want of something of which no copy need be left, and
    // has said what.
    virtual void lost(NodeId node) = 0;
    // Whose machine runs beside the ledger; null: nobody's.
    virtual const Guest* guest() const { return nullptr; }
    // The guest of this node's machine has come to `index`.
    virtual void guest_moved(NodeId, Index, GuestMoment::What, const GuestedMachine&) {}
    // The process applied entries, which keeps it busy until then.
    virtual void busy(NodeId node, Instant until) = 0;
};

// The replicated bounds of the ledger in this world.
state::Limits state_limits(const Profile& profile);

class Host final {
  public:
    Host(NodeId node, const Profile& profile, ClusterId cluster, ChoiceSource& choices,
        FaultCounts& faults, HostPort& port);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // Formats the disk, once, before the first start. The power may fail on the way; then it is
    // done again, as an operator would.
    void format();
    // The disk is lost while the node is down: an empty one takes its place, which is formatted. The
    // node knows no configuration then.
    void wipe();
    // Boots through the production recovery path. False: the power failed during recovery, and
    // the node has to be started again.
    [[nodiscard]] bool start(Instant now);
    // Loses everything volatile; un-synced writes survive in part, as the disk decides.
    void crash(Instant now);
    // The next step that has effects carries out only some of them; then the node crashes.
    void arm_crash() { crash_armed_ = true; }
    // The next group is written but the node crashes before its sync has returned.
    void arm_write_crash() { write_crash_armed_ = true; }
    // The next operation of this kind fails: a group's write or sync, or a load.
    void arm_disk_error(Fault fault) { disk_error_ = fault; }
    // No more faults: nothing armed fires any more, and the disk is fast.
    void calm();
    // A group takes almost as long as a leader may need for one, until it is told otherwise.
    void limp(bool slow) { limps_ = slow; }
    NodeClock& clock() { return clock_; }
    const NodeClock& clock() const { return clock_; }

    void step(Instant now, node::Event&& event);
    // From the connection of a client, which is a client of its own for the edge.
    void on_request(Instant now, ClientId client, node::ClientRequest&& request);
    void on_drained(Instant now, const Item& item);
    void on_closed(Instant now, const Item& item);
    void on_edge_wake(Instant now, const Item& item);
    // Items of the queue that belong to this node.
    void on_stored(Instant now, const Item& item);
    void on_loaded(Instant now, const Item& item);
    void on_wake(Instant now, const Item& item);
    void on_cut_work(Instant now, const Item& item);
    void on_chunk_loaded(Instant now, const Item& item);

    bool up() const { return replica_ != nullptr; }
    bool halted() const { return up() && replica_->halted(); }
    NodeId node() const { return node_; }
    std::uint64_t incarnation() const { return incarnation_; }
    // Only while up.
    const node::Replica& replica() const { return *replica_; }
    // While up, once it has stepped: how the replica looked after its last step.
    const std::optional<raft::Observation>& observed() const { return observed_; }
    // While up, and after reopen_for_audit().
    const node::LedgerMachine& machine() const;
    log::Storage& storage() { return *storage_; }
    // After reopen_for_audit().
    log::CutStore& cuts() { return *cuts_; }
    const Disk& disk() const { return disk_; }
    // For whoever harms what is on it.
    Disk& device() { return disk_; }
    log::Identity identity() const { return {cluster_, node_}; }
    // The identity of the disk that is in it now.
    Incarnation disk_incarnation() const;
    const DiskAudit& audit() const { return audit_; }
    // What the durable image holds of cuts, by the witness.
    std::vector<WholeCut> whole_cuts() const;
    // How far the replica had its log dropped, in all its lives.
    Index discarded() const { return discarded_; }
    // The disk's own faults, fired and consumed so far.
    FaultCounts disk_faults() const;
    // Successful starts after crashes that took un-synced bytes of a formatted disk.
    std::uint64_t recoveries_with_loss() const { return recoveries_with_loss_; }
    // The run is over: the power fails, nothing un-synced survives, and the log is opened again by
    // the production recovery. What comes out is what the disk really holds.
    // The replica is gone afterwards; storage() and machine() remain, for exports.
    Result<log::Recovered> reopen_for_audit();
    // No store or load is under way.
    bool quiet() const {
        return stores_.empty() && loads_.empty() && cut_work_.empty() && chunk_loads_.empty();
    }

  private:
    class ObservedMachine;
    struct HeldSend {
        Ticket after;
        node::PeerMessage message;
    };
    // The reader was told where things lie when the load began.
    struct PendingLoad {
        node::Load load;
        log::SharedMap map;
    };

    void step_replica(Instant now, node::Event&& event);
    // Also from within a step of the replica.
    void tell_edge(Instant now, node::edge::Event&& event);
    void serve_edge(Instant now);
    void carry_out(Instant now, const node::Effect& effect);
    void carry_out(Instant now, node::edge::Effect& effect);
    void resume(Instant now);
    void carry_out(Instant now, const node::Halt& halt);
    void start_store(Instant now);
    void store_failed(Instant now);
    void read_error_over();
    void blame_others();
    void felt();
    void felt_without_failing();
    bool reserve_is_used_up();
    // An armed error strikes the disk's next operation of this kind, whatever it is for.
    void inject_disk_error(DiskOperation operation);
    void start_cut_work(Instant now);
    void discard_between_groups();
    void release_sends();
    Duration store_time();
    // Applying takes time.
    void work(Instant now, Index applied_before);
    void check_invariants();
    Duration disk_time(Site site, Duration min, Duration mean);
    // May plan a power failure within the next few operations of the disk.
    void plan_power_failure(std::uint64_t purpose, std::uint64_t attempt);
    // True if it struck: what was not synced is gone, in part.
    bool power_failed();

    const NodeId node_;
    const Profile& profile_;
    const ClusterId cluster_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    HostPort& port_;

    NodeClock clock_;
    Disk disk_;
    DiskAudit audit_;
    std::unique_ptr<log::Storage> storage_;
    std::optional<log::CutStore> cuts_;
    std::optional<log::Reader> reader_;
    std::unique_ptr<ObservedMachine> machine_;
    std::unique_ptr<node::Replica> replica_;
    std::optional<raft::Observation> observed_;
    std::unique_ptr<node::edge::Edge> edge_;
    std::deque<node::Client> asked_;  // by the edge, in the order in which it asked
    // Clients that the edge has paused, with what has arrived from them since; who may go on again
    // but still has such requests is in resumed_.
    std::map<ClientId, std::deque<node::ClientRequest>> paused_;
    std::deque<ClientId> resumed_;
    bool stepping_ = false;

    std::deque<node::Store> stores_;  // front = being written and synced
    std::deque<HeldSend> held_;       // tickets ascend
    std::vector<PendingLoad> loads_;
    std::deque<node::StoreCut> cut_work_;  // front = under way
    std::vector<node::LoadChunk> chunk_loads_;
    Index discarded_;                      // in all lives
    std::optional<node::Discard> discard_;         // waits for the group that is being written
    Ticket stored_;
    std::uint64_t incarnation_ = 0;
    std::uint64_t wake_generation_ = 0;
    std::uint64_t edge_wake_generation_ = 0;
    std::uint64_t disk_operations_ = 0;  // numbers the latency choices
    std::uint64_t formats_ = 0;
    bool joins_ = false;  // the disk was not formatted when the cluster was made
    std::uint64_t steps_ = 0;
    std::uint64_t crashes_ = 0;
    bool upgraded_ = false;    // to the newest build
    bool lost_bytes_ = false;  // since the last successful start
    std::uint64_t recoveries_with_loss_ = 0;
    std::uint64_t starts_ = 0;
    bool crash_armed_ = false;
    bool write_crash_armed_ = false;
    std::optional<Fault> disk_error_;    // armed
    std::optional<Fault> disk_failing_;  // injected: an operation fails, and may halt the replica
    bool write_failed_ = false;          // of the group in front
    std::uint64_t disk_errors_ = 0;
    bool halted_by_disk_ = false;
    bool halted_for_loss_ = false;
    bool limps_ = false;
    bool calm_ = false;
};

}  // namespace ledger::sim
