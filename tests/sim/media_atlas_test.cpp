#include "sim/media_atlas.h"

#include <memory>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/sim/media_sample.h"

namespace ledger::sim {
namespace {

constexpr HarmVerdict allowed = HarmVerdict::allowed;
constexpr HarmVerdict refused = HarmVerdict::refused;

// Nodes 1 to n with equal logs, as far as a test does not say otherwise.
struct Cluster {
    explicit Cluster(std::uint32_t nodes, MediaAtlas::Mode mode = MediaAtlas::Mode::repairable)
        : atlas(mode) {
        for (std::uint32_t number = 1; number <= nodes; ++number) {
            replicas.push_back(std::make_unique<Replica>(number));
            atlas.add(replicas.back()->disk, replicas.back()->identity, sample_directory);
            keepers.push_back(NodeId{number});
        }
    }
    Replica& at(std::uint32_t number) { return *replicas[number - 1]; }
    void append_on(std::uint32_t number, std::uint64_t groups) {
        for (std::uint64_t seed = 1; seed <= groups; ++seed) {
            at(number).append(seed, 4, 600);
        }
        at(number).seal();
    }
    void append(std::uint64_t groups) {
        for (const auto& replica : replicas) {
            append_on(replica->identity.node.value, groups);
        }
    }
    // Where the node has this entry.
    Harm::Place entry(std::uint32_t number, std::uint64_t index) {
        const MediaMap& map = atlas.map(NodeId{number});
        const auto live = map.live(Index{index});
        REQUIRE(live);
        return first_byte(map.segments()[live->segment].number, map.record(*live).place);
    }
    Harm::Place chunk(std::uint32_t number, std::size_t cut, std::size_t part) {
        const MappedCut& found = atlas.map(NodeId{number}).cuts()[cut];
        return first_byte(found.chunks_number, found.chunks[part]);
    }
    HarmVerdict judge(std::uint32_t number, const Harm::Place& place) {
        return atlas.judge(NodeId{number}, std::span(&place, 1), keepers);
    }
    bool strike(std::uint32_t number, const Harm::Place& place) {
        return judge(number, place) == allowed && at(number).disk.harm(harm_of(place));
    }

