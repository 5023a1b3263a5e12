#include "log/record.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "tests/log/golden.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

constexpr Location place{SegmentId{7}, 4096};

struct Made {
    RecordHeader header;
    ByteVector envelope;
    ByteVector erasable;
    ByteVector bytes;
};

void encode(Made& made, Location location = place) {
    made.header.envelope_bytes = static_cast<std::uint32_t>(made.envelope.size());
    made.header.erasable_bytes = static_cast<std::uint32_t>(made.erasable.size());
    made.bytes.resize(record_bytes(made.envelope.size(), made.erasable.size()));
    encode_record(made.bytes, made.header, location, made.envelope, made.erasable);
}

Made sample_record() {
    Made made;
    made.header.kind = static_cast<std::uint8_t>(EntryKind::command);
    made.header.epoch = 3;
    made.header.index = Index{42};
    made.header.term = Term{5};
    made.header.cluster_time = {1'000'000};
    made.header.wall_time = {1'700'000'000'000'000'000};
    made.header.prev_hash64 = 0x1122334455667788;
    made.header.sync_index = Index{40};
    made.envelope = sample_bytes(1, 37);
    made.erasable = sample_bytes(2, 20);
    encode(made);
    return made;
}

Made any_record() {
    Made made;
    made.header.kind = *rc::gen::inRange<std::uint8_t>(1, 7);
    made.header.epoch = *rc::gen::arbitrary<std::uint64_t>();
    made.header.index = Index{*rc::gen::inRange<std::uint64_t>(1, UINT64_MAX)};
    made.header.term = Term{*rc::gen::arbitrary<std::uint64_t>()};
    made.header.cluster_time.nanoseconds = *rc::gen::arbitrary<std::int64_t>();
    made.header.wall_time.nanoseconds = *rc::gen::arbitrary<std::int64_t>();
    made.header.prev_hash64 = *rc::gen::arbitrary<std::uint64_t>();
    made.header.sync_index = Index{*rc::gen::arbitrary<std::uint64_t>()};
    made.envelope = sample_bytes(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(0u, 200u));
    const auto erasure = *rc::gen::element(Erasure::none, Erasure::part, Erasure::whole);
    made.header.flags = erasure_flags(erasure);
    const std::uint32_t least = erasure == Erasure::part ? 1 : 0;
    const std::uint32_t most = erasure == Erasure::whole ? 1 : 200;
    made.erasable = sample_bytes(
        *rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(least, most));
    encode(made);
    return made;
}

