#include "sim/world.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "sim/check/scenario.h"
#include "tests/source_directory.h"

namespace ledger::sim {
namespace {

// Small enough for a unit test, with every kind of trouble in it.
constexpr std::string_view tiny = R"(scenario 1
name     tiny
cluster  voters=3

[swarm]
faults.for            = 2s
knob.election_timeout = 100ms
knob.segment_kib      = 8
net.loss              = {0%, 1%, 5%}
net.duplicate         = {0%, 5%}
net.damage            = {0%, 0.5%}
net.client_loss       = 1%
net.latency_mean      = {200us, 1ms}
disk.sync_mean        = {100us, 1ms}
nemesis.interval      = {100ms, 200ms}
nemesis.duration      = 150ms
nemesis.crashes       = 1
nemesis.crash_storms  = {0, 1}
nemesis.partitions    = 1
nemesis.one_way       = 1
nemesis.aim_at_leader = {0, 1}
nemesis.hunt          = {0%, 50%}
nemesis.bridges       = 1
nemesis.pauses        = 1
nemesis.disk_stalls   = 1
nemesis.disk_errors   = 1
nemesis.clock_jumps   = 1
clock.skew            = {0ms, 3600s}
clock.drift           = {0%, 5%}

[workload]
clients    = 4
operations = 200
think      = 8ms
payload    = 64
)";

Profile profile_of(ChoiceSource& choices) {
    Result<check::Scenario> scenario = check::parse_scenario(tiny, scenario_keys());
    REQUIRE(static_cast<bool>(scenario));
    return draw_profile(choices, *scenario);
}

// Ids of imported events, apart from those of the probe after the faults.
constexpr std::uint64_t imported = std::uint64_t{1} << 63;

// Looks at everything and remembers what must be in order.
class Watcher final : public StepObserver {
  public:
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override {
        REQUIRE(step == steps + 1);
        REQUIRE(now >= last);
        REQUIRE(node.value >= 1);
        REQUIRE(node.value <= 5);  // with the spare ones
        steps = step;
        last = now;
        kinds.insert(event.index());
    }
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override {
        ++finished;
        applied = std::max(applied, replica.applied());
        all_effects += effects.size();
    }

    std::uint64_t steps = 0;
    std::uint64_t finished = 0;
    std::uint64_t all_effects = 0;
    Index applied;
    Instant last;
    std::set<std::size_t> kinds;
};

RunResult run(std::uint64_t seed, StepObserver* observer = nullptr,
    std::uint64_t kept_operations = 0) {
    SeededChoices choices(seed);
    World world(profile_of(choices),
        {.seed = seed, .observer = observer, .kept_operations = kept_operations}, choices);
    return world.run();
}

std::string hash_line(const RunResult& result) {
    return fmt::format("seed {} {:016x}{:016x} {} steps\n", result.seed, result.trace_hash.high(),
        result.trace_hash.low(), result.steps);
}

void compare_with_golden(const std::string& name, const std::string& text) {
    const std::string path = source_directory() + "/tests/golden/" + name;
    if (std::getenv("LEDGER_REWRITE_GOLDEN") != nullptr) {
        std::ofstream(path) << text;
        return;
    }
    std::ifstream file(path);
    INFO("golden file " << path << "; LEDGER_REWRITE_GOLDEN=1 writes it anew");
    REQUIRE(file.is_open());
    std::ostringstream expected;
    expected << file.rdbuf();
    CHECK(text == expected.str());
}

bool same(const RunResult& a, const RunResult& b) {
    if (a.trace_hash != b.trace_hash || a.steps != b.steps || a.verdict != b.verdict ||
        a.virtual_time != b.virtual_time || a.checks != b.checks ||
        a.operations.ok != b.operations.ok || a.operations.failed != b.operations.failed ||
        a.operations.unknown != b.operations.unknown) {
        return false;
    }
    for (std::size_t i = 0; i < fault_count; ++i) {
        if (a.faults.counts[i].fired != b.faults.counts[i].fired ||
            a.faults.counts[i].consumed != b.faults.counts[i].consumed) {
            return false;
        }
    }
    return true;
}

std::uint64_t examined(const RunResult& result, const std::string& name) {
    for (const check::CheckResult& check : result.checks) {
        if (check.name == name) {
            return check.examined;
        }
    }
    FAIL("no check " << name);
    return 0;
}

// Answers like a seed, but gives every election time-out the same length, so that all replicas
// campaign at once and every vote is split.
class SplitVotes final : public ChoiceSource {
  public:
    explicit SplitVotes(std::uint64_t seed) : seeded_(seed) {}
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        const bool timing = site == Site::election_jitter || site == Site::disk_sync_latency ||
                            site == Site::disk_write_latency;
        return timing ? 0 : seeded_.choose(site, entity, sequence, domain);
    }

