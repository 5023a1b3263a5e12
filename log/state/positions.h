#pragma once
// Positions: for every position the log entry that holds its event, the slot in it, the revision.

#include <cstdint>
#include <deque>
#include <span>

#include "log/base/ids.h"
#include "log/state/query.h"

namespace ledger::state {

// 8 bytes per event and 16 per entry that wrote events. Chunked, so that growing copies nothing.
class Positions {
  public:
    // Entry `index` holds the events at the next positions, which have these revisions. Indexes
    // ascend; an entry without events leaves no trace.
    void add(Index index, std::span<const Revision> revisions);

    // The number of events = the next position.
    Position length() const { return Position{revisions_.size()}; }
    // Where the event at `position`, which is below length(), lies.
    EventLocation locate(Position position) const;

  private:
    struct EntryStart {
        Position first;
        Index index;
    };
    // Invariant: ascending in both fields; the first element, if any, begins at position 0.
    std::deque<EntryStart> starts_;
    std::deque<Revision> revisions_;  // by position
};

}  // namespace ledger::state
