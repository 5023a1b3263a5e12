#include "sim/check/row.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::check {
namespace {

std::uint64_t add_saturated(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

}  // namespace

std::optional<std::uint64_t> AllowedVersions::least(const Order& order, std::uint64_t floor) const {
    std::optional<std::uint64_t> version = order.version_from(std::max(lowest, floor));
    if (version && hole_first <= *version && *version <= hole_last) {
        version = hole_last == UINT64_MAX ? std::nullopt : order.version_from(hole_last + 1);
    }
    return version && *version <= highest ? version : std::nullopt;
}

std::uint64_t Row::length() const {
    if (all_) {
        return order_.length();
    }
    return stream_ ? order_.stream_length(*stream_) : 0;
}

std::uint64_t Row::length_at(std::uint64_t version) const {
    if (all_) {
        return version;
    }
    return stream_ ? order_.stream_length_at(*stream_, version) : 0;
}

std::uint64_t Row::version_with(std::uint64_t count) const {
    const std::optional<std::uint64_t> version =
        all_ ? order_.version_from(count)
             : (stream_ ? order_.version_with(*stream_, count) : std::optional<std::uint64_t>(0));
    LEDGER_ASSERT(version.has_value());
    return *version;
}

Position Row::position(std::uint64_t number) const {
    return all_ ? Position{number} : order_.position_of(*stream_, Revision{number});
}

std::optional<std::uint64_t> Row::find(const EventId& id) const {
    const std::optional<Position> position = order_.find(id);
    if (!position || all_) {
        return position ? std::optional(position->value) : std::nullopt;
    }
    const OrderedEvent& event = order_.event(*position);
    return stream_ == event.stream ? std::optional(event.revision.value) : std::nullopt;
}

AllowedVersions Row::versions(std::uint64_t low, std::uint64_t high) const {
    AllowedVersions allowed;
    allowed.lowest = version_with(low);
    if (high < length()) {
        allowed.highest = version_with(high + 1) - 1;
    }
    return allowed;
}

RowBounds forward_bounds(std::uint64_t from, std::uint64_t count, std::uint64_t shown, bool end) {
    const std::uint64_t reached = add_saturated(from, shown);
    if (end) {
        return shown == 0 ? RowBounds{0, from} : RowBounds{reached, reached};
    }
    // A page that is not full and not at the end was cut off by its size: more follows.
    const bool full = shown == count;
    return {full ? reached : add_saturated(reached, 1), UINT64_MAX};
}

RowBounds backward_bounds(
    std::uint64_t from, std::uint64_t count, std::optional<std::uint64_t> first) {
    if (!first) {
        return count == 0 ? RowBounds{} : RowBounds{0, 0};
    }
    // A page that begins below what was asked for began at the end.
    return *first < from ? RowBounds{*first + 1, *first + 1}
                         : RowBounds{add_saturated(from, 1), UINT64_MAX};
}

}  // namespace ledger::check
