#include "sim/check/row.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

std::uint64_t add_saturated(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

// How many events the row had when a page of it was read: what the page's size and end say.
struct Bounds {
    std::uint64_t low = 0;
    std::uint64_t high = UINT64_MAX;
};

Bounds forward_bounds(const Page& page) {
    const std::uint64_t reached = add_saturated(page.from, page.shown);
    if (page.end) {
        return page.shown == 0 ? Bounds{0, page.from} : Bounds{reached, reached};
    }
    // A page that is not full and not at the end was cut off by its size: more follows.
    const bool full = page.shown == page.count;
    return {full ? reached : add_saturated(reached, 1), UINT64_MAX};
}

Bounds backward_bounds(const Page& page) {
    if (!page.first) {
        return page.count == 0 ? Bounds{} : Bounds{0, 0};
    }
    // A page that begins below what was asked for began at the end.
    return *page.first < page.from ? Bounds{*page.first + 1, *page.first + 1}
                                   : Bounds{add_saturated(page.from, 1), UINT64_MAX};
}

PageVersions wrong(std::string why) {
    return {AllowedVersions::none(), std::move(why)};
}

PageVersions at_length(const Row& row, const Page& page, const Bounds& bounds) {
    const std::uint64_t length = row.length_at(*page.length);
    if (page.stream_length && *page.stream_length != length) {
        return wrong(fmt::format("and was told of {} in the stream at length {}, where it had {}",
            plural(*page.stream_length, "event"), *page.length, length));
    }
    if (length < bounds.low || length > bounds.high) {
        return wrong(
            fmt::format("and was given {}{} at length {}, where there were {} to read from",
                plural(page.shown, "event"), page.end ? " and the end" : " and no end",
                *page.length, length));
    }
    return {AllowedVersions::exactly(*page.length), {}};
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

PageVersions page_versions(const Row& row, const Page& page) {
    Bounds bounds = page.forward ? forward_bounds(page) : backward_bounds(page);
    if (!page.forward && page.first && page.end != (*page.first + 1 == page.shown)) {
        return wrong(page.end ? "and was told that nothing is further back"
                              : "back to the first event and was told that there is more");
    }
    if (page.length) {
        return at_length(row, page, bounds);
    }
    if (page.stream_length) {
        if (*page.stream_length < bounds.low || *page.stream_length > bounds.high) {
            return wrong(
                fmt::format("and was told of {} in the stream, which does not fit the page",
                    plural(*page.stream_length, "event")));
        }
        bounds = {*page.stream_length, *page.stream_length};
    }
    if (bounds.low > row.length()) {
        return wrong(fmt::format(
            "and was shown {}, but there are only {}", plural(bounds.low, "event"), row.length()));
    }
    return {row.versions(bounds.low, bounds.high), {}};
}

}  // namespace ledger::check
