#pragma once
// Streams: every stream's name and the positions of its events.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "log/state/command.h"

namespace ledger::state {

// The place of a stream in this table, from 0 in the order of creation.
using StreamNumber = Strong<struct StreamNumberTag, std::uint32_t>;

// A stream exists from its first event on. Streams are never removed.
class Streams {
  public:
    std::optional<StreamNumber> find(std::string_view name) const;
    // Adds a stream that does not exist; its first event must follow.
    StreamNumber create(std::string_view name);
    // The revision that the event at `position` gets.
    Revision append(StreamNumber stream, Position position);

    std::uint64_t count() const { return positions_.size(); }
    std::uint64_t length(StreamNumber stream) const;
    // The position of the event at `revision`, which is below length(stream).
    Position position(StreamNumber stream, Revision revision) const;
    // The first revision whose event lies at `position` or after; length(stream) if there is none.
    Revision revision_from(StreamNumber stream, Position position) const;

  private:
    LookupTable<std::string, StreamNumber> numbers_;
    // By stream number, then by revision. Invariant: ascending within a stream.
    std::deque<std::vector<Position>> positions_;
};

// Whether a stream of this length (0 = it does not exist) is what an append expects.
bool holds(const Expected& expected, std::uint64_t length);

}  // namespace ledger::state
