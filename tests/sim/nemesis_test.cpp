#include "sim/nemesis.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

using Part = check::Who::Part;
constexpr NodeId n1{1};
constexpr NodeId n2{2};

// A cluster that only writes down what is done to it.
class Victims final : public NemesisPort {
  public:
    explicit Victims(std::uint32_t nodes) : count(nodes) {}
    bool up(NodeId node) const override { return !down.contains(node); }
    NodeId leader() const override { return leads; }
    NodeId playing(Part part) const override {
        if (part == Part::follower) {
            for (std::uint32_t number = 1; number <= count; ++number) {
                if (NodeId{number} != leads && up(NodeId{number})) {
                    return NodeId{number};
                }
            }
        }
        const auto found = parts.find(part);
        return part == Part::leader ? leads : found == parts.end() ? NodeId{} : found->second;
    }
    void crash(NodeId node, Duration outage) override {
        REQUIRE(up(node));
        check(node, outage);
        crashed.push_back(node);
    }
    void crash_mid_step(NodeId node, Duration outage) override {
        REQUIRE(up(node));
        check(node, outage);
        ++mid_step;
    }
    void crash_before_sync(NodeId node, Duration outage) override {
        REQUIRE(up(node));
        check(node, outage);
        ++before_sync;
    }
    void pause(NodeId node, Duration length) override {
        REQUIRE(up(node));
        check(node, length);
        paused.push_back(node);
    }
    void stall_disk(NodeId node, Duration length) override {
        REQUIRE(up(node));
        check(node, length);
        REQUIRE(length > milliseconds(150));
        stalled.push_back(node);
    }
    void fail_disk(NodeId node, Fault fault, Duration outage) override {
        REQUIRE(up(node));
        check(node, outage);
        disk_errors.insert(fault);
    }
    void set_wall_clock(NodeId node, Duration by) override {
        REQUIRE(up(node));
        jumps.push_back(by);
    }
    void nemesis_ends(std::uint64_t action, Duration after) override {
        REQUIRE(after >= milliseconds(10));
        ends.push_back(action);
    }
    Instant time() const override { return now; }
    void disconnect(NodeId knows, NodeId other) override { disconnected.emplace_back(knows, other); }
    void reconnect(NodeId one, NodeId other) override { reconnected.emplace_back(one, other); }
    void note(const char* lane, const std::string& text, Duration) override {
        CHECK(std::string(lane) == "network");
        notes.push_back(text);
    }

    std::uint32_t count;
    std::set<NodeId> down;
    NodeId leads;
    std::map<Part, NodeId> parts;
    std::vector<NodeId> crashed;
    std::uint64_t mid_step = 0;
    std::uint64_t before_sync = 0;
    std::vector<NodeId> paused;
    std::vector<NodeId> stalled;
    std::set<Fault> disk_errors;
    std::vector<Duration> jumps;
    std::vector<std::uint64_t> ends;
    Instant now;
    std::vector<std::pair<NodeId, NodeId>> disconnected;
    std::vector<std::pair<NodeId, NodeId>> reconnected;
    std::vector<std::string> notes;

  private:
    void check(NodeId node, Duration outage) const {
        REQUIRE(node.value >= 1);
        REQUIRE(node.value <= count);
        REQUIRE(outage >= milliseconds(10));
    }
};

struct Arena {
    explicit Arena(NemesisProfile nemesis, std::uint32_t nodes = 5, std::uint64_t seed = 1)
        : profile(make(nemesis, nodes)), choices(seed), network(nodes, profile.network, choices, faults),
          victims(nodes), attacker(profile, choices, faults, network, victims) {}

    static Profile make(NemesisProfile nemesis, std::uint32_t nodes) {
        Profile profile;
        profile.nodes = nodes;
        profile.nemesis = nemesis;
        return profile;
    }
    std::uint32_t cuts() const {
        std::uint32_t sum = 0;
        for (std::uint32_t from = 1; from <= profile.nodes; ++from) {
            for (std::uint32_t to = 1; to <= profile.nodes; ++to) {
                sum += network.is_cut(NodeId{from}, NodeId{to}) ? 1u : 0u;
            }
        }
        return sum;
    }
    std::uint64_t fired(Fault fault) const { return faults.of(fault).fired; }

