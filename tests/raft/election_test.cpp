// Election: pre-vote, stickiness, check-quorum, durability of votes.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

PreVoteRequest pre_vote(std::uint64_t term, LogId last, std::uint64_t attempt = 1) {
    return {Term{term}, Term{term + 1}, last, attempt};
}

}  // namespace

TEST_CASE("election: a pre-vote changes nothing on the voter", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1}});
    const Instant deadline = node.raft.deadline();
    node.now = node.now + milliseconds(200);
    node.receive(2, pre_vote(5, id(1, 1), 9));
    const Ready ready = node.take();
    CHECK(sent_to<PreVoteResponse>(ready, 2) == PreVoteResponse{Term{1}, Term{6}, 9, true});
    CHECK_FALSE(ready.messages[0].durable);
    CHECK_FALSE(ready.hard_state.has_value());
    CHECK(node.hard_state() == HardState{Term{1}, NodeId{}});
    CHECK(node.raft.deadline() == deadline);
}

TEST_CASE("election: a pre-vote is refused to an older log or an old term", "[raft]") {
    Solo node({.hard_state = {Term{3}, NodeId{}}, .log = {1, 3}});
    node.receive(2, pre_vote(3, id(5, 2)));
    CHECK_FALSE(sent_to<PreVoteResponse>(node.take(), 2)->granted);
    node.receive(2, pre_vote(2, id(2, 2)));
    CHECK_FALSE(sent_to<PreVoteResponse>(node.take(), 2)->granted);
    node.receive(2, pre_vote(3, id(2, 3)));
    CHECK(sent_to<PreVoteResponse>(node.take(), 2)->granted);
}

TEST_CASE("election: who hears a leader refuses pre-votes and ignores votes", "[raft]") {
    Solo node;
    node.receive(2, Heartbeat{Term{1}, Index{}, 1});
    node.take();
    node.now = node.now + (Solo::T - nanoseconds(1));
    node.receive(3, pre_vote(1, {}));
    CHECK_FALSE(sent_to<PreVoteResponse>(node.take(), 3)->granted);
    node.receive(3, VoteRequest{Term{9}, LogId{}, false});
    CHECK(node.take().empty());
    CHECK(node.raft.status().term == Term{1});
    // A transfer, asked for by the leader itself, passes; so does any once the leader is silent.
    Raft copy = node.raft;
    copy.receive(node.now, NodeId{3}, VoteRequest{Term{9}, LogId{}, true});
    CHECK(copy.status().vote == NodeId{3});
    node.now = node.now + nanoseconds(1);
    node.receive(3, VoteRequest{Term{9}, LogId{}, false});
    CHECK(node.raft.status().vote == NodeId{3});
}

TEST_CASE("election: a leader ignores campaigns while a quorum answers it", "[raft]") {
    Solo node;
    node.lead();
    node.receive(3, VoteRequest{Term{9}, id(5, 5), false});
    node.receive(3, pre_vote(8, id(5, 5)));
    CHECK(node.raft.status().role == Role::leader);
    CHECK(node.raft.status().term == Term{1});
    CHECK_FALSE(sent_to<PreVoteResponse>(node.take(), 3)->granted);
}

TEST_CASE("election: a pre-vote round raises no term and can repeat for ever", "[raft]") {
    Solo node({.hard_state = {Term{4}, NodeId{2}}});
    for (std::uint64_t round = 1; round <= 50; ++round) {
        node.timeout();
        CHECK(node.raft.status().role == Role::pre_candidate);
        const Ready ready = node.take();
        CHECK_FALSE(ready.hard_state.has_value());
        CHECK(sent_to<PreVoteRequest>(ready, 3)->attempt == round);
    }
    CHECK(node.hard_state() == HardState{Term{4}, NodeId{2}});
}

