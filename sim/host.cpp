#include "sim/host.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/reserve.h"
#include "log/state/command.h"
#include "node/cut_work.h"
#include "node/load_work.h"
#include "sim/network.h"

namespace ledger::sim {
namespace {

// What a power failure may interrupt; part of the entity of its choice.
constexpr std::uint64_t formatting = 2;
constexpr std::uint64_t recovering = 3;

log::Options storage_options(const Profile& profile) {
    return {.directory = data_directory,
        .segment_bytes = profile.segment_bytes,
        .allocate_bytes = profile.allocate_bytes,
        .spare_segments = profile.spare_segments,
        .reserve_bytes = profile.reserve_bytes,
        .soft_limit_bytes = profile.soft_limit_bytes};
}

// During one minimum election timeout two clocks run apart by twice what one may be off, at most.
Duration stated_drift(const Profile& profile) {
    constexpr std::int64_t million = 1'000'000;
    return profile.election_timeout * 2 * profile.clock.drift / million + microseconds(1);
}

node::Config replica_config(
    NodeId self, const Profile& profile, ClusterId cluster, bool joins) {
    node::Config config;
    config.cluster = cluster;
    config.raft.self = self;
    for (std::uint32_t node = 1; node <= profile.nodes && !joins; ++node) {
        config.raft.configuration.voters.insert(NodeId{node});
    }
    config.raft.election_timeout_min = profile.election_timeout;
    config.raft.heartbeat_interval = profile.election_timeout / 5;
    config.raft.append_entries_max = profile.append_entries_max;
    config.raft.catch_up_entries_max = profile.catch_up_entries_max;
    config.raft.catch_up_bytes_per_second = profile.catch_up_bytes_per_second;
    config.raft.inflight_messages_max = profile.inflight_messages_max;
    config.raft.uncommitted_bytes_max = profile.uncommitted_bytes_max;
    if (profile.leases) {
        config.raft.clock_drift_max = stated_drift(profile);
    }
    config.limits = profile.limits;
    return config;
}

CrashProfile crash_profile(const Profile& profile) {
    return {.keep = profile.disk.keep,
        .tear = profile.disk.tear,
        .together = profile.disk.together,
        .split_size = profile.disk.split_size,
        .lose_entry = profile.disk.lose_entry,
        .whole_pages = profile.disk.whole_pages};
}

// The operations of a disk on which this fault strikes.
DiskOperation struck_by(Fault fault) {
    switch (fault) {
        case Fault::disk_read_failed: return DiskOperation::read;
        case Fault::disk_sync_failed: return DiskOperation::sync;
        default: return DiskOperation::write;
    }
}

}  // namespace

state::Limits state_limits(const Profile& profile) {
    return {.sessions_max = profile.sessions_max,
        .stored_replies_max = profile.stored_replies_max};
}

// The ledger and its guest, with every application shown to the checkers.
class Host::ObservedMachine final : public node::StateMachine {
  public:
    ObservedMachine(NodeId node, const state::Limits& limits, HostPort& port)
        : node_(node), port_(port), machine_(limits, port.guest()) {}

