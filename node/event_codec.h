#pragma once
// EventCodec: a replica's events as bytes and back: recordings, traces and replays are made of it.

#include "log/base/bytes.h"
#include "log/base/hash128.h"
#include "log/base/result.h"
#include "node/event.h"

namespace ledger::node {

// Appends the event in our own layout (little-endian, fixed width).
void encode_event(const Event& event, ByteVector& out);
// Decodes exactly one event. Foreign or damaged bytes give an error naming the offset.
Result<Event> decode_event(ByteSpan bytes);
// Adds the event's values to the rolling hash of a run, field by field. Entry bodies enter by
// their digest and sizes.
void hash_event(const Event& event, Hash128& hash);

}  // namespace ledger::node
