#include "log/segment.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "tests/log/golden.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr Location place{SegmentId{7}, 8192};

SegmentHeader sample_header() {
    SegmentHeader header;
    header.identity = sample_identity();
    header.segment = SegmentId{7};
    header.previous = SegmentId{5};
    header.epoch = 11;
    header.start = {{Term{9}, Index{1233}}, sha256(as_bytes("before")), {77}, {-88}};
    header.sync_index = Index{1233};
    return header;
}

IdentityBlock sample_block(std::uint64_t names) {
    IdentityBlock block;
    block.epoch = 11;
    block.group_start = 4096;
    block.base = Index{100};
    block.base_hash64 = 0x0102030405060708;
    block.sync_index = Index{100};
    block.commit = Index{97};
    block.last = Index{100 + names};
    block.last_hash = sha256(as_bytes("last"));
    for (std::uint64_t i = 1; i <= names; ++i) {
        block.names.push_back({Index{100 + i}, Term{4}, static_cast<std::uint32_t>(10 * i),
            static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i * 77), 2, 0});
    }
    return block;
}

ByteVector encoded(const IdentityBlock& block) {
    ByteVector bytes(identity_block_bytes(block.names.size()));
    encode_identity_block(bytes, block, place);
    return bytes;
}

}  // namespace

TEST_CASE("segment: names and numbers of files belong together", "[log]") {
    CHECK(segment_name(SegmentId{42}) == "00000042.segment");
    CHECK(segment_name(SegmentId{123456789012}) == "123456789012.segment");
    CHECK(parse_segment_name("00000042.segment") == SegmentId{42});
    CHECK(parse_segment_name("123456789012.segment") == SegmentId{123456789012});
    for (const char* bad : {"", ".segment", "42.segment", "00000000.segment", "0000004x.segment",
             "00000042.segmen", "00000042.segment.temporary", "-0000042.segment",
             "99999999999999999999999.segment", "hard_state"}) {
        INFO(bad);
        CHECK(!parse_segment_name(bad));
    }
}

TEST_CASE("segment: both copies of the header say the same, each at its place", "[log]") {
    const SegmentHeader header = sample_header();
    ByteVector bytes(segment_header_bytes);
    encode_segment_header(bytes, header);
    check_golden("log/segment_header.hex", bytes);
    for (std::uint64_t copy = 0; copy < 2; ++copy) {
        const ByteSpan sector = ByteSpan(bytes).subspan(copy * sector_bytes, sector_bytes);
        const auto decoded = decode_segment_header(sector, {header.segment, copy * sector_bytes});
        REQUIRE(decoded);
        CHECK(*decoded == header);
        CHECK(!decode_segment_header(sector, {header.segment, (1 - copy) * sector_bytes}));
        CHECK(!decode_segment_header(sector, {SegmentId{8}, copy * sector_bytes}));
        CHECK(!decode_segment_header(sector.first(511), {header.segment, copy * sector_bytes}));
    }
}

TEST_CASE("segment: any header comes back", "[log]") {
    rc::prop("round trip", [](std::uint64_t high, std::uint64_t low, std::uint32_t node,
                               std::uint64_t incarnation, std::uint64_t epoch, std::uint64_t sync) {
        SegmentHeader header;
        header.identity = {{high, low}, NodeId{node}, Incarnation{incarnation}};
        header.segment = SegmentId{*rc::gen::inRange<std::uint64_t>(1, UINT64_MAX)};
        header.previous = SegmentId{*rc::gen::inRange<std::uint64_t>(0, header.segment.value)};
        header.epoch = epoch;
        header.sync_index = Index{sync};
        if (*rc::gen::arbitrary<bool>()) {
            header.start = {{Term{*rc::gen::arbitrary<std::uint64_t>()},
                                Index{*rc::gen::inRange<std::uint64_t>(1, UINT64_MAX)}},
                sha256(sample_bytes(low, 9)), {*rc::gen::arbitrary<std::int64_t>()},
                {*rc::gen::arbitrary<std::int64_t>()}};
        }
        ByteVector bytes(segment_header_bytes);
        encode_segment_header(bytes, header);
        for (const std::uint64_t offset : {std::uint64_t{0}, sector_bytes}) {
            const auto decoded = decode_segment_header(
                ByteSpan(bytes).subspan(static_cast<std::size_t>(offset), sector_bytes),
                {header.segment, offset});
            RC_ASSERT(decoded.has_value());
            RC_ASSERT(*decoded == header);
        }
    });
}

