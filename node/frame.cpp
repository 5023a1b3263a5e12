#include "node/frame.h"

#include <algorithm>
#include <string>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/format.h"
#include "node/message.h"

namespace ledger::node {

namespace {

constexpr std::byte magic[4] = {std::byte{'L'}, std::byte{'G'}, std::byte{'R'}, std::byte{'F'}};
constexpr std::uint32_t header_crc_at = 20;

class CodecCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.codec"; }
    std::string message(int number) const override {
        switch (static_cast<CodecErrc>(number)) {
            case CodecErrc::truncated: return "the frame is not complete";
            case CodecErrc::bad_magic: return "not a frame of this protocol";
            case CodecErrc::bad_checksum: return "the frame was damaged on its way";
            case CodecErrc::too_large: return "the frame is larger than allowed";
            case CodecErrc::unsupported_version: return "a protocol version we do not speak";
            case CodecErrc::malformed: return "the bytes are no message";
        }
        return "unknown codec error";
    }
};

bool starts_like_a_frame(ByteSpan bytes) {
    const std::uint64_t count = std::min<std::uint64_t>(bytes.size(), sizeof(magic));
    return std::equal(magic, magic + count, bytes.begin());
}

bool known_frame_kind(std::uint8_t number) {
    return number >= static_cast<std::uint8_t>(FrameKind::peer_message) &&
           number <= static_cast<std::uint8_t>(FrameKind::peer_hello);
}

}  // namespace

const boost::system::error_category& codec_category() {
    static const CodecCategory category;
    return category;
}

boost::system::error_code make_error_code(CodecErrc errc) {
    return {static_cast<int>(errc), codec_category()};
}

Result<FrameHeader> read_frame_header(ByteSpan bytes) {
    if (!starts_like_a_frame(bytes)) {
        return failure(CodecErrc::bad_magic, "frame header, bytes 0 to 3");
    }
    if (bytes.size() < frame_header_bytes) {
        return failure(CodecErrc::truncated, fmt::format("frame header: {} of {} bytes",
                                                 std::uint64_t{bytes.size()}, frame_header_bytes));
    }
    if (load_little_endian<std::uint32_t>(bytes.data() + header_crc_at) !=
        crc32c(bytes.first(header_crc_at))) {
        return failure(CodecErrc::bad_checksum, "frame header");
    }
    const auto version = load_little_endian<std::uint16_t>(bytes.data() + 4);
    if (version != protocol_version) {
        return failure(CodecErrc::unsupported_version,
            fmt::format("frame of version {}, this build speaks {}", version, protocol_version));
    }
    const auto kind = load_little_endian<std::uint8_t>(bytes.data() + 6);
    const auto flags = load_little_endian<std::uint8_t>(bytes.data() + 7);
    const auto payload_bytes = load_little_endian<std::uint32_t>(bytes.data() + 8);
    const auto reserved = load_little_endian<std::uint32_t>(bytes.data() + 16);
    if (payload_bytes > frame_bytes_max - frame_header_bytes) {
        return failure(
            CodecErrc::too_large, fmt::format("frame payload of {} bytes, at most {} fit",
                                      payload_bytes, frame_bytes_max - frame_header_bytes));
    }
    if (!known_frame_kind(kind) || flags != 0 || payload_bytes % 8 != 0 || reserved != 0) {
        return failure(CodecErrc::malformed,
            fmt::format("frame header: kind {}, flags {}, {} payload bytes, reserved {}", kind,
                flags, payload_bytes, reserved));
    }
    return FrameHeader{static_cast<FrameKind>(kind), payload_bytes,
        load_little_endian<std::uint32_t>(bytes.data() + 12)};
}

Result<std::uint64_t> frame_size(ByteSpan bytes) {
    LEDGER_TRY(const FrameHeader header, read_frame_header(bytes));
    return std::uint64_t{frame_header_bytes} + header.payload_bytes;
}

Result<Frame> open_frame(ByteSpan frame) {
    LEDGER_TRY(const FrameHeader header, read_frame_header(frame));
    const ByteSpan payload = frame.subspan(frame_header_bytes);
    if (payload.size() < header.payload_bytes) {
        return failure(
            CodecErrc::truncated, fmt::format("frame payload: {} of {} bytes",
                                      std::uint64_t{payload.size()}, header.payload_bytes));
    }
    if (payload.size() > header.payload_bytes) {
        return failure(
            CodecErrc::malformed, fmt::format("{} bytes behind the frame",
                                      std::uint64_t{payload.size()} - header.payload_bytes));
    }
    if (crc32c(payload) != header.payload_crc) {
        return failure(CodecErrc::bad_checksum, "frame payload");
    }
    return Frame{header.kind, payload};
}

void seal_frame(std::span<std::byte> frame, FrameKind kind) {
    LEDGER_ASSERT(frame.size() >= frame_header_bytes);
    LEDGER_ASSERT(frame.size() <= frame_bytes_max);
    LEDGER_ASSERT(frame.size() % 8 == 0);
    const ByteSpan payload = frame.subspan(frame_header_bytes);
    std::copy(std::begin(magic), std::end(magic), frame.begin());
    store_little_endian(frame.data() + 4, static_cast<std::uint16_t>(protocol_version));
    store_little_endian(frame.data() + 6, static_cast<std::uint8_t>(kind));
    store_little_endian(frame.data() + 7, std::uint8_t{0});
    store_little_endian(frame.data() + 8, static_cast<std::uint32_t>(payload.size()));
    store_little_endian(frame.data() + 12, crc32c(payload));
    store_little_endian(frame.data() + 16, std::uint32_t{0});
    store_little_endian(frame.data() + header_crc_at, crc32c(ByteSpan(frame).first(header_crc_at)));
}

}  // namespace ledger::node
