#include <string>

#include "log/base/assert.h"
#include "log/state/command_view.h"
#include "log/state/query.h"

namespace ledger::state {
namespace {

EventView event_at(const AppendView& append, std::uint32_t slot) {
    LEDGER_ASSERT(slot < append.event_count);
    EventCursor events(append);
    for (std::uint32_t i = 0; i < slot; ++i) {
        events.next();
    }
    return events.next();
}

std::string_view name_at(const AppendView& append, std::uint32_t place) {
    LEDGER_ASSERT(place < append.stream_count);
    StreamCursor streams(append);
    for (std::uint32_t i = 0; i < place; ++i) {
        streams.next();
    }
    return streams.next().name;
}

}  // namespace

Result<RecordedEvent> extract_event(const EntryBody& body, const EventLocation& location) {
    LEDGER_TRY(const CommandView view, view_command(body.envelope()));
    const auto* append = std::get_if<AppendView>(&view);
    if (append == nullptr || location.slot >= append->event_count) {
        return failure(Errc::malformed, "entry " + std::to_string(location.index.value) +
                                            " has no event in slot " +
                                            std::to_string(location.slot));
    }
    const bool erased = body.erasable().empty();
    if (!erased && body.erasable().size() != append->erasable_bytes) {
        return failure(Errc::malformed, "erasable part of entry " +
                                            std::to_string(location.index.value) + ": " +
                                            std::to_string(body.erasable().size()) + " bytes");
    }
    const EventView from = event_at(*append, location.slot);
    RecordedEvent event;
    event.position = location.position;
    event.revision = location.revision;
    event.stream = std::string(name_at(*append, from.stream));
    event.id = from.id;
    event.type = std::string(from.type);
    event.metadata.assign(from.metadata.begin(), from.metadata.end());
    event.erased = erased;
    if (!erased) {
        const ByteSpan payload =
            body.erasable().subspan(from.erasable_offset + salt_bytes, from.payload_bytes);
        event.payload.assign(payload.begin(), payload.end());
    }
    return event;
}

}  // namespace ledger::state
