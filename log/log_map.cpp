#include "log/log_map.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

// Marks are thinned when so many have gathered below the commit.
constexpr std::uint64_t thin_after = 1024;

bool before(Index index, const HashMark& mark) {
    return index < mark.index;
}

}  // namespace

LogMap::LogMap(Index first, const Digest& before_first)
    : first_(first), thinned_(first.previous()) {
    LEDGER_ASSERT(first > Index{0});
    marks_.push_back({first.previous(), before_first});
}

void LogMap::append_place(Term term, Place place) {
    LEDGER_ASSERT(term >= last_term());
    if (terms_.empty() || terms_.back().term != term) {
        terms_.push_back({last().next(), term});
    }
    places_.push_back(place);
}

void LogMap::append(Term term, Place place, const Digest& hash) {
    append_place(term, place);
    marks_.push_back({last(), hash});
}

void LogMap::append_unhashed(Term term, Place place) {
    append_place(term, place);
}

void LogMap::truncate(Index last_index, const Digest& hash) {
    LEDGER_ASSERT(last_index.next() >= first_ && last_index <= last());
    places_.resize(static_cast<std::size_t>(last_index.next() - first_));
    while (!terms_.empty() && terms_.back().first > last_index) {
        terms_.pop_back();
    }
    while (marks_.back().index > last_index) {
        marks_.pop_back();
    }
    thinned_ = std::min(thinned_, last_index);
    learn(last_index, hash);
}

void LogMap::learn(Index index, const Digest& hash) {
    LEDGER_ASSERT(index.next() >= first_ && index <= last());
    const auto after = std::upper_bound(marks_.begin(), marks_.end(), index, before);
    LEDGER_ASSERT(after != marks_.begin());
    if (std::prev(after)->index == index) {
        LEDGER_ASSERT(std::prev(after)->hash == hash);
        return;
    }
    marks_.insert(after, {index, hash});
}

void LogMap::committed(Index commit) {
    LEDGER_ASSERT(commit <= last());
    if (commit < thinned_ + thin_after) {
        return;
    }
    const auto begin = std::upper_bound(marks_.begin(), marks_.end(), thinned_, before);
    const auto end = std::lower_bound(marks_.begin(), marks_.end(), commit,
        [](const HashMark& mark, Index index) { return mark.index < index; });
    marks_.erase(std::remove_if(begin, end,
                     [](const HashMark& mark) {
                         return mark.index.value % hash_mark_interval != 0;
                     }),
        end);
    thinned_ = commit;
}

Place LogMap::place(Index index) const {
    LEDGER_ASSERT(holds(index));
    return places_[static_cast<std::size_t>(index - first_)];
}

const HashMark& LogMap::mark_at_or_before(Index index) const {
    if (marks_.back().index <= index) {
        return marks_.back();  // where appending asks
    }
    const auto after = std::upper_bound(marks_.begin(), marks_.end(), index, before);
    LEDGER_ASSERT(after != marks_.begin());
    return *std::prev(after);
}

std::vector<HashMark> LogMap::marks(Index from, Index to) const {
    std::vector<HashMark> found;
    for (auto at = std::upper_bound(marks_.begin(), marks_.end(), from.previous(), before);
         at != marks_.end() && at->index <= to; ++at) {
        found.push_back(*at);
    }
    return found;
}

const Digest& LogMap::hash_at(Index index) const {
    const HashMark& mark = mark_at_or_before(index);
    LEDGER_ASSERT(mark.index == index);
    return mark.hash;
}

}  // namespace ledger::log
