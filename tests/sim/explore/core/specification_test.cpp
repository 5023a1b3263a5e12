// Specification: what the production core does is what the paper allows, and the other way round
// how much.
#include "sim/explore/core/specification.h"

#include <deque>
#include <set>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "tests/sim/explore/core/sample.h"

namespace ledger::sim {
namespace {

namespace spec = specification;

using Nodes = std::vector<spec::Node>;

// All node states of the specification that these bounds allow, and how many states there are.
struct Space {
    std::set<Nodes> nodes;
    std::uint64_t states = 0;
};

Space space_of_specification(const CoreBounds& bounds) {
    Space space;
    std::set<spec::State> seen{spec::first(bounds.nodes)};
    std::deque<spec::State> queue(seen.begin(), seen.end());
    while (!queue.empty()) {
        const spec::State state = queue.front();
        queue.pop_front();
        space.nodes.insert(state.nodes);
        for (std::uint8_t who = 1; who <= bounds.nodes; ++who) {
            const auto request = static_cast<std::uint8_t>(
                state.requests < bounds.of(Spent::requests) ? state.requests + 1 : 0);
            spec::actions(state, who, request, [&](spec::State&& next) {
                const bool restarted = next.nodes[who - 1u].commit < state.nodes[who - 1u].commit;
                const bool within = next.timeouts <= bounds.of(Spent::timeouts) && !restarted;
                if (within && seen.insert(next).second) {
                    queue.push_back(std::move(next));
                }
            });
        }
    }
    space.states = seen.size();
    return space;
}

Nodes abstraction(const CoreSteps& steps, const CoreState& state) {
    Nodes nodes;
    for (std::uint32_t i = 0; i < steps.bounds().nodes; ++i) {
        nodes.push_back(spec::abstraction(steps.tables(), state.nodes[i]));
    }
    return nodes;
}

Space space_of_core(const CoreBounds& bounds) {
    Space space;
    CoreSteps steps(bounds, Reductions{.symmetry = false}, {});
    PrintSet seen(1ULL << 30);
    std::deque<CoreState> queue{steps.first()};
    (void)seen.insert(steps.print_of(queue.front()));
    while (!queue.empty()) {
        const CoreState state = queue.front();
        queue.pop_front();
        space.nodes.insert(abstraction(steps, state));
        for (const Successor& next : steps.successors(state)) {
            REQUIRE(next.violation.empty());
            if (seen.insert(next.print).value_or(false)) {
                queue.push_back(next.state);
            }
        }
    }
    space.states = seen.size();
    return space;
}

// A leader of term 1 with its no-op and one command, which one follower holds.
spec::State led() {
    spec::State state = spec::first(3);
    const auto does = [&state](std::uint8_t who, const spec::Node& after) {
        REQUIRE(spec::conforms(state, who, after));
    };
    const EntryMark noop = (1u << 24) | (1u << 16);
    const EntryMark command = (1u << 24) | (2u << 16) | 1;
    does(1, {1, 1, spec::Role::candidate, {}, 0});
    does(2, {1, 1, spec::Role::follower, {}, 0});
    does(1, {1, 1, spec::Role::leader, {noop}, 0});
    does(1, {1, 1, spec::Role::leader, {noop, command}, 0});
    does(2, {1, 1, spec::Role::follower, {noop, command}, 0});
    return state;
}

}  // namespace

TEST_CASE("specification: it takes what the paper's figure 2 says", "[explore]") {
    spec::State state = led();
    spec::Node leader = state.nodes[0];
    leader.commit = 2;
    CHECK(spec::conforms(state, 1, leader));
    spec::Node late = state.nodes[2];
    late = {1, 0, spec::Role::follower, leader.log, 2};
    CHECK(spec::conforms(state, 3, late));
}

TEST_CASE("specification: it takes nothing that the paper forbids", "[explore]") {
    const auto forbidden = [](std::uint8_t who, const spec::Node& after) {
        spec::State state = led();
        const spec::State before = state;
        const bool taken = spec::conforms(state, who, after);
        return !taken && state == before;
    };
    const spec::State state = led();
    const spec::Node& leader = state.nodes[0];
    const spec::Node& follower = state.nodes[1];
    spec::Node wrong = follower;
    wrong.vote = 3;  // a second vote in one term
    CHECK(forbidden(2, wrong));
    wrong = follower;
    wrong.term = 0;
    CHECK(forbidden(2, wrong));
    wrong = follower;
    wrong.term = 2;  // which nobody mentioned
    wrong.vote = 0;
    CHECK(forbidden(2, wrong));
    wrong = follower;
    wrong.log.pop_back();  // a request that was delayed shortens nothing
    CHECK(forbidden(2, wrong));
    wrong = follower;
    wrong.log.back() = (1u << 24) | (2u << 16) | 7;  // what its leader never said
    CHECK(forbidden(2, wrong));
    wrong = follower;
    wrong.commit = 1;  // nothing is committed yet
    CHECK(forbidden(2, wrong));
    wrong = leader;
    wrong.log.pop_back();
    CHECK(forbidden(1, wrong));
    wrong = state.nodes[2];
    wrong.term = 1;
    wrong.vote = 3;
    wrong.role = spec::Role::leader;  // nobody voted for it
    CHECK(forbidden(3, wrong));
    spec::State alone = spec::first(3);
    REQUIRE(spec::conforms(alone, 1, {1, 1, spec::Role::candidate, {}, 0}));
    CHECK(!spec::conforms(alone, 1, {1, 1, spec::Role::leader, {(1u << 24) | (1u << 16)}, 0}));
}

TEST_CASE("specification: an entry of an older term is not committed by counting", "[explore]") {
    spec::State state = led();
    const auto log = state.nodes[0].log;
    // n2 leads term 2 with what it holds; n3 takes it, without the no-op of term 2.
    REQUIRE(spec::conforms(state, 2, {2, 2, spec::Role::candidate, log, 0}));
    REQUIRE(spec::conforms(state, 3, {2, 2, spec::Role::follower, {}, 0}));
    auto longer = log;
    longer.push_back((2u << 24) | (1u << 16));
    REQUIRE(spec::conforms(state, 2, {2, 2, spec::Role::leader, longer, 0}));
    REQUIRE(spec::conforms(state, 3, {2, 2, spec::Role::follower, log, 0}));
    CHECK(!spec::conforms(state, 2, {2, 2, spec::Role::leader, longer, 2}));
    REQUIRE(spec::conforms(state, 3, {2, 2, spec::Role::follower, longer, 0}));
    CHECK(spec::conforms(state, 2, {2, 2, spec::Role::leader, longer, 3}));
}

TEST_CASE("specification: every step of the production core is one of the paper", "[explore]") {
    const CoreBounds bounds = bounds_of(
        "nodes=3 timeouts=5 requests=4 heartbeats=4 crashes=2 duplicates=3 "
        "transfers=2 reads=1 prompt-disks");
    CoreSteps steps(bounds, sound(bounds, {.idle_deliveries = false}), {});
    std::uint64_t checked = 0;
    std::uint64_t elections = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SeededChoices choices(seed);
        CoreState state = steps.first();
        spec::State seen = spec::first(bounds.nodes);
        for (std::uint64_t step = 0; step < 120; ++step) {
            const std::span<const Successor> all = steps.successors(state);
            if (all.empty()) {
                break;
            }
            const Successor next = all[choices.choose(Site::explore_step, 0, step, all.size())];
            REQUIRE(next.violation.empty());
            const NodeId who = next.action.node;
            const spec::Node after =
                spec::abstraction(steps.tables(), next.state.nodes[who.value - 1]);
            INFO("seed " << seed << ", step " << step << ": " << to_text(next.action.event.act));
            REQUIRE(spec::conforms(seen, static_cast<std::uint8_t>(who.value), after));
            elections += after.role == spec::Role::leader ? 1u : 0u;
            ++checked;
            state = next.state;
        }
    }
    CHECK(checked > 5'000);
    CHECK(elections > 100);
}

TEST_CASE("specification: the core reaches only what the specification reaches", "[explore]") {
    for (const char* text :
        {"nodes=2 timeouts=1 requests=1 prompt-disks", "nodes=2 timeouts=2 requests=1 prompt-disks",
            "nodes=3 timeouts=1 requests=1 prompt-disks"}) {
        const CoreBounds bounds = bounds_of(text);
        const Space paper = space_of_specification(bounds);
        const Space core = space_of_core(bounds);
        const bool included = std::includes(
            paper.nodes.begin(), paper.nodes.end(), core.nodes.begin(), core.nodes.end());
        INFO(text << ": specification " << paper.states << " states, " << paper.nodes.size()
                  << " of nodes; core " << core.states << " states, " << core.nodes.size()
                  << " of nodes");
        CHECK(included);
        CHECK(core.nodes.size() * 20 > paper.nodes.size());
        WARN(text << ": specification " << paper.states << " states, " << paper.nodes.size()
                  << " of nodes; core " << core.states << " states, " << core.nodes.size()
                  << " of nodes");
    }
}

}  // namespace ledger::sim
