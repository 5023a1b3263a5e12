// Lease: reads without asking, linearizable as long as the clocks keep their bound.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

constexpr Duration drift = milliseconds(30);

// Whether a read was granted without another round.
bool granted(Solo& node) {
    node.take();
    REQUIRE(node.raft.read(node.now, ReadId{5}, ReadPath::lease));
    return !node.take().reads.empty();
}

// Node 2 answers a heartbeat that leaves now, `later`. The moment when it left.
Instant hold_lease(Solo& node, Duration later = {}) {
    node.timeout();
    const Instant left = node.now;
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    node.now = node.now + later;
    node.receive(2, HeartbeatResponse{Term{1}, round});
    return left;
}

}  // namespace

TEST_CASE("lease: lasts from the departure of the heartbeat, less the drift", "[raft]") {
    Solo node({.clock_drift_max = drift});
    node.lead();
    CHECK_FALSE(granted(node));  // nobody has answered a heartbeat yet
    node.receive(2, HeartbeatResponse{Term{1}, 1});
    const Instant left = hold_lease(node, milliseconds(40));
    CHECK(granted(node));
    node.now = left + (Solo::T - drift - nanoseconds(1));
    CHECK(granted(node));
    node.now = node.now + nanoseconds(1);
    CHECK_FALSE(granted(node));
}

TEST_CASE("lease: without a bound on the clocks there is none", "[raft]") {
    Solo node;
    node.lead();
    hold_lease(node);
    CHECK_FALSE(granted(node));
    Solo wide({.clock_drift_max = Solo::T});
    wide.lead();
    hold_lease(wide);
    CHECK_FALSE(granted(wide));
}

TEST_CASE("lease: none before the first commit of the term", "[raft]") {
    Solo node({.clock_drift_max = drift});
    node.win();
    hold_lease(node);
    CHECK_FALSE(granted(node));
}

TEST_CASE("lease: a leader that let somebody campaign has none for the rest of its term", "[raft]") {
    Solo node({.clock_drift_max = drift});
    node.lead();
    hold_lease(node);
    REQUIRE(granted(node));
    node.raft.transfer(node.now, NodeId{2});
    CHECK_FALSE(granted(node));
    for (int i = 0; i < 8; ++i) {
        hold_lease(node);
    }
    REQUIRE(node.raft.status().transfer_target == NodeId{});
    REQUIRE(node.raft.status().role == Role::leader);
    CHECK_FALSE(granted(node));
}

TEST_CASE("lease: who restarts votes for nobody until its promise is over", "[raft]") {
    for (const bool leases : {true, false}) {
        Solo node({.hard_state = {Term{1}, NodeId{2}},
            .clock_drift_max = leases ? std::optional(drift) : std::nullopt});
        node.receive(3, PreVoteRequest{Term{1}, Term{2}, {}, 1});
        CHECK(sent_to<PreVoteResponse>(node.take(), 3)->granted == !leases);
        node.receive(3, VoteRequest{Term{2}, {}, false});
        CHECK(node.raft.status().vote == NodeId{leases ? 2u : 3u});
        node.receive(3, VoteRequest{Term{3}, {}, true});  // its leader gave the lease away
        CHECK(node.raft.status().vote == NodeId{3});
    }
    Solo later({.hard_state = {Term{1}, NodeId{2}}, .clock_drift_max = drift});
    later.now = later.now + Solo::T;
    later.receive(3, VoteRequest{Term{2}, {}, false});
    CHECK(later.raft.status().vote == NodeId{3});
}

namespace {

// A leader that is cut off serves from its lease while the others elect and write. Node 1's clock
// runs at `percent` of the true one. True when a read missed what was committed before it.
bool stale_read(std::int64_t percent) {
    Cluster cluster({.nodes = 3, .clock_drift_max = drift});
    cluster.elect(1);
    cluster.run(Cluster::T);
    cluster.isolate(1);
    try {
        for (int step = 0; step < 300; ++step) {
            for (const std::uint32_t node : {2u, 3u}) {
                cluster.pass(node, milliseconds(5));
            }
            cluster.pass(1, milliseconds(5) * percent / 100);
            cluster.settle();
            for (const std::uint32_t node : {2u, 3u}) {
                cluster.propose(node);
            }
            cluster.settle();
            cluster.read(1, ReadPath::lease);
        }
    } catch (const Violation&) {
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("lease: within the drift no read is stale, far beyond it one is", "[raft]") {
    CHECK_FALSE(stale_read(100));
    CHECK_FALSE(stale_read(91));  // loses 27 ms in one timeout of 300 ms
    CHECK(stale_read(20));        // shows that the check can fail
}

}  // namespace ledger::raft