TEST_CASE("segment: every flipped bit of a header is noticed", "[log]") {
    ByteVector bytes(segment_header_bytes);
    encode_segment_header(bytes, sample_header());
    for (std::size_t bit = 0; bit < 108 * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        const auto decoded = decode_segment_header(ByteSpan(bytes).first(512), {SegmentId{7}, 0});
        REQUIRE(!decoded);
        CHECK(decoded.error().code == Errc::corrupt_record);
        bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
}

TEST_CASE("identity block: what was encoded is decoded, at its place only", "[log]") {
    for (std::uint64_t names : {0u, 1u, 12u, 13u, 28u, 29u, 500u}) {
        const IdentityBlock block = sample_block(names);
        const ByteVector bytes = encoded(block);
        CHECK(bytes.size() % sector_bytes == 0);
        const auto decoded = decode_identity_block(bytes, place);
        REQUIRE(decoded);
        CHECK(*decoded == block);
        CHECK(!decode_identity_block(bytes, {place.segment, place.offset + 512}));
        CHECK(!decode_identity_block(bytes, {SegmentId{8}, place.offset}));
    }
    CHECK(identity_block_bytes(12) == sector_bytes);
    CHECK(identity_block_bytes(13) == 2 * sector_bytes);
}

TEST_CASE("identity block: any block comes back", "[log]") {
    rc::prop("round trip", [](std::uint64_t epoch, std::uint64_t base, std::uint64_t hash,
                               std::uint64_t last, std::uint64_t sync) {
        IdentityBlock block = sample_block(0);
        block.epoch = epoch;
        block.base = Index{base};
        block.base_hash64 = hash;
        block.last = Index{last};
        block.last_hash = sha256(sample_bytes(hash, 9));
        block.sync_index = Index{sync};
        block.commit = Index{sync / 3};
        block.group_start = *rc::gen::inRange<std::uint64_t>(2, 17) * sector_bytes;
        const auto names = *rc::gen::inRange<std::size_t>(0, 40);
        for (std::size_t i = 0; i < names; ++i) {
            block.names.push_back({Index{*rc::gen::arbitrary<std::uint64_t>()},
                Term{*rc::gen::arbitrary<std::uint64_t>()},
                *rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>(),
                *rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint8_t>(),
                *rc::gen::arbitrary<std::uint8_t>()});
        }
        const auto decoded = decode_identity_block(encoded(block), place);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(*decoded == block);
    });
}

TEST_CASE("identity block: every flipped bit is noticed", "[log]") {
    const IdentityBlock block = sample_block(14);
    ByteVector bytes = encoded(block);
    for (std::size_t bit = 0; bit < (104 + 14 * 32) * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        CHECK(!decode_identity_block(bytes, place));
        bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
}

TEST_CASE("identity block: a count that lies reads nothing beyond the bytes", "[log]") {
    rc::prop("any count, valid header checksum, any cut", [](std::uint32_t count) {
        ByteVector bytes = encoded(sample_block(14));
        store_little_endian(bytes.data() + 4, count);
        store_little_endian(bytes.data() + 100, crc32c({bytes.data(), 100}, location_crc(place)));
        bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
        const auto decoded = decode_identity_block(bytes, place);
        RC_ASSERT((!decoded || (count == 14 && *decoded == sample_block(14))));
    });
}

TEST_CASE("identity block: the bytes on disk are the golden ones", "[log]") {
    check_golden("log/identity_block.hex", encoded(sample_block(3)));
    check_golden("log/seal.hex", encoded(sample_block(0)));
}

}  // namespace ledger::log
