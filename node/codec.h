#pragma once
// Codec: messages as frames for a stream connection and back, under limits. Cap'n Proto inside.

#include <variant>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "node/frame.h"
#include "node/message.h"

namespace ledger::node {

using Decoded = std::variant<PeerMessage, ClientRequest, ClientReply, PeerHello>;

// Appends one whole frame (header, payload, checksum) to `out`. No allocation if `out` has room and
// ends at a multiple of 8 bytes. A message beyond frame_bytes_max is a bug of the caller.
void encode(const PeerMessage& message, ByteVector& out);
void encode(const ClientRequest& request, ByteVector& out);
void encode(const PeerHello& hello, ByteVector& out);
void encode(const ClientReply& reply, ByteVector& out);

// Decodes exactly one frame. Every damaged or foreign input gives an error, never a message that
// differs from the one encoded, never an exception or abort.
Result<Decoded> decode(ByteSpan frame);

}  // namespace ledger::node
