// Space: what a replica does whose disk is full, or nearly so (storage trap T2).
#include <algorithm>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "node/replica.h"
#include "tests/node/counter_machine.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

// A cluster of some nodes whose messages arrive at once.
struct Cluster {
    explicit Cluster(std::uint32_t count, std::uint64_t cut_entries = 0) {
        for (std::uint32_t id = 1; id <= count; ++id) {
            machines.push_back(std::make_unique<CounterMachine>());
            nodes.push_back(std::make_unique<TestNode>(NodeId{id}, count, *machines.back()));
            TestNode& node = *nodes.back();
            node.config.limits.cut_entries = cut_entries;
            node.replica =
                std::make_unique<Replica>(node.config, *machines.back(), node.choices);
            node.start();
        }
        pass(seconds(2));
        REQUIRE(leader() != nullptr);
    }

    TestNode& node(std::uint32_t id) { return *nodes[id - 1]; }
    TestNode* leader() {
        for (const auto& one : nodes) {
            if (one->role() == raft::Role::leader) {
                return one.get();
            }
        }
        return nullptr;
    }
    NodeId leader_id() { return leader() == nullptr ? NodeId{} : leader()->config.raft.self; }
    // Everything that is under way arrives, and disks finish what they have begun.
    void deliver() {
        for (bool more = true; more;) {
            more = false;
            for (const auto& from : nodes) {
                from->work();
                while (!from->sends.empty() && from->sends.front().after <= from->stored) {
                    const PeerMessage message = from->sends.front().message;
                    from->sends.pop_front();
                    ++messages;
                    node(message.to.value).step(Message{message});
                    more = true;
                }
            }
        }
    }
    void pass(Duration time) {
        const Instant end = now + time;
        while (true) {
            deliver();
            Instant next = end;
            for (const auto& one : nodes) {
                next = std::min(next, std::max(one->wake_at, now));
            }
            if (next >= end) {
                break;
            }
            now = next;
            for (const auto& one : nodes) {
                one->now = now;
                if (one->wake_at <= now) {
                    one->wake_at = never;
                    one->step(Time{one->wall});
                }
            }
        }
        now = end;
        for (const auto& one : nodes) {
            one->now = now;
        }
    }
    void ask(TestNode& of, std::uint64_t request) {
        of.ask(request, add(1));
        pass(milliseconds(30));
    }

    std::vector<std::unique_ptr<CounterMachine>> machines;
    std::vector<std::unique_ptr<TestNode>> nodes;
    Instant now;
    std::uint64_t messages = 0;
};

bool refused_for_space(const TestNode& node, std::uint64_t request) {
    const Overloaded* refused = outcome_of<Overloaded>(node, request);
    return refused != nullptr && refused->disk_full && refused->retry_after > Duration{};
}

std::uint64_t commands_on(const TestNode& node) {
    return static_cast<std::uint64_t>(
        std::count_if(node.disk.begin(), node.disk.end(), [](const HashedEntry& entry) {
            return entry.entry.kind == EntryKind::command;
        }));
}

}  // namespace

TEST_CASE("space: a crowded node alone refuses commands before they are sequenced", "[node]") {
    Cluster alone(1);
    TestNode& node = alone.node(1);
    alone.ask(node, 1);
    REQUIRE(outcome_of<Applied>(node, 1) != nullptr);
    node.crowded = true;
    alone.ask(node, 2);  // it does not know yet
    REQUIRE(outcome_of<Applied>(node, 2) != nullptr);
    const std::size_t entries = node.disk.size();
    alone.ask(node, 3);
    CHECK(refused_for_space(node, 3));
    CHECK(node.disk.size() == entries);
    // Reads and the state are as ever, and the status says what is the matter.
    node.ask(4, Query{});
    alone.pass(milliseconds(10));
    CHECK(outcome_of<Answered>(node, 4) != nullptr);
    node.ask(5, StatusQuery{});
    CHECK(outcome_of<StatusAnswer>(node, 5)->crowded);
    // It looks again by itself: nothing else would tell it.
    node.crowded = false;
    alone.pass(node.config.limits.crowded_look * 2);
    alone.ask(node, 6);
    CHECK(outcome_of<Applied>(node, 6) != nullptr);
    node.ask(7, StatusQuery{});
    CHECK_FALSE(outcome_of<StatusAnswer>(node, 7)->crowded);
}

TEST_CASE("space: commands that wait to be proposed are refused as well", "[node]") {
    Cluster alone(1);
    TestNode& node = alone.node(1);
    node.bring(1, add(1));
    node.crowded = true;
    node.step(Time{node.wall});  // proposed, and stored on a disk that is crowded from then on
    node.bring(2, add(1));
    node.work();
    node.end_turn();
    CHECK(outcome_of<Applied>(node, 1) != nullptr);
    CHECK(refused_for_space(node, 2));
}

