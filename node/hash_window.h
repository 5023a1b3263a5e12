#pragma once
// HashWindow: the entry hashes at the end of the log, from a base that can no longer change.

#include <deque>

#include "log/base/assert.h"
#include "log/base/entry.h"

namespace ledger::node {

class HashWindow {
  public:
    // The chain stands at `base` with `hash`; nothing follows yet.
    void reset(Index base, const Digest& hash) {
        base_ = base;
        base_hash_ = hash;
        hashes_.clear();
    }

    Index base() const { return base_; }
    Index last() const { return base_ + hashes_.size(); }

    // index in [base, last].
    const Digest& at(Index index) const {
        LEDGER_ASSERT(index >= base_);
        LEDGER_ASSERT(index <= last());
        return index == base_ ? base_hash_ : hashes_[index - base_ - 1];
    }

    // False behind a damaged entry, until learn() fills the gap.
    bool knows(Index index) const { return index == base_ || at(index) != Digest{}; }
    // The entry that follows last() is damaged, or stands behind such a one: zero = unknown.
    void append_as_found(const Digest& hash) { hashes_.push_back(hash); }
    // index in (base, last].
    void learn(Index index, const Digest& hash) {
        LEDGER_ASSERT(!knows(index) || at(index) == hash);
        hashes_[index - base_ - 1] = hash;
    }

    // The entry follows last(), whose hash is known; returns it with its hash.
    HashedEntry append(const EntryRef& entry) {
        LEDGER_ASSERT(entry.index == last().next());
        LEDGER_ASSERT(knows(last()));
        hashes_.push_back(entry_hash(at(last()), entry));
        return {entry, hashes_.back()};
    }

    // The log ends at `index` >= base now.
    void truncate(Index index) {
        LEDGER_ASSERT(index >= base_);
        hashes_.resize(index < last() ? index - base_ : hashes_.size());
    }

    // Hashes before `index` are not needed any more.
    void release(Index index) {
        while (base_ < index && !hashes_.empty()) {
            base_hash_ = hashes_.front();
            hashes_.pop_front();
            ++base_;
        }
    }

  private:
    Index base_;
    Digest base_hash_;
    std::deque<Digest> hashes_;  // of base + 1, base + 2, ...
};

}  // namespace ledger::node