TEST_CASE("election: answers of an earlier pre-vote round start no campaign", "[raft]") {
    Solo node;
    node.timeout();
    node.timeout();
    node.receive(2, PreVoteResponse{Term{0}, Term{1}, 1, true});
    CHECK(node.raft.status().role == Role::pre_candidate);
    node.receive(2, PreVoteResponse{Term{0}, Term{1}, 2, true});
    CHECK(node.raft.status().role == Role::candidate);
    node.receive(3, PreVoteResponse{Term{0}, Term{1}, 2, true});
    CHECK(node.raft.status().term == Term{1});
}

TEST_CASE("election: a refused pre-vote tells the newer term", "[raft]") {
    Solo node;
    node.timeout();
    node.receive(2, PreVoteResponse{Term{7}, Term{1}, 1, false});
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.raft.status().term == Term{7});
    node.timeout();
    CHECK(sent_to<PreVoteRequest>(node.raft.ready(), 2)->proposed == Term{8});
}

TEST_CASE("election: the own vote counts when it is durable, not before", "[raft]") {
    Solo node;
    node.campaign();
    node.receive(2, VoteResponse{Term{1}, true});
    CHECK(node.raft.status().role == Role::candidate);
    node.raft.stored(node.now, LogId{}, HardState{});  // an earlier group
    CHECK(node.raft.status().role == Role::candidate);
    node.store();
    CHECK(node.raft.status().role == Role::leader);
}

TEST_CASE("election: one voter twice is one vote", "[raft]") {
    Solo node({.voters = 5});
    node.campaign();
    node.store();
    node.receive(2, VoteResponse{Term{1}, true});
    node.receive(2, VoteResponse{Term{1}, true});
    CHECK(node.raft.status().role == Role::candidate);
    node.receive(3, VoteResponse{Term{1}, true});
    CHECK(node.raft.status().role == Role::leader);
}

TEST_CASE("election: votes of another term and of strangers count nothing", "[raft]") {
    Solo node;
    node.campaign();
    node.store();
    node.campaign();
    node.store();
    REQUIRE(node.raft.status().term == Term{2});
    node.receive(2, VoteResponse{Term{1}, true});
    node.receive(9, VoteResponse{Term{2}, true});
    CHECK(node.raft.status().role == Role::candidate);
}

TEST_CASE("election: a vote survives stepping down within the term", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, VoteRequest{Term{2}, LogId{}, false});
    node.receive(3, Heartbeat{Term{2}, Index{}, 1});
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{2}});
    node.now = node.now + Solo::T;
    node.receive(3, VoteRequest{Term{2}, LogId{}, false});
    CHECK_FALSE(sent_to<VoteResponse>(node.take(), 3)->granted);
}

TEST_CASE("election: a repeated request gets the same vote again", "[raft]") {
    Solo node;
    node.receive(2, VoteRequest{Term{1}, LogId{}, false});
    CHECK(node.take().hard_state.has_value());
    node.receive(2, VoteRequest{Term{1}, LogId{}, false});
    const Ready ready = node.take();
    CHECK(sent_to<VoteResponse>(ready, 2)->granted);
    CHECK(ready.messages[0].durable);
    CHECK_FALSE(ready.hard_state.has_value());
}

TEST_CASE("election: only a leader or a granted vote postpones the timeout", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1}});
    const Instant deadline = node.raft.deadline();
    node.now = node.now + milliseconds(250);
    node.receive(2, VoteRequest{Term{2}, LogId{}, false});  // older log: refused, term adopted
    CHECK(node.raft.status().term == Term{2});
    CHECK(node.raft.deadline() == deadline);
    node.receive(3, VoteRequest{Term{2}, id(1, 1), false});
    CHECK(node.raft.deadline() >= node.now + Solo::T);
}