    Result<void> admit(const EntryBody& body) const override { return machine_.admit(body); }
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        machine_.apply(entry, outcome);
        port_.applied(node_, entry, outcome, machine_.digest());
        if (machine_.guest() != nullptr) {
            port_.guest_moved(node_, entry.entry.index, GuestMoment::What::applied, machine_);
        }
    }
    Result<node::QueryPlan> query(ByteSpan question) const override {
        return machine_.query(question);
    }
    Result<ByteVector> answer(
        const node::QueryPlan& plan, std::span<const EntryRef> entries) const override {
        for (const EntryRef& entry : entries) {
            const auto verified =
                entry.handle ? state::verify_commitments(*entry.handle) : Result<void>();
            // What is left of it has to be what was committed to.
            if (!verified && verified.error().code != make_error_code(state::Errc::erased)) {
                port_.violated("payloads", "n" + std::to_string(node_.value) +
                                               " answers with a payload of entry " +
                                               std::to_string(entry.index.value) +
                                               " that is not the one committed to");
            }
        }
        return machine_.answer(plan, entries);
    }
    Hash128 digest() const override { return machine_.digest(); }
    void freeze() override { machine_.freeze(); }
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out) override {
        return machine_.next_chunk(bytes_max, out);
    }
    void thaw() override { machine_.thaw(); }
    void begin_restore() override {
        machine_.begin_restore();
        began_anew_ = told_;
        told_ = false;
    }
    void abandon_restore() override {
        machine_.abandon_restore();
        if (began_anew_) {
            port_.emptied(node_);
        }
    }
    Result<void> restore_chunk(ByteSpan chunk) override {
        LEDGER_CHECK(machine_.restore_chunk(chunk));
        if (machine_.has_front()) {
            tell();
        }
        return {};
    }
    Result<void> end_restore() override {
        LEDGER_CHECK(machine_.end_restore());
        tell();
        return {};
    }
    bool has_front() const override { return machine_.has_front(); }
    bool needs_past(const EntryRef& entry) const override { return machine_.needs_past(entry); }
    bool settle() override { return machine_.settle(); }
    void retain(Index upto) override { machine_.retain(upto); }
    std::span<const Index> just_erased() const override { return machine_.just_erased(); }
    Index erased_from(Index from) const override { return machine_.erased_from(from); }
    EntryHandle as_it_stays(Index index, const EntryHandle& body) const override {
        return machine_.as_it_stays(index, body);
    }
    node::Feature needed() const override { return machine_.needed(); }
    node::Summary summary() const override { return machine_.summary(); }

    const node::LedgerMachine& ledger() const { return machine_.ledger_machine(); }

  private:
    // Of the state that was taken up: before anything is applied to it.
    void tell() {
        if (!told_) {
            port_.restored(node_, machine_.ledger().applied(), machine_.digest());
            if (machine_.guest() != nullptr) {
                port_.guest_moved(node_, machine_.ledger().applied(),
                    GuestMoment::What::restored, machine_);
            }
        }
        told_ = true;
    }

    const NodeId node_;
    HostPort& port_;
    GuestedMachine machine_;
    bool told_ = false;
    bool began_anew_ = false;  // though entries may have been applied to what was read before
};

Host::Host(NodeId node, const Profile& profile, ClusterId cluster, ChoiceSource& choices,
    FaultCounts& faults, HostPort& port)
    : node_(node), profile_(profile), cluster_(cluster), choices_(choices), faults_(faults),
      port_(port), clock_(node, profile.clock, choices, faults), disk_(node),
      audit_({cluster, node}), joins_(node.value > profile.nodes) {
    // What phantom writes and stale reads show.
    constexpr std::uint64_t past_writes = 16;
    if (profile.media.any()) {
        disk_.remember_writes(past_writes);
    }
}

Host::~Host() = default;

void Host::calm() {
    calm_ = true;
    crash_armed_ = false;
    write_crash_armed_ = false;
    disk_error_.reset();
    disk_.give_space_back();
}

FaultCounts Host::disk_faults() const {
    return disk_.faults();
}

std::vector<WholeCut> Host::whole_cuts() const {
    return sim::whole_cuts(disk_, storage_options(profile_), {cluster_, node_});
}

const node::LedgerMachine& Host::machine() const {
    return machine_->ledger();
}

void Host::plan_power_failure(std::uint64_t purpose, std::uint64_t attempt) {
    // Formatting must end some time. A recovery that is tried again later draws again.
    constexpr std::uint64_t attempts_max = 6;
    if (!profile_.nemesis.crashes || attempt > attempts_max || calm_) {
        return;
    }
    // As a rule while formatting, which is cheap; every second time while recovering. After up
    // to eleven operations.
    constexpr std::uint64_t operations = 12;
    const std::uint64_t spared = purpose == formatting ? 2 : operations;
    const std::uint64_t answer = choices_.choose(Site::crash_cut,
        (std::uint64_t{node_.value} << 32) | purpose, starts_ * 8 + attempt, spared + operations);
    if (answer >= spared) {
        disk_.power_off_after(answer - spared);
    }
}