  private:
    SeededChoices seeded_;
};

}  // namespace

TEST_CASE("world: the same seed is the same run, every time and in every order", "[sim]") {
    std::vector<RunResult> first;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        first.push_back(run(seed));
    }
    std::set<std::pair<std::uint64_t, std::uint64_t>> hashes;
    for (std::uint64_t seed = 5; seed >= 1; --seed) {
        INFO("seed " << seed);
        CHECK(same(run(seed), first[seed - 1]));
        const Hash128& hash = first[seed - 1].trace_hash;
        CHECK(hashes.emplace(hash.high(), hash.low()).second);
    }
}

TEST_CASE("world: watching a run and keeping its history do not change it", "[sim]") {
    const RunResult plain = run(3);
    Watcher watcher;
    const RunResult watched = run(3, &watcher, UINT64_MAX);
    CHECK(same(plain, watched));
    CHECK(watcher.steps == plain.steps);
    CHECK(watcher.finished == plain.steps);
    CHECK(watcher.all_effects > plain.steps / 2);
    CHECK(watcher.applied.value > 100);
    // Start, Message, Stored, Time, Client at the least.
    CHECK(watcher.kinds.size() >= 5);
    CHECK(same(plain, run(3, nullptr, 7)));
}

TEST_CASE("world: the trace hashes of tiny runs are these", "[sim]") {
    std::string text;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        text += hash_line(run(seed));
    }
    compare_with_golden("sim/hashes.txt", text);
}

