#pragma once
// Frame: the envelope of a message on a stream connection: what it is, how long, and whether whole.
//
// All numbers little-endian. A frame is a multiple of 8 bytes long, so that the payload of a frame
// in aligned memory is aligned and the next frame is too.
//
// | at | bytes | field                                                                         |
// |----|-------|-------------------------------------------------------------------------------|
// |  0 |     4 | magic "LGRF"                                                                  |
// |  4 |     2 | protocol version                                                              |
// |  6 |     1 | kind: 1 peer message, 2 client request, 3 client reply, 4 peer hello          |
// |  7 |     1 | flags: 0; a frame with a flag that we do not know is refused                  |
// |  8 |     4 | payload bytes, a multiple of 8                                                |
// | 12 |     4 | CRC-32C of the payload                                                        |
// | 16 |     4 | 0                                                                             |
// | 20 |     4 | CRC-32C of the 20 bytes before                                                |
// | 24 |       | payload: one Cap'n Proto message in stream format (node/wire.capnp)           |
//
// These 24 bytes stay as they are in every later version, so that an old node can say "a version
// that I do not speak" instead of "damaged". Nothing in a header is believed before its checksum.

#include <cstdint>
#include <span>

#include "log/base/bytes.h"
#include "log/base/result.h"

namespace ledger::node {

enum class CodecErrc {
    truncated = 1,  // fewer bytes than the frame header announces: read on
    bad_magic,      // this is not our protocol
    bad_checksum,
    too_large,  // beyond frame_bytes_max
    unsupported_version,
    malformed,  // bytes that are no message, or fields out of range
};
const boost::system::error_category& codec_category();
boost::system::error_code make_error_code(CodecErrc errc);

inline constexpr std::uint32_t frame_bytes_max = 16u << 20;
inline constexpr std::uint32_t frame_header_bytes = 24;

enum class FrameKind : std::uint8_t {
    peer_message = 1,
    client_request = 2,
    client_reply = 3,
    peer_hello = 4,
};

struct FrameHeader {
    FrameKind kind = FrameKind::peer_message;
    std::uint32_t payload_bytes = 0;  // header and payload are at most frame_bytes_max
    std::uint32_t payload_crc = 0;
};

// A whole frame whose checksums are right. The payload is a view into the frame.
struct Frame {
    FrameKind kind = FrameKind::peer_message;
    ByteSpan payload;
};

// The header at the start of `bytes`. A stream that cannot become a frame of ours is refused with
// bad_magic from its first wrong byte on, before the header is complete.
Result<FrameHeader> read_frame_header(ByteSpan bytes);

// The size of the frame that starts at `bytes`, as soon as its header is there.
Result<std::uint64_t> frame_size(ByteSpan bytes);

// Checks exactly one frame, header and payload; bytes beyond it are malformed.
Result<Frame> open_frame(ByteSpan frame);

// Fills in the header of `frame`, whose payload is already in place behind it.
void seal_frame(std::span<std::byte> frame, FrameKind kind);

}  // namespace ledger::node

template <>
struct boost::system::is_error_code_enum<ledger::node::CodecErrc> : std::true_type {};
