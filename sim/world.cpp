#include "sim/world.h"

#include <algorithm>
#include <array>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "node/event_codec.h"

namespace ledger::sim {
namespace {

// Marks beyond this are not kept: a page cannot show more.
constexpr std::size_t marks_max = 4096;
constexpr Duration phase_interval = milliseconds(20);
constexpr Duration convergence_limit = seconds(60);

// A connection of a client is a client of its own for the node's edge.
ClientId edge_client(std::uint32_t lane, std::uint64_t connection) {
    return ClientId{connection << 32 | (lane + std::uint64_t{1})};
}
std::uint32_t lane_of(ClientId client) {
    return static_cast<std::uint32_t>(client.value) - 1;
}
std::uint64_t connection_of(ClientId client) {
    return client.value >> 32;
}

WorkloadProfile probe_profile(const Profile& profile) {
    WorkloadProfile probe = profile.workload;
    probe.clients = profile.workload.clients + 1;  // the probe's lane is the last one
    probe.operations_max = 8;
    probe.reads = 500'000;
    probe.multi_stream = 0;
    probe.conditional = 0;
    return probe;
}

// All replicas take part to the end, so that each can be compared with what was imported.
Profile for_import(Profile profile) {
    profile.membership.changes = false;
    return profile;
}

Judge::Bounds bounds_of(const Profile& profile, const Guest* guest) {
    const Duration timeout = profile.election_timeout;
    // Priorities make some voters wait longer.
    const std::int64_t silent = profile.membership.changes ? 3 : 2;
    return {.availability = {.election_timeout = timeout, .silence_max = timeout * silent},
        .answers = timeout * 4 + latency_max(profile.network) * 8,
        .guest = guest,
        .all_copies_may_go = profile.media.unrestricted};
}

}  // namespace

World::World(const Profile& profile, const WorldOptions& options, ChoiceSource& choices)
    : profile_(options.input == nullptr ? profile : for_import(profile)), options_(options),
      choices_(choices), network_(profile_.hosts(), profile_.network, choices, faults_),
      judge_(profile_.nodes, options.kept_operations, bounds_of(profile_, options.guest)),
      outage_(profile_.hosts()), gates_(profile_.hosts()), pauses_(profile_.hosts()),
      stalls_(profile_.hosts()), crowds_(profile_.hosts()), held_(profile_.hosts()),
      offered_(profile_.hosts()), lost_(profile_.hosts()) {
    const ClusterId cluster{options.seed, 1};
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        hosts_.push_back(std::make_unique<Host>(
            NodeId{number}, profile_, cluster, choices_, faults_, *this));
    }
    OperationSource* source = nullptr;
    if (options_.input != nullptr) {
        import_ = std::make_unique<ImportWorkload>(*options_.input);
        source = import_.get();
    } else {
        swarm_ = std::make_unique<SwarmWorkload>(profile_.workload, choices_, options_.guest);
        source = swarm_.get();
    }
    const std::uint32_t lanes = import_ ? 1 : profile_.workload.clients;
    probe_ = std::make_unique<SwarmWorkload>(probe_profile(profile_), choices_, options_.guest);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        clients_.push_back(std::make_unique<ClientHost>(lane, profile_, choices_, *source, *this));
    }
    nemesis_ = std::make_unique<Nemesis>(profile_, choices_, faults_, network_, *this);
    if (profile_.media.any()) {
        make_media();
    }
    const std::uint32_t subscribers = import_ ? 0 : profile_.workload.subscribers;
    for (std::uint32_t number = 1; number <= subscribers; ++number) {
        subscribers_.push_back(std::make_unique<SubscriberHost>(
            number, profile_.workload.clients + number, profile_, choices_, *this, *this));
    }
    if (!import_ && (profile_.membership.changes || profile_.membership.transfers)) {
        operator_ = std::make_unique<Operator>(profile_, choices_, faults_, *this);
        operator_client_ = std::make_unique<ClientHost>(
            operator_lane(), profile_, choices_, *operator_, *this);
    }
    client_sent_.resize(profile_.workload.clients + 2 + subscribers);
    wires_.resize(std::size_t{subscribers} * profile_.hosts());
}

