#pragma once
// Erasable: the salts and payloads of an append's events, as far as they are there, and how they go.
// The layout is in command.cpp.

#include <cstdint>
#include <optional>
#include <span>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/result.h"
#include "log/state/command_view.h"

namespace ledger::state {

// The erasable part must be what the envelope promises, less what is erased.
Result<void> check_erasable(const AppendView& append, Erasure erasure, ByteSpan erasable);

// Walks the erasable part of an append, which check_erasable() has taken, beside an EventCursor.
class ErasableCursor {
  public:
    ErasableCursor(const AppendView& append, const EntryBody& body);

    // Salt and payload of the next event, in order; nothing if they were destroyed.
    std::optional<ByteSpan> next(const EventView& event);

  private:
    const bool gone_;  // all of it
    ByteSpan bitmap_;  // partly erased only
    ByteSpan rest_;
    std::uint32_t slot_ = 0;
};

// The body without salt and payload of these events of its append, given by their places in it,
// ascending. What is erased already stays so; places without an event are passed over: so the order
// of erasures and their number do not matter. A body whose erasable part is not what its envelope
// promises loses all of it; one that has nothing to lose is returned as it is.
EntryHandle erase_events(const EntryHandle& body, std::span<const std::uint16_t> slots);

}  // namespace ledger::state