    Profile profile;
    SeededChoices choices;
    FaultCounts faults;
    Network network;
    Victims victims;
    Nemesis attacker;
};

constexpr NemesisProfile nothing{.crashes = false, .partitions = false, .one_way = false,
    .aim_at_leader = false};

NemesisProfile with(void (*change)(NemesisProfile&)) {
    NemesisProfile profile = nothing;
    change(profile);
    return profile;
}

}  // namespace

TEST_CASE("nemesis: with nothing allowed it does nothing and comes back later", "[sim]") {
    Arena arena(nothing);
    arena.victims.leads = n1;
    for (int i = 0; i < 100; ++i) {
        const Instant before = arena.attacker.next_strike();
        arena.attacker.strike();
        CHECK(arena.attacker.next_strike() > before);
    }
    CHECK(arena.victims.crashed.empty());
    CHECK(arena.cuts() == 0);
    for (const FaultCount& count : arena.faults.counts) {
        CHECK(count.fired == 0);
    }
}

TEST_CASE("nemesis: crashes come in every way, and only to nodes that are up", "[sim]") {
    Arena arena(with([](NemesisProfile& may) { may.crashes = true; }));
    arena.victims.down = {n2};
    for (int i = 0; i < 400; ++i) {
        arena.attacker.strike();
    }
    CHECK(arena.victims.crashed.size() > 40);
    CHECK(arena.victims.mid_step > 40);
    CHECK(arena.victims.before_sync > arena.victims.mid_step);
    const std::set<NodeId> all(arena.victims.crashed.begin(), arena.victims.crashed.end());
    CHECK(all.size() == 4);
    CHECK(arena.cuts() == 0);
}

TEST_CASE("nemesis: a storm takes a majority or more", "[sim]") {
    Arena arena(with([](NemesisProfile& may) {
        may.crashes = true;
        may.crash_storms = true;
    }));
    std::set<std::size_t> sizes;
    std::uint64_t storms = 0;
    while (storms < 100) {
        arena.victims.crashed.clear();
        arena.attacker.strike();
        if (arena.fired(Fault::crash_storm) == storms) {
            continue;  // another kind of crash
        }
        ++storms;
        const std::set<NodeId> hit(arena.victims.crashed.begin(), arena.victims.crashed.end());
        CHECK(hit.size() == arena.victims.crashed.size());
        CHECK(hit.size() >= 3);
        sizes.insert(hit.size());
    }
    CHECK(sizes == std::set<std::size_t>{3, 4, 5});
}

TEST_CASE("nemesis: processes pause, disks hang and fail, clocks jump, of nodes that are up",
    "[sim]") {
    Arena arena(with([](NemesisProfile& may) {
        may.pauses = true;
        may.disk_stalls = true;
        may.disk_errors = true;
        may.clock_jumps = true;
        may.aim_at_leader = GENERATE(false, true);
    }));
    arena.victims.leads = n2;
    arena.victims.down = {n1};
    for (int i = 0; i < 400; ++i) {
        arena.attacker.strike();
    }
    CHECK(arena.victims.paused.size() > 20);
    CHECK(arena.victims.stalled.size() > 20);
    CHECK(arena.victims.disk_errors == std::set<Fault>{Fault::disk_sync_failed,
                                           Fault::disk_write_failed, Fault::disk_full,
                                           Fault::disk_read_failed});
    CHECK(*std::min_element(arena.victims.jumps.begin(), arena.victims.jumps.end()) < Duration{});
    CHECK(*std::max_element(arena.victims.jumps.begin(), arena.victims.jumps.end()) > Duration{});
    const std::set<NodeId> hit(arena.victims.paused.begin(), arena.victims.paused.end());
    CHECK(hit.size() == 4);
    CHECK(arena.victims.crashed.empty());
}