bool same_bytes(ByteSpan a, ByteSpan b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

TEST_CASE("record: what was encoded is decoded, whatever follows it", "[log]") {
    rc::prop("round trip", [] {
        Made made = any_record();
        const std::size_t whole = made.bytes.size();
        made.bytes.resize(whole + *rc::gen::inRange(0u, 100u), std::byte{0xcc});
        const RecordView view = decode_record(made.bytes, place);
        RC_ASSERT(view.damage == Damage::none);
        RC_ASSERT(view.header == made.header);
        RC_ASSERT(same_bytes(view.envelope, made.envelope));
        RC_ASSERT(same_bytes(view.erasable, made.erasable));
        RC_ASSERT(view.envelope_crc == crc32c(made.envelope));
        RC_ASSERT(view.bytes() == whole);
    });
}

TEST_CASE("record: at another place it does not verify", "[log]") {
    const Made made = sample_record();
    CHECK(decode_record(made.bytes, place).damage == Damage::none);
    CHECK(decode_record(made.bytes, {place.segment, place.offset + 512}).damage == Damage::header);
    CHECK(decode_record(made.bytes, {place.segment.next(), place.offset}).damage == Damage::header);
}

TEST_CASE("record: every flipped bit is noticed in the part where it is", "[log]") {
    Made made = sample_record();
    const std::uint64_t envelope_end = record_header_bytes + made.envelope.size() + 4;
    const std::uint64_t record_end = envelope_end + made.erasable.size() + 4;
    for (std::uint64_t bit = 0; bit < record_end * 8; ++bit) {
        std::byte& target = made.bytes[bit / 8];
        const auto mask = static_cast<std::byte>(1u << (bit % 8));
        target ^= mask;
        const Damage damage = decode_record(made.bytes, place).damage;
        const Damage expected = bit / 8 < record_header_bytes ? Damage::header
                                : bit / 8 < envelope_end      ? Damage::envelope
                                                              : Damage::erasable;
        CHECK(damage == expected);
        target ^= mask;
    }
}

TEST_CASE("record: cut short anywhere it is damaged, never read past its end", "[log]") {
    const Made made = sample_record();
    const std::uint64_t content =
        record_header_bytes + made.envelope.size() + made.erasable.size() + 8;
    for (std::size_t size = 0; size < content; ++size) {
        const ByteVector part(made.bytes.begin(), made.bytes.begin() + static_cast<long>(size));
        CHECK(decode_record(part, place).damage != Damage::none);
    }
}

TEST_CASE("record: a length that lies under a valid checksum is refused", "[log]") {
    const Made made = sample_record();
    const auto with_field = [&](std::size_t at, std::uint32_t value) {
        ByteVector bytes = made.bytes;
        store_little_endian(bytes.data() + at, value);
        store_little_endian(bytes.data() + 72, crc32c({bytes.data(), 72}, location_crc(place)));
        return decode_record(bytes, place).damage;
    };
    CHECK(with_field(48, 37) == Damage::none);
    CHECK(with_field(48, 38) == Damage::envelope);
    CHECK(with_field(48, 0) == Damage::envelope);
    // The parts are bound to their header: under another one they are not whole.
    CHECK(with_field(52, 21) == Damage::envelope);
    CHECK(with_field(48, entry_bytes_max) == Damage::header);
    CHECK(with_field(52, UINT32_MAX) == Damage::header);
    CHECK(with_field(48, UINT32_MAX) == Damage::header);
}

TEST_CASE("record: random bytes never pass", "[log]") {
    rc::prop("garbage", [](const std::vector<std::uint8_t>& bytes) {
        const auto span = std::as_bytes(std::span(bytes));
        RC_ASSERT(decode_record(span, place).damage == Damage::header);
    });
}

TEST_CASE("record: the erased form keeps everything but the erasable part", "[log]") {
    Made made = sample_record();
    const RecordHeader before = made.header;
    made.header = erased(made.header);
    made.erasable.clear();
    encode(made);
    const RecordView view = decode_record(made.bytes, place);
    REQUIRE(view.damage == Damage::none);
    CHECK(view.header.is_erased());
    CHECK(view.erasable.empty());
    CHECK(view.header.index == before.index);
    CHECK(same_bytes(view.envelope, made.envelope));
    // Proofs do not change: the hash covers the envelope only.
    CHECK(entry_of(view).handle.is_erased());
    const EntryRef with_payload = entry_of(decode_record(sample_record().bytes, place));
    CHECK(entry_hash({}, entry_of(view)) == entry_hash({}, with_payload));
    check_golden("log/record_erased.hex", made.bytes);
}

TEST_CASE("record: the partly erased form has a flag and a shorter erasable part", "[log]") {
    const EntryRef before = entry_of(decode_record(sample_record().bytes, place));
    Made made = sample_record();
    made.header.flags = partly_erased_flag;
    made.erasable.resize(9);
    encode(made);
    const RecordView view = decode_record(made.bytes, place);
    REQUIRE(view.damage == Damage::none);
    CHECK(view.header.erasure() == Erasure::part);
    CHECK_FALSE(view.header.is_erased());
    const EntryRef entry = entry_of(view);
    CHECK(entry.handle.erasure() == Erasure::part);
    CHECK(same_bytes(entry.handle.erasable(), made.erasable));
    CHECK(entry_hash({}, entry) == entry_hash({}, before));
    CHECK(erased(view.header).flags == erased_flag);
    check_golden("log/record_partly_erased.hex", made.bytes);
}

TEST_CASE("record: what erasure flags and lengths cannot say together is refused", "[log]") {
    const auto makes_sense = [&](std::uint8_t flags, std::size_t erasable_bytes) {
        Made made = sample_record();
        made.erasable.resize(erasable_bytes);
        encode(made);
        store_little_endian(made.bytes.data() + 5, flags);
        store_little_endian(
            made.bytes.data() + 72, crc32c({made.bytes.data(), 72}, location_crc(place)));
        return decode_record_header(made.bytes, place).has_value();
    };
    CHECK(makes_sense(0, 0));
    CHECK(makes_sense(erased_flag, 0));
    CHECK_FALSE(makes_sense(erased_flag, 1));
    CHECK(makes_sense(partly_erased_flag, 1));
    CHECK_FALSE(makes_sense(partly_erased_flag, 0));
    CHECK_FALSE(makes_sense(erased_flag | partly_erased_flag, 0));
    CHECK_FALSE(makes_sense(erased_flag | partly_erased_flag, 1));
    CHECK_FALSE(makes_sense(4, 1));
    for (const Erasure erasure : {Erasure::none, Erasure::part, Erasure::whole}) {
        CHECK(erasure_of(erasure_flags(erasure)) == erasure);
    }
}

TEST_CASE("record: an entry survives the way through a record", "[log]") {
    rc::prop("entry", [](std::uint64_t seed) {
        const HashedEntry made = sample_entry(Index{9}, Term{2}, {}, seed, seed % 300);
        const EntryRef& entry = made.entry;
        Made record;
        record.header.kind = static_cast<std::uint8_t>(entry.kind);
        record.header.index = entry.index;
        record.header.term = entry.term;
        record.header.cluster_time = entry.cluster_time;
        record.header.wall_time = entry.wall_time;
        record.envelope.assign(entry.handle.envelope().begin(), entry.handle.envelope().end());
        record.erasable.assign(entry.handle.erasable().begin(), entry.handle.erasable().end());
        encode(record);
        RC_ASSERT(entry_of(decode_record(record.bytes, place)) == entry);
    });
}

TEST_CASE("record: the bytes on disk are the golden ones", "[log]") {
    check_golden("log/record.hex", sample_record().bytes);
    Made truncation;
    truncation.header.kind = truncate_kind;
    truncation.header.epoch = 3;
    truncation.header.index = Index{41};
    truncation.envelope = sample_bytes(5, sizeof(Digest));
    encode(truncation);
    CHECK(decode_record(truncation.bytes, place).header.is_truncation());
    check_golden("log/record_truncation.hex", truncation.bytes);
}

TEST_CASE("record: sectors of an old record in the new one's place do not pass for its own",
    "[log]") {
    // In a file that is used again: both have the same lengths, and begin alike.
    Made old = sample_record();
    old.envelope = sample_bytes(1, 1400);
    old.erasable = sample_bytes(2, 900);
    Made made = old;
    std::fill(old.envelope.begin() + 700, old.envelope.end(), std::byte{1});
    std::fill(old.erasable.begin() + 300, old.erasable.end(), std::byte{2});
    old.header.index = Index{9};
    encode(old, {SegmentId{3}, place.offset});
    encode(made);
    constexpr std::size_t sector = 512;
    const std::size_t sectors = (made.bytes.size() + sector - 1) / sector;
    for (std::uint32_t landed = 0; landed < (1u << sectors); ++landed) {
        ByteVector mixed = old.bytes;
        for (std::size_t at = 0; at < mixed.size(); ++at) {
            mixed[at] = (landed >> (at / sector)) % 2 == 1 ? made.bytes[at] : mixed[at];
        }
        const RecordView view = decode_record(mixed, place);
        INFO("sectors " << landed);
        REQUIRE((view.damage == Damage::none) == (mixed == made.bytes));
        REQUIRE((view.damage == Damage::header || view.header == made.header));
        REQUIRE((view.envelope.empty() ||
                 std::equal(view.envelope.begin(), view.envelope.end(), made.envelope.begin())));
    }
}

}  // namespace ledger::log
