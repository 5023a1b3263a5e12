#include "node/features.h"

#include <catch2/catch.hpp>

#include "tests/node/harness.h"
#include "tests/node/counter_machine.h"

namespace ledger::node {
namespace {

raft::NodeSet nodes(std::initializer_list<std::uint32_t> numbers) {
    raft::NodeSet set;
    for (const std::uint32_t number : numbers) {
        set.insert(NodeId{number});
    }
    return set;
}

EntryRef entry_of(EntryKind kind) {
    EntryRef entry;
    entry.index = Index{7};
    entry.kind = kind;
    return entry;
}

constexpr Feature later{static_cast<std::uint32_t>(newest_feature) + 1};

// The only member of a new cluster, elected, with all of its log on the disk.
struct Lone {
    explicit Lone(Feature known, Duration founding = seconds(60))
        : node(NodeId{1}, 1, machine) {
        node.config.features_max = known;
        node.config.features_founded = Feature::base;
        node.config.limits.founding_time = founding;
        node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    }

    void lead() {
        node.start();
        while (node.role() != raft::Role::leader) {
            node.wake();
            node.work();
        }
        node.work();
    }
    // Starts again as a build that knows versions up to `known`.
    void become(Feature known) {
        node.config.features_max = known;
        node.halted.clear();
        node.restart(fresh);
    }
    Feature active() const { return node.replica->features().active(); }

    CounterMachine machine;
    CounterMachine fresh;
    TestNode node;
};

}  // namespace

TEST_CASE("features: a version travels in its entry and nothing else does", "[node]") {
    const EntryRef entry = feature_entry(Feature::cuts);
    CHECK(entry.kind == EntryKind::feature);
    CHECK(feature_of(entry) == Feature::cuts);
    EntryRef other = entry;
    other.kind = EntryKind::command;
    CHECK_FALSE(feature_of(other));
    other = entry_of(EntryKind::feature);
    CHECK_FALSE(feature_of(other));  // no body
    other.handle = EntryHandle::make(as_bytes("12345"), {});
    CHECK_FALSE(feature_of(other));
    other.handle = EntryHandle::make(as_bytes(std::string_view("\0\0\0\0", 4)), {});
    CHECK_FALSE(feature_of(other));  // nobody puts version 0 in force
}

TEST_CASE("features: who knows too little is told at which entry", "[node]") {
    CHECK(unreadable(entry_of(EntryKind::command), Feature::base).empty());
    CHECK(unreadable(entry_of(EntryKind::configuration), Feature::base).empty());
    CHECK(unreadable(entry_of(EntryKind::cut), Feature::cuts).empty());
    CHECK(unreadable(entry_of(EntryKind::cut), Feature::base) ==
          "entry 7 needs feature version 2, this node knows 1: start a newer build");
    CHECK_FALSE(unreadable(entry_of(EntryKind{99}), newest_feature).empty());
    EntryRef ahead = feature_entry(later);
    CHECK_FALSE(unreadable(ahead, newest_feature).empty());
    CHECK(unreadable(ahead, later).empty());
}

TEST_CASE("features: the version in force never falls", "[node]") {
    Features features(later);
    CHECK(features.active() == Feature::base);
    features.restore(Feature::cuts);
    CHECK(features.active() == Feature::cuts);
    features.apply(feature_entry(later));
    CHECK(features.active() == later);
    features.apply(feature_entry(Feature::cuts));  // decided by a leader that knew no better
    CHECK(features.active() == later);
    features.restore(Feature::cuts);
    CHECK(features.active() == later);
}

TEST_CASE("features: members agree on what the last of them knows", "[node]") {
    Features features(Feature::cuts);
    const raft::NodeSet members = nodes({1, 2, 3});
    CHECK(features.heard(NodeId{2}, Feature::cuts));
    CHECK_FALSE(features.heard(NodeId{2}, Feature::cuts));
    CHECK(features.agreement(members, NodeId{1}).newest == Feature::base);
    CHECK(features.agreement(members, NodeId{1}).lagging == "n3 does not answer");
    CHECK(features.heard(NodeId{3}, Feature::base));
    CHECK(features.agreement(members, NodeId{1}).lagging == "n3 knows versions up to 1 only");
    CHECK(features.heard(NodeId{3}, later));
    CHECK(features.agreement(members, NodeId{1}).newest == Feature::cuts);
    CHECK(features.agreement(members, NodeId{1}).lagging ==
          "n1 knows versions up to 2 only, n2 knows versions up to 2 only");
    CHECK(features.agreement(nodes({1, 2}), NodeId{1}).lagging.empty());
    features.silent(NodeId{2});
    CHECK(features.agreement(nodes({1, 2}), NodeId{1}).lagging == "n2 does not answer");
}

TEST_CASE("features: a new cluster begins with the newest version, an old one asks", "[node]") {
    Lone young(Feature::cuts);
    young.lead();
    CHECK(young.active() == Feature::cuts);
    Lone old(Feature::cuts, Duration{});
    old.lead();
    CHECK(old.active() == Feature::base);
    old.node.ask(1, Finalise{});
    old.node.work();
    REQUIRE(std::holds_alternative<Applied>(old.node.replies.back().reply.outcome));
    CHECK(old.active() == Feature::cuts);
    old.node.ask(2, Finalise{});
    const auto* refused = std::get_if<Refused>(&old.node.replies.back().reply.outcome);
    REQUIRE(refused != nullptr);
    CHECK(refused->reason ==
          "feature version 2 stays in force: no newer one is known to all members");
    // A restart finds it in the log.
    old.become(Feature::cuts);
    old.node.work();
    CHECK(old.active() == Feature::base);
    while (old.node.role() != raft::Role::leader) {
        old.node.wake();
        old.node.work();
    }
    old.node.work();
    CHECK(old.active() == Feature::cuts);
}

TEST_CASE("features: a build that knows too little does not run on a newer log", "[node]") {
    Lone node(Feature::cuts);
    node.lead();
    REQUIRE(node.active() == Feature::cuts);
    const std::size_t held = node.node.disk.size();
    node.node.commit = {};
    node.become(Feature::base);  // the entry lies in the tail: found before anything else
    CHECK_FALSE(node.node.halted.empty());
    CHECK(node.node.stores.empty());
    node.node.commit = Index{held};
    CounterMachine machine;
    node.node.halted.clear();
    node.node.restart(machine);  // known committed: found when it is applied
    node.node.work();
    while (node.node.halted.empty() && node.node.role() != raft::Role::leader) {
        node.node.wake();
        node.node.work();
    }
    CHECK(node.node.halted.find("start a newer build") != std::string::npos);
    CHECK(node.node.disk.size() >= held);
    CHECK(node.node.replica->applied() < Index{held});
}

}  // namespace ledger::node
