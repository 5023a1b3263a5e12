#include "log/state/erasable.h"

#include <algorithm>
#include <string>

#include "log/base/assert.h"

namespace ledger::state {
namespace {

std::uint64_t bitmap_bytes(std::uint32_t events) {
    return (std::uint64_t{events} + 7) / 8;
}

std::byte bit_of(std::uint32_t slot) {
    return static_cast<std::byte>(1u << (slot % 8));
}

bool is_set(ByteSpan bitmap, std::uint32_t slot) {
    return (bitmap[slot / 8] & bit_of(slot)) != std::byte{0};
}

Error wrong_size(std::uint64_t found, std::uint64_t expected) {
    return failure(Errc::malformed, "erasable part: " + std::to_string(found) +
                                        " bytes where the envelope names " +
                                        std::to_string(expected));
}

// It is never empty if there are events: so it says that it was destroyed also where nobody notes that.
bool is_gone(Erasure erasure, ByteSpan erasable) {
    return erasure == Erasure::whole || erasable.empty();
}

Result<void> check_partly_erased(const AppendView& append, ByteSpan erasable) {
    const std::uint64_t head = bitmap_bytes(append.event_count);
    if (erasable.size() < head) {
        return failure(Errc::malformed, "erasable part: its bitmap ends early");
    }
    const ByteSpan bitmap = erasable.first(static_cast<std::size_t>(head));
    std::uint64_t expected = head;
    std::uint32_t left = 0;
    std::uint32_t slot = 0;
    for (EventCursor events(append); !events.done(); ++slot) {
        const EventView event = events.next();
        if (!is_set(bitmap, slot)) {
            expected += salt_bytes + event.payload_bytes;
            ++left;
        }
    }
    for (; slot < head * 8; ++slot) {
        if (is_set(bitmap, slot)) {
            return failure(Errc::malformed, "erasable part: a bit behind the last event");
        }
    }
    // Otherwise there would be a second form of nothing erased, or of everything.
    if (left == 0 || left == append.event_count) {
        return failure(Errc::malformed, "erasable part: not partly erased");
    }
    return erasable.size() == expected ? Result<void>() : wrong_size(erasable.size(), expected);
}

}  // namespace

Result<void> check_erasable(const AppendView& append, Erasure erasure, ByteSpan erasable) {
    switch (erasure) {
        case Erasure::part: return check_partly_erased(append, erasable);
        case Erasure::whole:
            return erasable.empty() ? Result<void>() : wrong_size(erasable.size(), 0);
        case Erasure::none: break;
    }
    if (is_gone(erasure, erasable)) {
        return {};
    }
    if (erasable.size() != append.erasable_bytes) {
        return wrong_size(erasable.size(), append.erasable_bytes);
    }
    return {};
}

ErasableCursor::ErasableCursor(const AppendView& append, const EntryBody& body)
    : gone_(is_gone(body.erasure(), body.erasable())), rest_(body.erasable()) {
    if (body.erasure() == Erasure::part) {
        const auto head = static_cast<std::size_t>(bitmap_bytes(append.event_count));
        bitmap_ = rest_.first(head);
        rest_ = rest_.subspan(head);
    }
}

std::optional<ByteSpan> ErasableCursor::next(const EventView& event) {
    const std::uint32_t slot = slot_++;
    const bool gone = gone_ || (!bitmap_.empty() && is_set(bitmap_, slot));
    if (gone) {
        return std::nullopt;
    }
    const std::size_t size = salt_bytes + event.payload_bytes;
    LEDGER_ASSERT(size <= rest_.size());
    const ByteSpan found = rest_.first(size);
    rest_ = rest_.subspan(size);
    return found;
}

EntryHandle erase_events(const EntryHandle& body, std::span<const std::uint16_t> slots) {
    LEDGER_ASSERT(std::is_sorted(slots.begin(), slots.end()));
    if (body.erasable().empty() || slots.empty()) {
        return body;
    }
    const Result<CommandView> view = view_command(body.envelope());
    const auto* append = view ? std::get_if<AppendView>(&*view) : nullptr;
    if (append == nullptr || !check_erasable(*append, body->erasure(), body.erasable())) {
        return body.erased();
    }
    ByteVector kept(static_cast<std::size_t>(bitmap_bytes(append->event_count)));
    std::uint32_t left = 0;
    bool fewer = false;
    std::uint32_t slot = 0;
    ErasableCursor payloads(*append, *body);
    for (EventCursor events(*append); !events.done(); ++slot) {
        const std::optional<ByteSpan> payload = payloads.next(events.next());
        const bool named = std::binary_search(slots.begin(), slots.end(), slot);
        fewer = fewer || (payload && named);
        if (!payload || named) {
            kept[slot / 8] |= bit_of(slot);
            continue;
        }
        kept.insert(kept.end(), payload->begin(), payload->end());
        ++left;
    }
    if (!fewer) {
        return body;
    }
    return left == 0 ? body.erased() : EntryHandle::make_partly_erased(body.envelope(), kept);
}

}  // namespace ledger::state
