// Raft: the value itself: copies, stamps, bounds, strangers, deadlines.
#include "raft/raft.h"

#include <catch2/catch.hpp>

#include "raft/transition.h"
#include "tests/raft/solo.h"

namespace ledger::raft {

TEST_CASE("raft: a copy lives on its own", "[raft]") {
    Solo node;
    node.lead();
    Raft copy = node.raft;
    node.propose();
    CHECK(node.raft.log().last() == Index{2});
    CHECK(copy.log().last() == Index{1});
    copy.receive(node.now, NodeId{2}, Heartbeat{Term{5}, Index{}, 1});
    CHECK(node.raft.status().role == Role::leader);
    CHECK(copy.status().role == Role::follower);
}

TEST_CASE("raft: equal calls give equal results", "[raft]") {
    Solo a({.seed = 9});
    Solo b({.seed = 9});
    for (Solo* node : {&a, &b}) {
        node->lead();
        node->propose(3);
    }
    const Ready first = a.take();
    const Ready second = b.take();
    CHECK(first.entries == second.entries);
    CHECK(a.raft.deadline() == b.raft.deadline());
    REQUIRE(first.messages.size() == second.messages.size());
    for (std::size_t i = 0; i < first.messages.size(); ++i) {
        CHECK(first.messages[i].to == second.messages[i].to);
        CHECK(first.messages[i].message == second.messages[i].message);
    }
}

TEST_CASE("raft: cluster time goes on by the leader's own clock", "[raft]") {
    Solo node;
    node.win();
    REQUIRE(node.raft.log().last_cluster_time() == ClusterTime{});
    node.now = node.now + milliseconds(7);
    node.propose();
    CHECK(node.raft.log().last_cluster_time() == ClusterTime{7'000'000});
    node.now = node.now + milliseconds(2);
    node.propose();
    CHECK(node.raft.log().last_cluster_time() == ClusterTime{9'000'000});
}

TEST_CASE("raft: cluster time continues from the last entry of the log", "[raft]") {
    SeededChoices choices(1);
    Config config;
    config.self = NodeId{1};
    config.configuration = voters_1_to(1);
    config.choices = &choices;
    Boot boot = boot_of({Term{1}, NodeId{}}, log_of({1}), Index{1});
    boot.last_cluster_time = {500};
    boot.last_wall_time = {900};
    Raft raft(config, boot, Instant{1000});
    raft.time(raft.deadline());
    const Instant elected = raft.deadline();
    raft.stored(elected, raft.log().last_id(), {Term{2}, NodeId{1}});
    REQUIRE(raft.status().role == Role::leader);
    CHECK(raft.log().last_cluster_time() == ClusterTime{500});
    CHECK(raft.log().last_wall_time() == WallTime{900});
}

TEST_CASE("raft: wall time follows the clock forwards only", "[raft]") {
    Solo node;
    node.raft.set_wall_clock(node.now, WallTime{1'000'000});
    node.lead();
    const std::int64_t after_election = 1'000'000 + node.now.nanoseconds;
    CHECK(node.raft.log().last_wall_time() == WallTime{after_election});
    node.raft.set_wall_clock(node.now, WallTime{5});
    node.propose();
    CHECK(node.raft.log().last_wall_time() == WallTime{after_election});
    node.raft.set_wall_clock(node.now, WallTime{after_election + 50});
    node.propose();
    CHECK(node.raft.log().last_wall_time() == WallTime{after_election + 50});
}

TEST_CASE("raft: the caller's kind, size and body are kept", "[raft]") {
    Solo node;
    node.lead();
    EntryRef entry = entry_at(77, 88, 9);
    entry.kind = EntryKind::cut;
    node.raft.propose(node.now, {&entry, 1});
    CHECK(entry.id() == LogId{Term{1}, Index{2}});
    const Ready ready = node.take();
    CHECK(ready.entries.at(0).kind == EntryKind::cut);
    CHECK(ready.entries.at(0).bytes == 9);
}

TEST_CASE("raft: uncommitted bytes are bounded, and the bound is exact", "[raft]") {
    Solo node({.uncommitted_bytes_max = 100});
    node.lead();
    CHECK(std::holds_alternative<Proposed>(node.propose(1, 500)));  // an empty tail admits one
    CHECK(std::holds_alternative<Busy>(node.propose(1, 1)));
    CHECK(node.raft.log().last() == Index{2});
    node.store();
    node.accept_all(2);
    REQUIRE(node.raft.commit() == Index{2});
    CHECK(std::holds_alternative<Proposed>(node.propose(4, 25)));
    CHECK(std::holds_alternative<Busy>(node.propose(1, 1)));
    CHECK(std::holds_alternative<Proposed>(node.propose(1, 0)));
}

TEST_CASE("raft: a new leader counts the uncommitted tail that it inherits", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}},
        .log = {1, 1, 1},
        .commit = 1,
        .uncommitted_bytes_max = 25});
    node.win();
    CHECK(std::get<Leader>(node.raft.role_state()).uncommitted_bytes == 20);
    CHECK(std::holds_alternative<Busy>(node.propose(1, 6)));
    node.store();
    node.accept_all(3);
    CHECK(std::get<Leader>(node.raft.role_state()).uncommitted_bytes == 0);
}