TEST_CASE("space: a node that starts on a full disk says so at once", "[node]") {
    Cluster alone(1);
    TestNode& node = alone.node(1);
    node.crowded = true;
    CounterMachine fresh;
    node.restart(fresh);
    CHECK(node.replica->crowded());
    alone.pass(seconds(2));
    REQUIRE(node.role() == raft::Role::leader);  // terms, votes and no-ops have their place
    alone.ask(node, 9);
    CHECK(refused_for_space(node, 9));
}

TEST_CASE("space: when only the leader has none another one takes over and commits", "[node]") {
    Cluster cluster(3);
    TestNode& full = *cluster.leader();
    cluster.ask(full, 1);
    REQUIRE(outcome_of<Applied>(full, 1) != nullptr);
    full.crowded = true;
    cluster.ask(full, 2);  // acknowledged or refused, never lost
    const std::uint64_t before = commands_on(full);
    cluster.ask(full, 3);
    CHECK((refused_for_space(full, 3) || outcome_of<Redirect>(full, 3) != nullptr));
    cluster.pass(seconds(2));
    TestNode* other = cluster.leader();
    REQUIRE(other != nullptr);
    REQUIRE(other != &full);
    for (std::uint64_t request = 10; request < 20; ++request) {
        cluster.ask(*other, request);
        REQUIRE(outcome_of<Applied>(*other, request) != nullptr);
    }
    CHECK(commands_on(*other) == before + 10);
    CHECK(commands_on(full) == before);
    CHECK(full.halted.empty());
    // Nobody is kept busy with what the full disk does not take.
    const std::uint64_t messages = cluster.messages;
    cluster.pass(seconds(1));
    CHECK(cluster.messages - messages < 200);
    CHECK(cluster.leader() == other);
    full.crowded = false;
    cluster.pass(seconds(1));
    CHECK(commands_on(full) == before + 10);
    CHECK(cluster.leader() == other);
}

TEST_CASE("space: without any on a majority commands are refused, and go on when there is some", "[node]") {
    Cluster cluster(3);
    TestNode& leader = *cluster.leader();
    cluster.ask(leader, 1);
    for (const auto& node : cluster.nodes) {
        node->crowded = node.get() != &leader;
    }
    cluster.ask(leader, 2);  // the others learn of it by storing this one
    cluster.pass(milliseconds(200));
    cluster.ask(leader, 3);
    CHECK(refused_for_space(leader, 3));
    leader.crowded = true;
    cluster.pass(seconds(5));
    CHECK(cluster.leader() == &leader);  // nobody could do better
    cluster.ask(leader, 4);
    CHECK(refused_for_space(leader, 4));
    leader.ask(5, Query{});
    cluster.pass(milliseconds(100));
    CHECK(outcome_of<Answered>(leader, 5) != nullptr);
    for (const auto& node : cluster.nodes) {
        node->crowded = false;
    }
    cluster.pass(seconds(1));
    cluster.ask(leader, 6);
    CHECK(outcome_of<Applied>(leader, 6) != nullptr);
    for (const auto& node : cluster.nodes) {
        CHECK(node->halted.empty());
        CHECK(commands_on(*node) == commands_on(leader));
    }
}

TEST_CASE("space: terms and votes are stored on full disks", "[node]") {
    Cluster cluster(3);
    for (const auto& node : cluster.nodes) {
        node->crowded = true;
    }
    cluster.pass(seconds(1));
    TestNode& old = *cluster.leader();
    const Term before = old.replica->raft().status().term;
    CounterMachine fresh;
    old.restart(fresh);
    cluster.pass(seconds(3));
    REQUIRE(cluster.leader() != nullptr);
    CHECK(cluster.leader()->replica->raft().status().term > before);
    CHECK(cluster.leader()->replica->raft().commit() ==
          cluster.leader()->replica->raft().log().last());
}

TEST_CASE("space: a cut for which there is none is given up, and the next one is made", "[node]") {
    Cluster alone(1, 4);
    TestNode& node = alone.node(1);
    node.no_space_for_cuts = true;
    for (std::uint64_t request = 1; request <= 10; ++request) {
        alone.ask(node, request);
        REQUIRE(outcome_of<Applied>(node, request) != nullptr);
    }
    CHECK(node.halted.empty());
    CHECK(node.cuts.empty());
    node.no_space_for_cuts = false;
    for (std::uint64_t request = 11; request <= 20; ++request) {
        alone.ask(node, request);
        REQUIRE(outcome_of<Applied>(node, request) != nullptr);
    }
    CHECK_FALSE(node.cuts.empty());
}

}  // namespace ledger::node
