#include "log/footer.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/log/golden.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

Footer sample_footer(std::uint64_t entries) {
    Footer footer;
    footer.segment = SegmentId{7};
    footer.epoch = 2;
    footer.first = Index{60};
    footer.last = Index{59 + entries};
    footer.start_hash = sha256(as_bytes("start"));
    footer.last_hash = entries == 0 ? footer.start_hash : sha256(as_bytes("last"));
    footer.sync_index = footer.last;
    footer.commit = Index{61};
    std::uint64_t offset = segment_header_bytes;
    for (std::uint64_t i = 0; i < entries; ++i) {
        const auto envelope = static_cast<std::uint32_t>(i * 3 % 50);
        footer.names.push_back({static_cast<std::uint32_t>(offset / record_alignment), envelope,
            static_cast<std::uint32_t>(i % 9), static_cast<std::uint32_t>(i * 1001)});
        offset += record_bytes(envelope, i % 9);
        if ((60 + i) % hash_mark_interval == 0) {
            footer.marks.push_back({Index{60 + i}, i + 1 == entries ? footer.last_hash
                                                                    : footer.start_hash});
        }
    }
    if (entries > 0) {
        footer.terms.push_back({footer.first, Term{3}});
    }
    if (entries > 4) {
        footer.terms.push_back({Index{63}, Term{8}});
    }
    if (entries > 1) {
        footer.configurations = {Index{60}, footer.last};
    }
    footer.body_end = sector_ceiling(offset);
    return footer;
}

std::unique_ptr<File> file_with(MemoryFileSystem& files, const Footer& footer) {
    auto file = files.create("file");
    REQUIRE(file);
    REQUIRE((*file)->write(footer.body_end, encode_footers(footer)));
    return std::move(*file);
}

}  // namespace

TEST_CASE("footer: what was written at the end of a segment is read back", "[log]") {
    for (std::uint64_t entries : {0u, 1u, 5u, 100u, 3000u}) {
        MemoryFileSystem files;
        const Footer footer = sample_footer(entries);
        const auto file = file_with(files, footer);
        const auto found = read_footer(*file, footer.segment);
        REQUIRE(found);
        REQUIRE(found->has_value());
        CHECK(**found == footer);
        CHECK(!*read_footer(*file, SegmentId{8}));
    }
}

TEST_CASE("footer: any footer comes back", "[log]") {
    rc::prop("round trip", [](std::uint64_t epoch, std::uint64_t sync, std::uint64_t commit) {
        Footer footer = sample_footer(*rc::gen::inRange<std::uint64_t>(0, 200));
        footer.epoch = epoch;
        footer.sync_index = Index{sync};
        footer.commit = Index{commit};
        if (*rc::gen::arbitrary<bool>()) {
            footer.dead = DeadBytes{.superseded = sync, .other = commit};
        }
        footer.body_end += *rc::gen::inRange<std::uint64_t>(0, 9) * sector_bytes;
        for (FooterName& name : footer.names) {
            name.envelope_crc = *rc::gen::arbitrary<std::uint32_t>();
        }
        ByteVector file(static_cast<std::size_t>(footer.body_end), std::byte{0x33});
        const ByteVector both = encode_footers(footer);
        file.insert(file.end(), both.begin(), both.end());
        const auto found = find_footers(file, footer.segment);
        RC_ASSERT(found.has_value());
        RC_ASSERT(found->footer == footer);
        RC_ASSERT((found->intact == std::array{true, true}));
    });
}