World::~World() = default;

RunResult World::run() {
    for (const auto& host : hosts_) {
        host->format();
        while (!host->start(now_) && !judge_.violation()) {
        }
    }
    for (const auto& client : clients_) {
        client->start();
    }
    start_subscribers();
    if (operator_client_) {
        operator_client_->start();
    }
    begin_script();
    queue_.push({.at = nemesis_->next_strike(), .kind = ItemKind::nemesis});
    queue_.push({.at = now_ + phase_interval, .kind = ItemKind::phase});
    while (!queue_.empty() && !judge_.violation() && phase_ != Phase::done) {
        const Item item = queue_.pop();
        LEDGER_ASSERT(item.at >= now_);
        if (item.at > now_) {
            steps_before_now_ = steps_;
        }
        now_ = item.at;
        judge_.at(steps_, now_);
        handle(item);
        if (steps_ > options_.steps_max) {
            judge_.violated("bounded_run", check::Kind::resource,
                "the run took more than " + std::to_string(options_.steps_max) +
                    " steps and is not done: " + pending());
        }
        if (steps_ - steps_before_now_ > options_.steps_at_once_max) {
            judge_.violated("bounded_run", check::Kind::resource,
                "more than " + std::to_string(options_.steps_at_once_max) +
                    " steps were taken while no time passed: " + pending());
        }
    }
    waits_for_loss_ = tells_of_loss();
    if (waits_for_loss_) {
        judge_.excuse_waiting();
    }
    if (!judge_.violation()) {
        judge_.finish(hosts_, state_limits(profile_));
    }
    return result();
}

void World::handle(const Item& item) {
    if (!needs_process(item.kind) || gate(NodeId{item.node}).admits(now_, item)) {
        perform(item);
    }
}

void World::perform(const Item& item) {
    const NodeId node{item.node};
    switch (item.kind) {
        case ItemKind::deliver: deliver(item); break;
        case ItemKind::stored: host(node).on_stored(now_, item); break;
        case ItemKind::loaded: host(node).on_loaded(now_, item); break;
        case ItemKind::wake: host(node).on_wake(now_, item); break;
        case ItemKind::peer_down:
            if (host(node).up()) {
                host(node).step(now_, node::PeerDown{NodeId{static_cast<std::uint32_t>(item.b)}});
            }
            break;
        case ItemKind::peer_up:
            if (host(node).up()) {
                host(node).step(now_, node::PeerUp{NodeId{static_cast<std::uint32_t>(item.b)}});
            }
            break;
        case ItemKind::cut_work: host(node).on_cut_work(now_, item); break;
        case ItemKind::chunk_loaded: host(node).on_chunk_loaded(now_, item); break;
        case ItemKind::edge_wake: host(node).on_edge_wake(now_, item); break;
        case ItemKind::edge_closed: host(node).on_closed(now_, item); break;
        case ItemKind::edge_drained: host(node).on_drained(now_, item); break;
        case ItemKind::client_request: deliver_request(item); break;
        case ItemKind::client_reply: deliver_reply(item); break;
        case ItemKind::client_connect:
            arrive(item.node, NodeId{static_cast<std::uint32_t>(item.b)});
            break;
        case ItemKind::client_down:
            user(item.node).on_disconnected(
                NodeId{static_cast<std::uint32_t>(item.b)}, item.a);
            break;
        case ItemKind::client_timer: user(item.node).on_timer(item.a); break;
        case ItemKind::nemesis:
            if (phase_ == Phase::faults) {
                nemesis_->strike();
                queue_.push({.at = nemesis_->next_strike(), .kind = ItemKind::nemesis});
                if (media_) {
                    media_->strike();
                }
            }
            break;
        case ItemKind::script: follow_script(item.a); break;
        case ItemKind::nemesis_end: nemesis_->end(item.a); break;
        case ItemKind::restart: restart(node); break;
        case ItemKind::resume: end_pause(node, item.a); break;
        case ItemKind::flow: end_stall(node, item.a); break;
        case ItemKind::space: end_crowd(node, item.a); break;
        case ItemKind::work_done: admit_waiting(node); break;
        case ItemKind::hunt:
            if (phase_ == Phase::faults && host(node).up()) {
                nemesis_->hunt(node);
            }
            break;
        case ItemKind::write_crash:
            if (phase_ == Phase::faults && host(node).up() &&
                host(node).incarnation() == item.a) {
                faults_.fire(Fault::crash_before_sync);
                faults_.consume(Fault::crash_before_sync);
                crash(node, outage_[node.value - 1]);
            }
            break;
        case ItemKind::phase: check_phase(); break;
    }
}