bool Host::power_failed() {
    if (!disk_.powered_off()) {
        disk_.keep_power();
        return false;
    }
    faults_.fire(Fault::crash_in_recovery);
    faults_.consume(Fault::crash_in_recovery);
    disk_.crash(choices_, crash_profile(profile_));
    return true;
}

void Host::format() {
    // Each formatting makes another disk of it, also for the other nodes.
    ++formats_;
    for (std::uint64_t attempt = 1;; ++attempt) {
        plan_power_failure(formatting, attempt);
        const Result<void> formatted =
            log::format(disk_, storage_options(profile_), {cluster_, node_, disk_incarnation()});
        if (!power_failed()) {
            // The failure may have come after the last operation that mattered.
            LEDGER_ASSERT(formatted ||
                          formatted.error().code == make_error_code(log::Errc::already_exists));
            break;
        }
    }
    audit_.synced(disk_);
}

void Host::wipe() {
    LEDGER_ASSERT(!up());
    disk_.restore(Disk(node_).snapshot());
    lost_bytes_ = false;
    joins_ = true;
    format();
    audit_.reset_after_crash(disk_);
}

Incarnation Host::disk_incarnation() const {
    return Incarnation{(std::uint64_t{node_.value} << 32) | formats_};
}

bool Host::start(Instant now) {
    LEDGER_ASSERT(!up());
    ++starts_;
    clock_.boot(now);
    plan_power_failure(recovering, starts_ % 4);
    Result<log::Opened> opened = log::open(disk_, storage_options(profile_), {cluster_, node_});
    Result<log::CutStore> cuts =
        log::CutStore::open(disk_, storage_options(profile_), {cluster_, node_});
    if (power_failed()) {
        lost_bytes_ = lost_bytes_ || disk_.last_crash_lost_bytes();
        return false;
    }
    if (!opened || !cuts) {
        const Error error = opened ? cuts.error() : opened.error();
        if (disk_.crowded() && error.code == make_error_code(log::Errc::no_space)) {
            LEDGER_SOMETIMES(true, "sim.no_space_to_start");
            return false;  // somebody else has it, for a while
        }
        // Everything that stands on its disk is named, but what says what it means.
        if (profile_.media.unrestricted &&
            error.code == make_error_code(log::Errc::faulty_entry) &&
            error.place.find("index ") != std::string::npos) {
            port_.lost(node_);
            return false;
        }
        port_.violated("recovery", "n" + std::to_string(node_.value) +
                                       " cannot start after a crash that its disk must survive: " +
                                       error.code.message() + ", " + error.place);
        return false;
    }
    recoveries_with_loss_ += lost_bytes_ ? 1u : 0u;
    lost_bytes_ = false;
    audit_.reset_after_crash(disk_);
    port_.synced(node_);
    ++incarnation_;
    storage_ = std::move(opened->storage);
    reader_.emplace(disk_, data_directory);
    cuts_.emplace(std::move(*cuts));
    std::vector<log::CutManifest> manifests(cuts_->cuts().begin(), cuts_->cuts().end());
    machine_ = std::make_unique<ObservedMachine>(node_,
        state_limits(profile_), port_);
    node::Config config = replica_config(node_, profile_, cluster_, joins_);
    const bool old_build = node_.value <= profile_.old_nodes && !upgraded_;
    LEDGER_SOMETIMES(old_build, "sim.node_of_an_older_build");
    config.features_max = old_build ? node::Feature::base : node::newest_feature;
    replica_ = std::make_unique<node::Replica>(config, *machine_, choices_);
    edge_ = std::make_unique<node::edge::Edge>(profile_.edge);
    stored_ = {};
    step(now, node::Start{std::move(opened->recovered), clock_.wall(now), std::move(manifests)});
    return true;
}

