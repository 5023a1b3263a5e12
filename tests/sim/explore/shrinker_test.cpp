#include "sim/explore/shrinker.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::sim {
namespace {

using check::Decision;
using check::Range;
using check::Section;
using check::Setting;
using check::Unit;

Setting setting(Section section, const char* key, std::int64_t value) {
    return {section, key, Unit::count, Range::one(value)};
}

Decision decision(Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t answer) {
    return {site, entity, sequence, 1000, answer};
}

// A dumb world: it fails when the decisions and settings that it needs are there. What it needs only
// matters once it is on the tape, or for the right seed.
struct World final : TrialPort {
    std::vector<Decision> needed;
    std::vector<std::string> needed_settings;
    std::int64_t operations_needed = 1;
    std::uint32_t voters_needed = 1;
    std::uint64_t answer_needed = 1;  // of each needed decision at least
    std::vector<Decision> all;        // what a run decides
    std::vector<Decision> never_asked;
    std::uint64_t seed_needed = 0;    // 0 = any, while the seed answers
    std::uint32_t at_once = 1;
    std::uint64_t trials_left = UINT64_MAX;
    std::uint64_t batches_too_wide = 0;

    bool fails(const Candidate& candidate) const {
        const check::Scenario& scenario = candidate.scenario;
        const Range* operations = scenario.find(Section::workload, "operations");
        const bool settings = std::all_of(needed_settings.begin(), needed_settings.end(),
            [&](const std::string& key) { return scenario.find(Section::swarm, key) != nullptr; });
        const bool taped = scenario.answers == check::AnsweredBy::kind;
        const bool decided = std::all_of(needed.begin(), needed.end(), [&](const Decision& one) {
            return std::any_of(scenario.tape.begin(), scenario.tape.end(), [&](const Decision& other) {
                return other.site == one.site && other.entity == one.entity &&
                       other.sequence == one.sequence && other.answer >= answer_needed;
            });
        });
        return settings && scenario.voters >= voters_needed &&
               operations->value(0) >= operations_needed &&
               (taped ? decided : seed_needed == 0 || candidate.seed == seed_needed);
    }
    std::uint32_t width() const override { return at_once; }
    std::vector<Trial> run(std::span<const Candidate> candidates) override {
        batches_too_wide += candidates.size() > at_once ? 1u : 0u;
        std::vector<Trial> trials;
        for (const Candidate& candidate : candidates) {
            trials_left -= trials_left > 0 ? 1u : 0u;
            Trial trial{.same = fails(candidate), .steps = candidate.scenario.tape.size(), .asked = {}};
            for (std::uint32_t place = 0; place < candidate.scenario.tape.size(); ++place) {
                const Decision& one = candidate.scenario.tape[place];
                if (std::find(never_asked.begin(), never_asked.end(), one) == never_asked.end()) {
                    trial.asked.push_back(place);
                }
            }
            trials.push_back(std::move(trial));
        }
        return trials;
    }
    std::vector<Decision> record(const Candidate&) override { return all; }
    bool time_left(std::uint32_t) const override { return trials_left > 0; }
};

Candidate start() {
    Candidate candidate;
    candidate.scenario.voters = 5;
    candidate.scenario.answers = check::AnsweredBy::kind_settings;
    candidate.scenario.settings = {setting(Section::workload, "operations", 400),
        setting(Section::workload, "clients", 8), setting(Section::workload, "subscribers", 2),
        setting(Section::swarm, "net.loss", 5), setting(Section::swarm, "nemesis.hunt", 3),
        setting(Section::swarm, "disk.limp", 1)};
    candidate.scenario.nemesis = {{.time = seconds(1), .who = {.number = 1}, .length = seconds(1)},
        {.time = seconds(2), .who = {.number = 2}, .length = seconds(1)}};
    candidate.seed = 7;
    return candidate;
}

std::vector<Decision> many() {
    std::vector<Decision> all;
    for (std::uint64_t entity = 1; entity <= 8; ++entity) {
        for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
            all.push_back(decision(Site::network_latency, entity, sequence, 500));
            all.push_back(decision(Site::network_loss, entity, sequence, 900));
        }
    }
    return all;
}

}  // namespace