TEST_CASE("world: runs are ok, no check is idle, and every promised number is counted", "[sim]") {
    RunResult sum;
    std::uint64_t cuts = 0;
    std::uint64_t erased = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const RunResult result = run(seed);
        INFO("seed " << seed << (result.violation ? ": " + result.violation->sentence : ""));
        REQUIRE(result.verdict == check::Verdict::ok);
        CHECK_FALSE(result.violation);
        CHECK(result.seed == seed);
        CHECK(result.steps > 500);
        CHECK(result.virtual_time > seconds(0));
        CHECK(result.checks.size() == 13);
        for (const check::CheckResult& check : result.checks) {
            INFO(check.name);
            if (check.name == "cuts") {  // not every world makes any
                cuts += check.examined;
                continue;
            }
            if (check.name == "erasure") {  // nor redacts
                erased += check.examined;
                continue;
            }
            CHECK(check.verdict == check::CheckResult::Verdict::ok);
            CHECK(check.examined > 0);
        }
        CHECK(examined(result, "raft_invariants") == result.steps);
        SeededChoices again(seed);
        const Profile profile = profile_of(again);
        // Members may have left by the end, but two are always left.
        CHECK(examined(result, "convergence") >= (profile.membership.changes ? 2 : profile.nodes));
        CHECK(result.operations.ok >= result.acknowledged_appends);
        CHECK(result.acknowledged_appends > 50);
        CHECK(result.events_in_ledger > 0);
        CHECK(result.faults.of(Fault::crash).fired >=
              result.faults.of(Fault::crash_before_sync).fired);
        sum.faults.add(result.faults);
        sum.operations.unknown += result.operations.unknown;
        sum.operations.failed += result.operations.failed;
        sum.leader_changes += result.leader_changes;
        sum.leader_changes_with_uncommitted += result.leader_changes_with_uncommitted;
        sum.crash_recoveries += result.crash_recoveries;
        sum.crash_recoveries_with_loss += result.crash_recoveries_with_loss;
    }
    CHECK(sum.operations.unknown > 0);
    CHECK(sum.operations.failed > 0);
    CHECK(sum.leader_changes > 0);
    CHECK(sum.leader_changes_with_uncommitted > 0);
    CHECK(sum.leader_changes_with_uncommitted <= sum.leader_changes);
    CHECK(sum.crash_recoveries > 0);
    CHECK(cuts > 0);
    CHECK(erased > 0);
    CHECK(sum.crash_recoveries_with_loss > 0);
    for (const Fault fault : {Fault::message_lost, Fault::message_duplicated,
             Fault::message_damaged, Fault::message_cut, Fault::partition_symmetric,
             Fault::partition_one_way, Fault::isolate_leader, Fault::crash, Fault::crash_leader,
             Fault::crash_storm, Fault::crash_mid_step, Fault::crash_before_sync,
             Fault::crash_in_recovery, Fault::restart, Fault::request_lost, Fault::reply_lost,
             Fault::disk_lost_write, Fault::partition_bridge, Fault::pause, Fault::disk_stall,
             Fault::disk_write_failed, Fault::disk_sync_failed, Fault::disk_full,
             Fault::clock_skew, Fault::clock_drift, Fault::clock_jump}) {
        INFO(fault_name(fault));
        CHECK(sum.faults.of(fault).fired > 0);
        CHECK(sum.faults.of(fault).consumed <= sum.faults.of(fault).fired);
    }
}

TEST_CASE("world: between faults and after them it is calm in some worlds", "[sim]") {
    std::uint64_t worlds = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SeededChoices choices(seed);
        World world(profile_of(choices), {.seed = seed}, choices);
        REQUIRE(world.run().verdict == check::Verdict::ok);
        worlds += world.judge().settled_moments() > 0 ? 1u : 0u;
    }
    CHECK(worlds >= 4);
}

TEST_CASE("world: full disks halt nobody while reserves suffice, and all goes on", "[sim]") {
    FaultCounts sum;
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        INFO("seed " << seed);
        SeededChoices choices(seed);
        Profile profile = profile_of(choices);
        profile.nemesis.crashes = false;
        profile.nemesis.crash_storms = false;
        profile.nemesis.disk_errors = false;
        profile.nemesis.hunt = 0;
        profile.membership.changes = false;
        profile.media = {.crowd = 1'000'000};
        profile.reserve_bytes = 2u << 20;
        profile.soft_limit_bytes = 256u << 10;
        World world(profile, {.seed = seed}, choices);
        const RunResult result = world.run();
        CHECK(result.verdict == check::Verdict::ok);
        CHECK(result.acknowledged_appends > 20);
        refused += result.operations.failed;
        sum.add(result.faults);
    }
    CHECK(sum.of(Fault::disk_crowded).fired > 100);
    CHECK(sum.of(Fault::disk_crowded).consumed > 20);
    // A disk may be full again before its reserve is back: then its node halts.
    CHECK(sum.of(Fault::restart).fired * 10 < sum.of(Fault::disk_crowded).fired);
    CHECK(refused > 0);
}

