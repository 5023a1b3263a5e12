// Snapshot: cuts offered, taken over, refused, superseded; and the log that is forgotten.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

SnapshotOffer offer_of(std::uint64_t term, LogId cut, std::uint32_t voters = 3) {
    return {Term{term}, cut, ClusterTime{7}, WallTime{8},
        configuration_entry(voters_1_to(voters)).handle};
}

// Node 3 misses `count` entries and the log that held them.
void leave_behind(Cluster& cluster, std::uint32_t count) {
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, count);
    cluster.settle();
    cluster.make_cut(1);
    cluster.heal();
}

}  // namespace

TEST_CASE("snapshot: a follower that lacks what is gone gets the cut", "[raft]") {
    Cluster cluster({.nodes = 3});
    leave_behind(cluster, 20);
    CHECK(cluster.raft(1).log().first() == Index{22});
    cluster.run(Cluster::T);
    CHECK(cluster.snapshots_taken() == 1);
    CHECK(cluster.raft(3).log().first() == Index{22});
    CHECK(cluster.raft(3).commit() == Index{21});
    CHECK(cluster.propose(1));
    cluster.must_recover();
}

TEST_CASE("snapshot: the offered cut carries its place, stamps and configuration", "[raft]") {
    Solo node;
    const SnapshotOffer offer = offer_of(2, id(9, 1), 4);
    node.receive(2, offer);
    Ready ready = node.take();
    REQUIRE(ready.offers.size() == 1);
    const Cut cut{id(9, 1), ClusterTime{7}, WallTime{8}, voters_1_to(4)};
    CHECK(ready.offers[0].from == NodeId{2});
    CHECK(ready.offers[0].cut == cut);
    CHECK(sent_to<SnapshotStatus>(ready, 2) == SnapshotStatus{Term{2}, id(9, 1), false});
    node.receive(2, offer);  // said again: answered again, but the caller knows
    ready = node.take();
    CHECK(ready.offers.empty());
    CHECK(sent_to<SnapshotStatus>(ready, 2).has_value());
    REQUIRE(node.raft.snapshot_received(node.now, id(9, 1)));
    ready = node.take();
    CHECK(ready.restore == cut);
    CHECK(node.raft.configuration() == voters_1_to(4));
    CHECK(node.raft.commit() == Index{9});
    CHECK(node.raft.log().last_id() == id(9, 1));
    CHECK(node.raft.log().first() == Index{10});
    REQUIRE(sent<SnapshotStatus>(ready).size() == 1);
    CHECK(sent<SnapshotStatus>(ready)[0].first.durable);
    CHECK(sent<SnapshotStatus>(ready)[0].second == SnapshotStatus{Term{2}, id(9, 1), true});
    // Replication continues right after it; nothing else matches there.
    node.receive(2, AppendRequest{Term{2}, id(9, 1), Index{9}, 1, {entry_at(10, 2)}});
    CHECK(sent_to<AppendResponse>(node.take(), 2)->accepted);
}

TEST_CASE("snapshot: a cut below the own commit is not installed", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 1, 2, 2}, .commit = 3});
    node.receive(2, offer_of(2, id(2, 1)));
    const Ready ready = node.take();
    CHECK(ready.offers.empty());
    CHECK(sent_to<SnapshotStatus>(ready, 2)->held);
    CHECK(sent<SnapshotStatus>(ready)[0].first.durable);
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(2, 1)));
    CHECK(node.raft.log().last() == Index{4});
    CHECK(node.raft.commit() == Index{3});
}

TEST_CASE("snapshot: a cut inside the own log keeps what follows it", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 1, 2, 2}});
    node.receive(2, offer_of(2, id(3, 2)));
    CHECK(sent_to<SnapshotStatus>(node.take(), 2)->held);
    CHECK(node.raft.log().last() == Index{4});
    CHECK(node.raft.commit() == Index{3});
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{}});
}

TEST_CASE("snapshot: entries that contradict the cut are discarded, the vote is not", "[raft]") {
    Solo node({.hard_state = {Term{5}, NodeId{3}}, .log = {1, 1, 1, 1, 1, 1}});
    node.receive(2, offer_of(5, id(4, 3)));
    REQUIRE(node.raft.snapshot_received(node.now, id(4, 3)));
    CHECK(node.raft.log().last_id() == id(4, 3));
    CHECK(node.hard_state() == HardState{Term{5}, NodeId{3}});
    CHECK(node.take().restore.has_value());
    node.store();
    CHECK(node.raft.log().durable() == Index{4});
}

TEST_CASE("snapshot: a newer offer supersedes, a late arrival of the older is ignored", "[raft]") {
    Solo node;
    node.receive(2, offer_of(2, id(9, 1)));
    node.receive(2, offer_of(2, id(12, 1)));
    CHECK(node.take().offers.size() == 2);
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(9, 1)));
    CHECK(node.raft.snapshot_received(node.now, id(12, 1)));
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(12, 1)));
}