TEST_CASE("raft: a follower names its leader to who proposes", "[raft]") {
    Solo node;
    ProposeOutcome outcome = node.propose();
    CHECK(std::get<NotLeader>(outcome).leader == NodeId{});
    node.receive(3, Heartbeat{Term{1}, Index{}, 1});
    outcome = node.propose();
    CHECK(std::get<NotLeader>(outcome).leader == NodeId{3});
    CHECK(node.raft.log().last() == Index{0});
}

TEST_CASE("raft: nobody, the node itself and answers of strangers are not listened to", "[raft]") {
    Solo node;
    for (const std::uint32_t from : {0u, 1u}) {
        node.receive(from, Heartbeat{Term{9}, Index{}, 1});
        node.receive(from, VoteRequest{Term{9}, LogId{}, false});
    }
    for (const std::uint32_t from : {4u, 99u}) {
        node.receive(from, HeartbeatResponse{Term{9}, 1});
        node.receive(from, VoteResponse{Term{9}, true});
        node.receive(from, AppendResponse{.term = Term{9}, .sequence = 1});
        node.receive(from, PreVoteResponse{Term{9}, Term{1}, 1, false});
    }
    CHECK(node.take().empty());
    CHECK(node.raft.status().term == Term{0});
}

TEST_CASE("raft: requests of servers outside the configuration are taken", "[raft]") {
    Solo node;
    node.receive(4, VoteRequest{Term{3}, LogId{}, false});  // thesis §4.1
    CHECK(node.raft.status().vote == NodeId{4});
    node.receive(4, AppendRequest{Term{3}, LogId{}, Index{1}, 1, {entry_at(1, 3)}});
    CHECK(node.raft.status().leader == NodeId{4});
    CHECK(node.raft.commit() == Index{1});
}

TEST_CASE("raft: transitions tell every change of role, term and leader in order", "[raft]") {
    Solo node;
    node.win();
    node.receive(2, Heartbeat{Term{4}, Index{}, 1});
    const NodeId self{1};
    const LogId noop{Term{1}, Index{1}};
    const std::vector<Transition> expected{
        {.role = Role::pre_candidate, .cause = Cause::timeout},
        {.role = Role::candidate, .term = Term{1}, .cause = Cause::pre_vote_won, .vote = self},
        {.role = Role::leader, .term = Term{1}, .leader = self, .cause = Cause::elected,
            .vote = self},
        {.role = Role::follower, .term = Term{4}, .leader = NodeId{2},
            .cause = Cause::newer_term, .last = noop}};
    CHECK(node.take().transitions == expected);
    CHECK(to_text(expected[2]) == "leads term 1: elected; vote n1, log ends at 0 of term 0, "
                                  "commit 0, configuration 0");
    CHECK(to_text(expected[3]) == "follows n2 in term 4: newer term; vote none, log ends at 1 of "
                                  "term 1, commit 0, configuration 0");
    node.receive(2, Heartbeat{Term{4}, Index{}, 2});
    CHECK(node.take().transitions.empty());
}

TEST_CASE("raft: a second leader of a term is not followed", "[raft]") {
    Solo node;
    node.receive(2, Heartbeat{Term{4}, Index{}, 1});
    node.take();
    node.receive(3, Heartbeat{Term{4}, Index{}, 1});
    CHECK(node.take().empty());
    CHECK(node.raft.status().leader == NodeId{2});
}

TEST_CASE("raft: a clock that stands still or goes back does no harm", "[raft]") {
    Solo node;
    node.lead();
    const Instant deadline = node.raft.deadline();
    node.raft.time(Instant{});
    node.raft.time(node.now);
    CHECK(node.raft.deadline() == deadline);
    CHECK(node.take().empty());
}

TEST_CASE("raft: a node that slept too long steps down before it does anything else", "[raft]") {
    Solo node;
    node.lead();
    node.pass(seconds(5));
    CHECK(node.raft.status().role == Role::follower);
    CHECK(sent<Heartbeat>(node.take()).empty());
}

TEST_CASE("raft: at boot the log, the vote and the commit index are as stored", "[raft]") {
    Solo node({.hard_state = {Term{4}, NodeId{2}}, .log = {1, 3}, .commit = 1});
    const Status status = node.raft.status();
    CHECK(status.term == Term{4});
    CHECK(status.vote == NodeId{2});
    CHECK(status.last == Index{2});
    CHECK(status.durable == Index{2});
    CHECK(status.commit == Index{1});
    CHECK(status.leader == NodeId{});
    CHECK(node.raft.log().first_in_memory() == Index{2});
}

}  // namespace ledger::raft