    std::vector<std::unique_ptr<Replica>> replicas;
    std::vector<NodeId> keepers;
    MediaAtlas atlas;
};

}  // namespace

TEST_CASE("media_atlas: an entry is harmed on all but one of those that keep it", "[sim]") {
    Cluster cluster(3);
    cluster.append(6);
    CHECK(cluster.strike(1, cluster.entry(1, 9)));
    CHECK(cluster.strike(2, cluster.entry(2, 9)));
    CHECK(cluster.judge(3, cluster.entry(3, 9)) == refused);
    CHECK(cluster.judge(3, cluster.entry(3, 10)) == allowed);
}

TEST_CASE("media_atlas: an entry that only one node has is left alone", "[sim]") {
    Cluster cluster(3);
    cluster.append(3);
    cluster.append_on(1, 2);  // other entries, uncommitted
    CHECK(cluster.judge(1, cluster.entry(1, 15)) == refused);
    CHECK(cluster.judge(1, cluster.entry(1, 12)) == allowed);
    // At the same index another entry is no copy.
    cluster.at(2).twin.hard_state.term = Term{7};
    cluster.append_on(2, 2);
    CHECK(cluster.judge(1, cluster.entry(1, 15)) == refused);
}

TEST_CASE("media_atlas: a cluster of one keeps every entry, and may lose what is there twice",
    "[sim]") {
    Cluster cluster(1);
    cluster.append(6);
    CHECK(cluster.judge(1, cluster.entry(1, 9)) == refused);
    const MappedSegment& segment = cluster.atlas.map(NodeId{1}).segments().front();
    CHECK(cluster.judge(1, first_byte(segment.number, segment.groups[1].block)) == allowed);
    CHECK(cluster.judge(1, unreadable(segment.number, 0, 512)) == allowed);
}

TEST_CASE("media_atlas: who is no keeper has no copy that counts", "[sim]") {
    Cluster cluster(3);
    cluster.append(6);
    cluster.keepers = {NodeId{1}, NodeId{2}};
    CHECK(cluster.strike(1, cluster.entry(1, 9)));
    CHECK(cluster.judge(2, cluster.entry(2, 9)) == refused);
    CHECK(cluster.judge(3, cluster.entry(3, 9)) == allowed);
    cluster.keepers = {NodeId{1}};
    CHECK(cluster.judge(3, cluster.entry(3, 9)) == refused);
}

TEST_CASE("media_atlas: a place that is rewritten is whole again", "[sim]") {
    Cluster cluster(2);
    cluster.append(6);
    const Harm::Place place = cluster.entry(1, 9);
    REQUIRE(cluster.strike(1, place));
    CHECK(cluster.judge(2, cluster.entry(2, 9)) == refused);
    // By hand what a repair in place would do.
    Disk& disk = cluster.at(1).disk;
    const std::string name = cluster.atlas.map(NodeId{1}).segments().front().name;
    const ByteVector bytes = disk.durable(name);
    auto file = disk.open(name);
    REQUIRE(ok(file));
    REQUIRE(ok((*file)->write(0, bytes)));
    CHECK(cluster.judge(2, cluster.entry(2, 9)) == refused);  // not yet durable
    REQUIRE(ok((*file)->sync()));
    CHECK(cluster.judge(2, cluster.entry(2, 9)) == allowed);
    CHECK(cluster.judge(1, place) == allowed);
}

TEST_CASE("media_atlas: a chunk needs the same chunk of the same cut elsewhere", "[sim]") {
    Cluster cluster(3);
    cluster.append(6);
    cluster.at(1).keep_cut(10);
    cluster.at(2).keep_cut(10);
    cluster.at(1).keep_cut(20);
    CHECK(cluster.judge(1, cluster.chunk(1, 1, 0)) == refused);
    REQUIRE(cluster.strike(1, cluster.chunk(1, 0, 0)));
    CHECK(cluster.judge(2, cluster.chunk(2, 0, 0)) == refused);
    CHECK(cluster.judge(2, cluster.chunk(2, 0, 1)) == allowed);
}

TEST_CASE("media_atlas: a disk that others need is not lost", "[sim]") {
    Cluster cluster(3);
    cluster.append(6);
    CHECK(cluster.atlas.may_lose(NodeId{1}, cluster.keepers));
    REQUIRE(cluster.strike(1, cluster.entry(1, 9)));
    CHECK(cluster.atlas.may_lose(NodeId{2}, cluster.keepers));
    REQUIRE(cluster.strike(2, cluster.entry(2, 9)));
    CHECK_FALSE(cluster.atlas.may_lose(NodeId{3}, cluster.keepers));
    // Those that are harmed may go: the third one has everything.
    CHECK(cluster.atlas.may_lose(NodeId{1}, cluster.keepers));
    CHECK(cluster.atlas.may_lose(NodeId{2}, cluster.keepers));
}

TEST_CASE("media_atlas: without restrictions the last copy goes, but one disk stays readable",
    "[sim]") {
    Cluster cluster(2, MediaAtlas::Mode::unrestricted);
    cluster.append(6);
    const MappedSegment& segment = cluster.atlas.map(NodeId{1}).segments().front();
    REQUIRE(cluster.strike(1, cluster.entry(1, 9)));
    REQUIRE(cluster.strike(2, cluster.entry(2, 9)));
    CHECK(cluster.judge(1, unreadable(segment.number, 0, 1024)) == refused);
    CHECK(cluster.atlas.may_lose(NodeId{1}, cluster.keepers));
}

TEST_CASE("media_atlas: a misplaced write is judged at both its places", "[sim]") {
    Cluster cluster(2);
    cluster.append(6);
    const std::vector<Harm::Place> both = {cluster.entry(1, 5), cluster.entry(1, 9)};
    CHECK(cluster.atlas.judge(NodeId{1}, both, cluster.keepers) == allowed);
    REQUIRE(cluster.strike(2, cluster.entry(2, 9)));
    CHECK(cluster.atlas.judge(NodeId{1}, both, cluster.keepers) == refused);
}

TEST_CASE("media_atlas: under fire for long every entry can still be read somewhere", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        INFO("seed " << seed);
        SeededChoices choices(seed);
        std::uint64_t asked = 0;
        const auto draw = [&](std::uint64_t domain) {
            return choices.choose(Site::test_b, 0, ++asked, domain);
        };
        Cluster cluster(3);
        cluster.append(12);
        std::uint64_t done = 0;
        constexpr std::uint64_t shots = 300;
        for (std::uint64_t shot = 0; shot < shots; ++shot) {
            const auto number = static_cast<std::uint32_t>(1 + draw(3));
            const auto& segments = cluster.atlas.map(NodeId{number}).segments();
            const MappedSegment& segment = segments[draw(segments.size())];
            const std::uint64_t size = cluster.at(number).disk.durable(segment.name).size();
            const std::uint64_t bytes = draw(2) == 0 ? 1 : log::sector_bytes;
            const std::uint64_t at = draw(size / bytes) * bytes;
            const Harm::Place place = bytes == 1 ? first_byte(segment.number, {at, at + 1})
                                                 : unreadable(segment.number, at, bytes);
            done += cluster.strike(number, place) ? 1u : 0u;
        }
        CHECK(done > shots / 4);
        std::vector<std::set<Index>> found;
        for (const auto& replica : cluster.replicas) {
            found.push_back(readable(*replica));
        }
        std::uint64_t harmed = 0;
        for (const HashedEntry& hashed : cluster.at(1).twin.entries) {
            std::uint64_t copies = 0;
            for (const std::set<Index>& indexes : found) {
                copies += indexes.contains(hashed.entry.index) ? 1u : 0u;
            }
            CHECK(copies >= 1);
            harmed += copies < 3 ? 1u : 0u;
        }
        CHECK(harmed > cluster.at(1).twin.entries.size() / 2);
    }
}

}  // namespace ledger::sim