TEST_CASE("election: a leader without contact to a quorum steps down", "[raft]") {
    Solo node({.voters = 5});
    node.lead();
    const Instant elected = node.now;
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    while (node.now - elected < Solo::T) {
        node.timeout();
        if (node.raft.status().role == Role::leader) {
            node.receive(2, HeartbeatResponse{Term{1}, 1});  // one of four is no quorum
        }
    }
    CHECK(node.now - elected == Solo::T);
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.hard_state() == HardState{Term{1}, NodeId{1}});
    CHECK(node.take().dropped_reads == std::vector{ReadId{1}});
}

TEST_CASE("election: a leader in contact with a quorum stays", "[raft]") {
    Solo node({.voters = 5});
    node.lead();
    for (int i = 0; i < 100; ++i) {
        node.timeout();
        const std::uint64_t round = sent_to<Heartbeat>(node.raft.ready(), 2)->round;
        node.receive(2, HeartbeatResponse{Term{1}, round});
        node.receive(4, HeartbeatResponse{Term{1}, round});
        node.take();
    }
    CHECK(node.raft.status().role == Role::leader);
}

TEST_CASE("election: a single voter leads as soon as its disk says so", "[raft]") {
    Solo node({.voters = 1});
    node.timeout();
    CHECK(node.raft.status().role == Role::candidate);
    CHECK(node.take().hard_state == HardState{Term{1}, NodeId{1}});
    node.store();
    CHECK(node.raft.status().role == Role::leader);
    CHECK(node.raft.commit() == Index{0});
    node.store();
    CHECK(node.raft.commit() == Index{1});
    const std::vector<Transition> transitions = node.take().transitions;
    REQUIRE(transitions.size() == 1);
    CHECK(transitions[0].role == Role::leader);
    CHECK(transitions[0].cause == Cause::elected);
}

TEST_CASE("election: a node without a vote never campaigns", "[raft]") {
    SeededChoices choices(1);
    Config config;
    config.self = NodeId{9};
    config.configuration = voters_1_to(3);
    config.configuration.learners.insert(NodeId{9});
    config.choices = &choices;
    Raft learner(config, Boot{}, Instant{});
    CHECK(learner.deadline() == never);
    learner.receive(Instant{}, NodeId{1}, Heartbeat{Term{1}, Index{}, 1});
    CHECK(learner.status().leader == NodeId{1});
    learner.time(Instant{} + seconds(100));
    CHECK(learner.status().role == Role::follower);
    CHECK(learner.deadline() == never);
}

TEST_CASE("election: a node in a newer term frees itself from a stale leader", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.boot(3, {Term{5}, NodeId{3}}, {});
    cluster.isolate(3);
    cluster.elect(1);
    cluster.run(milliseconds(200));
    REQUIRE(cluster.leader() == NodeId{1});
    cluster.heal();
    cluster.run(seconds(3));
    cluster.propose(cluster.leader().value);
    cluster.must_recover();
    CHECK(cluster.raft(3).status().term > Term{5});
}

TEST_CASE("election: an isolated node does not disturb when it returns", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.run(milliseconds(200));
    const Term term = cluster.raft(1).status().term;
    cluster.isolate(3);
    cluster.run(seconds(20));
    CHECK(cluster.raft(3).status().term == term);
    cluster.heal();
    cluster.run(seconds(2));
    CHECK(cluster.leader() == NodeId{1});
    CHECK(cluster.raft(1).status().term == term);
}

TEST_CASE("election: a vote that was not stored is not sent, and forgotten in a crash", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.inject(2, 1, VoteRequest{Term{1}, LogId{}, false});
    cluster.deliver(0);
    CHECK(cluster.messages() == 0);
    CHECK(cluster.groups(1) == 1);
    cluster.crash(1);
    cluster.restart(1);
    CHECK(cluster.raft(1).status().vote == NodeId{});
    cluster.inject(3, 1, VoteRequest{Term{1}, LogId{}, false});
    cluster.deliver(0);
    cluster.store(1);
    CHECK(cluster.messages() == 1);
    cluster.crash(1);
    cluster.restart(1);
    CHECK(cluster.raft(1).status().vote == NodeId{3});
}

}  // namespace ledger::raft