// --- what hosts do -----------------------------------------------------------------------------

void World::stepping(NodeId node, const node::Event& event) {
    ++steps_;
    judge_.at(steps_, now_);
    hash_.add(static_cast<std::uint64_t>(now_.nanoseconds));
    hash_.add(node.value);
    node::hash_event(event, hash_);
    step_view_.begins(host(node), event);
    if (options_.observer != nullptr) {
        options_.observer->stepping(steps_, now_, node, event);
    }
}

void World::stepped(NodeId node, std::span<const node::Effect> effects) {
    judge_.stepped();
    if (host(node).replica().started() && !host(node).halted()) {
        judge_.seen(step_view_.ends(host(node), effects, now_, caught_up(node)));
    }
    for (const node::Effect& effect : effects) {
        hash_.add(static_cast<std::uint64_t>(effect.index()));
    }
    if (options_.observer != nullptr) {
        options_.observer->stepped(host(node).replica(), effects);
    }
}

void World::send(const node::PeerMessage& message) {
    judge_.left(message);
    const Transit transit = network_.send(now_, message, options_.frames);
    const auto put = [&](const std::optional<Delivery>& delivery) {
        if (delivery) {
            queue_.push({.at = delivery->at,
                .a = delivery->epoch,
                .node = message.to.value,
                .slot = messages_.put(node::PeerMessage(message)),
                .kind = ItemKind::deliver});
        }
    };
    put(transit.first);
    put(transit.again);
    if (transit.reset) {
        network_.reset(message.from, message.to);
        queue_.push({.at = now_ + milliseconds(1),
            .b = message.to.value,
            .node = message.from.value,
            .kind = ItemKind::peer_down});
    }
}

void World::deliver(const Item& item) {
    node::PeerMessage message = messages_.take(item.slot);
    if (!host(message.to).up() || !network_.arrives(message.from, message.to, item.a)) {
        return;
    }
    if (node::raft_message<raft::SnapshotOffer>(message) != nullptr) {
        offered_[message.to.value - 1] = now_;
    }
    const auto* answer = node::raft_message<raft::AppendResponse>(message);
    if (message.to == prey_ && answer != nullptr && answer->accepted) {
        // Struck before it can act on what it is about to learn, as far as others can tell.
        prey_ = {};
        if (phase_ == Phase::faults) {
            nemesis_->hunt(message.to);
        }
        if (!host(message.to).up()) {
            return;
        }
    }
    host(NodeId{item.node}).step(now_, node::Message{std::move(message)});
}

void World::deliver_request(const Item& item) {
    Request request = requests_.take(item.slot);
    const NodeId node{item.node};
    if (user(request.lane).links().carries(node, item.a)) {
        if (!subscribes(request.lane)) {
            judge_.asked(node, edge_client(request.lane, item.a), request.request.id);
        }
        host(node).on_request(
            now_, edge_client(request.lane, item.a), std::move(request.request));
    } else if (host(node).up()) {
        // It is of a connection that the node knows nothing of, and says so.
        disconnect(request.lane, node, item.a, microseconds(100));
    }
}