void Host::crash(Instant) {
    LEDGER_ASSERT(up());
    ++crashes_;
    upgraded_ = true;
    crash_armed_ = false;
    write_crash_armed_ = false;
    disk_error_.reset();
    disk_failing_.reset();
    write_failed_ = false;
    halted_by_disk_ = false;
    halted_for_loss_ = false;
    replica_.reset();
    machine_.reset();
    reader_.reset();
    cuts_.reset();
    storage_.reset();
    observed_.reset();
    edge_.reset();
    asked_.clear();
    paused_.clear();
    resumed_.clear();
    stores_.clear();
    held_.clear();
    loads_.clear();
    cut_work_.clear();
    chunk_loads_.clear();
    discard_.reset();
    ++incarnation_;  // whatever is under way belongs to the old life
    if (disk_.unsynced_bytes() > 0) {
        const std::uint64_t operations = disk_.unsynced_operations();
        const std::uint64_t issued =
            choices_.choose(Site::crash_cut, node_.value, crashes_, operations + 1);
        if (issued > 0) {
            // 0 = all of them were issued.
            disk_.crash_after_operations(operations - issued);
            faults_.fire(Fault::crash_mid_write);
            faults_.consume(Fault::crash_mid_write);
        }
    }
    disk_.crash(choices_, crash_profile(profile_));
    lost_bytes_ = lost_bytes_ || disk_.last_crash_lost_bytes();
}

Result<log::Recovered> Host::reopen_for_audit() {
    replica_.reset();
    reader_.reset();
    cuts_.reset();
    storage_.reset();
    disk_.crash(choices_, lose_everything);
    disk_.end_harms();  // what was written, not what a bad device says of it
    LEDGER_TRY(log::Opened opened,
        log::open(disk_, storage_options(profile_), {cluster_, node_}));
    audit_.reset_after_crash(disk_);
    storage_ = std::move(opened.storage);
    LEDGER_TRY(log::CutStore cuts,
        log::CutStore::open(disk_, storage_options(profile_), {cluster_, node_}));
    cuts_.emplace(std::move(cuts));
    return std::move(opened.recovered);
}

void Host::step(Instant now, node::Event&& event) {
    step_replica(now, std::move(event));
    serve_edge(now);
}

void Host::step_replica(Instant now, node::Event&& event) {
    LEDGER_ASSERT(up());
    LEDGER_ASSERT(!stepping_);
    port_.stepping(node_, event);
    const Index applied = replica_->applied();
    const std::span<const node::Effect> effects =
        replica_->step(clock_.local(now), std::move(event));
    ++steps_;
    port_.stepped(node_, effects);
    check_invariants();
    std::size_t carried = effects.size();
    const bool crash_here = crash_armed_ && !effects.empty();
    if (crash_here) {
        carried = static_cast<std::size_t>(
            choices_.choose(Site::crash_cut, (std::uint64_t{node_.value} << 32) | 1, steps_,
                effects.size() + 1));
    }
    stepping_ = true;
    for (const node::Effect& effect : effects.first(carried)) {
        carry_out(now, effect);
    }
    stepping_ = false;
    if (crash_here) {
        port_.crashed_mid_step(node_);
    } else if (halted_by_disk_) {
        port_.halted(node_);
    } else if (halted_for_loss_) {
        port_.lost(node_);
    } else {
        work(now, applied);
    }
}

void Host::work(Instant now, Index applied_before) {
    // Never so long that heartbeats would come too late: no configuration may ask for that.
    const Duration most = profile_.election_timeout / 8;
    const auto applied = static_cast<std::int64_t>(replica_->applied() - applied_before);
    const Duration time = std::min(profile_.apply_time * applied, most);
    if (time > Duration{}) {
        port_.busy(node_, now + time);
    }
}

// --- the edge -----------------------------------------------------------------------------------

void Host::on_request(Instant now, ClientId client, node::ClientRequest&& request) {
    LEDGER_ASSERT(up());
    if (const auto paused = paused_.find(client); paused != paused_.end()) {
        paused->second.push_back(std::move(request));  // it has arrived, and is not read
        return;
    }
    tell_edge(now, node::edge::Requested{client, std::move(request)});
}

