#include "log/hard_state_file.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "log/record.h"
#include "tests/log/golden.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr const char* file_name = "wal/hard_state";

HardStateFile must_open(FileSystem& files) {
    auto opened = HardStateFile::open(files, "wal", sample_identity());
    REQUIRE(opened);
    return std::move(*opened);
}

void must_write(HardStateFile& file, std::uint64_t term, std::uint32_t vote) {
    HardStateSlot next = file.current();
    next.hard_state = {Term{term}, NodeId{vote}, vote % 2 == 1};
    REQUIRE(file.write(next));
    REQUIRE(file.sync());
}

void destroy(MemoryFileSystem& files, std::uint64_t slot, std::uint64_t copy) {
    ByteVector& bytes = files.bytes(file_name);
    for (std::uint64_t i = 0; i < hard_state_slot_bytes; ++i) {
        bytes[hard_state_offset(slot, copy) + i] = std::byte{0xee};
    }
}

}  // namespace

TEST_CASE("hard state: a slot says what was written, at its place only", "[log]") {
    rc::prop("round trip", [] {
        HardStateSlot slot;
        slot.identity.cluster = {*rc::gen::arbitrary<std::uint64_t>(), 7};
        slot.identity.node = NodeId{*rc::gen::arbitrary<std::uint32_t>()};
        slot.identity.incarnation = Incarnation{*rc::gen::arbitrary<std::uint64_t>()};
        slot.generation = *rc::gen::arbitrary<std::uint64_t>();
        slot.epoch = *rc::gen::arbitrary<std::uint64_t>();
        slot.segment_max = SegmentId{*rc::gen::arbitrary<std::uint64_t>()};
        slot.oldest = SegmentId{*rc::gen::arbitrary<std::uint64_t>()};
        slot.newest = SegmentId{*rc::gen::arbitrary<std::uint64_t>()};
        slot.hard_state.term = Term{*rc::gen::arbitrary<std::uint64_t>()};
        slot.hard_state.vote = NodeId{*rc::gen::arbitrary<std::uint32_t>()};
        slot.commit = Index{*rc::gen::arbitrary<std::uint64_t>()};
        std::byte sector[hard_state_slot_bytes];
        encode_hard_state_slot(sector, slot, 4096);
        const auto decoded = decode_hard_state_slot(sector, 4096);
        RC_ASSERT(static_cast<bool>(decoded));
        RC_ASSERT(*decoded == slot);
        RC_ASSERT(!decode_hard_state_slot(sector, 0));
        RC_ASSERT(!decode_hard_state_slot(ByteSpan(sector).first(511), 4096));
    });
}

TEST_CASE("hard state: the bytes on disk are the golden ones", "[log]") {
    HardStateSlot slot;
    slot.identity = sample_identity();
    slot.generation = 9;
    slot.epoch = 4;
    slot.segment_max = SegmentId{12};
    slot.oldest = SegmentId{3};
    slot.newest = SegmentId{11};
    slot.hard_state = {Term{5}, NodeId{2}, true};
    slot.commit = Index{77};
    std::byte sector[hard_state_slot_bytes];
    encode_hard_state_slot(sector, slot, hard_state_offset(1, 0));
    check_golden("log/hard_state_slot.hex", sector);
}

TEST_CASE("hard state: slots of the versions before are read, one of a later is not", "[log]") {
    HardStateSlot slot;
    slot.identity = sample_identity();
    slot.generation = 9;
    slot.hard_state = {Term{5}, NodeId{2}};
    std::byte sector[hard_state_slot_bytes];
    const auto rewrite = [&](std::uint32_t version, std::size_t checked) {
        encode_hard_state_slot(sector, slot, 0);
        store_little_endian(sector + 4, version);
        std::fill(sector + checked, std::end(sector), std::byte{0});
        const std::uint32_t seed = location_crc({SegmentId{0}, 0});
        store_little_endian(sector + checked, crc32c(ByteSpan(sector).first(checked), seed));
        return decode_hard_state_slot(sector, 0);
    };
    const auto without_flags = rewrite(2, 88);
    REQUIRE(without_flags);
    CHECK(*without_flags == slot);
    slot.hard_state.trimmed = true;
    const auto without_newest = rewrite(3, 92);
    REQUIRE(without_newest);
    CHECK(*without_newest == slot);
    CHECK(rewrite(5, 104).error().code == make_error_code(Errc::unsupported));
    CHECK(rewrite(1, 104).error().code == make_error_code(Errc::unsupported));
    CHECK(rewrite(4, 92).error().code == make_error_code(Errc::corrupt_record));
    CHECK(rewrite(3, 88).error().code == make_error_code(Errc::corrupt_record));
}