void World::reply(NodeId node, ClientId client, node::ClientReply&& reply) {
    const std::uint32_t lane = lane_of(client);
    const ClientId asker{lane + std::uint64_t{1}};
    const raft::Configuration& in_force = host(node).replica().raft().configuration();
    if (const auto* applied = std::get_if<node::Applied>(&reply.outcome)) {
        judge_.acknowledged(asker, in_force, applied->index, applied->outcome, hosts_);
    } else if (const auto* changed = std::get_if<node::MembershipChanged>(&reply.outcome)) {
        judge_.acknowledged(asker, in_force, changed->index, {}, hosts_);
    }
    if (!subscribes(lane)) {
        judge_.answered(node, client, reply.id);
    }
    if (options_.frames != nullptr) {
        options_.frames->intact(reply);
    }
    const std::uint64_t sent = ++client_sent_[lane];
    const bool lost = network_.client_message_lost(lane, sent);
    if (lost) {
        faults_.fire(Fault::reply_lost);
        faults_.consume(Fault::reply_lost);
    }
    if (lost && subscribes(lane)) {
        break_connection(lane, node, client);  // a stream of pages has no holes
        return;
    }
    Instant at = now_ + network_.client_latency(lane, sent);
    if (subscribes(lane)) {
        Instant& last = wire(lane, node).from_node;
        at = last = std::max(at, last);
    }
    queue_.push({.at = at,
        .a = connection_of(client),
        .node = lane,
        .slot = answers_.put({node, client, host(node).incarnation(), lost, std::move(reply)}),
        .kind = ItemKind::client_reply});
}

void World::deliver_reply(const Item& item) {
    Answer answer = answers_.take(item.slot);
    handle({.at = now_,
        .a = answer.incarnation,
        .b = answer.client.value,
        .node = answer.from.value,
        .kind = ItemKind::edge_drained});
    LinkUser& to = user(item.node);
    if (!answer.lost && to.links().carries(answer.from, item.a)) {
        to.on_reply(answer.from, std::move(answer.reply));
    }
}

void World::closed(NodeId node, ClientId client) {
    judge_.closed(node, client);
    break_connection(lane_of(client), node, client);
}

void World::break_connection(std::uint32_t lane, NodeId node, ClientId client) {
    ClientLinks& links = user(lane).links();
    if (!links.carries(node, connection_of(client))) {
        return;
    }
    const std::uint64_t connection = links.cut(node);
    const std::uint64_t sent = ++client_sent_[lane];
    disconnect(lane, node, connection, network_.client_latency(lane, sent));
    queue_.push({.at = now_,
        .a = host(node).incarnation(),
        .b = client.value,
        .node = node.value,
        .kind = ItemKind::edge_closed});
}

void World::applied(
    NodeId node, const HashedEntry& entry, ByteSpan outcome, const Hash128& digest) {
    judge_.applied(node, entry, outcome, digest);
}

void World::cut_kept(NodeId node, const log::CutManifest& manifest) {
    judge_.cut_kept(node, manifest);
}

void World::restored(NodeId node, Index index, const Hash128& digest) {
    judge_.restored(node, index, digest);
}

