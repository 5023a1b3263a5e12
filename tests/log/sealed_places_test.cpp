#include "log/sealed_places.h"

#include <catch2/catch.hpp>

#include "log/footer.h"
#include "log/reader.h"
#include "log/scan.h"
#include "tests/log/failing_file_system.h"
#include "tests/log/written_log.h"

namespace ledger::log {

namespace {

// Three sealed segments, the second of which truncated the first, and one that is not sealed.
struct Sealed {
    Written written;
    Opened opened;
    SharedMap map;

    Sealed() {
        const Options options = sample_options(16u << 10);
        REQUIRE(format(written.files, options, sample_identity()));
        auto first = open(written.files, options, sample_identity());
        REQUIRE(first);
        opened = std::move(*first);
        for (std::uint64_t i = 0; map == nullptr || map->segment_of(map->last()) < SegmentId{4};
             ++i) {
            const bool cut = map != nullptr && !cut_ && map->segment_of(map->last()) == SegmentId{2};
            cut_ = cut_ || cut;
            const Index back{map == nullptr ? 0 : map->entries_in(SegmentId{1}).last.value - 2};
            store(*opened.storage, written.twin,
                written.twin.group(i, 3, 700, cut ? std::optional(back) : std::nullopt));
            map = opened.storage->published();
        }
        REQUIRE(cut_);
    }

    Result<SharedMap> placed(SegmentId segment) {
        return placed_segment(written.files, "wal", *map, segment);
    }
    ByteVector& bytes(SegmentId segment) {
        return written.files.bytes(in_wal(segment_name(segment)));
    }
    // Behind the summary of each copy.
    void damage_names(SegmentId segment) {
        const auto copies = find_footers(bytes(segment), segment);
        REQUIRE(copies);
        for (const std::uint64_t offset : copies->offsets) {
            bytes(segment)[offset + copies->bytes - 70] ^= std::byte{1};
        }
    }
    void check_same(const SegmentMap& places, SegmentId segment) {
        const SegmentEntries live = map->entries_in(segment);
        REQUIRE(places.first() == live.first);
        REQUIRE(places.last() == live.last);
        for (Index index = live.first; index <= live.last; ++index) {
            const Place place = places.place(index);
            const RecordView view = decode_record(
                ByteSpan(bytes(segment)).subspan(place.offset), {segment, place.offset});
            CHECK(view.damage == Damage::none);
            CHECK(view.header.index == index);
            CHECK(view.header.term == map->term_at(index));
            CHECK(places.term_at(index) == map->term_at(index));
            const HashMark& mark = places.mark_at_or_before(index);
            CHECK(mark.hash == written.twin.hash_at(mark.index));
        }
        CHECK(places.mark_at_or_before(live.last).index == live.last);
    }