TEST_CASE("shrinker: what a failure needs is left, and nothing else", "[sim]") {
    World world;
    world.all = many();
    world.needed = {world.all[10], world.all[11], world.all[200]};
    world.needed_settings = {"nemesis.hunt"};
    world.operations_needed = 8;
    world.voters_needed = 3;
    world.answer_needed = 100;
    world.at_once = GENERATE(1u, 2u, 5u);
    REQUIRE(world.fails(start()));
    const Shrunk shrunk = shrink(start(), world);
    CHECK(shrunk.finished);
    CHECK(world.batches_too_wide == 0);
    const check::Scenario& small = shrunk.candidate.scenario;
    CHECK(small.answers == check::AnsweredBy::kind);
    CHECK(small.voters == 3);
    CHECK(small.find(Section::workload, "operations")->value(0) == 8);
    CHECK(small.find(Section::workload, "clients")->value(0) == 1);
    CHECK(small.find(Section::workload, "subscribers")->value(0) == 0);
    CHECK(small.find(Section::swarm, "nemesis.hunt") != nullptr);
    CHECK(decisions(small) == 4);
    REQUIRE(small.tape.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(small.tape[i].site == world.needed[i].site);
        CHECK(small.tape[i].entity == world.needed[i].entity);
        CHECK(small.tape[i].sequence == world.needed[i].sequence);
        CHECK(small.tape[i].answer == 125);  // the lowest of those tried that is enough
    }
    CHECK(small.nemesis.empty());
    CHECK(shrunk.decisions_before == 5);
}

TEST_CASE("shrinker: another seed is tried where the world has become smaller", "[sim]") {
    World world;
    world.all = many();
    world.needed = {world.all[3]};
    struct Picky final : TrialPort {
        World& inner;
        explicit Picky(World& world) : inner(world) {}
        std::uint32_t width() const override { return 2; }
        std::vector<Trial> run(std::span<const Candidate> candidates) override {
            std::vector<Trial> trials = inner.run(candidates);
            for (std::size_t i = 0; i < trials.size(); ++i) {
                const bool hunts = candidates[i].scenario.find(Section::swarm, "nemesis.hunt") != nullptr;
                const bool taped = candidates[i].scenario.answers == check::AnsweredBy::kind;
                trials[i].same = trials[i].same && (taped || hunts || candidates[i].seed % 20 == 12);
            }
            return trials;
        }
        std::vector<Decision> record(const Candidate& candidate) override {
            return inner.record(candidate);
        }
        bool time_left(std::uint32_t) const override { return true; }
    } picky(world);
    const Shrunk shrunk = shrink(start(), picky);
    CHECK(shrunk.candidate.seed % 20 == 12);
    CHECK(shrunk.candidate.scenario.find(Section::swarm, "nemesis.hunt") == nullptr);
    CHECK(decisions(shrunk.candidate.scenario) == 1);
}

TEST_CASE("shrinker: decisions that nobody asked for are none", "[sim]") {
    World world;
    world.all = many();
    world.needed = {world.all[0]};
    world.never_asked = {world.all[5], world.all[6]};
    world.trials_left = 1'000'000;
    const Shrunk shrunk = shrink(start(), world);
    CHECK(shrunk.candidate.scenario.tape.size() == 1);
}

TEST_CASE("shrinker: when the time is up, what there is still fails", "[sim]") {
    for (const std::uint64_t trials : std::initializer_list<std::uint64_t>{0, 1, 5, 20, 30}) {
        World world;
        world.all = many();
        world.needed = {world.all[10], world.all[100]};
        world.trials_left = trials;
        const Shrunk shrunk = shrink(start(), world);
        CHECK_FALSE(shrunk.finished);
        CHECK(world.fails(shrunk.candidate));
    }
}

TEST_CASE("shrinker: where the tape does not fail alike, the smaller world is the result", "[sim]") {
    World world;
    world.all = {};  // nothing that it needs is recorded
    world.needed = {decision(Site::network_loss, 1, 1, 900)};
    const Shrunk shrunk = shrink(start(), world);
    CHECK_FALSE(shrunk.finished);
    CHECK(shrunk.candidate.scenario.answers == check::AnsweredBy::kind_settings);
    CHECK(world.fails(shrunk.candidate));
    CHECK(decisions(shrunk.candidate.scenario) == 0);
}

TEST_CASE("shrinker: any needs are met, whatever is tried at once", "[sim]") {
    rc::prop("a subset of the decisions and settings", [] {
        World world;
        world.all = many();
        const auto places = *rc::gen::container<std::set<std::size_t>>(
            rc::gen::inRange<std::size_t>(0, world.all.size()));
        for (const std::size_t place : places) {
            world.needed.push_back(world.all[place]);
        }
        world.operations_needed = *rc::gen::element(1, 3, 64, 400);
        world.voters_needed = *rc::gen::inRange<std::uint32_t>(1, 6);
        world.at_once = *rc::gen::inRange<std::uint32_t>(1, 5);
        World twin = world;
        twin.at_once = 1;
        const Shrunk shrunk = shrink(start(), world);
        RC_ASSERT(shrunk.finished);
        RC_ASSERT(shrunk.candidate.scenario.tape.size() == places.size());
        RC_ASSERT(shrunk.candidate.scenario.voters == world.voters_needed);
        RC_ASSERT(world.fails(shrunk.candidate));
        RC_ASSERT(shrink(start(), twin).candidate.scenario == shrunk.candidate.scenario);
    });
}

}  // namespace ledger::sim