TEST_CASE("nemesis: a bridge cuts one pair and nobody else", "[sim]") {
    Arena arena(with([](NemesisProfile& may) {
        may.bridges = true;
        may.aim_at_leader = GENERATE(false, true);
    }));
    arena.victims.leads = n2;
    for (int i = 0; i < 50; ++i) {
        arena.attacker.strike();
        CHECK(arena.cuts() == 2);
        arena.attacker.end(arena.victims.ends.back());
    }
    CHECK(arena.fired(Fault::partition_bridge) == 50);
    CHECK(arena.victims.notes.size() == 50);
}

TEST_CASE("nemesis: a partition cuts both ways, and ends", "[sim]") {
    Arena arena(with([](NemesisProfile& may) { may.partitions = true; }));
    for (int i = 0; i < 100; ++i) {
        arena.attacker.strike();
        // k nodes on one side, the rest on the other: 2 k (n - k) directed links.
        const std::uint32_t cuts = arena.cuts();
        CHECK((cuts == 8 || cuts == 12));
        for (std::uint32_t from = 1; from <= 5; ++from) {
            for (std::uint32_t to = 1; to <= 5; ++to) {
                CHECK(arena.network.is_cut(NodeId{from}, NodeId{to}) ==
                      arena.network.is_cut(NodeId{to}, NodeId{from}));
            }
        }
        REQUIRE(arena.victims.ends.size() == static_cast<std::size_t>(i) + 1);
        arena.attacker.end(arena.victims.ends.back());
        CHECK(arena.cuts() == 0);
        arena.attacker.end(arena.victims.ends.back());  // harmless
    }
    CHECK(arena.fired(Fault::partition_symmetric) == 100);
    CHECK(arena.victims.notes.size() == 100);
}

TEST_CASE("nemesis: partitions overlap, each ends alone", "[sim]") {
    Arena arena(with([](NemesisProfile& may) { may.partitions = true; }));
    for (int i = 0; i < 20; ++i) {
        arena.attacker.strike();
    }
    CHECK(arena.cuts() > 12);
    for (const std::uint64_t action : arena.victims.ends) {
        CHECK(arena.cuts() > 0);
        arena.attacker.end(action);
    }
    CHECK(arena.cuts() == 0);
}

TEST_CASE("nemesis: a partition is felt only if it kept a message from arriving", "[sim]") {
    const bool somebody_speaks = GENERATE(false, true);
    Arena arena(with([](NemesisProfile& may) { may.partitions = true; }));
    for (int i = 0; i < 10; ++i) {
        arena.attacker.strike();
        for (std::uint32_t from = 1; somebody_speaks && from <= 5; ++from) {
            const NodeId to{from % 5 + 1};
            arena.network.send({}, {.cluster = {}, .group = {}, .from = NodeId{from}, .to = to,
                .body = raft::Heartbeat{.term = Term{1}}}, nullptr);
        }
        arena.attacker.end_all();
        CHECK(arena.cuts() == 0);
    }
    CHECK(arena.fired(Fault::partition_symmetric) == 10);
    CHECK(arena.faults.of(Fault::partition_symmetric).consumed == (somebody_speaks ? 10u : 0u));
}

TEST_CASE("nemesis: one way cuts one direction of one node", "[sim]") {
    const bool aimed = GENERATE(false, true);
    Arena arena(with([](NemesisProfile& may) { may.one_way = true; }));
    arena.profile.nemesis.aim_at_leader = aimed;
    arena.victims.leads = n2;
    std::set<std::uint32_t> nodes;
    for (int i = 0; i < 100; ++i) {
        arena.attacker.strike();
        CHECK(arena.cuts() == 4);
        for (std::uint32_t node = 1; node <= 5; ++node) {
            const NodeId other{node == 5 ? 4u : 5u};
            const NodeId third{node == 1 ? 3u : 1u};
            const bool outgoing = arena.network.is_cut(NodeId{node}, other) &&
                                  arena.network.is_cut(NodeId{node}, third);
            const bool incoming = arena.network.is_cut(other, NodeId{node}) &&
                                  arena.network.is_cut(third, NodeId{node});
            if (outgoing || incoming) {
                CHECK(outgoing != incoming);
                nodes.insert(node);
            }
        }
        arena.attacker.end(arena.victims.ends.back());
    }
    CHECK(nodes.size() == (aimed ? 1u : 5u));
    CHECK(nodes.contains(2));
    CHECK(arena.fired(Fault::partition_one_way) == 100);
}

