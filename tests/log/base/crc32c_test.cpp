#include "log/base/crc32c.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger {

TEST_CASE("crc32c: the vectors of RFC 3720, appendix B.4", "[base]") {
    const ByteVector zeros(32);
    const ByteVector ones(32, std::byte{0xff});
    ByteVector up;
    ByteVector down;
    for (std::uint8_t i = 0; i < 32; ++i) {
        up.push_back(std::byte{i});
        down.push_back(static_cast<std::byte>(31 - i));
    }
    for (const auto function : {crc32c, crc32c_portable}) {
        CHECK(function(zeros, 0) == 0x8a9136aa);
        CHECK(function(ones, 0) == 0x62a8ab43);
        CHECK(function(up, 0) == 0x46dd794e);
        CHECK(function(down, 0) == 0x113fdb5c);
        CHECK(function(as_bytes("123456789"), 0) == 0xe3069283);
        CHECK(function({}, 0) == 0);
    }
}

TEST_CASE("crc32c: fast and portable forms agree, in any pieces", "[base]") {
    rc::prop("twins", [](const std::vector<std::uint8_t>& numbers, std::uint32_t begin) {
        const ByteSpan data = std::as_bytes(std::span(numbers));
        RC_ASSERT(crc32c(data, begin) == crc32c_portable(data, begin));
        const auto cut = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
        RC_ASSERT(crc32c(data.subspan(cut), crc32c(data.first(cut), begin)) == crc32c(data, begin));
    });
    ByteVector large(100'003);
    for (std::size_t i = 0; i < large.size(); ++i) {
        large[i] = static_cast<std::byte>(i * 31 % 251);
    }
    for (std::size_t skip = 0; skip < 9; ++skip) {
        const ByteSpan part = ByteSpan(large).subspan(skip);
        CHECK(crc32c(part) == crc32c_portable(part));
    }
}

}  // namespace ledger