void Host::on_drained(Instant now, const Item& item) {
    if (up() && item.a == incarnation_) {
        tell_edge(now, node::edge::Drained{ClientId{item.b}, 1});
    }
}

void Host::on_closed(Instant now, const Item& item) {
    if (up() && item.a == incarnation_) {
        paused_.erase(ClientId{item.b});
        tell_edge(now, node::edge::Closed{ClientId{item.b}});
    }
}

void Host::on_edge_wake(Instant now, const Item& item) {
    if (up() && item.a == incarnation_ && item.b == edge_wake_generation_) {
        tell_edge(now, node::edge::Timer{});
    }
}

void Host::tell_edge(Instant now, node::edge::Event&& event) {
    for (node::edge::Effect& effect : edge_->step(clock_.local(now), std::move(event))) {
        carry_out(now, effect);
    }
    if (!stepping_) {
        serve_edge(now);
    }
}

// A step of the replica may be its last: then nothing is left to serve.
void Host::serve_edge(Instant now) {
    while (!asked_.empty() || !resumed_.empty()) {
        if (asked_.empty()) {
            resume(now);
            continue;
        }
        node::Client next = std::move(asked_.front());
        asked_.pop_front();
        step_replica(now, std::move(next));
    }
}

// Hands on what had arrived from the next client that may go on.
void Host::resume(Instant now) {
    const ClientId client = resumed_.front();
    resumed_.pop_front();
    const auto paused = paused_.find(client);
    if (paused == paused_.end()) {
        return;
    }
    std::deque<node::ClientRequest> arrived = std::move(paused->second);
    paused_.erase(paused);
    for (node::ClientRequest& request : arrived) {
        // The first ones may pause it again.
        if (const auto again = paused_.find(client); again != paused_.end()) {
            again->second.push_back(std::move(request));
            continue;
        }
        for (node::edge::Effect& effect :
            edge_->step(clock_.local(now), node::edge::Requested{client, std::move(request)})) {
            carry_out(now, effect);
        }
    }
}

void Host::carry_out(Instant now, node::edge::Effect& effect) {
    if (auto* ask = std::get_if<node::edge::Ask>(&effect)) {
        asked_.push_back({ask->client, std::move(ask->request)});
    } else if (auto* deliver = std::get_if<node::edge::Deliver>(&effect)) {
        port_.reply(node_, deliver->client, std::move(deliver->reply));
    } else if (const auto* pause = std::get_if<node::edge::PauseReading>(&effect)) {
        paused_.try_emplace(pause->client);
    } else if (const auto* resumed = std::get_if<node::edge::ResumeReading>(&effect)) {
        resumed_.push_back(resumed->client);
    } else if (const auto* close = std::get_if<node::edge::Close>(&effect)) {
        paused_.erase(close->client);
        port_.closed(node_, close->client);
    } else if (const auto* wake = std::get_if<node::edge::WakeAt>(&effect)) {
        ++edge_wake_generation_;
        if (wake->deadline != never) {
            port_.schedule({.at = std::max(now, clock_.world(wake->deadline)),
                .a = incarnation_,
                .b = edge_wake_generation_,
                .node = node_.value,
                .kind = ItemKind::edge_wake});
        }
    }
}

void Host::check_invariants() {
    if (!replica_->started()) {
        return;  // it halted at its start
    }
    raft::Observation after = raft::observe(replica_->raft());
    std::string_view broken = raft::violated_state(after);
    if (broken.empty() && observed_) {
        broken = raft::violated_transition(*observed_, after);
    }
    if (!broken.empty()) {
        port_.violated(
            "raft_invariants", "n" + std::to_string(node_.value) + ": " + std::string(broken));
    }
    observed_ = after;
}

