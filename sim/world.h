#pragma once
// World: one run: nodes, disks, links, clients, nemesis and checkers in one virtual time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/choice.h"
#include "log/base/hash128.h"
#include "sim/check/report.h"
#include "sim/client_host.h"
#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/gate.h"
#include "sim/host.h"
#include "sim/judge.h"
#include "sim/media_nemesis.h"
#include "sim/nemesis.h"
#include "sim/network.h"
#include "sim/operator.h"
#include "sim/profile.h"
#include "sim/step_view.h"
#include "sim/subscriber_host.h"
#include "sim/workload.h"

namespace ledger::sim {

// Is told every step of a run; for traces and progress. Must not influence it.
class StepObserver {
  public:
    virtual ~StepObserver() = default;
    virtual void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) = 0;
    virtual void stepped(const node::Replica& replica, std::span<const node::Effect> effects) = 0;
};

struct WorldOptions {
    std::uint64_t seed = 1;
    std::span<const check::NemesisLine> script;         // what a scenario does beside the swarm
    const std::vector<state::Append>* input = nullptr;  // imported instead of the swarm workload
    const Guest* guest = nullptr;                       // runs beside the ledger
    FrameModel* frames = nullptr;                       // native builds: the real codec beside
    StepObserver* observer = nullptr;
    std::uint64_t kept_operations = 0;                  // for reports and history files
    Duration faults_max = seconds(3600);                // even if an import takes longer
    std::uint64_t steps_max = 50'000'000;               // more is a finding of kind resource
    std::uint64_t steps_at_once_max = 50'000;           // the same, while no time passes
};

// What came of a run, in values.
struct RunResult {
    check::Verdict verdict = check::Verdict::inconclusive;
    std::string reason;  // why inconclusive
    std::optional<check::Violation> violation;
    std::uint64_t seed = 0;
    Hash128 trace_hash;
    Duration virtual_time;
    std::uint64_t steps = 0;
    FaultCounts faults;
    check::History::Counts operations;
    std::uint64_t acknowledged_appends = 0;
    std::uint64_t events_in_ledger = 0;
    std::uint64_t leader_changes = 0;
    std::uint64_t leader_changes_with_uncommitted = 0;
    std::uint64_t crash_recoveries = 0;
    std::uint64_t crash_recoveries_with_loss = 0;
    std::uint64_t marathons = 0;      // 1 if it was one
    std::uint64_t harms = 0;          // that devices did to what they had taken
    bool waits_for_loss = false;      // a node has named what nobody has any more
    std::uint64_t beyond_repair = 0;  // when faults ended: harmed, committed, and no keeper has a copy
    std::vector<check::CheckResult> checks;
};

