#include "log/scan.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

struct Sample {
    ByteVector segment;
    MemoryFileSystem files;
    TwinLog twin;
};

void fill(Sample& sample) {
    const Options options = sample_options(1u << 20);
    REQUIRE(format(sample.files, options, sample_identity()));
    auto opened = open(sample.files, options, sample_identity());
    REQUIRE(opened);
    for (std::uint64_t i = 1; i <= 6; ++i) {
        std::optional<Index> truncate_to;
        if (i == 4) {
            truncate_to = sample.twin.last() - 1;
        }
        const Group group = sample.twin.group(i, i, 300, truncate_to);
        REQUIRE(opened->storage->write(group));
        REQUIRE(opened->storage->sync());
        sample.twin.apply(group);
    }
    sample.segment = sample.files.bytes("wal/00000001.segment");
}

}  // namespace

TEST_CASE("scan: groups come out as they went in", "[log]") {
    Sample sample;
    fill(sample);
    const auto groups = scan_groups(sample.segment, SegmentId{1});
    REQUIRE(groups.size() == 6);
    std::uint64_t at = segment_header_bytes;
    for (std::uint64_t i = 0; i < groups.size(); ++i) {
        CHECK(groups[i].start == at);
        at = groups[i].end;
        REQUIRE(groups[i].block.has_value());
        CHECK(groups[i].slots.size() == i + 1 + (i == 3 ? 1 : 0));
        for (const Slot& slot : groups[i].slots) {
            CHECK(slot.record.damage == Damage::none);
            CHECK(*slot.name == identity_of(slot.record.header, slot.record.envelope_crc));
            // The block is in another sector than every record it names.
            CHECK(slot.end <= groups[i].end - identity_block_bytes(groups[i].slots.size()));
        }
    }
    CHECK(at == sample.segment.size());
}

TEST_CASE("scan: a block that is older than the records before it is none", "[log]") {
    Sample sample;
    fill(sample);
    const auto groups = scan_groups(sample.segment, SegmentId{1});
    const std::uint64_t size = identity_block_bytes(groups[2].slots.size());
    IdentityBlock stale = *groups[2].block;
    const auto put = [&] {
        encode_identity_block(std::span(sample.segment)
                                  .subspan(static_cast<std::size_t>(groups[2].end - size),
                                      static_cast<std::size_t>(size)),
            stale, {SegmentId{1}, groups[2].end - size});
    };
    stale.names.front().envelope_crc ^= 1;
    for (const std::uint64_t epoch : {stale.epoch, stale.epoch - 1}) {
        stale.epoch = epoch;
        put();
        const auto again = scan_groups(sample.segment, SegmentId{1});
        REQUIRE(again.size() == groups.size());
        CHECK(again[2].block.has_value() == (epoch == groups[2].block->epoch));
        CHECK(again[2].end == groups[2].end);
        CHECK(again[3].block.has_value());
    }
}

TEST_CASE("scan: zeros and garbage in front do not hide what follows", "[log]") {
    Sample sample;
    fill(sample);
    const auto intact = scan_groups(sample.segment, SegmentId{1});
    ByteVector damaged = sample.segment;
    const auto from = static_cast<std::ptrdiff_t>(intact[1].start);
    const auto to = static_cast<std::ptrdiff_t>(intact[4].start);
    std::fill(damaged.begin() + from, damaged.begin() + to, std::byte{0});
    const auto groups = scan_groups(damaged, SegmentId{1});
    REQUIRE(groups.size() == 4);
    CHECK(groups[1].end == intact[4].start);
    CHECK(!groups[1].has_evidence());
    CHECK(*groups[2].block == *intact[4].block);
}

TEST_CASE("scan: whatever the bytes, it ends and covers the file", "[log]") {
    Sample sample;
    fill(sample);
    rc::prop("flips, holes, cuts", [&] {
        ByteVector bytes = sample.segment;
        const auto harms = *rc::gen::inRange(1, 12);
        for (int i = 0; i < harms; ++i) {
            const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
            const auto length = *rc::gen::element<std::size_t>(1, 8, 512, 3000);
            const auto value = *rc::gen::arbitrary<std::uint8_t>();
            for (std::size_t j = at; j < std::min(at + length, bytes.size()); ++j) {
                bytes[j] ^= static_cast<std::byte>(value | 1);
            }
        }
        bytes.resize(*rc::gen::element(bytes.size(), bytes.size() / 2, bytes.size() - 1));
        std::uint64_t at = segment_header_bytes;
        for (const ScannedGroup& group : scan_groups(bytes, SegmentId{1})) {
            RC_ASSERT(group.start == at);
            RC_ASSERT(group.end > group.start);
            at = group.end;
        }
        RC_ASSERT(at >= bytes.size());
    });
}

TEST_CASE("scan: opening any damaged directory is safe and never invents an entry", "[log]") {
    Sample sample;
    fill(sample);
    const auto image = sample.files.image();
    rc::prop("flips, holes, cuts in every file", [&] {
        MemoryFileSystem files;
        for (const auto& [name, original] : image) {
            RC_ASSERT(static_cast<bool>(files.create(name)));
            ByteVector& bytes = files.bytes(name);
            bytes = original;
            const auto harms = *rc::gen::inRange(0, 3);
            for (int i = 0; i < harms; ++i) {
                const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
                const auto length = *rc::gen::element<std::size_t>(1, 8, 512, 3000);
                const bool zero = *rc::gen::arbitrary<bool>();
                for (std::size_t j = at; j < std::min(at + length, bytes.size()); ++j) {
                    bytes[j] = zero ? std::byte{0} : bytes[j] ^ std::byte{0x21};
                }
            }
            if (*rc::gen::inRange(0, 5) == 0) {
                bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
            }
        }
        const auto damaged = files.image();
        auto opened = open(files, sample_options(1u << 20), sample_identity());
        if (!opened) {
            RC_ASSERT(files.image() == damaged);
            return;
        }
        // Entries of a history that was: before the truncation others stood at some places.
        const Index last = opened->recovered.last;
        RC_ASSERT(last <= sample.twin.last());
        if (last == sample.twin.last()) {
            auto all = opened->storage->read(Index{1}, last, UINT64_MAX);
            const auto& twin = sample.twin.entries;
            RC_ASSERT((!all || (all->size() <= twin.size() &&
                                   std::equal(all->begin(), all->end(), twin.begin()))));
        }
    });
}

}  // namespace ledger::log