void Host::carry_out(Instant now, const node::Effect& effect) {
    if (const auto* send = std::get_if<node::Send>(&effect)) {
        if (send->after <= stored_) {
            port_.send(send->message);
        } else {
            LEDGER_ASSERT(held_.empty() || held_.back().after <= send->after);
            held_.push_back({send->after, send->message});
        }
    } else if (const auto* store = std::get_if<node::Store>(&effect)) {
        stores_.push_back(*store);
        if (stores_.size() == 1) {
            start_store(now);
        }
    } else if (const auto* load = std::get_if<node::Load>(&effect)) {
        loads_.push_back({*load, storage_->published()});
        port_.schedule({.at = now + disk_time(Site::disk_read_latency, microseconds(20),
                                        profile_.disk.read_mean),
            .a = incarnation_,
            .b = load->request,
            .node = node_.value,
            .kind = ItemKind::loaded});
    } else if (const auto* wake = std::get_if<node::WakeAt>(&effect)) {
        ++wake_generation_;
        if (wake->deadline != never) {
            port_.schedule({.at = std::max(now, clock_.world(wake->deadline)),
                .a = incarnation_,
                .b = wake_generation_,
                .node = node_.value,
                .kind = ItemKind::wake});
        }
    } else if (const auto* reply = std::get_if<node::Reply>(&effect)) {
        tell_edge(now, node::edge::Replied{reply->client, reply->reply});
    } else if (const auto* advanced = std::get_if<node::Advanced>(&effect)) {
        tell_edge(now, node::Advanced(*advanced));
    } else if (const auto* trace = std::get_if<node::Trace>(&effect)) {
        port_.transition(node_, trace->transition);
    } else if (const auto* work = std::get_if<node::StoreCut>(&effect)) {
        cut_work_.push_back(*work);
        if (cut_work_.size() == 1) {
            start_cut_work(now);
        }
    } else if (const auto* chunk = std::get_if<node::LoadChunk>(&effect)) {
        chunk_loads_.push_back(*chunk);
        port_.schedule({.at = now + disk_time(Site::disk_read_latency, microseconds(20),
                                        profile_.disk.read_mean),
            .a = incarnation_,
            .b = chunk->request,
            .node = node_.value,
            .kind = ItemKind::chunk_loaded});
    } else if (const auto* discard = std::get_if<node::Discard>(&effect)) {
        discard_ = node::Discard{discard->upto, discard->reuse && (!discard_ || discard_->reuse)};
        if (stores_.empty()) {
            discard_between_groups();
        }
    } else if (const auto* halt = std::get_if<node::Halt>(&effect)) {
        carry_out(now, *halt);
    }
}

void Host::carry_out(Instant, const node::Halt& halt) {
    halted_by_disk_ = disk_failing_.has_value();
    const bool names = halt.reason.find("entry ") != std::string::npos ||
                       halt.reason.find("index ") != std::string::npos;
    halted_for_loss_ = !halted_by_disk_ && profile_.media.unrestricted && names;
    if (!halted_by_disk_ && !halted_for_loss_) {
        port_.violated("no_unexplained_halt", "n" + std::to_string(node_.value) +
                                                  " halted without an injected cause: " +
                                                  halt.reason);
    }
}

Duration Host::disk_time(Site site, Duration min, Duration mean) {
    const std::uint64_t bits = choices_.choose(site, node_.value, ++disk_operations_, UINT64_MAX);
    if (calm_) {
        mean = std::min(mean, milliseconds(1));
    }
    const std::int64_t factor =
        !calm_ && profile_.disk.slow_node == node_.value ? profile_.disk.slow_factor : 1;
    if (factor > 1) {
        faults_.fire(Fault::slow_disk);
        faults_.consume(Fault::slow_disk);
    }
    return draw_latency(LatencyFamily::exponential, min, mean, bits) * factor;
}

Duration Host::store_time() {
    // Two statements: each draws, and compilers may evaluate the operands of + in any order.
    const Duration to_write = disk_time(Site::disk_write_latency, {}, profile_.disk.write_mean);
    const Duration to_sync =
        disk_time(Site::disk_sync_latency, profile_.disk.sync_min, profile_.disk.sync_mean);
    const Duration time = to_write + to_sync;
    return limps_ ? std::max(time, profile_.election_timeout * 7 / 10) : time;
}

