// Reductions: with each of them and without, the same verdict and the same states of nodes.
#include <catch2/catch.hpp>

#include "sim/explore/core/bounds.h"
#include "tests/sim/explore/core/sample.h"

namespace ledger::sim {
namespace {

// Small enough to be searched without any reduction. In all but the last ones every state is
// reached.
constexpr const char* configurations[] = {
    "nodes=1 timeouts=2 requests=2 crashes=2",
    "nodes=1 timeouts=2 requests=2 reads=2 crashes=1",
    "nodes=1 timeouts=1 requests=3 cuts=2 crashes=1",
    "nodes=2 timeouts=1 requests=1",
    "nodes=2 timeouts=2",
    "nodes=2 timeouts=2 prompt-disks",
    "nodes=2 timeouts=1 requests=2",
    "nodes=2 timeouts=1 requests=2 prompt-disks",
    "nodes=2 timeouts=1 crashes=1",
    "nodes=2 timeouts=1 crashes=2 prompt-disks",
    "nodes=2 timeouts=1 requests=1 crashes=1",
    "nodes=2 timeouts=1 heartbeats=1",
    "nodes=2 timeouts=1 heartbeats=2 prompt-disks",
    "nodes=2 timeouts=1 requests=1 heartbeats=1 prompt-disks",
    "nodes=2 timeouts=1 reads=1",
    "nodes=2 timeouts=1 reads=2 prompt-disks",
    "nodes=2 timeouts=1 reads=1 reads-anywhere prompt-disks",
    "nodes=2 timeouts=1 reads=1 crashes=1 prompt-disks",
    "nodes=2 timeouts=1 duplicates=1",
    "nodes=2 timeouts=1 requests=1 duplicates=1 prompt-disks",
    "nodes=2 timeouts=1 drops=1",
    "nodes=2 timeouts=1 requests=1 drops=1 prompt-disks",
    "nodes=2 timeouts=1 transfers=1 prompt-disks",
    "nodes=2 timeouts=1 requests=1 transfers=1 prompt-disks",
    "nodes=2 timeouts=1 requests=1 cuts=1 prompt-disks",
    "nodes=2 timeouts=1 stalls=1",
    "nodes=2 timeouts=1 changes=1 prompt-disks",
    "nodes=2 voters=1 timeouts=1 changes=1 prompt-disks",
    "nodes=2 timeouts=1 requests=1 late-everywhere",
    "nodes=3 timeouts=1 prompt-disks",
    "nodes=3 timeouts=1",
    "nodes=3 timeouts=1 requests=1 prompt-disks",
    "nodes=3 timeouts=1 duplicates=1 prompt-disks",
    "nodes=3 timeouts=1 crashes=1 prompt-disks",
};

struct Variant {
    const char* name;
    Reductions reductions;
};
const Variant variants[] = {
    {"symmetry", {true, false, false, false, false}},
    {"dead messages", {false, true, false, false, false}},
    {"prompt restarts", {false, false, true, false, false}},
    {"request numbers", {false, false, false, true, false}},
    {"idle deliveries", {false, false, false, false, true}},
    {"all", {}},
};

}  // namespace

TEST_CASE(
    "reductions: the same verdict and the same states of nodes, by each and by all", "[explore]") {
    STATIC_REQUIRE(std::size(configurations) >= 30);
    for (const char* text : configurations) {
        const Searched whole = search(text, Reductions::none(), SearchOrder::breadth, {}, true);
        CHECK(whole.result.end == SearchEnd::exhausted);
        for (const Variant& variant : variants) {
            INFO(text << " with " << variant.name);
            const Searched less = search(text, variant.reductions, SearchOrder::breadth, {}, true);
            CHECK(less.result.end == whole.result.end);
            CHECK(less.result.violation == whole.result.violation);
            CHECK(less.result.counts.distinct <= whole.result.counts.distinct);
            CHECK(less.node_states == whole.node_states);
        }
    }
}

TEST_CASE("reductions: the same length of the shortest way to what is marked", "[explore]") {
    // Who crashes is up at once: that is one action less for each crash.
    for (const char* mark : {"raft.pre_vote_refused", "raft.split_vote", "raft.stickiness_refusal",
             "raft.old_term_not_counted", "raft.check_quorum_step_down"}) {
        constexpr const char* text = "nodes=2 timeouts=3 requests=1 prompt-disks";
        const CoreTarget target{.mark = mark};
        const Searched whole = search(text, Reductions::none(), SearchOrder::breadth, target);
        for (const Variant& variant : variants) {
            INFO(mark << " with " << variant.name);
            const Searched less = search(text, variant.reductions, SearchOrder::breadth, target);
            CHECK(less.result.end == whole.result.end);
            CHECK(less.result.actions.size() == whole.result.actions.size());
        }
    }
}

TEST_CASE("reductions: those that would be unsound under the bounds are not used", "[explore]") {
    CHECK(sound(bounds_of("nodes=3"), {}) == Reductions{});
    CHECK(!sound(bounds_of("nodes=3 changes=1"), {}).symmetry);
    CHECK(!sound(bounds_of("nodes=3 stalls=1"), {}).symmetry);
    CHECK(!sound(bounds_of("nodes=3 voters=2"), {}).symmetry);
    CHECK(!sound(bounds_of("nodes=3 messages=4"), {}).idle_deliveries);
    CHECK(sound(bounds_of("nodes=3"), Reductions::none()) == Reductions::none());
}

}  // namespace ledger::sim
