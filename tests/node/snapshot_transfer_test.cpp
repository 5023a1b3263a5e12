// How a cut gets from a leader to a follower that lacks what is gone: node/snapshot_transfer.cpp.
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "node/snapshotter.h"
#include "tests/node/counter_machine.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

// Three nodes whose messages arrive in order; the third may be away.
struct Group {
    std::map<std::uint32_t, CounterMachine> machines;
    std::map<std::uint32_t, TestNode> nodes;
    std::set<std::uint32_t> away;
    std::uint64_t requests = 0;
    std::uint64_t parts = 0;       // of cuts that arrived
    std::uint64_t parts_lost_after = UINT64_MAX;

    explicit Group(std::uint64_t scrub_bytes_per_second = 0) {
        for (std::uint32_t number = 1; number <= 3; ++number) {
            auto made = nodes.try_emplace(number, NodeId{number}, 3, machines[number]);
            TestNode& node = made.first->second;
            node.config.limits.cut_entries = 5;
            node.config.limits.retain_entries = 1;
            node.config.limits.kept_entries_min = 0;
            node.config.limits.kept_entries_max = 0;
            node.config.limits.discard_entries = 1;
            node.config.limits.scrub_bytes_per_second = scrub_bytes_per_second;
            node.config.limits.scrub_start = milliseconds(100);
            node.config.limits.scrub_pause = milliseconds(100);
            node.replica = std::make_unique<Replica>(node.config, machines[number], node.choices);
            node.start();
        }
    }
    TestNode* leader() {
        for (auto& [number, node] : nodes) {
            if (!away.contains(number) && node.role() == raft::Role::leader) {
                return &node;
            }
        }
        return nullptr;
    }
    void deliver_all() {
        bool moved = true;
        while (moved) {
            moved = false;
            for (auto& [number, node] : nodes) {
                node.work();
                while (!node.sends.empty()) {
                    moved = true;
                    PeerMessage message = std::move(node.sends.front().message);
                    node.sends.pop_front();
                    deliver(number, std::move(message));
                }
            }
        }
    }
    void deliver(std::uint32_t from, PeerMessage&& message) {
        const std::uint32_t to = message.to.value;
        if (away.contains(from) || away.contains(to)) {
            return;
        }
        if (std::holds_alternative<CutPart>(message.body)) {
            ++parts;
            if (parts > parts_lost_after) {
                return;
            }
        }
        nodes.at(to).step(Message{std::move(message)});
    }
    void pass(Duration time) {
        for (auto& [number, node] : nodes) {
            node.now = node.now + time;
            if (!away.contains(number) && node.wake_at <= node.now) {
                node.step(Time{node.wall});
            }
        }
        deliver_all();
    }
    void run(std::uint32_t rounds) {
        for (std::uint32_t round = 0; round < rounds; ++round) {
            pass(milliseconds(20));
        }
    }
    void add_one(std::uint64_t value) {
        TestNode* to = leader();
        REQUIRE(to != nullptr);
        to->ask(++requests, add(value));
        deliver_all();
    }
};

}  // namespace

TEST_CASE("snapshot_transfer: a follower that lacks what is gone gets the cut, part by part", "[node]") {
    Group group;
    group.run(40);
    REQUIRE(group.leader() != nullptr);
    const std::uint32_t lagging = group.leader()->config.raft.self == NodeId{3} ? 2 : 3;
    group.away.insert(lagging);
    for (std::uint64_t value = 1; value <= 40; ++value) {
        group.add_one(value);
        group.run(2);
    }
    REQUIRE(group.leader()->first > group.nodes.at(lagging).replica->raft().log().last().next());
    SECTION("at once") {}
    SECTION("after parts were lost and the follower was restarted") {
        group.parts_lost_after = 1;  // the manifest arrives, the chunk does not
        group.away.clear();
        group.run(60);
        CHECK(group.parts > 1);
        CHECK(group.nodes.at(lagging).cuts.empty());
        group.machines[lagging] = CounterMachine();
        group.nodes.at(lagging).restart(group.machines[lagging]);
        group.parts_lost_after = UINT64_MAX;
    }
    SECTION("after the leader fell silent, from another one") {
        group.parts_lost_after = 1;
        group.away.clear();
        group.run(60);
        group.parts_lost_after = UINT64_MAX;
        group.away.insert(group.leader()->config.raft.self.value);
        group.run(10);
        group.away.clear();
    }
    group.away.clear();
    group.run(400);
    const TestNode& node = group.nodes.at(lagging);
    CHECK(node.halted.empty());
    CHECK(group.parts >= 2);
    REQUIRE_FALSE(node.cuts.empty());
    CHECK(node.first > Index{1});
    CHECK(node.replica->applied() == group.leader()->replica->applied());
    CHECK(group.machines[lagging].digest() ==
          group.machines[group.leader()->config.raft.self.value].digest());
}

TEST_CASE("snapshot_transfer: a rotten chunk that nobody needs is found by scrubbing and mended",
    "[node]") {
    for (const std::uint64_t rate : {0u, 1u << 20}) {
        Group group(rate);
        group.run(40);
        REQUIRE(group.leader() != nullptr);
        for (std::uint64_t value = 1; value <= 6; ++value) {
            group.add_one(value);
            group.run(2);
        }
        for (auto& [number, node] : group.nodes) {
            REQUIRE_FALSE(node.cuts.empty());
        }
        const std::uint64_t parts = group.parts;
        TestNode& node = group.nodes.at(2);
        const auto& [cut, kept] = *node.cuts.rbegin();
        REQUIRE(group.nodes.at(1).cuts.contains(cut));
        node.rotten = {{cut, 0}};
        group.run(40);
        CHECK(node.rotten.empty() == (rate > 0));
        CHECK((group.parts > parts) == (rate > 0));
        CHECK((node.replica->scrubber().passes() > 1) == (rate > 0));
        CHECK(node.halted.empty());
    }
}

TEST_CASE("snapshot_transfer: scrubbing waits for the cut from which the state is read", "[node]") {
    Group group(1u << 20);
    group.run(40);
    for (std::uint64_t value = 1; value <= 6; ++value) {
        group.add_one(value);
        group.run(2);
    }
    TestNode& node = group.nodes.at(2);
    const auto& [cut, kept] = *node.cuts.rbegin();
    node.commit = cut.index;
    node.rotten = {{cut, 0}};
    group.machines[2] = CounterMachine();
    node.restart(group.machines[2]);
    CHECK_FALSE(node.replica->snapshots().chunk_from({}).has_value());
    group.run(400);
    CHECK(node.rotten.empty());
    CHECK(node.halted.empty());
    CHECK(node.replica->applied() == group.leader()->replica->applied());
    CHECK(node.replica->snapshots().chunk_from({}).has_value());
}

}  // namespace ledger::node
