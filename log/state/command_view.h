#pragma once
// CommandView: a command read where it lies: apply looks at its fields without copying them.

#include <cstdint>
#include <string_view>
#include <variant>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/state/command.h"

namespace ledger::state {

// Bytes of an event's salt at the head of its part of the erasable bytes.
inline constexpr std::uint32_t salt_bytes = 16;

struct StreamView {
    std::string_view name;
    Expected expected;
};

struct EventView {
    std::uint32_t stream = 0;  // place in the command's streams
    EventId id;
    std::string_view type;
    ByteSpan metadata;
    ByteSpan commitment;  // 32 bytes: SHA-256(salt, payload)
    std::uint32_t payload_bytes = 0;
    std::uint64_t erasable_offset = 0;  // where its salt lies; the payload follows
};

// A valid append: every limit holds, every place exists, no stream is named twice. Points into the
// envelope that it was read from.
struct AppendView {
    SessionId session;
    Sequence sequence;
    Sequence acknowledged_through;
    std::uint32_t stream_count = 0;
    std::uint32_t event_count = 0;
    std::uint64_t erasable_bytes = 0;  // size of the erasable part, unless it was destroyed
    ByteSpan stream_bytes;
    ByteSpan event_bytes;
};

// A valid redaction: its positions ascend.
struct RedactView {
    SessionId session;
    Sequence sequence;
    Sequence acknowledged_through;
    std::uint32_t count = 0;
    ByteSpan position_bytes;

    Position position(std::uint32_t place) const;
};

using CommandView = std::variant<RegisterSession, AppendView, RedactView>;

// Checks the whole envelope. Errors name the byte offset and the field.
Result<CommandView> view_command(ByteSpan envelope);

// Whether these bytes claim to be a redaction; nothing else of them is looked at.
bool is_redact(ByteSpan envelope);

// Walks the streams of an append in the order of their places.
class StreamCursor {
  public:
    explicit StreamCursor(const AppendView& append) : rest_(append.stream_bytes) {}
    bool done() const { return rest_.empty(); }
    StreamView next();

  private:
    ByteSpan rest_;
};

// Walks the events of an append in position order.
class EventCursor {
  public:
    explicit EventCursor(const AppendView& append) : rest_(append.event_bytes) {}
    bool done() const { return rest_.empty(); }
    EventView next();

  private:
    ByteSpan rest_;
    std::uint64_t erasable_offset_ = 0;
};

}  // namespace ledger::state
