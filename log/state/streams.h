#pragma once
// Streams: every stream's name and the positions of its events.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "log/state/command.h"
#include "log/state/long_list.h"

namespace ledger::state {

// The place of a stream in this table, from 0 in the order of creation.
using StreamNumber = Strong<struct StreamNumberTag, std::uint32_t>;

// A stream exists from its first event on. Streams are never removed; the positions of their
// oldest events may be.
class Streams {
  public:
    std::optional<StreamNumber> find(std::string_view name) const;
    // Adds a stream that does not exist, whose next event has the revision `first`. If that is the
    // first of all, the event must follow.
    StreamNumber create(std::string_view name, Revision first = {});
    // The revision that the event at `position` gets.
    Revision append(StreamNumber stream, Position position);

    // --- for a stream whose past is not here yet

    // Its next events, as many as said, are known by number; where they lie comes with place().
    void expect(StreamNumber stream, std::uint64_t events);
    // One event more, behind all that are expected; where it lies comes with place(), after theirs.
    Revision append_unplaced(StreamNumber stream);
    bool is_expected(StreamNumber stream) const { return streams_[stream.value].expected > 0; }
    // The first event that has no place yet is the one at `position`. Precondition: there is one.
    Revision place(StreamNumber stream, Position position);

    std::uint64_t count() const { return streams_.end(); }
    std::string_view name(StreamNumber stream) const;
    // Number of events that it ever had.
    std::uint64_t length(StreamNumber stream) const;
    // The position of the event at `revision`, which is below length(stream) and not dropped.
    Position position(StreamNumber stream, Revision revision) const;
    // The first revision, of those not dropped, whose event lies at `position` or after;
    // length(stream) if there is none.
    Revision revision_from(StreamNumber stream, Position position) const;

    // The positions below this one are no longer needed; sweep() gives their memory back.
    void drop_before(Position position);
    // Looks at up to `streams_max` streams.
    void sweep(std::uint64_t streams_max);
    // Frees a part of a table that is used no more; false if there is more to free.
    bool discard();

  private:
    struct Stream {
        std::string_view name;
        LongList<Position> positions;  // by revision, ascending
        // Events behind these without a place.
        std::uint64_t expected = 0;
        std::uint64_t unplaced = 0;

        std::uint64_t length() const { return positions.end() + expected + unplaced; }
    };
    static constexpr std::uint32_t table_parts = 1024;
    static constexpr std::uint32_t name_block_bytes = 64u << 10;
    static constexpr std::uint32_t parts_per_discard = 16;  // of the table, and blocks of names

    std::string_view keep(std::string_view name);

    LongList<Stream> streams_;  // by number
    ShardedLookupTable<std::string_view, StreamNumber, table_parts> numbers_;
    std::deque<std::unique_ptr<char[]>> names_;  // each name_block_bytes
    std::uint32_t name_room_ = 0;                // left in the last block
    Position dropped_;                           // positions below are not needed
    std::uint64_t unswept_ = 0;                  // streams that may hold some all the same
    std::uint64_t sweep_at_ = 0;                 // the next of them, round and round
};

// Whether a stream of this length (0 = it does not exist) is what an append expects.
bool holds(const Expected& expected, std::uint64_t length);

}  // namespace ledger::state
