#include "sim/program/guided_search.h"

#include <set>

#include <catch2/catch.hpp>

#include "sim/check/fingerprint.h"
#include "sim/program/trials.h"

namespace ledger::sim {
namespace {

Met met(std::initializer_list<std::uint64_t> situations, std::uint64_t steps = 100) {
    Met one;
    one.ok = true;
    one.steps = steps;
    std::uint64_t step = 0;
    for (const std::uint64_t situation : situations) {
        one.situations.emplace_back(situation, step += 10);
    }
    return one;
}

check::Scenario small() {
    check::Scenario scenario;
    scenario.name = "small";
    const auto set = [&](check::Section section, const char* key, std::int64_t value) {
        scenario.set(section, key, check::Unit::count, check::Range::one(value));
    };
    set(check::Section::workload, "operations", 60);
    set(check::Section::workload, "clients", 3);
    scenario.set(check::Section::swarm, "faults.for", check::Unit::duration,
        check::Range::one(seconds(1).nanoseconds));
    return scenario;
}

TEST_CASE("a corpus branches off where something was met first, and nowhere else") {
    Corpus corpus(1);
    CHECK(corpus.next().branches.empty());
    CHECK(corpus.add({.seed = 5, .branches = {}}, met({1, 2, 3})) == 3);
    CHECK(corpus.add({.seed = 6, .branches = {}}, met({1, 2, 3})) == 0);  // nothing new
    CHECK(corpus.size() == 1);
    CHECK(corpus.add({.seed = 5, .branches = {{20, 9}}}, met({1, 2, 4})) == 1);
    std::set<std::uint64_t> steps;
    std::uint64_t fresh = 0;
    for (int i = 0; i < 200; ++i) {
        const Timeline timeline = corpus.next();
        fresh += timeline.branches.empty() ? 1u : 0u;
        if (timeline.branches.empty()) {
            continue;
        }
        CHECK(timeline.seed == 5);
        steps.insert(timeline.branches.back().step);
        // What a branch is cut off from is not kept.
        for (std::size_t place = 1; place < timeline.branches.size(); ++place) {
            CHECK(timeline.branches[place - 1].step < timeline.branches[place].step);
        }
    }
    CHECK(steps == std::set<std::uint64_t>{10, 20, 30});
    CHECK(fresh > 20);
    CHECK(fresh < 100);
}

TEST_CASE("the same search asks for the same timelines") {
    Corpus a(7);
    Corpus b(7);
    for (int i = 0; i < 50; ++i) {
        const Timeline one = a.next();
        const Timeline other = b.next();
        CHECK(one.seed == other.seed);
        CHECK(one.branches == other.branches);
        const Met seen = met({static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i) + 1});
        a.add(one, seen);
        b.add(other, seen);
    }
}

TEST_CASE("a run that branches is the run before it up to there, and the same each time") {
    const ScenarioChoice any{.file = "given", .nodes = 0};
    const Timeline plain{.seed = 3, .branches = {}};
    const Timeline branched{.seed = 3, .branches = {{300, 77}}};
    const std::vector<Met> all = meet(small(), any, {plain, branched, branched});
    REQUIRE(all.size() == 3);
    for (const Met& one : all) {
        CHECK(one.ok);
        CHECK(one.situations.size() > 10);
        CHECK(one.passages.size() >= one.situations.size() / 2);
        CHECK_FALSE(one.marks.empty());
    }
    CHECK(all[1].situations == all[2].situations);
    CHECK(all[1].steps == all[2].steps);
    REQUIRE(all[0].steps > 600);
    CHECK(all[0].situations != all[1].situations);
    const auto before = [](const Met& one) {
        auto list = one.situations;
        std::erase_if(list, [](const auto& what) { return what.second >= 300; });
        return list;
    };
    CHECK(before(all[0]) == before(all[1]));
}

TEST_CASE("what a branched run finds is found again from its decisions alone") {
    check::Scenario scenario = small();
    scenario.set(check::Section::swarm, "check.canary", check::Unit::count, check::Range::one(1));
    const ScenarioChoice any{.file = "given", .nodes = 0};
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const Timeline timeline{.seed = seed, .branches = {{500, seed + 1'000}}};
        const Met found = meet(scenario, any, {timeline}).front();
        if (!found.violation || found.violation->step < 600) {
            continue;
        }
        const Seen again = find(spell_out(scenario, any, timeline));
        REQUIRE(again.violation);
        CHECK(*again.violation == *found.violation);
        return;
    }
    FAIL("no branched run had reason to sing");
}

}  // namespace
}  // namespace ledger::sim
