#pragma once
// Positions: for every position the log entry that holds its event, the slot in it, the stream.

#include <cstdint>

#include "log/base/ids.h"
#include "log/state/long_list.h"
#include "log/state/query.h"
#include "log/state/streams.h"

namespace ledger::state {

// 12 bytes per event and 16 per entry that wrote events.
class Positions {
  public:
    Positions() = default;
    // Without events; the next one gets the position `first`.
    explicit Positions(Position first) : revisions_(first.value), streams_(first.value) {}

    // Entry `index` holds, after those it has already, the event at the next position. Indexes
    // ascend; an entry without events leaves no trace.
    void add(Index index, StreamNumber stream, Revision revision);

    // The number of events that there ever were = the next position.
    Position length() const { return Position{revisions_.end()}; }
    // Where the event at `position`, which is below length() and not dropped, lies.
    EventLocation locate(Position position) const;
    StreamNumber stream(Position position) const { return streams_[position.value]; }
    // The first position in an entry above `index`; length() if there is none.
    Position first_above(Index index) const;

    // The entries with events, numbered without gaps; the number means nothing else.
    struct EntryStart {
        Position first;
        Index index;
    };
    // The first entry whose events lie at `position` or after; entries_end() if there is none.
    std::uint64_t entry_from(Position position) const;
    std::uint64_t entries_end() const { return starts_.end(); }
    const EntryStart& entry(std::uint64_t number) const { return starts_[number]; }

    // What lies below `position` may go, a bounded part of it in this call; false if more could.
    // An entry stays whole.
    bool drop_before(Position position);
    // Frees a part of a table that is used no more; false if there is more to free.
    bool discard() { return drop_before(length()); }

  private:
    // Invariant: ascending in both fields.
    LongList<EntryStart> starts_;
    LongList<Revision> revisions_;     // by position
    LongList<StreamNumber> streams_;  // by position
};

}  // namespace ledger::state