void Host::inject_disk_error(DiskOperation operation) {
    if (!disk_error_ || disk_failing_ || struck_by(*disk_error_) != operation) {
        return;
    }
    Injection injection{.operation = operation};
    if (operation == DiskOperation::write) {
        // Of a full disk as of a broken one a part may have been taken.
        constexpr std::uint64_t bytes_max = 4096;
        const bool full = *disk_error_ == Fault::disk_full;
        injection.error = full ? log::Errc::no_space : log::Errc::io_error;
        injection.bytes_done =
            choices_.choose(Site::disk_error, node_.value, ++disk_errors_, bytes_max);
    }
    disk_.inject(injection);
    disk_failing_ = disk_error_;
    disk_error_.reset();
    faults_.fire(*disk_failing_);
}

void Host::start_store(Instant now) {
    // The bytes go to the page cache now; they are durable when the sync has returned.
    inject_disk_error(DiskOperation::write);
    write_failed_ = !storage_->write(*stores_.front().group);
    if (write_failed_) {
        blame_others();
    } else {
        felt_without_failing();
    }
    const Duration time = store_time();
    port_.schedule({.at = now + time,
        .a = incarnation_,
        .node = node_.value,
        .kind = ItemKind::stored});
    if (write_crash_armed_) {
        port_.schedule({.at = now + time / 2,
            .a = incarnation_,
            .node = node_.value,
            .kind = ItemKind::write_crash});
    }
}

void Host::on_stored(Instant now, const Item& item) {
    if (!up() || item.a != incarnation_) {
        return;
    }
    inject_disk_error(DiskOperation::sync);
    if (write_failed_ || !storage_->sync()) {
        store_failed(now);
        return;
    }
    felt_without_failing();
    audit_.synced(disk_);
    port_.synced(node_);
    const Ticket ticket = stores_.front().ticket;
    stores_.pop_front();
    stored_ = ticket;
    discard_between_groups();
    release_sends();
    if (!stores_.empty()) {
        start_store(now);
    }
    const std::span<const Index> damaged = storage_->damaged();
    step(now,
        node::Stored{ticket, {damaged.begin(), damaged.end()}, storage_->crowded()});
}

bool Host::reserve_is_used_up() {
    ByteVector scratch;
    const std::string name = log::path_in(data_directory, log::reserve_name);
    return disk_.durable_view(name, scratch).empty();
}

// A write found no space, once, and went on with that of the reserve.
void Host::felt_without_failing() {
    if (disk_failing_ == Fault::disk_full && !disk_.armed()) {
        LEDGER_SOMETIMES(true, "sim.full_disk_survived");
        felt();
        disk_failing_.reset();
    }
}

// Nothing was injected, but somebody else has the space; and there was more to write than the reserve
// has kept. Before that nobody may fail for it.
void Host::blame_others() {
    const bool other_cause = disk_failing_ && disk_failing_ != Fault::disk_read_failed;
    LEDGER_SOMETIMES(disk_.crowded(), "sim.reserve_was_not_enough");
    if (!other_cause && disk_.crowded() && reserve_is_used_up()) {
        disk_failing_ = Fault::disk_crowded;
    }
}

// The disk counts by itself what others made it refuse.
void Host::felt() {
    if (disk_failing_) {
        faults_.consume(*disk_failing_, disk_failing_ == Fault::disk_crowded ? 0 : 1);
    }
}

void Host::store_failed(Instant now) {
    blame_others();
    felt();
    step(now, node::StoreFailed{stores_.front().ticket});
}

void Host::release_sends() {
    while (!held_.empty() && held_.front().after <= stored_) {
        port_.send(held_.front().message);
        held_.pop_front();
    }
}

// An injected error has struck one of the reads since. The replica could do without, or the reader,
// which looks twice.
void Host::read_error_over() {
    if (disk_failing_ == Fault::disk_read_failed) {
        faults_.consume(Fault::disk_read_failed);
        disk_failing_.reset();
    }
}

