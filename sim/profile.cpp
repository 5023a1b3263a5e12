#include "sim/profile.h"

#include <array>
#include <string>
#include <string_view>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

using check::KnownKey;
using check::Range;
using check::Section;
using check::Unit;

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;

constexpr std::array<KnownKey, 113> keys = {{
    {Section::swarm, "faults.for", Unit::duration, 0, 3600 * s},
    {Section::swarm, "knob.election_timeout", Unit::duration, 10 * ms, 10 * s},
    {Section::swarm, "knob.append_entries", Unit::count, 1, 4096},
    {Section::swarm, "knob.inflight_messages", Unit::count, 1, 256},
    {Section::swarm, "knob.uncommitted_kib", Unit::count, 1, 1 << 20},
    {Section::swarm, "knob.segment_kib", Unit::count, 4, 1 << 20},
    {Section::swarm, "knob.sessions", Unit::count, 1, 65'536},
    {Section::swarm, "knob.stored_replies", Unit::count, 1, 1024},
    {Section::swarm, "knob.entry_cache", Unit::count, 1, 1 << 20},
    {Section::swarm, "knob.apply_entries", Unit::count, 1, 4096},
    {Section::swarm, "knob.cut_entries", Unit::count, 0, 1 << 20},
    {Section::swarm, "knob.cut_chunk", Unit::count, 64, 1 << 20},
    {Section::swarm, "knob.retain_entries", Unit::count, 0, 1 << 20},
    {Section::swarm, "knob.kept_entries", Unit::count, 0, 1 << 20},
    {Section::swarm, "net.latency_family", Unit::count, 0, 4},
    {Section::swarm, "net.latency_min", Unit::duration, 0, 10 * s},
    {Section::swarm, "net.latency_mean", Unit::duration, 1 * us, 10 * s},
    {Section::swarm, "net.loss", Unit::share, 0, 900'000},
    {Section::swarm, "net.duplicate", Unit::share, 0, 900'000},
    {Section::swarm, "net.damage", Unit::share, 0, 900'000},
    {Section::swarm, "net.in_order", Unit::count, 0, 1},
    {Section::swarm, "net.client_loss", Unit::share, 0, 900'000},
    {Section::swarm, "disk.sync_mean", Unit::duration, 1 * us, 10 * s},
    {Section::swarm, "disk.slow_node", Unit::count, 0, 16},
    {Section::swarm, "disk.slow_factor", Unit::count, 1, 1000},
    {Section::swarm, "disk.crash_keep", Unit::share, 0, 1'000'000},
    {Section::swarm, "disk.crash_tear", Unit::share, 0, 1'000'000},
    {Section::swarm, "disk.crash_together", Unit::share, 0, 1'000'000},
    {Section::swarm, "disk.crash_split_size", Unit::share, 0, 1'000'000},
    {Section::swarm, "disk.crash_lose_entry", Unit::share, 0, 1'000'000},
    {Section::swarm, "nemesis.interval", Unit::duration, 1 * ms, 3600 * s},
    {Section::swarm, "nemesis.duration", Unit::duration, 1 * ms, 3600 * s},
    {Section::swarm, "nemesis.crashes", Unit::count, 0, 1},
    {Section::swarm, "nemesis.crash_storms", Unit::count, 0, 1},
    {Section::swarm, "nemesis.partitions", Unit::count, 0, 1},
    {Section::swarm, "nemesis.one_way", Unit::count, 0, 1},
    {Section::swarm, "nemesis.aim_at_leader", Unit::count, 0, 1},
    {Section::swarm, "nemesis.hunt", Unit::share, 0, 1'000'000},
    {Section::workload, "clients", Unit::count, 1, 256},
    {Section::workload, "streams", Unit::count, 1, 100'000},
    {Section::workload, "operations", Unit::count, 1, 100'000'000},
    {Section::workload, "think", Unit::duration, 0, 60 * s},
    {Section::workload, "reads", Unit::share, 0, 1'000'000},
    {Section::workload, "conditional", Unit::share, 0, 1'000'000},
    {Section::workload, "payload", Unit::count, 0, 1 << 20},
    {Section::workload, "operation_timeout", Unit::duration, 1 * ms, 3600 * s},
    {Section::workload, "attempt_timeout", Unit::duration, 1 * ms, 3600 * s},
    {Section::workload, "slow_back_off", Unit::duration, 1 * ms, 60 * s},
    {Section::workload, "subscribers", Unit::count, 0, 64},
    {Section::workload, "subscriber_window", Unit::count, 1, 1 << 20},
    {Section::swarm, "knob.edge_requests", Unit::count, 1, 65'536},
    {Section::swarm, "knob.page_events", Unit::count, 1, 4096},
    {Section::swarm, "knob.client_requests", Unit::count, 1, 65'536},
    {Section::swarm, "member.changes", Unit::count, 0, 1},
    {Section::swarm, "member.transfers", Unit::count, 0, 1},
    {Section::swarm, "member.wipes", Unit::count, 0, 1},
    {Section::swarm, "member.spares", Unit::count, 0, 4},
    {Section::swarm, "member.interval", Unit::duration, 1 * ms, 3600 * s},
    {Section::swarm, "clock.skew", Unit::duration, 0, 30 * 24 * 3600 * s},
    {Section::swarm, "clock.drift", Unit::share, 0, 300'000},
    {Section::swarm, "nemesis.bridges", Unit::count, 0, 1},
    {Section::swarm, "nemesis.pauses", Unit::count, 0, 1},
    {Section::swarm, "nemesis.disk_stalls", Unit::count, 0, 1},
    {Section::swarm, "nemesis.disk_errors", Unit::count, 0, 1},
    {Section::swarm, "nemesis.clock_jumps", Unit::count, 0, 1},
    {Section::swarm, "knob.leases", Unit::count, 0, 1},
    {Section::swarm, "knob.apply_time", Unit::duration, 0, 1 * ms},
    {Section::workload, "read_anywhere", Unit::share, 0, 1'000'000},
    {Section::swarm, "disk.limp", Unit::count, 0, 1},
    {Section::swarm, "knob.old_nodes", Unit::count, 0, 16},
    {Section::swarm, "knob.catch_up_entries", Unit::count, 1, 65'536},
    {Section::swarm, "knob.catch_up_kib_per_second", Unit::count, 1, 1 << 20},
    {Section::swarm, "knob.cut_kib_per_second", Unit::count, 1, 1 << 20},
    {Section::swarm, "knob.cut_transfers", Unit::count, 1, 16},
    {Section::workload, "pinned", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.use", Unit::count, 0, 1},
    {Section::swarm, "knob.scrub_kib_per_second", Unit::count, 0, 1 << 20},
    {Section::swarm, "media.rot", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.sector_error", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.phantom_write", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.misdirected_write", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.misdirected_read", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.stale_read", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.crowd", Unit::share, 0, 1'000'000},
    {Section::swarm, "media.at_records", Unit::count, 0, 100},
    {Section::swarm, "media.at_blocks", Unit::count, 0, 100},
    {Section::swarm, "media.at_headers", Unit::count, 0, 100},
    {Section::swarm, "media.at_footers", Unit::count, 0, 100},
    {Section::swarm, "media.at_hard_state", Unit::count, 0, 100},
    {Section::swarm, "media.at_cuts", Unit::count, 0, 100},
    {Section::swarm, "media.at_anything", Unit::count, 0, 100},
    {Section::swarm, "media.unsealed", Unit::count, 0, 1},
    {Section::swarm, "media.unrestricted", Unit::count, 0, 1},
    {Section::swarm, "disk.whole_pages", Unit::count, 0, 1},
    {Section::swarm, "knob.allocate_kib", Unit::count, 0, 1 << 20},
    {Section::swarm, "knob.spare_segments", Unit::count, 0, 16},
    {Section::swarm, "knob.reserve_kib", Unit::count, 0, 1 << 20},
    {Section::swarm, "knob.soft_limit_kib", Unit::count, 0, 1 << 20},
    {Section::workload, "redactions", Unit::share, 0, 1'000'000},
    {Section::swarm, "knob.erase_delay", Unit::duration, 0, 3600 * s},
    {Section::swarm, "knob.erase_entries", Unit::count, 1, 65'536},
    {Section::swarm, "check.canary", Unit::count, 0, 1},
    {Section::swarm, "net.spread_percent", Unit::count, 0, 10'000},
    {Section::swarm, "net.kib_per_second", Unit::count, 16, 1 << 20},
    {Section::swarm, "net.buffer_kib", Unit::count, 1, 1 << 20},
    {Section::swarm, "nemesis.rings", Unit::count, 0, 1},
    {Section::swarm, "nemesis.flapping", Unit::count, 0, 1},
    {Section::swarm, "nemesis.clogs", Unit::count, 0, 1},
    {Section::swarm, "nemesis.slow_links", Unit::count, 0, 1},
    {Section::swarm, "nemesis.half_open", Unit::count, 0, 1},
    {Section::swarm, "nemesis.aim_at_roles", Unit::count, 0, 1},
    {Section::swarm, "check.unsteady", Unit::count, 0, 1},
    {Section::swarm, "run.marathon", Unit::count, 0, 99},
}};

// Draws one key: inside the scenario's range if it has one, else inside the swarm's own. The
// first value of a range is the kind one.
class Drawer {
  public:
    Drawer(ChoiceSource& choices, const check::Scenario& scenario)
        : choices_(choices), scenario_(scenario) {}

    // Of the keys drawn so far.
    std::vector<check::Setting> take_unkind() { return std::move(unkind_); }

    std::int64_t operator()(std::string_view key, const Range& own) {
        for (std::size_t number = 0; number < keys.size(); ++number) {
            if (keys[number].key == key) {
                const Range range = scenario_.get(keys[number].section, key, own);
                const std::int64_t value = range.value(
                    choices_.choose(Site::nemesis_profile, number, 0, range.domain()));
                if (value != own.value(0)) {
                    unkind_.push_back({keys[number].section, std::string(key), keys[number].unit,
                        Range::one(value)});
                }
                return value;
            }
        }
        LEDGER_ASSERT(false && "a key that is not in the table");
    }
    std::uint32_t number(std::string_view key, const Range& own) {
        return static_cast<std::uint32_t>((*this)(key, own));
    }
    Duration duration(std::string_view key, const Range& own) { return {(*this)(key, own)}; }
    bool flag(std::string_view key, const Range& own) { return (*this)(key, own) != 0; }

  private:
    ChoiceSource& choices_;
    const check::Scenario& scenario_;
    std::vector<check::Setting> unkind_;
};

void draw_network(Drawer& draw, NetworkProfile& network) {
    network.family = static_cast<LatencyFamily>(
        draw.number("net.latency_family", Range::between(0, 4)));
    network.latency_min = draw.duration("net.latency_min", Range::among({50 * us, 200 * us}));
    network.latency_mean = draw.duration(
        "net.latency_mean", Range::among({200 * us, 500 * us, 1 * ms, 2 * ms, 5 * ms, 20 * ms}));
    network.loss = draw.number("net.loss", Range::among({0, 0, 2'000, 10'000, 50'000, 200'000}));
    network.duplicate =
        draw.number("net.duplicate", Range::among({0, 0, 5'000, 50'000, 300'000}));
    network.damage = draw.number("net.damage", Range::among({0, 0, 1'000, 10'000}));
    network.in_order = draw.flag("net.in_order", Range::among({1, 0}));
    network.spread = draw.number("net.spread_percent", Range::among({0, 0, 100, 500}));
    // 1 GiB/s and no end of a buffer, or a thin wire that drops what it cannot hold.
    network.bytes_per_millisecond =
        std::uint64_t{draw.number("net.kib_per_second", Range::among({1 << 20, 1 << 20, 4096, 512}))} *
        1024 / 1000;
    network.buffer_bytes =
        std::uint64_t{draw.number("net.buffer_kib", Range::among({1 << 20, 256, 16}))} << 10;
    network.client_loss = draw.number("net.client_loss", Range::among({0, 5'000, 30'000}));
}

void draw_nemesis(Drawer& draw, NemesisProfile& nemesis) {
    nemesis.interval_mean = draw.duration(
        "nemesis.interval", Range::among({150 * ms, 300 * ms, 600 * ms, 1200 * ms}));
    nemesis.duration_mean = draw.duration(
        "nemesis.duration", Range::among({100 * ms, 300 * ms, 800 * ms, 1500 * ms}));
    nemesis.crashes = draw.flag("nemesis.crashes", Range::among({1, 1, 1, 1, 0}));
    nemesis.crash_storms = draw.flag("nemesis.crash_storms", Range::among({0, 1}));
    nemesis.partitions = draw.flag("nemesis.partitions", Range::among({1, 1, 0}));
    nemesis.one_way = draw.flag("nemesis.one_way", Range::among({0, 1}));
    nemesis.aim_at_leader = draw.flag("nemesis.aim_at_leader", Range::among({0, 1}));
    nemesis.bridges = draw.flag("nemesis.bridges", Range::among({0, 1}));
    nemesis.rings = draw.flag("nemesis.rings", Range::among({0, 1}));
    nemesis.flapping = draw.flag("nemesis.flapping", Range::among({0, 1}));
    nemesis.clogs = draw.flag("nemesis.clogs", Range::among({0, 1}));
    nemesis.slow_links = draw.flag("nemesis.slow_links", Range::among({0, 1}));
    nemesis.half_open = draw.flag("nemesis.half_open", Range::among({0, 1}));
    nemesis.aim_at_roles = draw.flag("nemesis.aim_at_roles", Range::among({0, 1}));
    nemesis.pauses = draw.flag("nemesis.pauses", Range::among({0, 1}));
    nemesis.disk_stalls = draw.flag("nemesis.disk_stalls", Range::among({0, 1}));
    nemesis.disk_errors = draw.flag("nemesis.disk_errors", Range::among({0, 1, 1}));
    nemesis.clock_jumps = draw.flag("nemesis.clock_jumps", Range::among({0, 0, 1}));
    // Successions of leaders that get little done are where old terms meet (Raft figure 8).
    nemesis.hunt = draw.number("nemesis.hunt", Range::among({0, 500'000, 900'000}));
}

// In a part of the seeds, and then far more often than any device does (storage reference, T20).
void draw_media(Drawer& draw, MediaProfile& media) {
    media.use = draw.flag("media.use", Range::among({0, 1, 0}));
    media.rot = draw.number("media.rot", Range::among({300'000, 100'000, 0}));
    media.sector_error = draw.number("media.sector_error", Range::among({200'000, 0}));
    media.phantom_write = draw.number("media.phantom_write", Range::among({250'000, 0}));
    media.misdirected_write = draw.number("media.misdirected_write", Range::among({300'000, 0}));
    media.misdirected_read = draw.number("media.misdirected_read", Range::among({250'000, 0}));
    media.stale_read = draw.number("media.stale_read", Range::among({250'000, 0}));
    media.crowd = draw.number("media.crowd", Range::among({0, 150'000}));
    media.unsealed = draw.flag("media.unsealed", Range::one(0));
    media.unrestricted = draw.flag("media.unrestricted", Range::one(0));
    const Range shares = Range::among({1, 4, 0});
    media.at_records = draw.number("media.at_records", shares);
    media.at_blocks = draw.number("media.at_blocks", shares);
    media.at_headers = draw.number("media.at_headers", shares);
    media.at_footers = draw.number("media.at_footers", shares);
    media.at_hard_state = draw.number("media.at_hard_state", shares);
    media.at_cuts = draw.number("media.at_cuts", shares);
    media.at_anything = draw.number("media.at_anything", shares);
}

void draw_membership(Drawer& draw, MembershipProfile& membership) {
    membership.changes = draw.flag("member.changes", Range::among({0, 1}));
    membership.transfers = draw.flag("member.transfers", Range::among({0, 1, 0}));
    membership.wipes = draw.flag("member.wipes", Range::among({1, 1, 1, 0}));
    membership.spares = draw.number("member.spares", Range::among({1, 2, 0}));
    membership.interval =
        draw.duration("member.interval", Range::among({300 * ms, 100 * ms, 800 * ms}));
}

void draw_workload(Drawer& draw, bool marathon, WorkloadProfile& workload) {
    workload.clients = draw.number("clients", Range::among({3, 5, 8, 16}));
    workload.streams = draw.number("streams", Range::among({2, 6, 20}));
    workload.operations_max = draw.number("operations",
        marathon ? Range::among({8'000, 16'000}) : Range::among({400, 700, 1000, 1600}));
    workload.think_mean =
        draw.duration("think", Range::among({2 * ms, 8 * ms, 20 * ms}));
    workload.reads = draw.number("reads", Range::among({150'000, 300'000}));
    workload.redactions = draw.number("redactions", Range::among({0, 20'000, 150'000, 0}));
    workload.conditional = draw.number("conditional", Range::among({200'000, 600'000}));
    workload.payload_max = draw.number("payload", Range::among({32, 200, 1000}));
    workload.operation_timeout =
        draw.duration("operation_timeout", Range::among({10 * s, 2 * s, 500 * ms}));
    workload.attempt_timeout =
        draw.duration("attempt_timeout", Range::among({1 * s, 400 * ms, 100 * ms}));
    workload.slow_back_off =
        draw.duration("slow_back_off", Range::among({100 * ms, 40 * ms, 10 * ms}));
    workload.subscribers = draw.number("subscribers", Range::among({1, 2}));
    workload.subscriber_window =
        draw.number("subscriber_window", Range::among({1 << 20, 4096, 300}));
    workload.pinned = draw.number("pinned", Range::among({0, 0, 400'000}));
    workload.read_anywhere = draw.number("read_anywhere", Range::among({0, 0, 500'000}));
}

Profile draw_all(Drawer& draw, const check::Scenario& scenario) {
    Profile profile;
    profile.nodes = scenario.voters;
    // One seed in a hundred.
    profile.marathon = draw.number("run.marathon", Range::between(0, 99)) == 99;
    profile.faults_for = draw.duration("faults.for",
        profile.marathon ? Range::among({60 * s, 90 * s}) : Range::among({3 * s, 5 * s, 8 * s}));
    profile.election_timeout =
        draw.duration("knob.election_timeout", Range::among({150 * ms, 100 * ms, 300 * ms}));
    profile.append_entries_max =
        draw.number("knob.append_entries", Range::among({64, 4, 1}));
    profile.inflight_messages_max =
        draw.number("knob.inflight_messages", Range::among({16, 16, 2, 1}));
    profile.uncommitted_bytes_max =
        std::uint64_t{draw.number("knob.uncommitted_kib", Range::among({1024, 1024, 16}))} << 10;
    profile.segment_bytes =
        std::uint64_t{draw.number("knob.segment_kib", Range::among({256, 64, 16, 8}))} << 10;
    profile.allocate_bytes =
        std::uint64_t{draw.number("knob.allocate_kib", Range::among({0, 16, 64}))} << 10;
    profile.spare_segments = draw.number("knob.spare_segments", Range::among({0, 2}));
    profile.reserve_bytes =
        std::uint64_t{draw.number("knob.reserve_kib", Range::among({64, 256, 32}))} << 10;
    profile.soft_limit_bytes =
        std::uint64_t{draw.number("knob.soft_limit_kib", Range::among({128, 512, 32}))} << 10;
    profile.sessions_max = draw.number("knob.sessions", Range::among({1024, 1024, 24}));
    profile.stored_replies_max = draw.number("knob.stored_replies", Range::among({8, 1}));
    profile.limits.entry_cache_entries =
        draw.number("knob.entry_cache", Range::among({4096, 64, 4}));
    profile.limits.apply_entries_max =
        draw.number("knob.apply_entries", Range::among({256, 256, 3}));
    profile.limits.cut_entries = draw.number("knob.cut_entries",
        profile.marathon ? Range::among({150, 600}) : Range::among({0, 0, 150, 30}));
    profile.limits.cut_chunk_bytes =
        draw.number("knob.cut_chunk", Range::among({64 << 10, 4096, 256}));
    profile.limits.retain_entries =
        draw.number("knob.retain_entries",
            profile.marathon ? Range::among({100, 400}) : Range::among({0, 100, 20}));
    profile.limits.kept_entries_min = draw.number("knob.kept_entries", Range::among({64, 4}));
    profile.limits.kept_entries_max = profile.limits.kept_entries_min * 8;
    profile.limits.discard_entries = 8;
    profile.limits.erase_delay =
        draw.duration("knob.erase_delay", Range::among({300 * ms, 20 * ms, 1 * s}));
    profile.limits.erase_entries_max = draw.number("knob.erase_entries", Range::among({256, 2}));
    profile.limits.cut_bytes_per_second =
        std::uint64_t{draw.number("knob.cut_kib_per_second", Range::among({65'536, 65'536, 32}))} << 10;
    profile.limits.cut_transfers_max = draw.number("knob.cut_transfers", Range::among({2, 1}));
    profile.edge.requests_max =
        draw.number("knob.edge_requests", Range::among({65'536, 65'536, 3}));
    profile.edge.client_requests_max =
        draw.number("knob.client_requests", Range::among({1024, 1024, 1}));
    profile.edge.page_events_max = draw.number("knob.page_events", Range::among({1024, 2}));
    profile.leases = draw.flag("knob.leases", Range::among({0, 1}));
    profile.old_nodes = draw.number("knob.old_nodes", Range::among({0, 0, 0, 0, 1, 16}));
    profile.catch_up_entries_max =
        draw.number("knob.catch_up_entries", Range::among({4096, 4096, 64, 1}));
    profile.catch_up_bytes_per_second =
        std::uint64_t{draw.number("knob.catch_up_kib_per_second", Range::among({65'536, 256}))} << 10;
    profile.apply_time = draw.duration("knob.apply_time", Range::among({0, 0, 20 * us, 200 * us}));
    profile.clock.skew = draw.duration("clock.skew", Range::among({0, 3600 * s, 720 * 3600 * s}));
    profile.clock.drift =
        draw.number("clock.drift", Range::among({0, 0, 10'000, 50'000, 200'000}));
    draw_network(draw, profile.network);
    profile.disk.limp = draw.flag("disk.limp", Range::among({0, 1}));
    profile.disk.sync_mean =
        draw.duration("disk.sync_mean", Range::among({100 * us, 400 * us, 2 * ms, 8 * ms}));
    profile.disk.slow_node = draw.number("disk.slow_node", Range::among({0, 0, 1, 2, 3}));
    profile.disk.slow_factor = draw.number("disk.slow_factor", Range::among({5, 20}));
    profile.disk.keep =
        draw.number("disk.crash_keep", Range::among({500'000, 0, 200'000, 700'000}));
    profile.disk.tear = draw.number("disk.crash_tear", Range::among({0, 300'000, 800'000}));
    profile.disk.together =
        draw.number("disk.crash_together", Range::among({600'000, 0, 1'000'000}));
    profile.disk.split_size =
        draw.number("disk.crash_split_size", Range::among({200'000, 0, 700'000}));
    profile.disk.lose_entry =
        draw.number("disk.crash_lose_entry", Range::among({500'000, 200'000, 900'000}));
    profile.disk.whole_pages = draw.flag("disk.whole_pages", Range::among({0, 0, 1}));
    draw_nemesis(draw, profile.nemesis);
    draw_media(draw, profile.media);
    profile.limits.scrub_bytes_per_second = std::uint64_t{
        draw.number("knob.scrub_kib_per_second", Range::among({1024, 64, 0}))} << 10;
    profile.limits.scrub_read_bytes = 4u << 10;
    profile.limits.scrub_start = milliseconds(100);
    profile.limits.scrub_pause = milliseconds(500);
    draw_membership(draw, profile.membership);
    if (profile.membership.changes) {
        profile.old_nodes = 0;  // one that is added after an upgrade cannot work, and says so
    }
    draw_workload(draw, profile.marathon, profile.workload);
    profile.unsteady = draw.flag("check.unsteady", Range::one(0));
    profile.canary = draw.flag("check.canary", Range::one(0));
    return profile;
}

}  // namespace

std::span<const check::KnownKey> scenario_keys() {
    return keys;
}

Profile draw_profile(ChoiceSource& choices, const check::Scenario& scenario) {
    Drawer draw(choices, scenario);
    return draw_all(draw, scenario);
}

std::vector<check::Setting> unkind_settings(ChoiceSource& choices, const check::Scenario& scenario) {
    Drawer draw(choices, scenario);
    draw_all(draw, scenario);
    return draw.take_unkind();
}

}  // namespace ledger::sim
