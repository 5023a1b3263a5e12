// Read: ReadIndex waits for the own term's first commit and for a quorum that still follows.
#include <catch2/catch.hpp>

#include "raft/read_queue.h"
#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

std::vector<std::pair<std::uint64_t, std::uint64_t>> grants(const Ready& ready) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> list;
    for (const ReadGrant& grant : ready.reads) {
        list.emplace_back(grant.id.value, grant.index.value);
    }
    return list;
}

using Grants = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

}  // namespace

TEST_CASE("read: a follower refuses", "[raft]") {
    Solo node;
    CHECK_FALSE(node.raft.read(node.now, ReadId{1}));
    CHECK(node.take().empty());
}

TEST_CASE("read: a heartbeat round starts at once and a quorum confirms it", "[raft]") {
    Solo node({.voters = 5});
    node.lead();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    Ready ready = node.take();
    CHECK(sent<Heartbeat>(ready).size() == 4);
    CHECK(ready.reads.empty());
    const std::uint64_t round = sent_to<Heartbeat>(ready, 2)->round;
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(node.take().reads.empty());
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(node.take().reads.empty());
    node.receive(5, HeartbeatResponse{Term{1}, round});
    CHECK(grants(node.take()) == Grants{{1, 1}});
}

TEST_CASE("read: the index is the commit index at arrival", "[raft]") {
    Solo node;
    node.lead();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    node.propose();
    node.store();
    node.accept_all(2);
    REQUIRE(node.raft.commit() == Index{2});
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(grants(node.take()) == Grants{{1, 1}});
}

TEST_CASE("read: an answer to an earlier round confirms nothing", "[raft]") {
    Solo node;
    node.lead();
    node.timeout();
    const std::uint64_t before = sent_to<Heartbeat>(node.take(), 2)->round;
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    node.take();
    node.receive(2, HeartbeatResponse{Term{1}, before});
    CHECK(node.take().reads.empty());
    node.receive(2, HeartbeatResponse{Term{1}, before + 1});
    CHECK(grants(node.take()) == Grants{{1, 1}});
}

TEST_CASE("read: an answer to a heartbeat of an earlier term confirms nothing", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}});
    node.receive(2, Heartbeat{Term{1}, Index{}, 7});
    CHECK(sent_to<HeartbeatResponse>(node.take(), 2) == HeartbeatResponse{Term{2}, 0});
    node.receive(2, Heartbeat{Term{2}, Index{}, 7});
    CHECK(sent_to<HeartbeatResponse>(node.take(), 2) == HeartbeatResponse{Term{2}, 7});
}

TEST_CASE("read: reads of one call batch share a round, later ones share the next", "[raft]") {
    Solo node;
    node.lead();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    REQUIRE(node.raft.read(node.now, ReadId{2}));
    Ready ready = node.take();
    CHECK(sent<Heartbeat>(ready).size() == 2);
    const std::uint64_t round = sent_to<Heartbeat>(ready, 2)->round;
    REQUIRE(node.raft.read(node.now, ReadId{3}));
    REQUIRE(node.raft.read(node.now, ReadId{4}));
    CHECK(sent<Heartbeat>(node.take()).empty());
    node.receive(3, HeartbeatResponse{Term{1}, round});
    ready = node.take();
    CHECK(grants(ready) == Grants{{1, 1}, {2, 1}});
    CHECK(sent_to<Heartbeat>(ready, 2)->round == round + 1);
    node.receive(3, HeartbeatResponse{Term{1}, round + 1});
    CHECK(grants(node.take()) == Grants{{3, 1}, {4, 1}});
}

TEST_CASE("read: a lost round is made good by the periodic heartbeat", "[raft]") {
    Solo node;
    node.lead();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    node.take();
    REQUIRE(node.raft.read(node.now, ReadId{2}));
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(grants(node.take()) == Grants{{1, 1}, {2, 1}});
}

TEST_CASE("read: nothing is granted before the term's first commit", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}, .commit = 1});
    node.win();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    REQUIRE(node.raft.read(node.now, ReadId{2}));
    const AppendRequest noop = *sent_to<AppendRequest>(node.take(), 3);
    node.timeout();
    node.receive(2, HeartbeatResponse{Term{2}, 1});
    node.receive(3, HeartbeatResponse{Term{2}, 1});
    CHECK(node.take().reads.empty());
    node.store();
    node.accept(3, noop);
    REQUIRE(node.raft.commit() == Index{3});
    const Ready ready = node.take();
    CHECK(ready.reads.empty());
    const std::uint64_t round = sent_to<Heartbeat>(ready, 3)->round;
    node.receive(3, HeartbeatResponse{Term{2}, round});
    CHECK(grants(node.take()) == Grants{{1, 3}, {2, 3}});
}

TEST_CASE("read: a single voter confirms itself", "[raft]") {
    Solo node({.voters = 1});
    node.lead();
    REQUIRE(node.raft.commit() == Index{1});
    REQUIRE(node.raft.read(node.now, ReadId{4}));
    CHECK(grants(node.take()) == Grants{{4, 1}});
}

TEST_CASE("read: waiting reads are dropped with the leadership, each once", "[raft]") {
    Solo node;
    node.win();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    node.receive(2, HeartbeatResponse{Term{8}, 1});
    CHECK(node.take().dropped_reads == std::vector{ReadId{1}});
    node.receive(2, HeartbeatResponse{Term{9}, 1});
    CHECK(node.take().dropped_reads.empty());
}

TEST_CASE("read: a deposed leader that does not know it grants nothing", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.run(milliseconds(100));
    cluster.isolate(1);
    cluster.elect(2);
    REQUIRE(cluster.leader() == NodeId{2});
    REQUIRE(cluster.propose(2));
    cluster.settle();
    REQUIRE(cluster.role(1) == Role::leader);
    CHECK(cluster.read(1));
    cluster.settle();
    CHECK(cluster.reads_granted() == 0);
    cluster.heal();
    cluster.run(seconds(1));
    CHECK(cluster.reads_granted() == 0);
    CHECK(cluster.reads_dropped() == 1);
}

TEST_CASE("read: the queue keeps order, rounds and the gate", "[raft]") {
    ReadQueue queue;
    queue.add_gated(ReadId{1}, NodeId{});
    CHECK(queue.confirmed_by(100).empty());
    CHECK_FALSE(queue.awaits_round(100));
    queue.open_gate(Index{5}, 3);
    queue.add(ReadId{2}, NodeId{}, Index{6}, 4);
    CHECK(queue.needs_round_after(3));
    CHECK_FALSE(queue.needs_round_after(4));
    CHECK(queue.awaits_round(3));
    REQUIRE(queue.confirmed_by(3).size() == 1);
    CHECK(queue.confirmed_by(3)[0].index == Index{5});
    queue.pop(1);
    CHECK(queue.size() == 1);
    CHECK(queue.confirmed_by(3).empty());
    CHECK(queue.confirmed_by(4)[0].id == ReadId{2});
}

}  // namespace ledger::raft