void Host::on_loaded(Instant now, const Item& item) {
    if (!up() || item.a != incarnation_) {
        return;
    }
    const auto at = std::find_if(loads_.begin(), loads_.end(),
        [&](const PendingLoad& pending) { return pending.load.request == item.b; });
    LEDGER_ASSERT(at != loads_.end());
    const auto [load, map] = std::move(*at);
    loads_.erase(at);
    // As late as can be: meanwhile the log may have been truncated and extended again.
    inject_disk_error(DiskOperation::read);
    Result<std::vector<HashedEntry>> entries = node::perform_on(*reader_, *map, load);
    if (!entries && map != storage_->published()) {
        entries = node::perform_on(*reader_, *storage_->published(), load);
    }
    node::Loaded loaded{.request = load.request,
        .entries = {},
        .failed = !entries,
        .damaged = entries ? Index{} : reader_->damaged()};
    if (entries) {
        loaded.entries = std::move(*entries);
    }
    step(now, std::move(loaded));
    read_error_over();
}

// Only then is nothing un-synced that a later truncation could still concern.
void Host::discard_between_groups() {
    if (!discard_) {
        return;
    }
    discarded_ = std::max(discarded_, discard_->upto);
    const Result<void> done = storage_->discard(discard_->upto, discard_->reuse);
    LEDGER_ASSERT(done || disk_failing_);  // a failed group is told of at its end
    discard_.reset();
    audit_.synced(disk_);
}

void Host::start_cut_work(Instant now) {
    port_.schedule({.at = now + store_time(),
        .a = incarnation_,
        .node = node_.value,
        .kind = ItemKind::cut_work});
}

void Host::on_cut_work(Instant now, const Item& item) {
    if (!up() || item.a != incarnation_) {
        return;
    }
    const node::StoreCut work = std::move(cut_work_.front());
    cut_work_.pop_front();
    if (std::holds_alternative<node::StoreCut::Chunk>(work.work)) {
        inject_disk_error(DiskOperation::write);
    } else if (std::holds_alternative<node::StoreCut::Complete>(work.work)) {
        inject_disk_error(DiskOperation::sync);
    }
    const Result<std::uint32_t> done = node::perform_on(*cuts_, work);
    const bool no_space =
        !done && done.error().code == make_error_code(log::Errc::no_space);
    if (!done && !no_space) {
        blame_others();
        felt();
    } else {
        felt_without_failing();  // a cut can wait
    }
    audit_.synced(disk_);
    if (const auto* complete = std::get_if<node::StoreCut::Complete>(&work.work);
        complete != nullptr && done) {
        port_.cut_kept(node_, *complete->manifest);
    }
    if (!cut_work_.empty()) {
        start_cut_work(now);
    }
    step(now, node::CutStored{.request = work.request,
                  .chunks = done ? *done : 0,
                  .failed = !done,
                  .no_space = no_space});
}

void Host::on_chunk_loaded(Instant now, const Item& item) {
    if (!up() || item.a != incarnation_) {
        return;
    }
    const auto at = std::find_if(chunk_loads_.begin(), chunk_loads_.end(),
        [&](const node::LoadChunk& load) { return load.request == item.b; });
    LEDGER_ASSERT(at != chunk_loads_.end());
    const node::LoadChunk load = *at;
    chunk_loads_.erase(at);
    inject_disk_error(DiskOperation::read);
    Result<ByteVector> bytes = cuts_->read(load.cut, load.number);
    node::ChunkLoaded loaded{.request = load.request, .bytes = {}, .failed = !bytes};
    if (bytes) {
        loaded.bytes = std::move(*bytes);
    }
    step(now, std::move(loaded));
    read_error_over();
}

void Host::on_wake(Instant now, const Item& item) {
    if (up() && item.a == incarnation_ && item.b == wake_generation_) {
        step(now, node::Time{clock_.wall(now)});
    }
}

}  // namespace ledger::sim
