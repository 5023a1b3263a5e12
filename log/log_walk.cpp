#include "log/log_walk.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::log {

std::optional<Digest> LogWalk::hash_at(Index index) const {
    const bool kept = index >= oldest_ && index <= last_;
    return kept ? hashes_[static_cast<std::size_t>(index - oldest_)] : std::nullopt;
}

Term LogWalk::term_at(Index index) const {
    const auto after = std::upper_bound(terms_.begin(), terms_.end(), index,
        [](Index at, const TermRun& run) { return at < run.first; });
    return after == terms_.begin() ? Term{} : std::prev(after)->term;
}

void LogWalk::append(Term term, const std::optional<Digest>& hash) {
    ++last_;
    hashes_.push_back(hash);
    if (term != terms_.back().term) {
        terms_.push_back({last_, term});
    }
    LEDGER_ASSERT(last_ - oldest_ + 1 == hashes_.size());
}

void LogWalk::truncate(Index index, const Digest& hash) {
    if (index < oldest_ || index > last_) {
        stand_at({term_at(index), index}, hash);
        return;
    }
    last_ = index;
    hashes_.resize(static_cast<std::size_t>(index - oldest_) + 1);
    hashes_.back() = hash;
    while (terms_.size() > 1 && terms_.back().first > index) {
        terms_.pop_back();
    }
    LEDGER_ASSERT(last_ - oldest_ + 1 == hashes_.size());
}

void LogWalk::stand_at(LogId id, const std::optional<Digest>& hash) {
    if (id.index != last_) {
        last_ = id.index;
        oldest_ = id.index;
        hashes_.assign(1, hash);
    }
    hashes_.back() = hash;
    while (terms_.size() > 1 && terms_.back().first >= id.index) {
        terms_.pop_back();
    }
    if (terms_.back().first >= id.index) {
        terms_.back() = {id.index, id.term};
    } else if (terms_.back().term != id.term) {
        terms_.push_back({id.index, id.term});
    }
}

void LogWalk::committed(Index index) {
    while (oldest_ < std::min(index, last_)) {
        hashes_.pop_front();
        ++oldest_;
    }
    LEDGER_ASSERT(!hashes_.empty());
}

}  // namespace ledger::log
