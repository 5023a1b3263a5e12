#include "log/state/streams.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::state {

std::optional<StreamNumber> Streams::find(std::string_view name) const {
    const StreamNumber* number = numbers_.find(name);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

StreamNumber Streams::create(std::string_view name, Revision first) {
    const StreamNumber number{static_cast<std::uint32_t>(count())};
    LEDGER_ASSERT(!find(name));
    const std::string_view kept = keep(name);
    numbers_[kept] = number;
    streams_.push_back({kept, LongList<Position>(first.value)});
    LEDGER_ASSERT(count() == number.value + 1);
    return number;
}

std::string_view Streams::keep(std::string_view name) {
    LEDGER_ASSERT(name.size() <= name_block_bytes);
    const auto size = static_cast<std::uint32_t>(name.size());
    if (size > name_room_) {
        names_.push_back(std::make_unique<char[]>(name_block_bytes));
        name_room_ = name_block_bytes;
    }
    char* const place = names_.back().get() + (name_block_bytes - name_room_);
    std::copy(name.begin(), name.end(), place);
    name_room_ -= size;
    return {place, name.size()};
}

Revision Streams::append(StreamNumber stream, Position position) {
    LongList<Position>& positions = streams_[stream.value].positions;
    LEDGER_ASSERT(streams_[stream.value].length() == positions.end());
    LEDGER_ASSERT(positions.empty() || positions.back() < position);
    LEDGER_ASSERT(dropped_ <= position);
    const Revision revision{positions.end()};
    positions.push_back(position);
    return revision;
}

void Streams::expect(StreamNumber stream, std::uint64_t events) {
    streams_[stream.value].expected += events;
}

Revision Streams::append_unplaced(StreamNumber stream) {
    Stream& grown = streams_[stream.value];
    const Revision revision{grown.length()};
    ++grown.unplaced;
    return revision;
}

Revision Streams::place(StreamNumber stream, Position position) {
    Stream& known = streams_[stream.value];
    LEDGER_ASSERT(known.expected + known.unplaced > 0);
    --(known.expected > 0 ? known.expected : known.unplaced);
    LEDGER_ASSERT(known.positions.empty() || known.positions.back() < position);
    const Revision revision{known.positions.end()};
    known.positions.push_back(position);
    return revision;
}

std::string_view Streams::name(StreamNumber stream) const {
    return streams_[stream.value].name;
}

std::uint64_t Streams::length(StreamNumber stream) const {
    return streams_[stream.value].length();
}

Position Streams::position(StreamNumber stream, Revision revision) const {
    return streams_[stream.value].positions[revision.value];
}

Revision Streams::revision_from(StreamNumber stream, Position position) const {
    return Revision{streams_[stream.value].positions.find_first(
        [position](Position each) { return each >= position; })};
}

void Streams::drop_before(Position position) {
    LEDGER_ASSERT(dropped_ <= position);
    dropped_ = position;
    unswept_ = count();
}

void Streams::sweep(std::uint64_t streams_max) {
    for (std::uint64_t seen = 0; seen < streams_max && unswept_ > 0; ++seen) {
        sweep_at_ = sweep_at_ < count() ? sweep_at_ : 0;
        const StreamNumber stream{static_cast<std::uint32_t>(sweep_at_)};
        const Revision first = revision_from(stream, dropped_);
        if (streams_[sweep_at_].positions.drop_before(first.value)) {
            ++sweep_at_;
            --unswept_;
        }
    }
}

bool Streams::discard() {
    streams_.drop_before(
        std::min(streams_.end(), streams_.first() + LongList<Stream>::block_items));
    if (!streams_.empty()) {
        return false;
    }
    bool table_gone = false;
    for (std::uint32_t freed = 0; freed < parts_per_discard; ++freed) {
        table_gone = numbers_.discard();
        if (!names_.empty()) {
            names_.pop_back();
        }
    }
    return table_gone && names_.empty();
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