  private:
    bool cut_ = false;
};

}  // namespace

TEST_CASE("sealed places: the footer says where the entries lie", "[log]") {
    Sealed log;
    for (const SegmentId segment : {SegmentId{1}, SegmentId{2}, SegmentId{3}}) {
        CHECK_FALSE(log.map->is_placed(log.map->entries_in(segment).first));
        const auto placed = log.placed(segment);
        REQUIRE(placed);
        log.check_same(**placed, segment);
    }
    const auto active = log.placed(SegmentId{4});
    REQUIRE(active);
    CHECK(active->get() == log.map.get());
}

TEST_CASE("sealed places: where no footer stands the body does", "[log]") {
    Sealed log;
    for (const SegmentId segment : {SegmentId{1}, SegmentId{2}, SegmentId{3}}) {
        log.damage_names(segment);
        const auto placed = log.placed(segment);
        REQUIRE(placed);
        log.check_same(**placed, segment);
    }
    // A record is damaged besides: its group's block names it.
    const Index index = log.map->entries_in(SegmentId{3}).first.next();
    const Place place = (*log.placed(SegmentId{3}))->place(index);
    log.bytes(SegmentId{3})[place.offset + 20] ^= std::byte{1};
    const auto placed = log.placed(SegmentId{3});
    REQUIRE(placed);
    CHECK((*placed)->place(index).begins_as(place));
    // And the reader, who goes by that.
    Reader reader(log.written.files, "wal");
    CHECK(reader.read_unchained(*log.map, index.next()));
    CHECK_FALSE(reader.read_unchained(*log.map, index));
    CHECK(reader.damaged() == index);
}

TEST_CASE("sealed places: an entry of which nothing is left is told", "[log]") {
    Sealed log;
    log.damage_names(SegmentId{3});
    const Index index = log.map->entries_in(SegmentId{3}).first.next();
    const Place place = (*log.placed(SegmentId{3}))->place(index);
    ByteVector& bytes = log.bytes(SegmentId{3});
    bytes[place.offset + 20] ^= std::byte{1};
    for (const ScannedGroup& group : scan_groups(bytes, SegmentId{3})) {
        if (group.block && group.block->base < index && index <= group.block->last) {
            bytes[group.end - identity_block_bytes(group.block->names.size()) + 8] ^= std::byte{1};
        }
    }
    const auto file = log.written.files.open(in_wal(segment_name(SegmentId{3})));
    REQUIRE(file);
    Index lost;
    const auto placed = placed_segment(**file, *log.map, SegmentId{3}, &lost);
    REQUIRE_FALSE(placed);
    CHECK(placed.error().code == Errc::faulty_entry);
    CHECK(lost == index);
    Reader reader(log.written.files, "wal");
    CHECK_FALSE(reader.read(*log.map, index, index, UINT64_MAX));
    CHECK(reader.damaged() == index);
    CHECK_FALSE(reader.is_outdated());
}

TEST_CASE("sealed places: a file that is newer than the map is no damage", "[log]") {
    Sealed log;
    const SegmentId segment{3};
    auto copies = find_footers(log.bytes(segment), segment);
    REQUIRE(copies);
    Footer& footer = copies->footer;
    footer.names.pop_back();
    footer.last = footer.last.previous();
    std::erase_if(footer.marks, [&](const HashMark& mark) { return mark.index > footer.last; });
    std::erase_if(footer.terms, [&](const TermRun& run) { return run.first > footer.last; });
    std::erase_if(footer.configurations, [&](Index index) { return index > footer.last; });
    footer.last_hash = log.written.twin.hash_at(footer.last);
    const ByteVector both = encode_footers(footer);
    log.bytes(segment).resize(footer.body_end);
    log.bytes(segment).insert(log.bytes(segment).end(), both.begin(), both.end());
    const auto placed = log.placed(segment);
    REQUIRE_FALSE(placed);
    CHECK(placed.error().code == Errc::out_of_range);
    Reader reader(log.written.files, "wal");
    const Index first = log.map->entries_in(segment).first;
    CHECK_FALSE(reader.read(*log.map, first, first, UINT64_MAX));
    CHECK(reader.is_outdated());
    CHECK(reader.damaged() == Index{});
}

// Boot does not cost more where there is more history.
TEST_CASE("sealed places: of a sealed segment an opening reads a few sectors", "[log]") {
    std::vector<std::uint64_t> read;
    for (const std::size_t segments : {6u, 12u}) {
        Written written;
        const Options options = sample_options(256u << 10);
        REQUIRE(format(written.files, options, sample_identity()));
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(opened);
        const std::size_t files = written.files.names().size();
        for (std::uint64_t i = 0; written.files.names().size() < files + segments; ++i) {
            Group group = written.twin.group(i, 90, 600);
            group.commit = written.twin.last();
            store(*opened->storage, written.twin, group);
        }
        FailingFileSystem counted(written.files);
        REQUIRE(open(counted, options, sample_identity()));
        read.push_back(counted.bytes_read);
    }
    CHECK(read[1] > read[0]);
    CHECK(read[1] - read[0] <= 6 * 6 * sector_bytes);
}

}  // namespace ledger::log
