#include "log/state/positions.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {

void Positions::add(Index index, std::span<const Revision> revisions) {
    if (revisions.empty()) {
        return;
    }
    LEDGER_ASSERT(starts_.empty() || starts_.back().index < index);
    starts_.push_back({length(), index});
    revisions_.insert(revisions_.end(), revisions.begin(), revisions.end());
    LEDGER_ASSERT(starts_.back().first + revisions.size() == length());
}

EventLocation Positions::locate(Position position) const {
    LEDGER_ASSERT(position < length());
    const auto above = std::upper_bound(starts_.begin(), starts_.end(), position,
        [](Position wanted, const EntryStart& start) { return wanted < start.first; });
    LEDGER_ASSERT(above != starts_.begin());
    const EntryStart& start = *(above - 1);
    EventLocation location;
    location.position = position;
    location.revision = revisions_[position.value];
    location.index = start.index;
    location.slot = static_cast<std::uint32_t>(position - start.first);
    return location;
}

}  // namespace ledger::state
