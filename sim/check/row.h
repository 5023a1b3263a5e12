#pragma once
// Row: the whole ledger or one stream as a row of events, and what a page of it says of its length.

#include <cstdint>
#include <optional>
#include <string>

#include "sim/check/order.h"

namespace ledger::check {

// Versions in [lowest, highest] without [hole_first, hole_last].
struct AllowedVersions {
    std::uint64_t lowest = 0;
    std::uint64_t highest = UINT64_MAX;
    std::uint64_t hole_first = 1;
    std::uint64_t hole_last = 0;  // below hole_first: no hole

    static AllowedVersions exactly(std::uint64_t version) { return {version, version}; }
    static AllowedVersions none() { return {1, 0}; }
    // The least version of the order that is allowed and >= `floor`.
    std::optional<std::uint64_t> least(const Order& order, std::uint64_t floor) const;
};

class Row {
  public:
    // The whole ledger.
    explicit Row(const Order& order) : order_(order), all_(true) {}
    // One stream; nothing = a name that never came up, an empty row.
    Row(const Order& order, std::optional<StreamNumber> stream) : order_(order), stream_(stream) {}

    std::uint64_t length() const;
    std::uint64_t length_at(std::uint64_t version) const;
    // The first version with so many events of the row; count <= length().
    std::uint64_t version_with(std::uint64_t count) const;
    Position position(std::uint64_t number) const;  // number < length()
    // The place in this row of an event that is known by its id alone.
    std::optional<std::uint64_t> find(const EventId& id) const;
    // Versions at which the row had [low, high] events; low <= length().
    AllowedVersions versions(std::uint64_t low, std::uint64_t high) const;

  private:
    const Order& order_;
    bool all_ = false;
    std::optional<StreamNumber> stream_;
};

// How many events the row had when a page of it was read: what the page's size and end say.
struct RowBounds {
    std::uint64_t low = 0;
    std::uint64_t high = UINT64_MAX;
};

// A page of `shown` events of at most `count` from `from` on; `end`: nothing follows.
RowBounds forward_bounds(std::uint64_t from, std::uint64_t count, std::uint64_t shown, bool end);
// A page from `from` down; `first` is the number of its first event, if it has one.
RowBounds backward_bounds(
    std::uint64_t from, std::uint64_t count, std::optional<std::uint64_t> first);

}  // namespace ledger::check
