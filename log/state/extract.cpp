#include <algorithm>
#include <optional>
#include <string>

#include "log/base/assert.h"
#include "log/state/command_view.h"
#include "log/state/erasable.h"
#include "log/state/query.h"

namespace ledger::state {
namespace {

Error in_entry(Index index, const std::string& what) {
    return failure(Errc::malformed, "entry " + std::to_string(index.value) + what);
}

// The append in the body, if its erasable part is what it promises.
Result<AppendView> append_in(const EntryBody& body, const CommandView& view, Index index) {
    const auto* append = std::get_if<AppendView>(&view);
    if (append == nullptr) {
        return in_entry(index, " has no events");
    }
    if (const auto checked = check_erasable(*append, body.erasure(), body.erasable()); !checked) {
        return in_entry(index, ": " + checked.error().place);
    }
    return *append;
}

// Walks the events of an append in position order.
class Walk {
  public:
    Walk(const AppendView& append, const EntryBody& body)
        : events_(append), payloads_(append, body), event_count_(append.event_count) {
        for (StreamCursor streams(append); !streams.done();) {
            names_.push_back(streams.next().name);
        }
    }

    std::uint32_t event_count() const { return event_count_; }
    // Moves on to this slot, which lies ahead.
    void move_to(std::uint32_t slot) {
        LEDGER_ASSERT(slot >= next_ && slot < event_count_);
        for (; next_ <= slot; ++next_) {
            event_ = events_.next();
            salted_ = payloads_.next(event_);
        }
    }
    std::string_view stream() const { return names_[event_.stream]; }
    std::string_view type() const { return event_.type; }
    RecordedEvent copy(const EventLocation& location) const {
        RecordedEvent event;
        event.position = location.position;
        event.revision = location.revision;
        event.stream = std::string(stream());
        event.id = event_.id;
        event.type = std::string(event_.type);
        event.metadata.assign(event_.metadata.begin(), event_.metadata.end());
        event.erased = !salted_;
        if (salted_) {
            const ByteSpan payload = salted_->subspan(salt_bytes);
            event.payload.assign(payload.begin(), payload.end());
        }
        return event;
    }

  private:
    EventCursor events_;
    ErasableCursor payloads_;
    const std::uint32_t event_count_;
    std::vector<std::string_view> names_;
    std::uint32_t next_ = 0;
    EventView event_;
    std::optional<ByteSpan> salted_;  // salt and payload; none if they were destroyed
};

Error no_slot(const EventLocation& location) {
    return in_entry(location.index, " has no event in slot " + std::to_string(location.slot));
}

}  // namespace

Result<RecordedEvent> extract_event(const EntryBody& body, const EventLocation& location) {
    LEDGER_TRY(const CommandView view, view_command(body.envelope()));
    LEDGER_TRY(const AppendView append, append_in(body, view, location.index));
    if (location.slot >= append.event_count) {
        return no_slot(location);
    }
    Walk walk(append, body);
    walk.move_to(location.slot);
    return walk.copy(location);
}

Result<void> extract_events(const EntryRef& entry, std::span<const EventLocation> locations,
    const Filter& filter, std::vector<RecordedEvent>& out) {
    LEDGER_ASSERT(entry.handle);
    LEDGER_TRY(const CommandView view, view_command(entry.handle->envelope()));
    LEDGER_TRY(const AppendView append, append_in(*entry.handle, view, entry.index));
    const bool falls = locations.size() > 1 && locations[1].slot < locations[0].slot;
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    Walk walk(append, *entry.handle);
    for (std::size_t i = 0; i < locations.size(); ++i) {
        const EventLocation& location = locations[falls ? locations.size() - 1 - i : i];
        LEDGER_ASSERT(location.index == entry.index);
        if (location.slot >= append.event_count) {
            return no_slot(location);
        }
        walk.move_to(location.slot);
        if (passes(filter, walk.stream(), walk.type())) {
            RecordedEvent& event = out.emplace_back(walk.copy(location));
            event.cluster_time = entry.cluster_time;
            event.wall_time = entry.wall_time;
        }
    }
    if (falls) {
        std::reverse(out.begin() + first, out.end());
    }
    return {};
}

}  // namespace ledger::state
