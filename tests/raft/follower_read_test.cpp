// Follower read: reads on followers and learners through the leader's index (thesis §6.4).
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

// A follower of node 2 in term 1.
void follow(Solo& node) {
    node.receive(2, Heartbeat{Term{1}, Index{}, 1});
    node.take();
}

std::uint64_t asked(const Ready& ready) {
    const std::optional<ReadRequest> request = sent_to<ReadRequest>(ready, 2);
    return request ? request->number : 0;
}

}  // namespace

TEST_CASE("follower_read: a follower asks and grants what the leader confirms", "[raft]") {
    Solo node;
    CHECK_FALSE(node.raft.read(node.now, ReadId{1}, ReadPath::anywhere));  // no leader known
    follow(node);
    CHECK_FALSE(node.raft.read(node.now, ReadId{1}, ReadPath::leader));
    CHECK_FALSE(node.raft.read(node.now, ReadId{1}, ReadPath::lease));
    REQUIRE(node.raft.read(node.now, ReadId{1}, ReadPath::anywhere));
    const std::uint64_t number = asked(node.take());
    REQUIRE(number > 0);
    node.receive(2, ReadResponse{Term{1}, number, Index{9}});
    const Ready ready = node.take();
    REQUIRE(ready.reads.size() == 1);
    CHECK(ready.reads[0].id == ReadId{1});
    CHECK(ready.reads[0].index == Index{9});  // the caller waits until it has applied that
}

TEST_CASE("follower_read: reads that arrive after the request wait for the next one", "[raft]") {
    Solo node;
    follow(node);
    node.raft.read(node.now, ReadId{1}, ReadPath::anywhere);
    const std::uint64_t first = asked(node.take());
    node.raft.read(node.now, ReadId{2}, ReadPath::anywhere);
    node.raft.read(node.now, ReadId{3}, ReadPath::anywhere);
    CHECK(asked(node.take()) == 0);
    node.receive(2, ReadResponse{Term{1}, first, Index{4}});
    Ready ready = node.take();
    CHECK(ready.reads.size() == 1);
    const std::uint64_t second = asked(ready);
    CHECK(second > first);
    node.receive(2, ReadResponse{Term{1}, first, Index{4}});  // again: speaks of the past
    CHECK(node.take().reads.empty());
    node.receive(2, ReadResponse{Term{1}, second, Index{5}});
    ready = node.take();
    REQUIRE(ready.reads.size() == 2);
    CHECK(ready.reads[1].index == Index{5});
    CHECK(asked(ready) == 0);
}

TEST_CASE("follower_read: a lost request is repeated when the leader is heard", "[raft]") {
    Solo node;
    follow(node);
    node.raft.read(node.now, ReadId{1}, ReadPath::anywhere);
    const std::uint64_t number = asked(node.take());
    node.receive(2, Heartbeat{Term{1}, Index{}, 2});
    CHECK(asked(node.take()) == 0);  // too early
    node.now = node.now + milliseconds(60);
    node.receive(2, Heartbeat{Term{1}, Index{}, 3});
    CHECK(asked(node.take()) == number);
}

TEST_CASE("follower_read: with the leader the reads are dropped, each once", "[raft]") {
    for (const int way : {0, 1, 2}) {
        Solo node;
        follow(node);
        node.raft.read(node.now, ReadId{1}, ReadPath::anywhere);
        node.raft.read(node.now, ReadId{2}, ReadPath::anywhere);
        const std::uint64_t number = asked(node.take());
        if (way == 0) {
            node.timeout();
        } else if (way == 1) {
            node.receive(3, Heartbeat{Term{2}, Index{}, 1});
        } else {
            node.receive(2, TimeoutNow{Term{1}});
        }
        CHECK(node.take().dropped_reads == std::vector{ReadId{1}, ReadId{2}});
        node.receive(2, ReadResponse{Term{1}, number, Index{4}});
        node.receive(3, ReadResponse{Term{2}, number, Index{4}});
        const Ready ready = node.take();
        CHECK(ready.reads.empty());
        CHECK(ready.dropped_reads.empty());
    }
}

TEST_CASE("follower_read: a learner drops its reads when the leader is silent", "[raft]") {
    Configuration configuration = voters_1_to(3);
    configuration.learners.insert(NodeId{4});
    Solo node({.configuration = configuration, .self = 4});
    follow(node);
    node.raft.read(node.now, ReadId{1}, ReadPath::anywhere);
    CHECK(node.raft.deadline() - node.now >= Solo::T);
    node.timeout();
    CHECK(node.take().dropped_reads == std::vector{ReadId{1}});
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.raft.status().leader == NodeId{});
    CHECK(node.raft.deadline() == never);
}

TEST_CASE("follower_read: a new life does not take the answers of an old one", "[raft]") {
    Solo node;
    follow(node);
    node.raft.read(node.now, ReadId{1}, ReadPath::anywhere);
    const std::uint64_t before = asked(node.take());
    Solo again({.hard_state = {Term{1}, NodeId{}}, .boot_at = Instant{} + milliseconds(5)});
    follow(again);
    again.raft.read(again.now, ReadId{1}, ReadPath::anywhere);
    CHECK(asked(again.take()) > before);
}

TEST_CASE("follower_read: the leader confirms its rule before it answers", "[raft]") {
    Solo node;
    node.lead();
    node.receive(2, ReadRequest{Term{1}, 7});
    Ready ready = node.take();
    CHECK(sent<ReadResponse>(ready).empty());
    const std::optional<Heartbeat> round = sent_to<Heartbeat>(ready, 3);
    REQUIRE(round.has_value());
    node.receive(3, HeartbeatResponse{Term{1}, round->round});
    CHECK(sent_to<ReadResponse>(node.take(), 2) == ReadResponse{Term{1}, 7, Index{1}});
}

TEST_CASE("follower_read: nothing before the first commit of the term", "[raft]") {
    Solo node;
    node.win();
    node.receive(2, ReadRequest{Term{1}, 7});
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 3)->round;
    node.receive(3, HeartbeatResponse{Term{1}, round});
    CHECK(sent<ReadResponse>(node.take()).empty());
}

TEST_CASE("follower_read: requests of strangers, other terms and floods are dropped", "[raft]") {
    Solo node;
    node.receive(2, ReadRequest{Term{1}, 1});  // no leader here
    node.lead();
    node.receive(9, ReadRequest{Term{1}, 1});
    node.receive(2, ReadRequest{Term{2}, 1});
    const Leader& self = std::get<Leader>(node.raft.role_state());
    CHECK(self.reads.empty());
    for (std::uint64_t number = 1; number < 100; ++number) {
        node.receive(2, ReadRequest{Term{1}, number});
        node.receive(2, ReadRequest{Term{1}, number});
    }
    CHECK(self.reads.size() == 4);
    node.receive(2, Heartbeat{Term{2}, Index{}, 1});
    CHECK(node.take().dropped_reads.empty());  // they are not the own caller's
}

TEST_CASE("follower_read: followers and learners read what was committed before", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    cluster.change(1, with_learner(voters_1_to(3), {.node = NodeId{4}}));
    cluster.propose(1, 5);
    cluster.settle();
    for (const std::uint32_t node : {2u, 4u}) {
        const std::uint64_t granted = cluster.reads_granted();
        REQUIRE(cluster.read(node, ReadPath::anywhere));
        cluster.settle();
        CHECK(cluster.reads_granted() == granted + 1);
    }
}

}  // namespace ledger::raft
