// Histories of simulated clusters, and generated ones: ok as they are, violated with any bug in
// them.

#include <map>

#include <catch2/catch.hpp>

#include "sim/check/scenario.h"
#include "sim/world.h"
#include "tests/sim/check/log_history/judged.h"
#include "tests/sim/check/log_history/log_generator.h"
#include "tests/sim/check/log_history/log_injected.h"

namespace ledger::check::test {
namespace {

constexpr std::string_view scenario_text = R"(scenario 1
name     log-history
cluster  voters=3

[swarm]
faults.for            = 2s
knob.election_timeout = 100ms
net.loss              = {0%, 5%}
net.latency_mean      = {200us, 1ms}
nemesis.interval      = {100ms, 200ms}
nemesis.duration      = 150ms
nemesis.crashes       = 1
nemesis.partitions    = 1
nemesis.pauses        = 1

[workload]
clients    = 6
operations = 300
think      = 4ms
payload    = 16
)";

std::string simulated(std::uint64_t seed) {
    const Result<Scenario> scenario = parse_scenario(scenario_text, sim::scenario_keys());
    REQUIRE(static_cast<bool>(scenario));
    SeededChoices choices(seed);
    sim::World world(sim::draw_profile(choices, *scenario),
        {.seed = seed, .kept_operations = UINT64_MAX}, choices);
    const sim::RunResult result = world.run();
    INFO("seed " << seed);
    REQUIRE(result.verdict == Verdict::ok);
    return world.judge().history_jsonl();
}

void every_bug_is_found(
    const std::string& text, std::uint64_t seed, std::map<LogBug, std::uint64_t>& planted) {
    for (std::uint8_t number = 0; number < static_cast<std::uint8_t>(LogBug::last); ++number) {
        const auto bug = static_cast<LogBug>(number);
        LogHistory history = history_of(text);
        if (!LogInjection(history, seed * 100 + number).plant(bug)) {
            continue;
        }
        ++planted[bug];
        const Judgement judgement = judged(history);
        const std::vector<std::string> names = names_of(bug);
        const bool named = std::any_of(
            judgement.anomalies.begin(), judgement.anomalies.end(), [&](const Anomaly& anomaly) {
                return std::find(names.begin(), names.end(), anomaly.name) != names.end();
            });
        if (!named) {
            FAIL("seed " << seed << ", bug " << names.front() << ": " << verdict_of(judgement));
        }
    }
}

}  // namespace

TEST_CASE("log: simulated histories are ok, with every bug class they are not", "[check]") {
    std::map<LogBug, std::uint64_t> planted;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const std::string text = simulated(seed);
        const Judgement judgement = judged(text);
        INFO("seed " << seed << ": " << judgement.reason
                     << (judgement.anomalies.empty() ? "" : judgement.anomalies[0].sentence));
        CHECK(verdict_of(judgement) == "ok");
        CHECK(counted(judgement, "ok appends") > 20);
        CHECK(counted(judgement, "ok reads") > 5);
        every_bug_is_found(text, seed, planted);
    }
    // A cluster of ours is not asked for the length alone.
    CHECK(planted.size() >= static_cast<std::size_t>(LogBug::last) - 1);
}

TEST_CASE("log: generated histories are ok, with every bug class they are not", "[check]") {
    std::map<LogBug, std::uint64_t> planted;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        const std::string text = generated_log({.seed = seed,
            .operations = 60 + seed,
            .clients = 2 + seed % 7,
            .unknown_percent = seed % 20});
        CHECK(verdict_of(text) == "ok");
        every_bug_is_found(text, seed, planted);
    }
    for (std::uint8_t number = 0; number < static_cast<std::uint8_t>(LogBug::last); ++number) {
        CHECK(planted[static_cast<LogBug>(number)] > 50);
    }
}

}  // namespace ledger::check::test
