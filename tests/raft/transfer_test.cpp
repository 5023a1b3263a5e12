// Transfer: leadership handed over by wish, by priority, or because the leader's disk stalls.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

const Leader& leader_of(const Solo& node) {
    return std::get<Leader>(node.raft.role_state());
}

NodeId started(const TransferOutcome& outcome) {
    const TransferStarted* one = std::get_if<TransferStarted>(&outcome);
    return one != nullptr ? one->target : NodeId{};
}

Configuration with_priorities(std::vector<std::uint8_t> priorities) {
    Configuration configuration = voters_1_to(static_cast<std::uint32_t>(priorities.size()));
    for (std::uint32_t i = 0; i < priorities.size(); ++i) {
        configuration.set_member({.node = NodeId{i + 1}, .priority = priorities[i]});
    }
    return configuration;
}

}  // namespace

TEST_CASE("transfer: a caught-up target is asked at once", "[raft]") {
    Solo node;
    node.lead();
    CHECK(started(node.raft.transfer(node.now, NodeId{3})) == NodeId{3});
    CHECK(node.raft.status().transfer_target == NodeId{3});
    const Ready ready = node.take();
    CHECK(sent_to<TimeoutNow>(ready, 3) == TimeoutNow{Term{1}});
    CHECK_FALSE(sent_to<TimeoutNow>(ready, 2));
}

TEST_CASE("transfer: a target that lags is asked when it has everything", "[raft]") {
    Solo node;
    node.lead();
    node.propose();
    const std::optional<AppendRequest> request = sent_to<AppendRequest>(node.take(), 3);
    CHECK(started(node.raft.transfer(node.now, NodeId{3})) == NodeId{3});
    CHECK_FALSE(sent_to<TimeoutNow>(node.take(), 3));
    node.accept(3, *request);
    CHECK(sent_to<TimeoutNow>(node.take(), 3));
}

TEST_CASE("transfer: proposals wait and are taken again when it is given up", "[raft]") {
    Solo node;
    node.lead();
    const Index last = node.raft.log().last();
    node.raft.transfer(node.now, NodeId{2});
    CHECK(std::holds_alternative<Busy>(node.propose()));
    CHECK(node.raft.log().last() == last);
    for (Duration passed; passed < Solo::T; passed = passed + milliseconds(50)) {
        CHECK(std::holds_alternative<Busy>(node.propose()));
        node.pass(milliseconds(50));
        const std::uint64_t round = leader_of(node).round;
        node.receive(2, HeartbeatResponse{Term{1}, round});
        node.receive(3, HeartbeatResponse{Term{1}, round});
    }
    REQUIRE(node.raft.status().role == Role::leader);
    CHECK(node.raft.status().transfer_target == NodeId{});
    CHECK(std::holds_alternative<Proposed>(node.propose()));
}

TEST_CASE("transfer: a lost request is repeated with the heartbeats", "[raft]") {
    Solo node;
    node.lead();
    node.raft.transfer(node.now, NodeId{2});
    node.take();
    node.timeout();
    const Ready ready = node.take();
    CHECK(sent_to<Heartbeat>(ready, 2));
    CHECK(sent_to<TimeoutNow>(ready, 2));
}

TEST_CASE("transfer: what cannot lead is no target", "[raft]") {
    Solo node;
    CHECK(std::holds_alternative<NotLeader>(node.raft.transfer(node.now, NodeId{2})));
    node.lead();
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now, NodeId{1})));
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now, NodeId{9})));
    CHECK(started(node.raft.transfer(node.now, NodeId{2})) == NodeId{2});
    CHECK(started(node.raft.transfer(node.now)) == NodeId{2});
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now, NodeId{3})));
    Solo alone({.voters = 1});
    alone.lead();
    CHECK(std::holds_alternative<TransferRefused>(alone.raft.transfer(alone.now)));
}

TEST_CASE("transfer: who has not answered for an election timeout is no target", "[raft]") {
    Solo node({.voters = 5});
    node.lead();
    for (Duration passed; passed < Solo::T; passed = passed + milliseconds(50)) {
        node.pass(milliseconds(50));
        for (std::uint32_t peer : {2u, 3u, 4u}) {
            node.receive(peer, HeartbeatResponse{Term{1}, leader_of(node).round});
        }
    }
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now, NodeId{5})));
    CHECK(started(node.raft.transfer(node.now)) != NodeId{5});
}

TEST_CASE("transfer: the target campaigns without asking first", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, Heartbeat{Term{1}, Index{}, 1});
    node.take();
    node.receive(2, TimeoutNow{Term{1}});
    CHECK(node.raft.status().role == Role::candidate);
    const Ready ready = node.take();
    CHECK(ready.hard_state == HardState{Term{2}, NodeId{1}});
    CHECK(sent_to<VoteRequest>(ready, 3) == VoteRequest{Term{2}, LogId{}, true});
    CHECK(ready.messages.front().durable);
}

TEST_CASE("transfer: only the own leader of this term can ask for a campaign", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}});
    node.receive(2, TimeoutNow{Term{2}});  // nobody leads yet
    node.receive(2, Heartbeat{Term{2}, Index{}, 1});
    node.take();
    node.receive(2, TimeoutNow{Term{1}});
    node.receive(2, TimeoutNow{Term{3}});
    node.receive(3, TimeoutNow{Term{2}});
    node.receive(3, TimeoutNow{Term{7}});
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.take().empty());
}

