#include "sim/media_disk.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/sim/media_sample.h"

namespace ledger::sim {
namespace {

constexpr HarmVerdict allowed = HarmVerdict::allowed;
constexpr HarmVerdict unsealed = HarmVerdict::unsealed;
constexpr HarmVerdict refused = HarmVerdict::refused;

// A disk with sealed and unsealed segments, as its node and the atlas see it.
struct Shelf {
    Shelf() : media(replica.disk, replica.identity, sample_directory) {
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            replica.append(seed, 4, 600);
        }
        replica.seal();
        replica.keep_cut(10);
        media.refresh();
        REQUIRE(media.map().segments().size() >= 2);
    }
    const MappedSegment& front() const { return media.map().segments().front(); }
    const MappedSegment& back() const { return media.map().segments().back(); }
    // The last group that has records.
    const MappedGroup& last_group() const {
        return *std::find_if(back().groups.rbegin(), back().groups.rend(),
            [](const MappedGroup& group) { return group.records > 0; });
    }
    HarmVerdict judge(const Harm::Place& place) {
        media.refresh();
        return media.judge(std::span(&place, 1));
    }
    HarmVerdict judge(std::uint32_t number, ByteRange range) {
        return judge(first_byte(number, range));
    }
    void harm(std::uint32_t number, ByteRange range) {
        REQUIRE(replica.disk.harm(harm_of(first_byte(number, range))));
    }

    Replica replica{1};
    MediaDisk media;
};

ByteRange record_of(const MappedSegment& segment, const MappedGroup& group, std::size_t i = 0) {
    return segment.records[group.first_record + i].place;
}

}  // namespace

TEST_CASE("media_disk: a record may be harmed or the block that names it, not both", "[sim]") {
    Shelf shelf;
    const MappedSegment& segment = shelf.front();
    const MappedGroup& group = segment.groups[1];
    const MappedGroup& other = segment.groups[2];
    REQUIRE(group.records > 1);
    CHECK(shelf.judge(segment.number, record_of(segment, group)) == allowed);
    CHECK(shelf.judge(segment.number, group.block) == allowed);
    CHECK(shelf.judge({segment.number, group.all.from, group.all.to, {}}) == refused);
    shelf.harm(segment.number, record_of(segment, group));
    CHECK(shelf.judge(segment.number, record_of(segment, group, 1)) == allowed);
    CHECK(shelf.judge(segment.number, group.block) == refused);
    CHECK(shelf.judge(segment.number, other.block) == allowed);
    shelf.harm(segment.number, other.block);
    CHECK(shelf.judge(segment.number, record_of(segment, other)) == refused);
    // Padding between the last record and the block stands for nothing.
    const std::uint64_t end = record_of(segment, group, group.records - 1).to;
    REQUIRE(end < group.block.from);
    CHECK(shelf.judge(segment.number, {end, group.block.from}) == allowed);
}

TEST_CASE("media_disk: a block whose neighbour is harmed stays", "[sim]") {
    Shelf shelf;
    const MappedSegment& segment = shelf.front();
    REQUIRE(segment.groups.size() >= 4);
    shelf.harm(segment.number, segment.groups[1].block);
    CHECK(shelf.judge(segment.number, segment.groups[0].block) == refused);
    CHECK(shelf.judge(segment.number, segment.groups[2].block) == refused);
    CHECK(shelf.judge(segment.number, segment.groups[3].block) == allowed);
    CHECK(shelf.judge(segment.number, record_of(segment, segment.groups[2])) == allowed);
}

TEST_CASE("media_disk: of what is there twice one copy may be harmed", "[sim]") {
    Shelf shelf;
    const MediaMap& map = shelf.media.map();
    const std::uint32_t sealed = shelf.front().number;
    const std::uint32_t manifest = map.cuts().front().manifest_number;
    struct Pair {
        std::uint32_t number;
        ByteRange one;
        ByteRange other;
    };
    const std::vector<Pair> pairs = {{sealed, {0, 512}, {512, 1024}},
        {sealed, shelf.front().footers[0], shelf.front().footers[1]},
        {map.hard_state_number(), map.newest_hard_state()[0], map.newest_hard_state()[1]},
        {manifest, map.cuts().front().copies[0], map.cuts().front().copies[1]}};
    for (const Pair& pair : pairs) {
        INFO("file " << pair.number << " from " << pair.one.from);
        CHECK(shelf.judge({pair.number, pair.one.from, pair.other.to, {}}) == refused);
        CHECK(shelf.judge(pair.number, pair.other) == allowed);
        shelf.harm(pair.number, pair.one);
        CHECK(shelf.judge(pair.number, pair.other) == refused);
    }
}

TEST_CASE("media_disk: of all copies of the hard state one may be harmed", "[sim]") {
    Shelf shelf;
    const std::uint32_t number = shelf.media.map().hard_state_number();
    const auto newest = shelf.media.map().newest_hard_state();
    const std::uint64_t older = newest[0].from == 0 ? 4096 : 0;
    const Harm::Place one = unreadable(number, older, 512);
    CHECK(shelf.judge(one) == allowed);
    REQUIRE(shelf.replica.disk.harm(harm_of(one)));
    const Harm::Place other = unreadable(number, older + 8192, 512);
    CHECK(shelf.judge(other) == refused);
    log::Group group = shelf.replica.twin.group(99, 1, 100);
    group.hard_state = {Term{5}, NodeId{1}};
    shelf.replica.store(group);
    shelf.media.refresh();
    // Written anew, and now it is what counts.
    CHECK(shelf.replica.disk.overlays(number).empty());
    CHECK(shelf.media.map().newest_hard_state()[0].from == older);
    CHECK(shelf.judge(one) == allowed);
    REQUIRE(shelf.replica.disk.harm(harm_of(one)));
    CHECK(shelf.judge(other) == refused);
}