void World::transition(NodeId node, const raft::Transition& transition) {
    judge_.transition(host(node), transition);
    const std::string lane = "n" + std::to_string(node.value);
    if (transition.role != raft::Role::leader) {
        if (transition.cause == raft::Cause::quorum_lost ||
            transition.cause == raft::Cause::disk_stalled) {
            mark(lane, check::Mark::Kind::other, {}, raft::to_text(transition));
        }
        return;
    }
    // Did somebody hold entries that were not known to be committed when the leader changed?
    bool uncommitted = false;
    for (const auto& other : hosts_) {
        if (other->up()) {
            const raft::RaftLog& log = other->replica().raft().log();
            uncommitted = uncommitted || (log.last() > judge_.committed().last() &&
                                             log.term_at(log.last()) < transition.term);
        }
    }
    note_election();
    if (const auto moment = nemesis_->elected(node); moment && phase_ == Phase::faults) {
        if (moment->at_acceptance) {
            prey_ = node;
        } else {
            queue_.push({.at = now_ + moment->after, .node = node.value, .kind = ItemKind::hunt});
        }
    }
    if (leader_ != NodeId{}) {
        ++leader_changes_;
        leader_changes_with_uncommitted_ += uncommitted ? 1u : 0u;
        if (profile_.canary && uncommitted) {
            judge_.violated("canary", check::Kind::safety,
                lane + " leads while there are entries of earlier terms that may not be committed; "
                       "which is no mistake, but the canary had to sing");
        }
    }
    LEDGER_SOMETIMES(uncommitted, "sim.leader_change_with_uncommitted_entries");
    if (transition.term > leader_term_) {
        leader_term_ = transition.term;
        leader_ = node;
    }
    mark(lane, check::Mark::Kind::leader, {}, raft::to_text(transition));
}

void World::synced(NodeId node) {
    judge_.synced(host(node));
}

void World::violated(const std::string& check, const std::string& sentence) {
    judge_.violated(check, check::Kind::safety, sentence);
}

// --- what clients do ---------------------------------------------------------------------------

void World::connect(std::uint32_t lane, NodeId to) {
    const std::uint64_t sent = ++client_sent_[lane];
    queue_.push({.at = now_ + network_.client_latency(lane, sent),
        .b = to.value,
        .node = lane,
        .kind = ItemKind::client_connect});
}

LinkUser& World::user(std::uint32_t lane) {
    if (operator_client_ && lane == operator_lane()) {
        return *operator_client_;
    }
    if (subscribes(lane)) {
        return *subscribers_[lane - profile_.workload.clients - 1];
    }
    return *clients_[lane];
}

World::Wire& World::wire(std::uint32_t lane, NodeId node) {
    const std::uint32_t subscriber = lane - profile_.workload.clients - 1;
    return wires_[std::size_t{subscriber} * profile_.hosts() + node.value - 1];
}

void World::arrive(std::uint32_t lane, NodeId node) {
    if (host(node).up()) {
        user(lane).on_connected(node);
    } else {
        user(lane).on_refused(node);
    }
}

// The node is down. Some clients hear of it at once; for others the machine has just fallen silent.
void World::cut_clients(NodeId node) {
    const auto cut = [&](std::uint32_t lane) {
        const std::uint64_t connection = user(lane).links().cut(node);
        if (connection != 0) {
            const std::uint64_t sent = ++client_sent_[lane];
            disconnect(lane, node, connection, network_.client_notice(lane, sent));
        }
    };
    for (std::uint32_t lane = 0; lane < clients_.size(); ++lane) {
        cut(lane);
    }
    for (std::uint32_t number = 1; number <= subscribers_.size(); ++number) {
        cut(profile_.workload.clients + number);
    }
    if (operator_client_) {
        cut(operator_lane());
    }
}

void World::disconnect(
    std::uint32_t lane, NodeId node, std::uint64_t connection, Duration after) {
    queue_.push({.at = now_ + after,
        .a = connection,
        .b = node.value,
        .node = lane,
        .kind = ItemKind::client_down});
}

void World::request(std::uint32_t lane, NodeId to, std::uint64_t connection,
    node::ClientRequest&& request) {
    if (options_.frames != nullptr) {
        options_.frames->intact(request);
    }
    const std::uint64_t sent = ++client_sent_[lane];
    if (network_.client_message_lost(lane, sent)) {
        faults_.fire(Fault::request_lost);
        faults_.consume(Fault::request_lost);
        if (subscribes(lane)) {
            break_connection(lane, to, edge_client(lane, connection));
        }
        return;
    }
    Instant at = now_ + network_.client_latency(lane, sent);
    if (subscribes(lane)) {
        Instant& last = wire(lane, to).to_node;
        at = last = std::max(at, last);
    }
    queue_.push({.at = at,
        .a = connection,
        .node = to.value,
        .slot = requests_.put({lane, std::move(request)}),
        .kind = ItemKind::client_request});
}

