#include "node/frame.h"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "node/message.h"

namespace ledger::node {

namespace {

// A frame around `payload`, sealed.
ByteVector framed(ByteSpan payload, FrameKind kind = FrameKind::client_reply) {
    ByteVector frame(frame_header_bytes + payload.size());
    std::copy(payload.begin(), payload.end(), frame.begin() + frame_header_bytes);
    seal_frame(frame, kind);
    return frame;
}

ByteVector sample() {
    return framed(as_bytes("sixteen bytes ok"));
}

// Writes a header field and makes the header's checksum right again.
template <typename Integer>
ByteVector with_field(ByteVector frame, std::uint32_t at, Integer value) {
    store_little_endian(frame.data() + at, value);
    store_little_endian(frame.data() + 20, crc32c(ByteSpan(frame).first(20)));
    return frame;
}

template <typename T>
CodecErrc code_of(const Result<T>& result) {
    REQUIRE_FALSE(result.has_value());
    REQUIRE(result.error().code.category() == codec_category());
    CHECK_FALSE(result.error().place.empty());
    return static_cast<CodecErrc>(result.error().code.value());
}

}  // namespace

TEST_CASE("frame: the header lies at the bytes of the table", "[node]") {
    const ByteVector frame = sample();
    REQUIRE(frame.size() == 40);
    CHECK(as_text(ByteSpan(frame).first(4)) == "LGRF");
    CHECK(load_little_endian<std::uint16_t>(frame.data() + 4) == protocol_version);
    CHECK(frame[6] == std::byte{3});
    CHECK(frame[7] == std::byte{0});
    CHECK(load_little_endian<std::uint32_t>(frame.data() + 8) == 16);
    CHECK(load_little_endian<std::uint32_t>(frame.data() + 12) ==
          crc32c(as_bytes("sixteen bytes ok")));
    CHECK(load_little_endian<std::uint32_t>(frame.data() + 16) == 0);
    CHECK(
        load_little_endian<std::uint32_t>(frame.data() + 20) == crc32c(ByteSpan(frame).first(20)));
}

TEST_CASE("frame: a sealed frame opens as what it was", "[node]") {
    for (const FrameKind kind :
        {FrameKind::peer_message, FrameKind::client_request, FrameKind::client_reply,
            FrameKind::peer_hello}) {
        const ByteVector frame = framed(as_bytes("12345678"), kind);
        const auto opened = open_frame(frame);
        REQUIRE(opened.has_value());
        CHECK(opened->kind == kind);
        CHECK(as_text(opened->payload) == "12345678");
        CHECK(frame_size(frame).has_value());
        CHECK(*frame_size(frame) == frame.size());
    }
    CHECK(open_frame(framed({})).has_value());
}

TEST_CASE("frame: the size is known as soon as the header is there", "[node]") {
    const ByteVector frame = sample();
    for (std::uint32_t length = 0; length < frame.size(); ++length) {
        const ByteSpan start = ByteSpan(frame).first(length);
        CHECK(code_of(open_frame(start)) == CodecErrc::truncated);
        if (length < frame_header_bytes) {
            CHECK(code_of(frame_size(start)) == CodecErrc::truncated);
        } else {
            REQUIRE(frame_size(start).has_value());
            CHECK(*frame_size(start) == frame.size());
        }
    }
}

TEST_CASE("frame: another protocol is refused at its first wrong byte", "[node]") {
    CHECK(code_of(frame_size(as_bytes("G"))) == CodecErrc::bad_magic);
    CHECK(code_of(frame_size(as_bytes("LG "))) == CodecErrc::bad_magic);
    CHECK(code_of(frame_size(as_bytes("GET / HTTP/1.1\r\nHost: ledger\r\n"))) ==
          CodecErrc::bad_magic);
    CHECK(code_of(frame_size(as_bytes("LGR"))) == CodecErrc::truncated);
}

TEST_CASE("frame: a length is believed only under its checksum and below the limit", "[node]") {
    ByteVector damaged = sample();
    store_little_endian(damaged.data() + 8, std::uint32_t{1 << 20});
    CHECK(code_of(frame_size(damaged)) == CodecErrc::bad_checksum);

    const std::uint32_t most = frame_bytes_max - frame_header_bytes;
    CHECK(*frame_size(with_field(sample(), 8, most)) == frame_bytes_max);
    CHECK(code_of(open_frame(with_field(sample(), 8, most))) == CodecErrc::truncated);
    CHECK(code_of(frame_size(with_field(sample(), 8, most + 8))) == CodecErrc::too_large);
    CHECK(code_of(frame_size(with_field(sample(), 8, std::numeric_limits<std::uint32_t>::max()))) ==
          CodecErrc::too_large);
}

TEST_CASE("frame: another version is named as such", "[node]") {
    const auto next = static_cast<std::uint16_t>(protocol_version + 1);
    CHECK(code_of(frame_size(with_field(sample(), 4, next))) == CodecErrc::unsupported_version);
    CHECK(code_of(open_frame(with_field(sample(), 4, std::uint16_t{0}))) ==
          CodecErrc::unsupported_version);
    CHECK(frame_size(with_field(sample(), 4, next)).error().place.find("version 2") !=
          std::string::npos);
}

TEST_CASE("frame: unknown kinds, flags and odd lengths are malformed", "[node]") {
    CHECK(code_of(frame_size(with_field(sample(), 6, std::uint8_t{0}))) == CodecErrc::malformed);
    CHECK(code_of(frame_size(with_field(sample(), 6, std::uint8_t{5}))) == CodecErrc::malformed);
    CHECK(code_of(frame_size(with_field(sample(), 7, std::uint8_t{1}))) == CodecErrc::malformed);
    CHECK(code_of(frame_size(with_field(sample(), 8, std::uint32_t{15}))) == CodecErrc::malformed);
    CHECK(code_of(frame_size(with_field(sample(), 16, std::uint32_t{1}))) == CodecErrc::malformed);
    ByteVector longer = sample();
    longer.resize(longer.size() + 8);
    CHECK(code_of(open_frame(longer)) == CodecErrc::malformed);
}

TEST_CASE("frame: every single flipped bit is noticed", "[node]") {
    const ByteVector frame = sample();
    for (std::uint32_t bit = 0; bit < frame.size() * 8; ++bit) {
        ByteVector damaged = frame;
        damaged[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        const CodecErrc errc = code_of(open_frame(damaged));
        CHECK(errc == (bit < 32 ? CodecErrc::bad_magic : CodecErrc::bad_checksum));
    }
}

TEST_CASE("frame: every error has words of its own", "[node]") {
    std::string previous;
    for (int number = 1; number <= 6; ++number) {
        const auto code = make_error_code(static_cast<CodecErrc>(number));
        CHECK(code.message() != previous);
        CHECK(code.message() != codec_category().message(99));
        previous = code.message();
    }
    CHECK(std::string(codec_category().name()) == "ledger.codec");
}

}  // namespace ledger::node