TEST_CASE("nemesis: in a ring each of five nodes hears two others, and no two the same", "[sim]") {
    Arena arena(with([](NemesisProfile& may) { may.rings = true; }));
    arena.attacker.strike();
    CHECK(arena.fired(Fault::partition_ring) == 1);
    CHECK(arena.cuts() == 10);
    std::set<std::set<std::uint32_t>> heard;
    for (std::uint32_t node = 1; node <= 5; ++node) {
        std::set<std::uint32_t> hears{node};
        for (std::uint32_t other = 1; other <= 5; ++other) {
            CHECK(arena.network.is_cut(NodeId{node}, NodeId{other}) ==
                  arena.network.is_cut(NodeId{other}, NodeId{node}));
            if (node != other && !arena.network.is_cut(NodeId{other}, NodeId{node})) {
                hears.insert(other);
            }
        }
        CHECK(hears.size() == 3);
        heard.insert(hears);
    }
    CHECK(heard.size() == 5);
    arena.attacker.end(arena.victims.ends.back());
    CHECK(arena.cuts() == 0);
    Arena three(with([](NemesisProfile& may) { may.rings = true; }), 3);
    three.attacker.strike();
    CHECK(three.fired(Fault::partition_ring) == 0);
}

TEST_CASE("nemesis: a flapping link comes and goes, and is whole in the end", "[sim]") {
    std::set<std::uint32_t> cut;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Arena arena(with([](NemesisProfile& may) { may.flapping = true; }), 5, seed);
        arena.attacker.strike();
        REQUIRE(arena.fired(Fault::link_flapping) == 1);
        cut.insert(arena.cuts());
        std::uint32_t changes = 0;
        std::uint32_t before = arena.cuts();
        while (arena.victims.ends.size() > changes) {
            arena.attacker.end(arena.victims.ends.back());
            ++changes;
            if (arena.victims.ends.size() > changes) {
                CHECK((arena.cuts() == 0) != (before == 0));
            }
            before = arena.cuts();
        }
        CHECK(changes > 2);
        CHECK(arena.cuts() == 0);
    }
    CHECK(cut == std::set<std::uint32_t>{1, 2});  // one way or both
}

TEST_CASE("nemesis: clogs come many at once, and each ends by itself", "[sim]") {
    std::set<std::size_t> together;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Arena arena(with([](NemesisProfile& may) { may.clogs = true; }), 3, seed);
        arena.attacker.strike();
        CHECK(arena.cuts() == 0);
        CHECK(arena.fired(Fault::link_clogged) == arena.victims.ends.size());
        together.insert(arena.victims.ends.size());
        CHECK(arena.faults.of(Fault::link_clogged).consumed == 0);
        arena.attacker.end_all();
        CHECK(arena.faults.of(Fault::link_clogged).consumed == 0);  // nothing was sent
    }
    CHECK(*together.begin() == 1);
    CHECK(*together.rbegin() >= 5);
}

TEST_CASE("nemesis: a slow link delays, a half open connection is known at one end", "[sim]") {
    Arena slow(with([](NemesisProfile& may) { may.slow_links = true; }));
    slow.attacker.strike();
    CHECK(slow.fired(Fault::link_slow) == 1);
    CHECK(slow.cuts() == 0);
    Arena half(with([](NemesisProfile& may) { may.half_open = true; }));
    half.attacker.strike();
    CHECK(half.fired(Fault::half_open) == 1);
    CHECK(half.cuts() == 2);
    REQUIRE(half.victims.disconnected.size() == 1);
    const auto [knows, deaf] = half.victims.disconnected[0];
    CHECK(half.network.is_cut(knows, deaf));
    CHECK(half.network.is_cut(deaf, knows));
    half.attacker.end(half.victims.ends.back());
    CHECK(half.cuts() == 0);
    REQUIRE(half.victims.disconnected.size() == 2);
    CHECK(half.victims.disconnected[1] == std::pair(deaf, knows));
    CHECK(half.victims.reconnected == std::vector{std::pair(deaf, knows)});
}

