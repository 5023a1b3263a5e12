#include "log/state/cut_records.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace ledger::state {
namespace {

std::uint64_t varint(const ByteVector& bytes, bool* ok) {
    RecordReader in(bytes);
    const std::uint64_t value = in.varint("number");
    *ok = in.ok() && in.at_end();
    return value;
}

TEST_CASE("cut records: a number has one form, and it comes back", "[state]") {
    CHECK(rc::check([](std::uint64_t any, std::uint8_t shift) {
        const std::uint64_t value = any >> (shift % 64);
        ByteVector bytes;
        write_varint(bytes, value);
        bool ok = false;
        RC_ASSERT(varint(bytes, &ok) == value);
        RC_ASSERT(ok);
        // The same number with a zero more.
        bytes.back() |= std::byte{0x80};
        bytes.push_back(std::byte{0});
        varint(bytes, &ok);
        RC_ASSERT_FALSE(ok);
    }));
}

TEST_CASE("cut records: a number too large is wrong, one cut short has ended", "[state]") {
    ByteVector bytes;
    write_varint(bytes, UINT64_MAX);
    REQUIRE(bytes.size() == 10);
    RecordReader short_of_one(ByteSpan(bytes).first(9));
    CHECK(short_of_one.varint("number") == 0);
    CHECK(short_of_one.ended());
    CHECK(short_of_one.wrong() == nullptr);
    bytes.back() = std::byte{2};
    RecordReader too_large(bytes);
    CHECK(too_large.varint("number") == 0);
    CHECK_FALSE(too_large.ended());
    CHECK(std::string_view(too_large.wrong()) == "number");
    // Nothing follows a wrong field.
    CHECK(too_large.u8() == 0);
    CHECK(too_large.bytes(1).empty());
}

TEST_CASE("cut records: a summary comes back", "[state]") {
    CutSummary summary;
    summary.standing = {.applied = Index{900},
        .chain = sha256(as_bytes("chain")),
        .digest = Hash128(3, 4),
        .retained_index = Index{100},
        .retained = Position{50},
        .knows_redact = GENERATE(false, true)};
    summary.length = Position{70};
    summary.streams = 5;
    summary.entries = 20;
    summary.sessions = 7;
    summary.redactions = summary.standing.knows_redact ? 9 : 0;
    ByteVector bytes;
    write_summary(bytes, summary);
    RecordReader in(bytes);
    const CutSummary read = read_summary(in, cut_version_of(summary.standing));
    CHECK(in.ok());
    CHECK(in.at_end());
    ByteVector again;
    write_summary(again, read);
    CHECK(again == bytes);
    CHECK(read.standing.digest == summary.standing.digest);
    CHECK(read.redactions == summary.redactions);
    CHECK(read.standing.chain == summary.standing.chain);
}

}  // namespace
}  // namespace ledger::state
