#include "log/base/format.h"

#include <catch2/catch.hpp>

namespace ledger {

TEST_CASE("format: durations are written in their largest fitting unit", "[base]") {
    CHECK(to_text(nanoseconds(0)) == "0ns");
    CHECK(to_text(nanoseconds(7)) == "7ns");
    CHECK(to_text(microseconds(20)) == "20us");
    CHECK(to_text(microseconds(3500)) == "3.5ms");
    CHECK(to_text(milliseconds(1250)) == "1.25s");
    CHECK(to_text(seconds(61)) == "61s");
    CHECK(to_text(nanoseconds(1'001)) == "1.001us");
}

TEST_CASE("format: digests and bytes are lower-case hex", "[base]") {
    CHECK(to_hex(as_bytes(std::string_view("\x00\x0f\xa5", 3))) == "000fa5");
    CHECK(to_hex(Digest{}) == std::string(64, '0'));
    CHECK(to_hex(ByteSpan{}).empty());
}

TEST_CASE("format: ids are written as their number", "[base]") {
    CHECK(fmt::format("{} {} {}", Term{3}, Index{42}, NodeId{1}) == "3 42 1");
    CHECK(fmt::format("{:04}", SegmentId{7}) == "0007");
    CHECK(to_text(ClusterId{0xab, 0x1f}) == "00000000000000ab000000000000001f");
}

}  // namespace ledger