class World final : public HostPort,
                    public ClientPort,
                    public SubscriberPort,
                    public NemesisPort,
                    public MediaPort,
                    public OperatorPort {
  public:
    World(const Profile& profile, const WorldOptions& options, ChoiceSource& choices);
    ~World() override;
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    RunResult run();
    // What has come of it so far.
    RunResult result() const;

    Instant time() const override { return now_; }
    // After run(): for reports and exports.
    const Judge& judge() const { return judge_; }
    std::span<const std::unique_ptr<Host>> hosts() const { return hosts_; }
    const std::vector<check::Mark>& marks() const { return marks_; }
    // Import only: what the ledger refused (places in the input), and how much was done.
    const ImportWorkload* import() const { return import_.get(); }

  private:
    enum class Phase : std::uint8_t { faults, healing, probing, done };
    struct Request {
        std::uint32_t lane = 0;
        node::ClientRequest request;
    };
    struct Answer {
        NodeId from;
        ClientId client;                // as the node's edge calls it
        std::uint64_t incarnation = 0;  // of the node
        bool lost = false;
        node::ClientReply reply;
    };
    // What each direction of a subscriber's connection has in flight arrives in order.
    struct Wire {
        Instant to_node;
        Instant from_node;
    };

    // HostPort
    void schedule(const Item& item) override { queue_.push(item); }
    void stepping(NodeId node, const node::Event& event) override;
    void stepped(NodeId node, std::span<const node::Effect> effects) override;
    void send(const node::PeerMessage& message) override;
    void reply(NodeId node, ClientId client, node::ClientReply&& reply) override;
    void closed(NodeId node, ClientId client) override;
    void applied(NodeId node, const HashedEntry& entry, ByteSpan outcome,
        const Hash128& digest) override;
    void cut_kept(NodeId node, const log::CutManifest& manifest) override;
    void restored(NodeId node, Index index, const Hash128& digest) override;
    void emptied(NodeId node) override { judge_.emptied(node); }
    const Guest* guest() const override { return options_.guest; }
    void guest_moved(NodeId node, Index index, GuestMoment::What what,
        const GuestedMachine& machine) override {
        judge_.guest_moved(node, index, what, machine);
    }
    void transition(NodeId node, const raft::Transition& transition) override;
    void synced(NodeId node) override;
    void violated(const std::string& check, const std::string& sentence) override;
    void crashed_mid_step(NodeId node) override;
    void halted(NodeId node) override;
    void lost(NodeId node) override;
    void busy(NodeId node, Instant until) override;
    // ClientPort
    Instant now() const override { return now_; }
    void connect(std::uint32_t lane, NodeId to) override;
    void request(std::uint32_t lane, NodeId to, std::uint64_t connection,
        node::ClientRequest&& request) override;
    void timer(std::uint32_t lane, Instant at, std::uint64_t generation) override;
    ClientId next_client_id() override { return ClientId{++client_ids_}; }
    check::OperationId called(ClientId client, NodeId to, const node::client::What& what,
        std::uint32_t number) override;
    void returned(check::OperationId attempt, check::Answer&& answer) override;
    void redacted(const state::Redact& redact) override;
    // SubscriberPort
    void delivered(
        std::uint32_t subscriber, const node::subscriber::Events& events) override;
    void finished(
        std::uint32_t subscriber, const node::subscriber::Finished& end) override;
    // NemesisPort
    bool up(NodeId node) const override { return host(node).up(); }
    NodeId leader() const override;
    NodeId playing(check::Who::Part part) const override;
    void crash(NodeId node, Duration outage) override;
    void crash_mid_step(NodeId node, Duration outage) override;
    void crash_before_sync(NodeId node, Duration outage) override;
    void pause(NodeId node, Duration length) override;
    void stall_disk(NodeId node, Duration length) override;
    void fail_disk(NodeId node, Fault fault, Duration outage) override;
    void set_wall_clock(NodeId node, Duration by) override;
    void nemesis_ends(std::uint64_t action, Duration after) override;
    void disconnect(NodeId knows, NodeId other) override;
    void reconnect(NodeId one, NodeId other) override;
    void note(const char* lane, const std::string& text, Duration length) override;
    // MediaPort
    Disk& device(NodeId node) override { return host(node).device(); }
    std::vector<NodeId> keepers() const override;
    void crowd(NodeId node, std::uint64_t left, Duration length) override;
    void harmed(NodeId node, const std::string& text) override;

    // OperatorPort
    const raft::Raft* leading() const override;
    Incarnation disk_of(NodeId node) const override { return host(node).disk_incarnation(); }
    bool member_anywhere(NodeId node) const override;
    bool may_lose(NodeId node) const override;
    void wipe(NodeId node) override;

    void handle(const Item& item);
    void perform(const Item& item);
    // world_faults.cpp: the gates of the nodes
    void admit_waiting(NodeId node);
    void make_media();
    // world_faults.cpp: what the scenario does
    void begin_script();
    void follow_script(std::uint64_t place);
    void note_election();
    void end_pause(NodeId node, std::uint64_t number);
    void end_stall(NodeId node, std::uint64_t number);
    void end_crowd(NodeId node, std::uint64_t number);
    void open_gates();
    void drop_gate(NodeId node);
    // Nothing that was due for this node before now is still to come.
    bool caught_up(NodeId node) const { return held_[node.value - 1] < now_; }
    // world_faults.cpp: calm
    void look_for_calm();
    bool undisturbed() const;
    bool all_follow(NodeId leader) const;
    void disturb();
    void deliver(const Item& item);
    void deliver_request(const Item& item);
    void deliver_reply(const Item& item);
    void arrive(std::uint32_t lane, NodeId node);
    void cut_clients(NodeId node);
    // The connection between the two, both alive, breaks.
    void break_connection(std::uint32_t lane, NodeId node, ClientId client);
    bool subscribes(std::uint32_t lane) const {
        return lane > profile_.workload.clients && lane != operator_lane();
    }
    std::uint32_t operator_lane() const {
        return profile_.workload.clients + 1 + static_cast<std::uint32_t>(subscribers_.size());
    }
    LinkUser& user(std::uint32_t lane);
    Wire& wire(std::uint32_t lane, NodeId node);
    void start_subscribers();
    void disconnect(std::uint32_t lane, NodeId node, std::uint64_t connection, Duration after);
    void restart(NodeId node);
    void check_phase();
    void heal();
    void start_probe();
    bool converged() const;
    bool tells_of_loss() const;
    std::string pending() const;
    void liveness(bool reached, Duration since_heal, Duration limit, const std::string& what);
    void mark(const std::string& lane, check::Mark::Kind kind, Duration length, std::string text);
    void end_outage(NodeId node);

    Host& host(NodeId node) { return *hosts_[node.value - 1]; }
    const Host& host(NodeId node) const { return *hosts_[node.value - 1]; }
    Gate& gate(NodeId node) { return gates_[node.value - 1]; }

    const Profile profile_;
    const WorldOptions options_;
    ChoiceSource& choices_;

    Instant now_;
    EventQueue queue_;
    Hash128 hash_;
    std::uint64_t steps_ = 0;
    std::uint64_t steps_before_now_ = 0;
    Instant script_end_;            // before that faults do not end
    std::uint64_t elections_ = 0;
    FaultCounts faults_;
    Network network_;
    Judge judge_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::unique_ptr<SwarmWorkload> swarm_;
    std::unique_ptr<ImportWorkload> import_;
    std::unique_ptr<SwarmWorkload> probe_;  // appends and reads after the faults
    std::vector<std::unique_ptr<ClientHost>> clients_;
    // Their lanes follow on those of the clients and of the probe.
    std::vector<std::unique_ptr<SubscriberHost>> subscribers_;
    std::vector<Wire> wires_;  // by subscriber, then by node
    std::unique_ptr<Nemesis> nemesis_;
    std::unique_ptr<MediaAtlas> atlas_;    // none where no device harms anything
    std::unique_ptr<MediaNemesis> media_;  // the same
    std::unique_ptr<Operator> operator_;  // none in many runs; its client's lane is the last one
    std::unique_ptr<ClientHost> operator_client_;

    SlotPool<node::PeerMessage> messages_;
    SlotPool<Request> requests_;
    SlotPool<Answer> answers_;
    std::vector<std::uint64_t> client_sent_;  // per lane: numbers its network choices
    std::vector<Duration> outage_;            // per node: of the crash that is armed
    std::vector<Gate> gates_;                 // per node
    std::uint64_t holds_ = 0;                 // numbers pauses and stalls
    std::vector<std::uint64_t> pauses_;       // per node: number of the present pause; 0 = none
    std::vector<std::uint64_t> stalls_;       // per node: number of the present stall; 0 = none
    std::vector<std::uint64_t> crowds_;       // per node: who has the space of its disk; 0 = nobody
    std::uint64_t client_ids_ = 0;

    StepView step_view_;
    std::vector<Instant> held_;   // per node: until when things waited at its gate
    Instant calm_since_ = never;  // all follow the leader of calm_term_, undisturbed
    Term calm_term_;
    Phase phase_ = Phase::faults;
    Instant healed_at_;
    Index committed_at_heal_;
    Term leader_term_;       // highest term that had a leader
    NodeId leader_;
    std::vector<Instant> offered_;  // per node: when it was last offered a cut; 0 = never
    NodeId prey_;            // to be struck as its first entries are accepted; 0 = nobody
    std::uint64_t leader_changes_ = 0;
    std::uint64_t leader_changes_with_uncommitted_ = 0;
    std::uint64_t crash_recoveries_ = 0;
    std::uint64_t beyond_repair_ = 0;
    bool waits_for_loss_ = false;
    std::vector<bool> lost_;  // per node: halted for good, since no copy of what it needs is left
    std::vector<check::Mark> marks_;
};

}  // namespace ledger::sim