TEST_CASE("nemesis: strikes are aimed at who plays a part, where somebody plays it", "[sim]") {
    NemesisProfile roles = nothing;
    roles.crashes = true;
    roles.aim_at_roles = true;
    Arena arena(roles);
    arena.victims.parts = {{Part::boundary, NodeId{4}}, {Part::newcomer, NodeId{5}}};
    for (int i = 0; i < 4'000; ++i) {
        arena.attacker.strike();
    }
    CHECK(arena.fired(Fault::aimed_at_boundary) > 10);
    CHECK(arena.fired(Fault::aimed_at_newcomer) > 10);
    CHECK(arena.fired(Fault::aimed_at_candidate) == 0);  // nobody is one
    const auto struck = [&](NodeId node) {
        return std::count(arena.victims.crashed.begin(), arena.victims.crashed.end(), node);
    };
    CHECK(struck(NodeId{4}) > struck(NodeId{1}));
    CHECK(struck(NodeId{1}) > 0);
}

TEST_CASE("nemesis: who begins to play a rare part is struck then, and once", "[sim]") {
    NemesisProfile roles = nothing;
    roles.crashes = true;
    roles.partitions = true;
    roles.aim_at_roles = true;
    Arena arena(roles);
    arena.attacker.lie_in_wait();
    CHECK(arena.fired(Fault::aimed_at_receiver) == 0);
    std::uint64_t parts = 0;
    for (std::uint32_t round = 0; round < 200; ++round) {
        arena.victims.parts = {{Part::receiver, NodeId{1 + round % 5}}};
        ++parts;
        for (int look = 0; look < 3; ++look) {
            arena.attacker.lie_in_wait();
        }
    }
    CHECK(arena.fired(Fault::aimed_at_receiver) > parts / 2);
    CHECK(arena.fired(Fault::aimed_at_receiver) < parts);
    CHECK(arena.fired(Fault::aimed_at_newcomer) == 0);
    CHECK(arena.victims.crashed.size() > 20);
    CHECK(arena.fired(Fault::partition_symmetric) > 20);

    NemesisProfile plain = roles;
    plain.aim_at_roles = false;
    Arena other(plain);
    other.victims.parts = {{Part::receiver, NodeId{1}}};
    other.attacker.lie_in_wait();
    CHECK(other.victims.crashed.empty());
}

TEST_CASE("nemesis: what a scenario says is done to whom it names, as long as it says", "[sim]") {
    using check::NemesisLine;
    using check::Verb;
    using check::Who;
    Arena arena(nothing);
    arena.victims.leads = n2;
    arena.victims.parts[Part::laggard] = NodeId{4};
    const auto act = [&](Verb verb, Who who, Who other = {}) {
        return arena.attacker.carry_out({.when = NemesisLine::When::at,
            .time = seconds(1),
            .verb = verb,
            .who = who,
            .other = other,
            .length = milliseconds(30)});
    };
    const Who leader{Who::Part::leader, 0};
    const Who follower{Who::Part::follower, 0};
    const Who laggard{Who::Part::laggard, 0};
    const Who third{Who::Part::number, 3};
    CHECK(act(Verb::crash, leader));
    CHECK(act(Verb::crash, laggard));
    CHECK(act(Verb::crash, follower));
    CHECK(act(Verb::crash, third));
    CHECK(arena.victims.crashed == std::vector<NodeId>{n2, NodeId{4}, n1, NodeId{3}});
    CHECK(act(Verb::pause, third));
    CHECK(arena.victims.paused == std::vector<NodeId>{NodeId{3}});
    CHECK(act(Verb::fail_sync, third));
    CHECK(act(Verb::fail_write, third));
    CHECK(act(Verb::fail_read, third));
    CHECK(arena.victims.disk_errors == std::set<Fault>{Fault::disk_sync_failed,
                                           Fault::disk_write_failed, Fault::disk_read_failed});
    CHECK(act(Verb::cut, leader, third));
    CHECK(arena.network.is_cut(n2, NodeId{3}));
    CHECK(arena.cuts() == 1);
    CHECK(act(Verb::part, {Who::Part::number, 1}, third));
    CHECK(arena.cuts() == 3);
    CHECK(act(Verb::clog, laggard, third));
    CHECK(act(Verb::slow, laggard, third));
    CHECK(arena.network.troubled({}, NodeId{4}, NodeId{3}));
    CHECK(act(Verb::isolate, leader));
    CHECK(arena.fired(Fault::isolate_leader) == 1);
    arena.attacker.end_all();
    CHECK(arena.cuts() == 0);
    // Whom it names is not there.
    arena.victims.leads = {};
    CHECK_FALSE(act(Verb::crash, leader));
    CHECK_FALSE(act(Verb::cut, third, third));
    arena.victims.down = {NodeId{3}};
    CHECK_FALSE(act(Verb::crash, third));
    CHECK_FALSE(act(Verb::crash, {Who::Part::number, 9}));
}