void World::timer(std::uint32_t lane, Instant at, std::uint64_t generation) {
    queue_.push({.at = at, .a = generation, .node = lane, .kind = ItemKind::client_timer});
}

check::OperationId World::called(ClientId client, NodeId to, const node::client::What& what,
    std::uint32_t number) {
    return judge_.called(client, to, what, number);
}

void World::redacted(const state::Redact& redact) {
    judge_.redacted(redact);
}

void World::returned(check::OperationId attempt, check::Answer&& answer) {
    judge_.returned(attempt, std::move(answer));
}

// --- what subscribers do -----------------------------------------------------------------------

void World::start_subscribers() {
    for (std::uint32_t number = 1; number <= subscribers_.size(); ++number) {
        judge_.subscribes(number, subscribers_[number - 1]->options());
        subscribers_[number - 1]->start();
    }
}

void World::delivered(std::uint32_t subscriber, const node::subscriber::Events& events) {
    judge_.delivered(subscriber, events);
}

void World::finished(std::uint32_t subscriber, const node::subscriber::Finished& end) {
    // The node may be down by now; what it said rests on what some node has applied.
    Position first;
    for (const auto& host : hosts_) {
        if (host->up()) {
            first = std::max(first, host->machine().ledger().retained());
        }
    }
    judge_.unsubscribed(subscriber, end, first);
}

// --- what the operator does --------------------------------------------------------------------

const raft::Raft* World::leading() const {
    const NodeId node = leader();
    return node == NodeId{} ? nullptr : &host(node).replica().raft();
}

bool World::member_anywhere(NodeId node) const {
    return std::any_of(hosts_.begin(), hosts_.end(), [node](const auto& other) {
        if (other->node() == node) {
            return false;
        }
        // Nobody can tell what is on a disk that is down.
        return !other->up() || other->replica().raft().configuration().is_member(node);
    });
}

void World::wipe(NodeId node) {
    if (host(node).up()) {
        crash(node, profile_.election_timeout);
    }
    judge_.wiped(host(node));
    host(node).wipe();
    lost_[node.value - 1] = false;
    mark("n" + std::to_string(node.value), check::Mark::Kind::disk, {}, "its disk is lost");
}

// --- what the nemesis does ---------------------------------------------------------------------

NodeId World::leader() const {
    NodeId found;
    Term term;
    for (const auto& candidate : hosts_) {
        if (candidate->up()) {
            const raft::Status status = candidate->replica().raft().status();
            if (status.role == raft::Role::leader && status.term > term) {
                found = candidate->node();
                term = status.term;
            }
        }
    }
    return found;
}

void World::crash(NodeId node, Duration outage) {
    faults_.fire(Fault::crash);
    faults_.consume(Fault::crash);
    host(node).crash(now_);
    drop_gate(node);
    judge_.ended(node);
    disturb();
    cut_clients(node);
    mark("n" + std::to_string(node.value), check::Mark::Kind::crash, outage, "down");
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        const NodeId other{number};
        if (other != node) {
            network_.reset(node, other);
            network_.reset(other, node);
            queue_.push({.at = now_ + milliseconds(1),
                .b = node.value,
                .node = number,
                .kind = ItemKind::peer_down});
        }
    }
    queue_.push({.at = now_ + outage, .node = node.value, .kind = ItemKind::restart});
}

void World::crash_mid_step(NodeId node, Duration outage) {
    outage_[node.value - 1] = outage;
    host(node).arm_crash();
}

void World::crashed_mid_step(NodeId node) {
    faults_.fire(Fault::crash_mid_step);
    faults_.consume(Fault::crash_mid_step);
    crash(node, outage_[node.value - 1]);
}