TEST_CASE("world: whoever comes, goes and loses a disk, of what is harmed a copy is left", "[sim]") {
    std::uint64_t harms = 0;
    std::uint64_t moves = 0;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        INFO("seed " << seed);
        SeededChoices choices(seed);
        Profile profile = profile_of(choices);
        // Nothing makes a node read again what it has.
        profile.nemesis.crashes = false;
        profile.nemesis.disk_errors = false;
        profile.nemesis.interval_mean = milliseconds(150);
        profile.limits.entry_cache_entries = 65'536;
        profile.membership = {.changes = true, .transfers = true, .wipes = true, .spares = 1,
            .interval = milliseconds(100)};
        profile.old_nodes = 0;  // as for any swarm whose members change
        profile.media = {.rot = 1'000'000, .sector_error = 1'000'000, .at_blocks = 0,
            .at_headers = 0, .at_footers = 0, .at_hard_state = 0, .at_cuts = 0};
        World world(profile, {.seed = seed}, choices);
        const RunResult result = world.run();
        INFO((result.violation ? result.violation->sentence : result.reason));
        CHECK(result.verdict == check::Verdict::ok);
        CHECK(result.beyond_repair == 0);
        harms += result.harms;
        moves += result.faults.of(Fault::disk_wiped).fired +
                 result.faults.of(Fault::membership_changed).fired;
    }
    CHECK(harms > 200);
    CHECK(moves > 40);
}

TEST_CASE("world: a rotten chunk that nobody reads is found by scrubbing and mended", "[sim]") {
    class Chunks final : public StepObserver {
      public:
        void stepping(std::uint64_t, Instant, NodeId, const node::Event& event) override {
            const auto* loaded = std::get_if<node::ChunkLoaded>(&event);
            unreadable += loaded != nullptr && loaded->failed ? 1u : 0u;
        }
        void stepped(const node::Replica&, std::span<const node::Effect> effects) override {
            for (const node::Effect& effect : effects) {
                const auto* store = std::get_if<node::StoreCut>(&effect);
                const bool mends = store != nullptr &&
                                   std::holds_alternative<node::StoreCut::Mend>(store->work);
                mended += mends ? 1u : 0u;
            }
        }
        std::uint64_t unreadable = 0;
        std::uint64_t mended = 0;
    };
    for (const bool scrubbing : {false, true}) {
        Chunks seen;
        std::uint64_t harms = 0;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            SeededChoices choices(seed);
            Profile profile = profile_of(choices);
            // Nothing makes a node read a cut, of its own or for another.
            profile.nemesis = {.interval_mean = milliseconds(50), .crashes = false,
                .partitions = false, .one_way = false, .aim_at_leader = false};
            profile.membership = {};
            profile.network = {};
            profile.disk.slow_node = 0;
            profile.limits.cut_entries = 60;
            profile.limits.retain_entries = 0;
            profile.limits.scrub_bytes_per_second = scrubbing ? 1u << 20 : 0;
            profile.media = {.rot = 1'000'000, .at_records = 0, .at_blocks = 0, .at_headers = 0,
                .at_footers = 0, .at_hard_state = 0, .at_anything = 0};
            World world(profile, {.seed = seed, .observer = &seen}, choices);
            const RunResult result = world.run();
            CHECK(result.verdict == check::Verdict::ok);
            harms += result.harms;
        }
        CHECK(harms > 0);
        CHECK((seen.unreadable > 0) == scrubbing);
        CHECK((seen.mended > 0) == scrubbing);
    }
}

TEST_CASE("world: without restrictions the last copies go as well", "[sim]") {
    std::uint64_t beyond = 0;
    std::uint64_t waits = 0;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        SeededChoices choices(seed);
        Profile profile = profile_of(choices);
        profile.nemesis.crashes = false;
        profile.nemesis.disk_errors = false;
        profile.limits.entry_cache_entries = 65'536;
        profile.nemesis.interval_mean = milliseconds(20);
        profile.media = {.rot = 1'000'000, .sector_error = 1'000'000, .at_blocks = 0,
            .at_headers = 0, .at_footers = 0, .at_hard_state = 0, .at_cuts = 0,
            .unrestricted = true};
        World world(profile, {.seed = seed}, choices);
        const RunResult result = world.run();
        INFO("seed " << seed << (result.violation ? ": " + result.violation->sentence : ""));
        // Who needs one of them says so and waits, or halts: nothing is lost in silence.
        CHECK(result.verdict == check::Verdict::ok);
        waits += result.waits_for_loss ? 1u : 0u;
        beyond += result.beyond_repair;
    }
    CHECK(beyond > 0);
    CHECK(waits > 0);
}

