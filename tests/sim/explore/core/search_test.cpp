// Search: what is found, by the shortest way, and that nothing is left out.
#include "sim/explore/core/search.h"

#include <deque>
#include <map>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "tests/sim/explore/core/sample.h"

namespace ledger::sim {
namespace {

// All of a state as words, numbers of requests included; nothing of the search's own numbering.
std::vector<std::uint64_t> words_of(const CoreSteps& steps, const CoreState& state) {
    raft::StateWords words;
    for (std::uint32_t i = 0; i < steps.bounds().nodes; ++i) {
        steps.tables().node(state.nodes[i]).describe(words);
    }
    std::vector<std::vector<std::uint64_t>> packets;
    for (const PacketNumber number : state.packets_in_flight()) {
        raft::StateWords packet;
        describe(steps.tables().packet(number), packet);
        packets.emplace_back(packet.words().begin(), packet.words().end());
    }
    std::sort(packets.begin(), packets.end());
    std::vector<std::uint64_t> all(words.words().begin(), words.words().end());
    for (const auto& packet : packets) {
        all.push_back(packet.size());
        all.insert(all.end(), packet.begin(), packet.end());
    }
    const JudgeRecord& record = steps.tables().record(state.record);
    all.insert(all.end(), record.entries.begin(), record.entries.begin() + record.committed);
    all.insert(all.end(), record.terms.begin(), record.terms.begin() + record.committed);
    all.insert(all.end(), record.leaders.begin(), record.leaders.end());
    all.insert(all.end(), record.reads.begin(), record.reads.end());
    all.insert(all.end(), state.spent.begin(), state.spent.end());
    return all;
}

// The naive twin: whole states in a map, no fingerprints, no reductions.
std::uint64_t count_naively(std::string_view text) {
    CoreSteps steps(bounds_of(text), Reductions::none(), {});
    std::set<std::vector<std::uint64_t>> seen;
    std::deque<CoreState> queue{steps.first()};
    seen.insert(words_of(steps, queue.front()));
    while (!queue.empty()) {
        const CoreState state = queue.front();
        queue.pop_front();
        for (const Successor& next : steps.successors(state)) {
            REQUIRE(next.violation.empty());
            if (seen.insert(words_of(steps, next.state)).second) {
                queue.push_back(next.state);
            }
        }
    }
    return seen.size();
}

}  // namespace

TEST_CASE("search: fingerprints find as many states as whole states do", "[explore]") {
    for (const char* text :
        {"nodes=1 timeouts=2 requests=2 crashes=1", "nodes=2 timeouts=1 requests=1",
            "nodes=2 timeouts=1 crashes=1 heartbeats=1", "nodes=3 timeouts=1 messages=4"}) {
        INFO(text);
        const Searched all = search(text, Reductions::none());
        CHECK(all.result.end == SearchEnd::exhausted);
        CHECK(all.result.counts.distinct == count_naively(text));
    }
}

TEST_CASE("search: depth first visits the same states", "[explore]") {
    for (const char* text : {"nodes=2 timeouts=2 requests=1", "nodes=3 timeouts=1 requests=1"}) {
        const Searched breadth = search(text, Reductions{});
        const Searched depth = search(text, Reductions{}, SearchOrder::depth);
        CHECK(depth.result.end == SearchEnd::exhausted);
        CHECK(depth.result.counts.distinct == breadth.result.counts.distinct);
        CHECK(depth.result.counts.generated == breadth.result.counts.generated);
    }
}

TEST_CASE("search: three nodes, one election and one command, exhausted", "[explore]") {
    const Searched all = search("nodes=3 timeouts=1 requests=1", Reductions{});
    CHECK(all.result.end == SearchEnd::exhausted);
    CHECK(all.result.violation.empty());
    std::uint64_t sum = 0;
    for (const std::uint64_t level : all.result.counts.levels) {
        sum += level;
    }
    CHECK(sum == all.result.counts.distinct);
    CHECK(all.result.counts.levels.size() == all.result.counts.depth + 1);
    CHECK(all.result.counts.expanded == all.result.counts.distinct);
}

TEST_CASE("search: a target is reached by a shortest way", "[explore]") {
    // A pre-vote (time-out, question, answer), a vote on two disks (two writes, question, answer).
    const Searched found =
        search("nodes=3 timeouts=1", Reductions{}, SearchOrder::breadth, {.term = 1});
    REQUIRE(found.result.end == SearchEnd::reached);
    CHECK(found.result.actions.size() == 7);
    for (const Reductions& reductions : {Reductions{}, Reductions::none()}) {
        const Searched deep = search(
            "nodes=3 timeouts=1 requests=1", reductions, SearchOrder::breadth, {.committed = 1});
        REQUIRE(deep.result.end == SearchEnd::reached);
        CHECK(deep.result.actions.size() == 16);
    }
}

TEST_CASE("search: what no timeline leads to is known to be out of reach", "[explore]") {
    const Searched found =
        search("nodes=3 timeouts=1 requests=1", Reductions{}, SearchOrder::breadth, {.leaders = 2});
    CHECK(found.result.end == SearchEnd::exhausted);
    const Searched two =
        search("nodes=3 timeouts=2", Reductions{}, SearchOrder::breadth, {.leaders = 2});
    CHECK(two.result.end == SearchEnd::reached);
}

TEST_CASE("search: marks of the core are targets", "[explore]") {
    const Searched found = search("nodes=3 timeouts=2 requests=1", Reductions{},
        SearchOrder::breadth, {.mark = "raft.conflict_truncation"});
    CHECK(found.result.end == SearchEnd::reached);
}

TEST_CASE("search: depth and whoever watches end it, and it says so", "[explore]") {
    const Searched shallow = search("nodes=3 timeouts=1 depth=5", Reductions{});
    CHECK(shallow.result.end == SearchEnd::exhausted);
    CHECK(shallow.result.counts.cut_by_depth > 0);
    CHECK(shallow.result.counts.depth == 5);
    CoreSteps steps(bounds_of("nodes=3 timeouts=2 requests=1"), Reductions{}, {});
    PrintSet seen(1ULL << 28);
    CoreSearch stopped(steps, seen,
        {.watch = [](const SearchCounts& counts, std::uint64_t) { return counts.expanded < 100; },
            .watch_every = 10});
    CHECK(stopped.run().end == SearchEnd::stopped);
    CoreSteps again(bounds_of("nodes=3 timeouts=2 requests=1"), Reductions{}, {});
    PrintSet small(1);
    CoreSearch full(again, small, {});
    CHECK(full.run().end == SearchEnd::no_memory);
}

TEST_CASE("search: equal words are equal behaviour", "[explore]") {
    for (const char* text : {"nodes=3 timeouts=1 requests=1 heartbeats=1 crashes=1 late-everywhere",
             "nodes=2 timeouts=2 requests=1 transfers=1 late-everywhere",
             "nodes=2 timeouts=1 requests=1 cuts=1 heartbeats=1",
             "nodes=2 timeouts=2 reads=2 reads-anywhere crashes=1"}) {
        INFO(text);
        const CoreBounds bounds = bounds_of(text);
        CoreSteps steps(bounds, sound(bounds, {}), {});
        steps.tables().examine_twins(true);
        PrintSet seen(1ULL << 28);
        CoreSearch search(steps, seen,
            {.watch = [](const SearchCounts& counts,
                          std::uint64_t) { return counts.distinct < 60'000; },
                .watch_every = 100});
        const SearchResult result = search.run();
        CHECK(result.violation.empty());
        CHECK(steps.tables().twins_examined() > 50);
        CHECK(steps.tables().different_twin() == "");
    }
}

TEST_CASE("search: a walk by choices stays among the states of the search", "[explore]") {
    constexpr const char* text = "nodes=3 timeouts=1 requests=1 crashes=1 messages=6";
    CoreSteps steps(bounds_of(text), Reductions{.idle_deliveries = false}, {});
    PrintSet seen(1ULL << 28);
    CoreSearch search(steps, seen, {});
    REQUIRE(search.run().end == SearchEnd::exhausted);
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SeededChoices choices(seed);
        CoreState state = steps.first();
        for (std::uint64_t step = 0; step < 60; ++step) {
            const std::span<const Successor> next = steps.successors(state);
            if (next.empty()) {
                break;
            }
            const std::uint64_t which = choices.choose(Site::explore_step, 0, step, next.size());
            CHECK(seen.contains(next[which].print));
            state = next[which].state;
        }
    }
}

}  // namespace ledger::sim