void World::crash_before_sync(NodeId node, Duration outage) {
    outage_[node.value - 1] = outage;
    host(node).arm_write_crash();
}

void World::nemesis_ends(std::uint64_t action, Duration after) {
    queue_.push({.at = now_ + after, .a = action, .kind = ItemKind::nemesis_end});
}

void World::note(const char* lane, const std::string& text, Duration length) {
    disturb();
    mark(lane, check::Mark::Kind::partition, length, text);
}

void World::restart(NodeId node) {
    if (host(node).up() || lost_[node.value - 1]) {
        return;  // healing was faster, or nothing can be healed
    }
    faults_.fire(Fault::restart);
    faults_.consume(Fault::restart);
    if (!host(node).start(now_)) {
        queue_.push({.at = now_ + milliseconds(5), .node = node.value, .kind = ItemKind::restart});
        return;
    }
    ++crash_recoveries_;
    end_outage(node);
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        if (number != node.value) {
            queue_.push({.at = now_ + milliseconds(1),
                .b = node.value,
                .node = number,
                .kind = ItemKind::peer_up});
        }
    }
}

// --- phases ------------------------------------------------------------------------------------

void World::check_phase() {
    const bool operator_idle = !operator_client_ || operator_client_->idle();
    const bool clients_idle =
        (operator_idle || phase_ == Phase::faults) &&
        std::all_of(
            clients_.begin(), clients_.end(), [](const auto& client) { return client->idle(); });
    const Duration since_heal = now_ - healed_at_;
    look_for_calm();
    switch (phase_) {
        case Phase::faults: {
            nemesis_->lie_in_wait();
            const bool time_up = import_ ? now_ >= Instant{} + options_.faults_max
                                         : now_ >= Instant{} + profile_.faults_for;
            if ((clients_idle || time_up) && now_ >= script_end_) {
                heal();
            }
            break;
        }
        case Phase::healing: {
            const Duration timeout = profile_.election_timeout * 2;
            liveness(leader() != NodeId{}, since_heal, timeout * 10, "no leader");
            liveness(judge_.committed().last() > committed_at_heal_, since_heal, timeout * 15,
                "no new entry was committed");
            if (judge_.committed().last() > committed_at_heal_) {
                phase_ = Phase::probing;
            }
            break;
        }
        case Phase::probing:
            if (clients_idle && converged() && judge_.subscribers_complete()) {
                phase_ = Phase::done;
                return;
            }
            // An import may go on for long after the last fault: then the bound is on standing still.
            if (import_ && !clients_idle && judge_.committed().last() > committed_at_heal_) {
                committed_at_heal_ = judge_.committed().last();
                healed_at_ = now_;
            }
            liveness(false, now_ - healed_at_, convergence_limit, pending());
            break;
        case Phase::done: return;
    }
    queue_.push({.at = now_ + phase_interval, .kind = ItemKind::phase});
}

void World::liveness(
    bool reached, Duration since_heal, Duration limit, const std::string& what) {
    if (!reached && since_heal > limit && tells_of_loss()) {
        phase_ = Phase::done;
    } else if (!reached && since_heal > limit) {
        judge_.violated("liveness", check::Kind::liveness,
            what + " within " + std::to_string(limit.nanoseconds / 1'000'000) +
                " ms after all faults had ended");
    }
}

void World::heal() {
    phase_ = Phase::healing;
    healed_at_ = now_;
    judge_.calms();
    committed_at_heal_ = judge_.committed().last();
    if (atlas_) {
        beyond_repair_ = atlas_->beyond_repair(committed_at_heal_, keepers());
    }
    nemesis_->end_all();
    if (operator_) {
        operator_->stop();
    }
    network_.heal_all(now_);
    network_.calm();
    open_gates();
    for (const auto& host : hosts_) {
        host->calm();
        restart(host->node());
    }
    if (swarm_ && profile_.marathon) {
        swarm_->stop();  // what is left of it may take longer than everything that must come now
    }
    // Somebody has to ask for something, or nothing need be committed.
    start_probe();
}