TEST_CASE("media_disk: the last group is unsealed until something stands behind it", "[sim]") {
    Shelf shelf;
    shelf.replica.append(50, 2);
    shelf.media.refresh();
    const MappedGroup last = shelf.last_group();
    const ByteRange record = record_of(shelf.back(), last);
    const std::uint32_t number = shelf.back().number;
    CHECK(shelf.judge(number, record) == unsealed);
    CHECK(shelf.judge(number, last.block) == allowed);
    shelf.replica.seal();
    CHECK(shelf.judge(number, record) == allowed);
    // The seal is all there is behind it.
    const ByteRange seal = shelf.back().groups.back().block;
    shelf.harm(number, record);
    CHECK(shelf.judge(number, seal) == refused);
    shelf.replica.append(51, 1);
    CHECK(shelf.judge(number, seal) == allowed);
}

TEST_CASE("media_disk: a footer or a later segment stands behind the last group of a segment",
    "[sim]") {
    Shelf shelf;
    const MappedSegment& segment = shelf.front();
    const MappedGroup& last = segment.groups.back();
    shelf.harm(segment.number, record_of(segment, last));
    shelf.harm(segment.number, segment.footers[0]);
    CHECK(shelf.judge(segment.number, record_of(segment, last, last.records - 1)) == allowed);
}

TEST_CASE("media_disk: files that nobody knows the meaning of are left alone", "[sim]") {
    Shelf shelf;
    auto file = shelf.replica.disk.create("wal/manifest.new");
    REQUIRE(ok(file));
    REQUIRE(ok((*file)->write(0, ByteVector(100))));
    REQUIRE(ok((*file)->sync()));
    REQUIRE(ok(shelf.replica.disk.sync_directory("wal")));
    const std::uint32_t number = shelf.replica.disk.durable_number("wal/manifest.new");
    CHECK(shelf.judge(unreadable(number, 0, 10)) == refused);
}

TEST_CASE("media_disk: says which entries and chunks need others, and which it holds", "[sim]") {
    Shelf shelf;
    const MappedSegment& segment = shelf.front();
    const MappedGroup& group = segment.groups[1];
    const log::EntryIdentity entry = segment.records[group.first_record].identity;
    const MappedCut& cut = shelf.media.map().cuts().front();
    CHECK(shelf.media.holds(entry));
    CHECK(shelf.media.holds(MediaDisk::Chunk{cut.index, cut.root, 1}));
    CHECK_FALSE(shelf.media.holds(MediaDisk::Chunk{cut.index, sha256({}), 1}));
    log::EntryIdentity other = entry;
    other.term = other.term.next();
    CHECK_FALSE(shelf.media.holds(other));
    const std::vector<Harm::Place> places = {
        first_byte(segment.number, record_of(segment, group)),
        first_byte(cut.chunks_number, cut.chunks[1])};
    const MediaDisk::Harmed planned = shelf.media.harmed_by(places);
    REQUIRE(planned.entries.size() == 1);
    CHECK(planned.entries.front() == entry);
    REQUIRE(planned.chunks.size() == 1);
    CHECK(planned.chunks.front().number == 1);
    CHECK(shelf.media.harmed().entries.empty());
    for (const Harm::Place& place : places) {
        REQUIRE(shelf.replica.disk.harm(harm_of(place)));
    }
    CHECK(shelf.media.harmed().entries.size() == 1);
    CHECK(shelf.media.harmed().chunks.size() == 1);
    CHECK_FALSE(shelf.media.holds(entry));
    CHECK_FALSE(shelf.media.holds(MediaDisk::Chunk{cut.index, cut.root, 1}));
    CHECK(shelf.media.holds(MediaDisk::Chunk{cut.index, cut.root, 2}));
}

TEST_CASE("media_disk: a truncated entry is nobody's loss", "[sim]") {
    Shelf shelf;
    shelf.replica.append(50, 3);
    shelf.media.refresh();
    const MappedGroup group = shelf.last_group();
    const Harm::Place place = first_byte(shelf.back().number, record_of(shelf.back(), group, 2));
    CHECK(shelf.media.harmed_by(std::span(&place, 1)).entries.size() == 1);
    const Index last = shelf.replica.twin.last();
    shelf.replica.store(shelf.replica.twin.group(51, 1, 100, last.previous()));
    shelf.media.refresh();
    CHECK(shelf.media.harmed_by(std::span(&place, 1)).entries.empty());
}

TEST_CASE("media_disk: what is gone from the log is held by a whole cut", "[sim]") {
    Shelf shelf;
    const log::EntryIdentity entry = shelf.front().records.front().identity;
    log::EntryIdentity below = entry;
    below.index = Index{11};
    shelf.replica.seal();
    shelf.replica.twin.commit = shelf.replica.twin.last();
    shelf.replica.keep_cut(40);  // the other one ends before it
    REQUIRE(shelf.replica.storage->discard(shelf.replica.twin.commit));
    shelf.media.refresh();
    REQUIRE(shelf.media.map().first() > Index{11});
    CHECK(shelf.media.holds(below));
    const MappedCut cut = shelf.media.map().cuts().back();
    shelf.harm(cut.chunks_number, cut.chunks[0]);
    CHECK_FALSE(shelf.media.holds(below));
}

}  // namespace ledger::sim
