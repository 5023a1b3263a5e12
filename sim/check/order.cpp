#include "sim/check/order.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::check {

void Order::expect(std::uint64_t events, std::uint64_t appends) {
    events_.reserve(events);
    appends_.reserve(appends);
}

void Order::push(
    Index index, SessionId session, Sequence sequence, std::span<const NewEvent> events) {
    LEDGER_ASSERT(!events.empty());
    const std::uint64_t number = appends_.size();
    appends_.push_back({.index = index,
        .first = Position{length()},
        .events = static_cast<std::uint32_t>(events.size()),
        .session = session,
        .sequence = sequence});
    for (const NewEvent& event : events) {
        LEDGER_ASSERT(event.stream.value < streams_.size());
        const Position position{length()};
        std::vector<Position>& stream = streams_[event.stream.value];
        events_.push_back({event.id, event.stream, Revision{stream.size()}, number});
        stream.push_back(position);
        if (finds_ && positions_.find(event.id) == nullptr) {
            positions_[event.id] = position;
        }
    }
    LEDGER_ASSERT(appends_.back().end() == length());
}

const OrderedEvent& Order::event(Position position) const {
    LEDGER_ASSERT(position.value < events_.size());
    return events_[position.value];
}

const OrderedAppend& Order::append_of(Position position) const {
    return appends_[event(position).append];
}

std::optional<Position> Order::find(const EventId& id) const {
    LEDGER_ASSERT(finds_);
    const Position* position = positions_.find(id);
    return position == nullptr ? std::nullopt : std::optional(*position);
}

bool Order::is_version(std::uint64_t length) const {
    return version_from(length) == length;
}

std::optional<std::uint64_t> Order::version_from(std::uint64_t length) const {
    if (length == 0) {
        return 0;
    }
    if (length > events_.size()) {
        return std::nullopt;
    }
    return append_of(Position{length - 1}).end();
}

StreamNumber Order::stream(std::string_view name) {
    if (const StreamNumber* known = numbers_.find(name)) {
        return *known;
    }
    const StreamNumber number{static_cast<std::uint32_t>(streams_.size())};
    numbers_[std::string(name)] = number;
    names_.emplace_back(name);
    streams_.emplace_back();
    return number;
}

std::optional<StreamNumber> Order::find_stream(std::string_view name) const {
    const StreamNumber* known = numbers_.find(name);
    return known == nullptr ? std::nullopt : std::optional(*known);
}

std::string_view Order::name(StreamNumber stream) const {
    LEDGER_ASSERT(stream.value < names_.size());
    return names_[stream.value];
}

std::uint64_t Order::stream_length(StreamNumber stream) const {
    LEDGER_ASSERT(stream.value < streams_.size());
    return streams_[stream.value].size();
}

Position Order::position_of(StreamNumber stream, Revision revision) const {
    LEDGER_ASSERT(revision.value < stream_length(stream));
    return streams_[stream.value][revision.value];
}

std::uint64_t Order::stream_length_at(StreamNumber stream, std::uint64_t length) const {
    LEDGER_ASSERT(stream.value < streams_.size());
    const std::vector<Position>& positions = streams_[stream.value];
    // Nearly every question is about the present.
    if (positions.empty() || positions.back().value < length) {
        return positions.size();
    }
    const auto end = std::lower_bound(positions.begin(), positions.end(), Position{length});
    return static_cast<std::uint64_t>(end - positions.begin());
}

std::optional<std::uint64_t> Order::version_with(StreamNumber stream, std::uint64_t count) const {
    if (count == 0) {
        return 0;
    }
    if (count > stream_length(stream)) {
        return std::nullopt;
    }
    return append_of(position_of(stream, Revision{count - 1})).end();
}

}  // namespace ledger::check
