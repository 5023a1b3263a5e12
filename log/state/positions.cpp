#include "log/state/positions.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {

void Positions::add(Index index, StreamNumber stream, Revision revision) {
    LEDGER_ASSERT(starts_.empty() || starts_.back().index <= index);
    if (starts_.empty() || starts_.back().index < index) {
        starts_.push_back({length(), index});
    }
    revisions_.push_back(revision);
    streams_.push_back(stream);
    LEDGER_ASSERT(streams_.end() == revisions_.end());
}

EventLocation Positions::locate(Position position) const {
    LEDGER_ASSERT(position < length());
    const std::uint64_t above = starts_.find_first(
        [position](const EntryStart& start) { return start.first > position; });
    const EntryStart& start = starts_[above - 1];
    EventLocation location;
    location.position = position;
    location.revision = revisions_[position.value];
    location.index = start.index;
    location.slot = static_cast<std::uint32_t>(position - start.first);
    return location;
}

Position Positions::first_above(Index index) const {
    const std::uint64_t number =
        starts_.find_first([index](const EntryStart& start) { return start.index > index; });
    return number == starts_.end() ? length() : starts_[number].first;
}

std::uint64_t Positions::entry_from(Position position) const {
    return starts_.find_first(
        [position](const EntryStart& start) { return start.first >= position; });
}

bool Positions::drop_before(Position position) {
    LEDGER_ASSERT(position <= length());
    const bool entries = starts_.drop_before(entry_from(position));
    const bool revisions = revisions_.drop_before(position.value);
    const bool streams = streams_.drop_before(position.value);
    return entries && revisions && streams;
}

}  // namespace ledger::state