void World::start_probe() {
    const auto lane = static_cast<std::uint32_t>(clients_.size());
    clients_.push_back(std::make_unique<ClientHost>(lane, profile_, choices_, *probe_, *this));
    clients_.back()->start();
}

bool World::converged() const {
    const Index target = judge_.committed().last();
    return std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
        if (!judge_.takes_part(*host)) {
            return true;
        }
        if (!host->up()) {
            return false;
        }
        const bool whole =
            profile_.media.unrestricted || host->replica().repair().damaged() == 0;
        return host->quiet() && host->replica().eraser().idle() &&
               host->replica().applied() == target &&
               host->replica().raft().status().last == target && whole;
    });
}

// Nobody need have a copy any more, and a node says of what.
bool World::tells_of_loss() const {
    return profile_.media.unrestricted &&
           std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
               return lost_[host->node().value - 1] ||
                      (host->up() && host->replica().repair().blocked() != Index{});
           });
}

std::string World::pending() const {
    std::string text = "the cluster did not converge (";
    for (const auto& host : hosts_) {
        text += "n" + std::to_string(host->node().value);
        text += host->up() ? " applied " + std::to_string(host->replica().applied().value) : " down";
        if (host->up() && host->replica().repair().damaged() > 0) {
            text += " with " + std::to_string(host->replica().repair().damaged()) + " damaged entries";
        }
        if (host->up() && !host->replica().eraser().idle()) {
            text += " with something to erase";
        }
        text += ", ";
    }
    text += judge_.subscribers_complete() ? "" : "a subscriber lacks events, ";
    return text + "committed " + std::to_string(judge_.committed().last().value) + ")";
}

void World::mark(
    const std::string& lane, check::Mark::Kind kind, Duration length, std::string text) {
    if (marks_.size() < marks_max) {
        marks_.push_back({lane, kind, now_, now_ + length, std::move(text)});
    }
}

void World::end_outage(NodeId node) {
    const std::string lane = "n" + std::to_string(node.value);
    for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark) {
        if (mark->lane == lane && mark->kind == check::Mark::Kind::crash) {
            mark->to = now_;  // it was planned to last longer, or recovery took another try
            return;
        }
    }
}

RunResult World::result() const {
    static constexpr std::array<std::string_view, 4> names = {
        "agreement", "durability", "linearizability", "guest"};
    const std::span<const std::string_view> required =
        std::span(names).first(options_.guest == nullptr ? 3 : 4);
    RunResult result;
    result.checks = judge_.results();
    result.violation = judge_.violation();
    // A run that stands still for what is lost need not have come to anything.
    const auto needed = waits_for_loss_ ? std::span<const std::string_view>() : required;
    result.verdict = check::overall(result.checks, result.violation.has_value(), needed);
    if (result.verdict == check::Verdict::inconclusive) {
        result.reason = "a required check examined nothing";
    }
    result.seed = options_.seed;
    result.trace_hash = hash_;
    result.virtual_time = now_ - Instant{};
    result.marathons = profile_.marathon ? 1 : 0;
    result.steps = steps_;
    result.faults = faults_;
    for (const auto& host : hosts_) {
        result.faults.add(host->disk_faults());
        result.crash_recoveries_with_loss += host->recoveries_with_loss();
    }
    result.operations = judge_.history().counts();
    result.acknowledged_appends = judge_.history().acknowledged_appends();
    result.events_in_ledger = judge_.committed().length();
    result.leader_changes = leader_changes_;
    result.leader_changes_with_uncommitted = leader_changes_with_uncommitted_;
    result.crash_recoveries = crash_recoveries_;
    result.harms = media_ ? media_->counts().done : 0;
    result.beyond_repair = beyond_repair_;
    result.waits_for_loss = waits_for_loss_;
    return result;
}

}  // namespace ledger::sim