TEST_CASE("snapshot: what arrives while the node campaigns or leads is ignored", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, offer_of(1, id(9, 1)));
    node.campaign();
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(9, 1)));
    node.store();
    node.receive(2, VoteResponse{node.raft.status().term, true});
    REQUIRE(node.raft.status().role == Role::leader);
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(9, 1)));
}

TEST_CASE("snapshot: what arrived in vain is told of when it is offered again", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, offer_of(1, id(9, 1)));
    CHECK(node.take().offers.size() == 1);
    node.campaign();
    CHECK_FALSE(node.raft.snapshot_received(node.now, id(9, 1)));
    node.store();
    SECTION("by another leader") {
        const std::uint64_t term = node.raft.status().term.value + 1;
        node.receive(3, offer_of(term, id(9, 1)));
        CHECK(node.take().offers.size() == 1);
    }
    SECTION("by the same one, of the present term") {
        node.receive(2, offer_of(node.raft.status().term.value, id(9, 1)));
        CHECK(node.take().offers.size() == 1);
    }
    CHECK(node.raft.snapshot_received(node.now, id(9, 1)));
}

TEST_CASE("snapshot: offers of old terms and impossible ones change nothing", "[raft]") {
    Solo node({.hard_state = {Term{5}, NodeId{}}});
    node.receive(2, offer_of(4, id(9, 1)));
    const Ready ready = node.take();
    CHECK(ready.offers.empty());
    CHECK(sent_to<SnapshotStatus>(ready, 2)->term == Term{5});
    node.receive(2, offer_of(5, {}));
    node.receive(2, offer_of(5, id(9, 6)));
    SnapshotOffer broken = offer_of(5, id(9, 1));
    broken.configuration = {};
    node.receive(2, broken);
    CHECK(node.take().empty());
}

TEST_CASE("snapshot: the caller is asked once, and again when the link broke", "[raft]") {
    Solo node;
    node.lead();
    node.propose(5);
    node.store();
    node.accept_all(2);
    node.take();
    REQUIRE(node.raft.commit() == Index{6});
    node.raft.peer_down(node.now, NodeId{3});
    const LogId cut = node.raft.log().last_id();
    node.raft.cut_durable({cut, ClusterTime{}, WallTime{}, voters_1_to(3)});
    node.raft.discard_to(Index{6});
    CHECK(node.raft.log().first() == Index{7});
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 3)->round;
    node.receive(3, HeartbeatResponse{Term{1}, round});
    REQUIRE(sent_to<SnapshotOffer>(node.take(), 3)->cut == cut);
    CHECK(node.peer(3).state == Progress::State::snapshot);
    node.receive(3, SnapshotStatus{Term{1}, cut, false});
    node.receive(3, SnapshotStatus{Term{1}, cut, false});
    Ready ready = node.take();
    REQUIRE(ready.snapshots.size() == 1);
    CHECK(ready.snapshots[0].peer == NodeId{3});
    CHECK(ready.snapshots[0].cut.id == cut);
    node.propose();
    CHECK_FALSE(sent_to<AppendRequest>(node.take(), 3));  // paused
    node.raft.peer_down(node.now, NodeId{3});
    node.receive(3, SnapshotStatus{Term{1}, cut, false});
    CHECK(node.take().snapshots.size() == 1);
    node.raft.snapshot_failed(node.now, NodeId{3});
    node.receive(3, SnapshotStatus{Term{1}, cut, false});
    CHECK(node.take().snapshots.size() == 1);
    node.receive(3, SnapshotStatus{Term{1}, cut, true});
    ready = node.take();
    CHECK(sent_to<AppendRequest>(ready, 3)->previous == cut);
    CHECK(node.peer(3).match == Index{6});
}

TEST_CASE("snapshot: a cut that arrives too late for the log is followed by a newer one", "[raft]") {
    Solo node;
    node.lead();
    const auto advance_and_cut = [&node] {
        node.propose(5);
        node.store();
        node.accept_all(2);
        node.take();
        const LogId last = node.raft.log().last_id();
        node.raft.cut_durable({last, ClusterTime{}, WallTime{}, voters_1_to(3)});
        node.raft.discard_to(last.index);
        return last;
    };
    node.raft.peer_down(node.now, NodeId{3});
    const LogId older = advance_and_cut();
    node.timeout();
    node.receive(3, HeartbeatResponse{Term{1}, sent_to<Heartbeat>(node.take(), 3)->round});
    node.receive(3, SnapshotStatus{Term{1}, older, false});
    REQUIRE(node.take().snapshots.size() == 1);
    const LogId newer = advance_and_cut();
    node.receive(3, SnapshotStatus{Term{1}, older, true});
    CHECK(node.peer(3).match == older.index);
    CHECK(sent_to<SnapshotOffer>(node.take(), 3)->cut == newer);
}