TEST_CASE("nemesis: aimed at the leader it needs one", "[sim]") {
    const auto aim = [](NemesisProfile& may) {
        may.crashes = true;
        may.partitions = true;
        may.aim_at_leader = true;
    };
    Arena without(with(aim));
    Arena arena(with(aim));
    arena.victims.leads = n2;
    for (int i = 0; i < 300; ++i) {
        without.attacker.strike();
        arena.attacker.strike();
    }
    CHECK(without.fired(Fault::crash_leader) == 0);
    CHECK(without.fired(Fault::isolate_leader) == 0);
    CHECK(arena.fired(Fault::crash_leader) > 10);
    CHECK(arena.fired(Fault::isolate_leader) > 10);
}

TEST_CASE("nemesis: a node alone is never partitioned", "[sim]") {
    Arena arena({.crashes = true, .crash_storms = true, .partitions = true, .one_way = true,
                    .aim_at_leader = true},
        1);
    arena.victims.leads = n1;
    for (int i = 0; i < 200; ++i) {
        arena.attacker.strike();
    }
    CHECK(arena.victims.ends.empty());
    CHECK_FALSE(arena.victims.crashed.empty());
}

TEST_CASE("nemesis: a new leader is hunted as often as the profile says", "[sim]") {
    Arena never(nothing);
    CHECK_FALSE(never.attacker.elected(n2));
    Arena arena({.crashes = true, .partitions = true, .one_way = true, .aim_at_leader = true,
        .hunt = 1'000'000});
    int at_acceptance = 0;
    for (int i = 0; i < 100; ++i) {
        const std::optional<Nemesis::Moment> moment = arena.attacker.elected(n2);
        REQUIRE(moment);
        REQUIRE(moment->after >= Duration{});
        at_acceptance += moment->at_acceptance ? 1 : 0;
        arena.attacker.hunt(n2);
    }
    CHECK(at_acceptance > 10);
    CHECK(arena.fired(Fault::leader_hunted) == 100);
    for (const NodeId node : arena.victims.crashed) {
        CHECK(node == n2);
    }
    CHECK(arena.victims.crashed.size() + arena.victims.before_sync + arena.victims.ends.size() > 90);
}

TEST_CASE("nemesis: the same seed strikes alike, another one does not", "[sim]") {
    const auto blows = [](std::uint64_t seed) {
        Arena arena({.crashes = true, .partitions = true, .one_way = true}, 5, seed);
        std::vector<std::int64_t> times;
        for (int i = 0; i < 50; ++i) {
            times.push_back(arena.attacker.next_strike().nanoseconds);
            arena.attacker.strike();
        }
        return std::pair(times, arena.victims.crashed);
    };
    CHECK(blows(1) == blows(1));
    CHECK(blows(1) != blows(2));
}

}  // namespace ledger::sim
