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

// What an answer says of a page of a row: `shown` events of at most `count`, from number `from` on
// or, backward, down.
struct Page {
    std::uint64_t from = 0;
    std::uint64_t count = 0;
    std::uint64_t shown = 0;
    bool end = false;  // nothing follows in this direction
    bool forward = true;
    std::optional<std::uint64_t> first;          // the number of its first event, if it has one
    std::optional<std::uint64_t> length;         // of the ledger when it was read
    std::optional<std::uint64_t> stream_length;  // of the row then
};

// Versions at which the page was true, by its size and end alone; or why there is none, as the rest
// of a sentence about whoever was given it.
struct PageVersions {
    AllowedVersions allowed;
    std::string wrong;
};
PageVersions page_versions(const Row& row, const Page& page);

}  // namespace ledger::check