TEST_CASE("snapshot: a follower that reached the log by itself needs no cut", "[raft]") {
    Solo node;
    node.lead();
    node.propose(5);
    const Ready ready = node.take();
    node.store();
    node.accept(2, *sent_to<AppendRequest>(ready, 2));
    node.raft.peer_down(node.now, NodeId{3});
    node.raft.cut_durable({node.raft.log().last_id(), ClusterTime{}, WallTime{}, voters_1_to(3)});
    node.raft.discard_to(Index{6});
    node.timeout();
    node.receive(3, HeartbeatResponse{Term{1}, sent_to<Heartbeat>(node.take(), 3)->round});
    REQUIRE(node.peer(3).state == Progress::State::snapshot);
    node.accept(3, *sent_to<AppendRequest>(ready, 3));  // a late answer
    CHECK(node.peer(3).state == Progress::State::replicate);
    CHECK(node.peer(3).match == Index{6});
}

TEST_CASE("snapshot: a log without a cut that helps waits, as before", "[raft]") {
    Solo node;
    node.lead();
    node.receive(3, SnapshotStatus{Term{1}, id(99, 1), true});
    node.receive(3, SnapshotStatus{Term{1}, id(1, 1), false});
    CHECK(node.take().snapshots.empty());
    CHECK(node.peer(3).match <= Index{1});
}

TEST_CASE("snapshot: trailing entries stay, for slow followers up to a bound", "[raft]") {
    Solo node;
    node.lead();
    for (int i = 0; i < 20; ++i) {
        node.propose();
        node.store();
        node.accept_all(2);
        if (i < 10) {
            node.accept_all(3);
        }
        node.take();
    }
    REQUIRE(node.raft.commit() == Index{21});
    CHECK(node.raft.discardable(0, 0) == Index{});
    node.raft.cut_durable({node.raft.log().last_id(), ClusterTime{}, WallTime{}, voters_1_to(3)});
    CHECK(node.raft.discardable(0, 0) == Index{21});
    CHECK(node.raft.discardable(4, 4) == Index{17});
    CHECK(node.raft.discardable(4, 1000) == Index{11});  // node 3 answers and needs the rest
    CHECK(node.raft.discardable(4, 7) == Index{14});
    CHECK(node.raft.discardable(1000, 0) == Index{});
    node.raft.discard_to(node.raft.discardable(4, 1000));
    CHECK(node.raft.log().first() == Index{12});
    CHECK(node.raft.discardable(1000, 0) == Index{11});
}

TEST_CASE("snapshot: a restart knows its cut and can offer it", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    leave_behind(cluster, 20);
    cluster.crash(1);
    cluster.restart(1);
    CHECK(cluster.raft(1).log().first() == Index{22});
    CHECK(cluster.raft(1).commit() >= Index{21});
    cluster.isolate(3);
    cluster.elect(1);
    cluster.heal();
    cluster.run(Cluster::T * 2);
    CHECK(cluster.raft(3).commit() == cluster.raft(1).commit());
    cluster.must_recover();
}

TEST_CASE("snapshot: no cut is made of where the membership is not known any more", "[raft]") {
    SeededChoices choices(1);
    Config config;
    config.self = NodeId{1};
    config.choices = &choices;
    config.configuration = voters_1_to(3);
    Boot boot = boot_of({Term{1}, NodeId{}}, log_of({1, 1, 1, 1, 1}), Index{5});
    boot.configuration = ConfigurationAt{Index{4}, voters_1_to(5)};  // older ones were not looked for
    const Raft raft(config, boot, Instant{});
    CHECK(raft.configuration_at(Index{4}) == voters_1_to(5));
    CHECK(raft.configuration_at(Index{3}).members().empty());
    // A cut has its own; what came between the two is not known.
    boot.cut = Cut{id(2, 1), {}, {}, voters_1_to(4)};
    const Raft behind_a_cut(config, boot, Instant{});
    CHECK(behind_a_cut.configuration_at(Index{2}) == voters_1_to(4));
    CHECK(behind_a_cut.configuration_at(Index{3}).members().empty());
    CHECK(behind_a_cut.configuration_at(Index{4}) == voters_1_to(5));
}

TEST_CASE("snapshot: a new member starts from a cut and knows its configuration", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    cluster.propose(1, 20);
    cluster.settle();
    cluster.make_cut(1);
    cluster.change(1, with_learner(voters_1_to(3), {.node = NodeId{4}, .promote = true}));
    cluster.run(Cluster::T * 2);
    CHECK(cluster.snapshots_taken() == 1);
    CHECK(cluster.committed_configuration() == voters_1_to(4));
    cluster.must_recover();
}

}  // namespace ledger::raft
