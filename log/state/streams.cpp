#include "log/state/streams.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {

std::optional<StreamNumber> Streams::find(std::string_view name) const {
    const StreamNumber* number = numbers_.find(name);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

StreamNumber Streams::create(std::string_view name) {
    const StreamNumber number{static_cast<std::uint32_t>(positions_.size())};
    LEDGER_ASSERT(!find(name));
    numbers_[std::string(name)] = number;
    positions_.emplace_back();
    LEDGER_ASSERT(numbers_.size() == positions_.size());
    return number;
}

Revision Streams::append(StreamNumber stream, Position position) {
    LEDGER_ASSERT(stream.value < positions_.size());
    std::vector<Position>& positions = positions_[stream.value];
    LEDGER_ASSERT(positions.empty() || positions.back() < position);
    const Revision revision{positions.size()};
    positions.push_back(position);
    return revision;
}

std::uint64_t Streams::length(StreamNumber stream) const {
    LEDGER_ASSERT(stream.value < positions_.size());
    return positions_[stream.value].size();
}

Position Streams::position(StreamNumber stream, Revision revision) const {
    LEDGER_ASSERT(revision.value < length(stream));
    return positions_[stream.value][revision.value];
}

Revision Streams::revision_from(StreamNumber stream, Position position) const {
    LEDGER_ASSERT(stream.value < positions_.size());
    const std::vector<Position>& all = positions_[stream.value];
    const auto found = std::lower_bound(all.begin(), all.end(), position);
    return Revision{static_cast<std::uint64_t>(found - all.begin())};
}

bool holds(const Expected& expected, std::uint64_t length) {
    switch (expected.kind) {
        case Expected::Kind::any: return true;
        case Expected::Kind::no_stream: return length == 0;
        case Expected::Kind::exists: return length > 0;
        case Expected::Kind::exact: return length > 0 && expected.revision.value == length - 1;
    }
    return false;
}

}  // namespace ledger::state
