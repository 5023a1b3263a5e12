#include "sim/tape.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/profile.h"
#include "sim/world.h"

namespace ledger::sim {
namespace {

using check::AnsweredBy;
using check::Decision;
using check::Scenario;

Scenario with(std::vector<Decision> tape, AnsweredBy answers) {
    Scenario scenario;
    scenario.tape = std::move(tape);
    scenario.answers = answers;
    return scenario;
}

}  // namespace

TEST_CASE("tape: what is on it is answered so, all else as the scenario says", "[sim]") {
    const SeededChoices of_seed(7);
    SeededChoices seeded(7);
    const Decision one{Site::test_a, 1, 2, 100, 42};
    const Scenario by_seed = with({one}, AnsweredBy::seed);
    const Scenario kind = with({one}, AnsweredBy::kind);
    const Scenario kind_settings = with({one}, AnsweredBy::kind_settings);
    TapeChoices first(by_seed, 7, {});
    TapeChoices second(kind, 7, {});
    TapeChoices third(kind_settings, 7, {});
    for (TapeChoices* choices : {&first, &second, &third}) {
        CHECK(choices->choose(Site::test_a, 1, 2, 100) == 42);
        CHECK(choices->choose(Site::test_a, 1, 2, 10) == 9);  // its domain has become smaller
    }
    CHECK(first.choose(Site::test_a, 1, 3, 1000) == seeded.choose(Site::test_a, 1, 3, 1000));
    CHECK(second.choose(Site::test_a, 1, 3, 1000) == 0);
    CHECK(third.choose(Site::test_a, 1, 3, 1000) == seeded.choose(Site::test_a, 1, 3, 1000));
    CHECK(third.choose(Site::nemesis_profile, 1, 0, 1000) == 0);
    CHECK(first.choose(Site::nemesis_profile, 1, 0, 1000) ==
          seeded.choose(Site::nemesis_profile, 1, 0, 1000));
}

TEST_CASE("tape: something that is on it strikes whatever its chance", "[sim]") {
    const Scenario kind = with({{Site::test_a, 1, 2, 2, 1}}, AnsweredBy::kind);
    TapeChoices choices(kind, 1, {});
    CHECK(choices.strikes(Site::test_a, 1, 2, 0));
    CHECK_FALSE(choices.strikes(Site::test_a, 1, 3, 1'000'000));
}

TEST_CASE("tape: whoever listens is told of each decision once, when it is asked for", "[sim]") {
    const Scenario kind =
        with({{Site::test_a, 1, 1, 9, 3}, {Site::test_a, 1, 2, 9, 4}, {Site::test_b, 1, 1, 9, 5}},
            AnsweredBy::kind);
    std::vector<std::uint32_t> played;
    TapeChoices choices(kind, 1, [&](std::uint32_t place) { played.push_back(place); });
    choices.choose(Site::test_b, 1, 1, 9);
    choices.choose(Site::test_a, 1, 1, 9);
    choices.choose(Site::test_b, 1, 1, 9);
    choices.choose(Site::test_b, 1, 2, 9);
    CHECK(played == std::vector<std::uint32_t>{2, 0});
}

TEST_CASE("tape: what was recorded and is played to kind answers is the same run", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Scenario scenario;
        using check::Range;
        using check::Section;
        using check::Unit;
        scenario.set(Section::workload, "operations", Unit::count, Range::one(150));
        scenario.set(Section::swarm, "faults.for", Unit::duration, Range::one(1'000'000'000));
        const auto run = [&](const Scenario& of, std::vector<Decision>* recorded) {
            TapeChoices tape(of, seed, {});
            RecordingChoices recording(tape, [&](const Decision& decision) {
                if (recorded != nullptr) {
                    recorded->push_back(decision);
                }
            });
            const Profile profile = draw_profile(recording, of);
            World world(profile, {.seed = seed}, recording);
            return world.run().trace_hash;
        };
        Scenario taped = scenario;
        taped.answers = AnsweredBy::kind;
        const Hash128 first = run(scenario, &taped.tape);
        REQUIRE(taped.tape.size() > 100);
        CHECK(run(taped, nullptr) == first);
        // Not every decision matters, but the first hundred together do.
        taped.tape.erase(taped.tape.begin(), taped.tape.begin() + 100);
        CHECK(run(taped, nullptr) != first);
    }
}

TEST_CASE("tape: the settings that are not kind make the same world", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Scenario any;
        SeededChoices seeded(seed);
        Scenario said = any;
        said.settings = unkind_settings(seeded, any);
        said.answers = AnsweredBy::kind;
        TapeChoices kind(said, seed, {});
        const Profile drawn = draw_profile(seeded, any);
        const Profile again = draw_profile(kind, said);
        CHECK(again.nodes == drawn.nodes);
        CHECK(again.segment_bytes == drawn.segment_bytes);
        CHECK(again.network.loss == drawn.network.loss);
        CHECK(again.network.latency_mean == drawn.network.latency_mean);
        CHECK(again.nemesis.hunt == drawn.nemesis.hunt);
        CHECK(again.media.rot == drawn.media.rot);
        CHECK(again.workload.clients == drawn.workload.clients);
        CHECK(again.workload.operations_max == drawn.workload.operations_max);
        CHECK(again.faults_for == drawn.faults_for);
        // And once more: nothing that is said is left out.
        CHECK(unkind_settings(kind, said) == said.settings);
    }
}

}  // namespace ledger::sim