TEST_CASE("footer: every flipped bit of a trailer is noticed", "[log]") {
    const Footer footer = sample_footer(5);
    ByteVector both = encode_footers(footer);
    const std::uint64_t end = footer.body_end + both.size();
    const ByteSpan sector = ByteSpan(both).last(sector_bytes);
    REQUIRE(decode_footer_trailer(sector, footer.segment, end));
    CHECK(!decode_footer_trailer(sector, footer.segment, end + sector_bytes));
    CHECK(!decode_footer_trailer(sector, footer.segment.next(), end));
    for (std::size_t bit = (both.size() - 64) * 8; bit < both.size() * 8; ++bit) {
        both[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        CHECK(!decode_footer_trailer(ByteSpan(both).last(sector_bytes), footer.segment, end));
        both[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
}

TEST_CASE("footer: any one bad sector leaves a copy", "[log]") {
    const Footer footer = sample_footer(100);
    const std::uint64_t end = footer.body_end + encode_footers(footer).size();
    for (std::uint64_t at = footer.body_end; at < end; at += sector_bytes) {
        MemoryFileSystem files;
        const auto file = file_with(files, footer);
        REQUIRE(file->write(at, sample_bytes(3, sector_bytes)));
        const auto found = read_footer(*file, footer.segment);
        INFO("sector at " << at);
        REQUIRE(found);
        REQUIRE(found->has_value());
        CHECK(**found == footer);
    }
}

TEST_CASE("footer: a file without one has none", "[log]") {
    MemoryFileSystem files;
    auto file = files.create("file");
    REQUIRE(file);
    CHECK(!*read_footer(**file, SegmentId{7}));
    REQUIRE((*file)->write(0, sample_bytes(1, 5000)));
    CHECK(!*read_footer(**file, SegmentId{7}));
}

TEST_CASE("footer: damage is never accepted as another meaning", "[log]") {
    const Footer footer = sample_footer(70);
    const ByteVector both = encode_footers(footer);
    const ByteVector copy(both.begin(), both.begin() + static_cast<long>(both.size() / 2));
    const Location place{footer.segment, footer.body_end};
    REQUIRE(decode_footer(copy, place));
    rc::prop("flips and cuts", [&] {
        ByteVector damaged = copy;
        const auto flips = *rc::gen::inRange(1u, 5u);
        for (unsigned i = 0; i < flips; ++i) {
            const auto bit = *rc::gen::inRange<std::size_t>(0, (copy.size() - 64) * 8);
            damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        }
        damaged.resize(*rc::gen::element(copy.size(), copy.size() / 2, copy.size() - 512));
        const auto decoded = decode_footer(damaged, place);
        RC_ASSERT((!decoded || *decoded == footer));
    });
    CHECK(!decode_footer(copy, {footer.segment, footer.body_end + 512}));
    CHECK(!decode_footer({}, place));
}

TEST_CASE("footer: the summary alone comes back, from whichever copy has it", "[log]") {
    for (std::uint64_t entries : {0u, 1u, 5u, 3000u}) {
        MemoryFileSystem files;
        Footer footer = sample_footer(entries);
        if (entries == 3000) {
            // More than a sector of it.
            footer.configurations.clear();
            for (std::uint64_t i = 0; i < 200; ++i) {
                footer.configurations.push_back(footer.first + i);
            }
        }
        footer.dead = DeadBytes{.superseded = 7, .other = 9};
        const auto file = file_with(files, footer);
        ByteVector& bytes = files.bytes("file");
        const std::uint64_t copy = (bytes.size() - footer.body_end) / 2;
        const FooterSummary& summary = footer;
        const auto intact = read_footer_summary(*file, footer.segment);
        REQUIRE(intact);
        CHECK(*intact == summary);
        CHECK(!*read_footer_summary(*file, SegmentId{8}));
        // What stands behind it is not looked at.
        const ByteVector before = bytes;
        if (entries == 3000) {
            bytes[footer.body_end + copy / 2] ^= std::byte{1};
            bytes[footer.body_end + copy + copy / 2] ^= std::byte{1};
            CHECK(*read_footer_summary(*file, footer.segment) == summary);
            CHECK(!*read_footer(*file, footer.segment));
            bytes = before;
        }
        // The last copy's, both, and then the trailer as well.
        bytes[footer.body_end + copy + 40] ^= std::byte{1};
        CHECK(*read_footer_summary(*file, footer.segment) == summary);
        bytes[footer.body_end + 40] ^= std::byte{1};
        CHECK(!*read_footer_summary(*file, footer.segment));
        bytes = before;
        bytes.back() ^= std::byte{1};
        CHECK(*read_footer_summary(*file, footer.segment) == summary);
    }
}

TEST_CASE("footer: a damaged summary is never accepted as another meaning", "[log]") {
    rc::prop("any bytes in its place", [] {
        MemoryFileSystem files;
        const Footer footer = sample_footer(*rc::gen::inRange<std::uint64_t>(0, 80));
        const auto file = file_with(files, footer);
        ByteVector& bytes = files.bytes("file");
        const std::uint64_t copy = (bytes.size() - footer.body_end) / 2;
        const auto changes = *rc::gen::inRange<std::uint64_t>(1, 5);
        for (std::uint64_t i = 0; i < changes; ++i) {
            const auto at = *rc::gen::inRange<std::uint64_t>(0, 200);
            const bool second = *rc::gen::arbitrary<bool>();
            bytes[footer.body_end + (second ? copy : 0) + at] =
                static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
        }
        const auto found = read_footer_summary(*file, footer.segment);
        RC_ASSERT(found.has_value());
        const FooterSummary& summary = footer;
        RC_ASSERT((!*found || **found == summary));
    });
}

TEST_CASE("footer: the bytes on disk are the golden ones", "[log]") {
    Footer footer = sample_footer(6);
    footer.dead = DeadBytes{.superseded = 4711, .other = 1024};
    check_golden("log/footers.hex", encode_footers(footer));
}

}  // namespace ledger::log