TEST_CASE("transfer: the new leader leads without a timeout", "[raft]") {
    Cluster cluster({.nodes = 5});
    cluster.elect(1);
    cluster.propose(1, 3);
    const Instant deadline = cluster.raft(4).deadline();
    REQUIRE(cluster.transfer(1, 4));
    cluster.settle();
    CHECK(cluster.leader() == NodeId{4});
    CHECK(cluster.role(1) == Role::follower);
    CHECK(cluster.raft(4).deadline() < deadline);  // a heartbeat is due before any timeout
    CHECK(cluster.propose(4));
    cluster.settle();
    CHECK(cluster.raft(1).log().last() == Index{6});
}

TEST_CASE("transfer: a request that arrives after the transfer is ignored", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    REQUIRE(cluster.transfer(1, 2));
    const Cluster::InFlight late = cluster.network().front();
    REQUIRE(std::holds_alternative<TimeoutNow>(late.message));
    cluster.settle();
    REQUIRE(cluster.leader() == NodeId{2});
    cluster.inject(1, 2, late.message);
    cluster.inject(1, 3, late.message);
    cluster.settle();
    CHECK(cluster.leader() == NodeId{2});
    CHECK(cluster.raft(2).status().term == Term{2});
}

TEST_CASE("transfer: the highest priority among those that keep up is the successor", "[raft]") {
    Solo node({.voters = 4, .configuration = with_priorities({0, 1, 7, 3})});
    node.lead();
    CHECK(started(node.raft.transfer(node.now)) == NodeId{3});
    Solo lagging({.voters = 4, .configuration = with_priorities({0, 1, 7, 3})});
    lagging.win();
    lagging.store();
    lagging.accept_all(2);
    lagging.accept_all(4);
    CHECK(started(lagging.raft.transfer(lagging.now)) == NodeId{4});
}

TEST_CASE("transfer: lower priorities wait longer, for a bounded time", "[raft]") {
    const Configuration configuration = with_priorities({0, 0, 7, 3});
    const auto timeout = [&](std::uint32_t self, const Configuration& members) {
        Solo node({.voters = 4, .configuration = members, .self = self});
        return node.raft.deadline() - node.now;
    };
    for (const std::uint32_t self : {1u, 2u, 3u, 4u}) {
        const Duration plain = timeout(self, voters_1_to(4));
        const std::int64_t levels = self == 3 ? 0 : self == 4 ? 1 : 2;
        CHECK(timeout(self, configuration) == plain + Solo::T * levels / 2);
        CHECK(timeout(self, with_priorities({9, 9, 9, 9})) == plain);
    }
}

TEST_CASE("transfer: a lone survivor of low priority still wins", "[raft]") {
    Solo node({.configuration = with_priorities({0, 7, 9})});
    node.lead();
    CHECK(node.raft.status().role == Role::leader);
    CHECK(node.now - Instant{} < Solo::T * 3);
}

TEST_CASE("transfer: a leader whose disk stalls hands over and steps down", "[raft]") {
    Solo node;
    node.lead();
    node.propose();
    const Instant stalled = node.now;
    const std::optional<AppendRequest> request = sent_to<AppendRequest>(node.take(), 2);
    node.accept(2, *request);
    node.accept(3, *request);
    CHECK(node.raft.commit() == Index{2});  // the others' disks work
    while (node.now < stalled + Solo::T) {
        CHECK(node.raft.status().role == Role::leader);
        const std::uint64_t round = leader_of(node).round;
        node.receive(2, HeartbeatResponse{Term{1}, round});
        node.receive(3, HeartbeatResponse{Term{1}, round});
        node.take();
        node.timeout();
    }
    CHECK(node.now == stalled + Solo::T);
    CHECK(node.raft.status().role == Role::follower);
    CHECK(sent_to<TimeoutNow>(node.take(), 2));
}

TEST_CASE("transfer: a disk that makes progress keeps its leader", "[raft]") {
    Solo node;
    node.lead();
    for (int i = 0; i < 10; ++i) {
        node.propose();
        const LogId written = node.raft.log().last_id();
        node.propose();
        node.pass(milliseconds(40));
        node.receive(2, HeartbeatResponse{Term{1}, leader_of(node).round});
        node.pass(milliseconds(40));
        node.receive(2, HeartbeatResponse{Term{1}, leader_of(node).round});
        node.raft.stored(node.now, written, node.hard_state());
    }
    CHECK(node.raft.status().role == Role::leader);
}

TEST_CASE("transfer: an idle leader has no stalled disk, a lone one nobody to step down for",
    "[raft]") {
    Solo alone({.voters = 1});
    alone.lead();
    alone.propose();
    alone.pass(Solo::T * 10);
    CHECK(alone.raft.status().role == Role::leader);
    CHECK(alone.raft.deadline() > alone.now);
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.run(Cluster::T * 10);
    CHECK(cluster.leader() == NodeId{1});
}

}  // namespace ledger::raft
