#include <optional>
#include <string>

#include "log/base/assert.h"
#include "log/state/command_view.h"
#include "log/state/erasable.h"
#include "log/state/query.h"

namespace ledger::state {
namespace {

struct FoundEvent {
    EventView event;
    std::optional<ByteSpan> salted;  // salt and payload; none if they were destroyed
};

FoundEvent event_at(const AppendView& append, const EntryBody& body, std::uint32_t slot) {
    LEDGER_ASSERT(slot < append.event_count);
    EventCursor events(append);
    ErasableCursor payloads(append, body);
    for (std::uint32_t i = 0; i < slot; ++i) {
        payloads.next(events.next());
    }
    const EventView event = events.next();
    return {event, payloads.next(event)};
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
    if (const auto checked = check_erasable(*append, body.erasure(), body.erasable()); !checked) {
        return failure(Errc::malformed, "entry " + std::to_string(location.index.value) + ": " +
                                            checked.error().place);
    }
    const auto [from, salted] = event_at(*append, body, location.slot);
    RecordedEvent event;
    event.position = location.position;
    event.revision = location.revision;
    event.stream = std::string(name_at(*append, from.stream));
    event.id = from.id;
    event.type = std::string(from.type);
    event.metadata.assign(from.metadata.begin(), from.metadata.end());
    event.erased = !salted;
    if (salted) {
        const ByteSpan payload = salted->subspan(salt_bytes);
        event.payload.assign(payload.begin(), payload.end());
    }
    return event;
}

}  // namespace ledger::state