TEST_CASE("hard state: every flipped bit of a slot is noticed", "[log]") {
    HardStateSlot slot;
    slot.identity = sample_identity();
    slot.generation = 9;
    slot.hard_state = {Term{5}, NodeId{2}, true};
    std::byte sector[hard_state_slot_bytes];
    encode_hard_state_slot(sector, slot, 0);
    for (std::size_t bit = 0; bit < 108 * 8; ++bit) {
        sector[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        CHECK(!decode_hard_state_slot(sector, 0));
        sector[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
}

TEST_CASE("hard state: the last one synced is read back", "[log]") {
    MemoryFileSystem files;
    REQUIRE(HardStateFile::create(files, "wal", sample_identity()));
    for (std::uint64_t term = 1; term < 9; ++term) {
        HardStateFile file = must_open(files);
        CHECK(file.current().hard_state.term == Term{term - 1});
        must_write(file, term, static_cast<std::uint32_t>(term % 3));
        CHECK(must_open(files).current() == file.current());
    }
}

TEST_CASE("hard state: one lost copy, whichever it is, changes nothing", "[log]") {
    for (std::uint64_t slot = 0; slot < hard_state_slots; ++slot) {
        for (std::uint64_t copy = 0; copy < hard_state_copies; ++copy) {
            for (std::uint64_t terms = 1; terms < 4; ++terms) {
                MemoryFileSystem files;
                REQUIRE(HardStateFile::create(files, "wal", sample_identity()));
                HardStateFile file = must_open(files);
                for (std::uint64_t term = 1; term <= terms; ++term) {
                    must_write(file, term, 1);
                }
                destroy(files, slot, copy);
                HardStateFile again = must_open(files);
                CHECK(again.current() == file.current());
                must_write(again, terms + 1, 2);
                const HardState expected{Term{terms + 1}, NodeId{2}};
                CHECK(must_open(files).current().hard_state == expected);
            }
        }
    }
}

TEST_CASE("hard state: unreadable is an error, never term 0", "[log]") {
    MemoryFileSystem files;
    REQUIRE(HardStateFile::create(files, "wal", sample_identity()));
    HardStateFile file = must_open(files);
    must_write(file, 4, 1);
    SECTION("all copies destroyed") {
        for (std::uint64_t slot = 0; slot < hard_state_slots; ++slot) {
            for (std::uint64_t copy = 0; copy < hard_state_copies; ++copy) {
                destroy(files, slot, copy);
            }
        }
    }
    SECTION("the file is empty") {
        files.bytes(file_name).clear();
    }
    auto opened = HardStateFile::open(files, "wal", sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::corrupt_record);
}

TEST_CASE("hard state: the whole file gone is not_found", "[log]") {
    MemoryFileSystem files;
    auto opened = HardStateFile::open(files, "wal", sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::not_found);
}

TEST_CASE("hard state: an old copy put back is older than the log's last term", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    const ByteVector old = files.bytes(file_name);
    {
        auto opened = open(files, options, sample_identity());
        REQUIRE(opened);
        TwinLog twin;
        twin.hard_state = {Term{3}, NodeId{1}};
        Group group = twin.group(1, 2, 100);
        group.hard_state = twin.hard_state;
        REQUIRE(opened->storage->write(group));
        REQUIRE(opened->storage->sync());
    }
    files.bytes(file_name) = old;
    auto opened = open(files, options, sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::corrupt_record);
}

TEST_CASE("hard state: a crash during a write leaves the old one or the new one", "[log]") {
    rc::prop("any sectors kept", [](std::uint64_t seed) {
        MemoryFileSystem files;
        RC_ASSERT(static_cast<bool>(HardStateFile::create(files, "wal", sample_identity())));
        auto file = HardStateFile::open(files, "wal", sample_identity());
        RC_ASSERT(static_cast<bool>(file));
        HardStateSlot next = file->current();
        const std::uint64_t writes = seed % 5;
        for (std::uint64_t term = 1; term <= writes; ++term) {
            next.hard_state = {Term{term}, NodeId{1}};
            RC_ASSERT(static_cast<bool>(file->write(next)));
            RC_ASSERT(static_cast<bool>(file->sync()));
        }
        next.hard_state = {Term{writes + 1}, NodeId{2}};
        RC_ASSERT(static_cast<bool>(file->write(next)));
        std::uint64_t question = 0;
        files.crash([&] { return keyed_bits(seed, Site::test_a, 0, question++) % 2 == 0; });
        auto again = HardStateFile::open(files, "wal", sample_identity());
        RC_ASSERT(static_cast<bool>(again));
        const HardState found = again->current().hard_state;
        const HardState old = writes == 0 ? HardState{} : HardState{Term{writes}, NodeId{1}};
        RC_ASSERT((found == old || found == HardState{Term{writes + 1}, NodeId{2}}));
    });
}

}  // namespace ledger::log
