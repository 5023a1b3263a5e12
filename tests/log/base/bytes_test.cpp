#include "log/base/bytes.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger {

TEST_CASE("bytes: fields are little-endian", "[base]") {
    ByteVector bytes;
    ByteWriter out(bytes);
    out.u8(0x01);
    out.u16(0x0302);
    out.u32(0x07060504);
    out.u64(0x0f0e0d0c0b0a0908);
    REQUIRE(bytes.size() == 15);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK(bytes[i] == static_cast<std::byte>(i + 1));
    }
}

TEST_CASE("bytes: what was written is read back and nothing is left", "[base]") {
    rc::prop("round trip", [](std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d,
                               std::int64_t e, const std::string& text) {
        ByteVector bytes;
        ByteWriter out(bytes);
        out.u8(a);
        out.u16(b);
        out.u32(c);
        out.u64(d);
        out.i64(e);
        out.sized(as_bytes(text));
        out.zeros(3);
        ByteReader in(bytes);
        RC_ASSERT(in.u8() == a);
        RC_ASSERT(in.u16() == b);
        RC_ASSERT(in.u32() == c);
        RC_ASSERT(in.u64() == d);
        RC_ASSERT(in.i64() == e);
        RC_ASSERT(as_text(in.sized()) == text);
        RC_ASSERT(in.bytes(3).size() == 3);
        RC_ASSERT(in.ok());
        RC_ASSERT(in.at_end());
    });
}

TEST_CASE("bytes: a reader that ran over the end stays failed and gives zeros", "[base]") {
    rc::prop("any cut of a message", [](const std::string& text) {
        ByteVector bytes;
        ByteWriter out(bytes);
        out.u64(7);
        out.sized(as_bytes(text));
        const auto size = *rc::gen::inRange<std::size_t>(0, bytes.size());
        ByteReader in(ByteSpan(bytes).first(size));
        in.u64();
        in.sized();
        RC_ASSERT(!in.ok());
        RC_ASSERT(in.remaining() == 0);
        RC_ASSERT(in.u64() == 0);
        RC_ASSERT(in.bytes(1).empty());
        RC_ASSERT(!in.ok());
    });
}

TEST_CASE("bytes: a length beyond the end takes nothing", "[base]") {
    const ByteVector bytes(10);
    for (std::uint64_t count : {std::uint64_t{11}, std::uint64_t{1} << 32, UINT64_MAX}) {
        ByteReader in(bytes);
        CHECK(in.bytes(count).empty());
        CHECK(!in.ok());
    }
}

}  // namespace ledger