TEST_CASE("world: without faults nothing is lost and the leader stays", "[sim]") {
    SeededChoices choices(1);
    Profile profile = profile_of(choices);
    profile.network = {};
    profile.disk.slow_node = 0;
    profile.membership = {};
    profile.clock = {};
    profile.media = {};
    profile.nemesis = {.crashes = false, .partitions = false, .one_way = false};
    World world(profile, {.seed = 1}, choices);
    const RunResult result = world.run();
    CHECK(result.verdict == check::Verdict::ok);
    for (std::size_t i = 0; i < fault_count; ++i) {
        INFO(fault_name(static_cast<Fault>(i)));
        CHECK(result.faults.counts[i].fired == 0);
    }
    CHECK(result.leader_changes == 0);
    CHECK(result.crash_recoveries == 0);
    CHECK(world.judge().settled_moments() > 0);
    CHECK(result.crash_recoveries_with_loss == 0);
}

TEST_CASE("world: a cluster that never elects a leader breaks the liveness promise", "[sim]") {
    SplitVotes choices(1);
    Profile profile = profile_of(choices);
    profile.network = {.family = LatencyFamily::constant};
    profile.disk = {};
    profile.clock = {};
    profile.nemesis = {.crashes = false, .partitions = false, .one_way = false};
    profile.faults_for = milliseconds(200);
    World world(profile, {.seed = 1}, choices);
    const RunResult result = world.run();
    REQUIRE(result.verdict == check::Verdict::violated);
    REQUIRE(result.violation);
    CHECK(result.violation->check == "liveness");
    CHECK(result.violation->kind == check::Kind::liveness);
    CHECK(result.violation->step == result.steps);
    CHECK(result.violation->sentence.starts_with("no leader within 2000 ms"));
}

TEST_CASE("world: an import ends up in every replica's ledger, in its order", "[sim]") {
    std::vector<state::Append> appends;
    for (std::uint64_t number = 0; number < 40; ++number) {
        state::Append append;
        append.streams = {{"file-" + std::to_string(number % 5),
            number < 5 ? state::Expected{state::Expected::Kind::no_stream, {}}
                       : state::Expected{state::Expected::Kind::exact, Revision{number / 5 - 1}}}};
        append.events.push_back({.stream = 0, .id = {imported, number}, .type = "changed"});
        appends.push_back(append);
    }
    SeededChoices choices(9);
    World world(profile_of(choices), {.seed = 9, .input = &appends}, choices);
    const RunResult result = world.run();
    INFO((result.violation ? result.violation->sentence : ""));
    CHECK(result.verdict == check::Verdict::ok);
    REQUIRE(world.import() != nullptr);
    CHECK(world.import()->done() == appends.size());
    CHECK(world.import()->refused().empty());
    for (const auto& host : world.hosts()) {
        const state::Ledger& ledger = host->machine().ledger();
        const auto page = ledger.locate(state::ReadStream{
            "file-3", Revision{0}, state::Direction::forward, 100});
        REQUIRE(page.has_value());
        CHECK(page->stream_length == 8);
        CHECK(ledger.length().value >= 40);
    }
}

TEST_CASE("world: an input that contradicts itself is refused at its place", "[sim]") {
    std::vector<state::Append> appends(3);
    for (std::uint64_t number = 0; number < 3; ++number) {
        appends[number].streams = {{"file", {state::Expected::Kind::no_stream, {}}}};
        appends[number].events.push_back({.stream = 0, .id = {imported, number}, .type = "made"});
    }
    SeededChoices choices(9);
    World world(profile_of(choices), {.seed = 9, .input = &appends}, choices);
    CHECK(world.run().verdict == check::Verdict::ok);
    REQUIRE(world.import()->refused().size() == 2);
    CHECK(world.import()->refused()[0].place == 1);
    CHECK(world.import()->refused()[1].place == 2);
    CHECK(world.import()->refused()[0].conflict);
}

}  // namespace ledger::sim
