#pragma once
// LogMap: where each entry of the open log lies, the terms of the log, and hashes to begin from.

#include <cstdint>
#include <vector>

#include "log/base/entry.h"
#include "log/footer.h"

namespace ledger::log {

// The place of one record: the number of its segment in the open log's list, and its offset in
// units of record_alignment.
struct Place {
    std::uint32_t segment = 0;
    std::uint32_t units = 0;
    friend bool operator==(const Place&, const Place&) = default;

    std::uint64_t offset() const { return std::uint64_t{units} * record_alignment; }
};

class LogMap {
  public:
    // An empty log whose next index is `first`.
    explicit LogMap(Index first = Index{1}, const Digest& before_first = {});

    void append(Term term, Place place, const Digest& hash);
    // For an entry that only a footer names: its hash stays unknown until learn().
    void append_unhashed(Term term, Place place);
    // Precondition: first().previous() <= last. `hash` is the one at `last`.
    void truncate(Index last, const Digest& hash);
    // Adds a hash that was computed or read.
    void learn(Index index, const Digest& hash);
    // Below a commit only some hashes are kept: nothing is truncated there any more.
    void committed(Index commit);

    Index first() const { return first_; }
    Index last() const { return first_ + places_.size() - 1; }
    bool holds(Index index) const { return index >= first_ && index <= last(); }
    Place place(Index index) const;
    const std::vector<TermRun>& terms() const { return terms_; }
    // 0 for the empty log.
    Term last_term() const { return terms_.empty() ? Term{} : terms_.back().term; }

    // The greatest known hash at or before `index`. Precondition: index >= first().previous().
    const HashMark& mark_at_or_before(Index index) const;
    // The marks within [from, to].
    std::vector<HashMark> marks(Index from, Index to) const;
    // Precondition: known, as it is for the last entry and for all that are not yet committed.
    const Digest& hash_at(Index index) const;

  private:
    void append_place(Term term, Place place);

    Index first_;
    std::vector<Place> places_;
    std::vector<TermRun> terms_;
    // Invariant: ascending by index; the front is the one before first_; the hash at last() is
    // known unless the last append was unhashed.
    std::vector<HashMark> marks_;
    Index thinned_;  // up to here marks_ holds only some
};

}  // namespace ledger::log
