#pragma once
// LogMap: where each entry of the open log lies, the terms of the log, and hashes to begin from;
// SegmentMap: the same as readers see it, a value of its own for every synced group.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "log/base/entry.h"
#include "log/footer.h"
#include "log/growing_array.h"

namespace ledger::log {

// How far a reader rolls the hash chain forward before it can judge an entry: in memory less far
// than the footers would have it. A divisor of hash_mark_interval.
inline constexpr std::uint64_t map_mark_interval = 16;

// The bytes of one record; what begins at `end` belongs to something else.
struct Place {
    SegmentId segment;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;

    // The same record, as long as the segment was not rewritten (SegmentMap::rewrites): to a place
    // of one file nothing is ever written twice.
    bool begins_as(const Place& other) const {
        return segment == other.segment && offset == other.offset;
    }
};

// The place of the record that a segment's footer or identity block names.
Place place_of(SegmentId segment, const FooterName& name);

// Live entries whose records follow each other in one segment, with nothing between them but what
// belongs to the groups: a run ends with its segment, or where a truncation cut it.
struct SegmentRun {
    SegmentId segment;
    Index first;
    std::uint64_t end = 0;            // of the last record, or where a removed one began
    ArrayView<std::uint32_t> places;  // offsets in units of record_alignment
    // Hashes at every hash_mark_interval-th index at least (every map_mark_interval-th if it was
    // written since the log was opened), and at the last one unless the run may still grow.
    ArrayView<HashMark> marks;

    // first.previous() if there is none.
    Index last() const { return first + places.size() - 1; }
};

// The live entries of a segment.
struct SegmentEntries {
    SegmentId segment;
    Index first;
    Index last;

    bool is_empty() const { return last < first; }
};

// What is durable of the log, for readers: never changes, and may be read by any thread while the
// writer goes on. A map stays true for as long as the files it names: the log only appends to
// segment files and never writes to a place twice, so an older map leads to the entries that were
// the log then, also to those that a truncation has since taken out of it. Where a segment was
// rewritten since, its places lead to nothing (Reader::is_outdated), or to the same entry.
class SegmentMap {
  public:
    // `closed` in order, `open` continues them; `base` is the hash before the first entry.
    SegmentMap(const HashMark& base, ArrayView<SegmentRun> closed, SegmentRun open,
        ArrayView<TermRun> terms, std::uint64_t rewrites = 0);

    Index first() const { return base_.index.next(); }
    Index last() const { return open_.last(); }
    bool holds(Index index) const { return index >= first() && index <= last(); }
    // How many segments had been rewritten, since the log was opened, when the map was made.
    std::uint64_t rewrites() const { return rewrites_; }
    // All that it holds of one segment.
    SegmentEntries entries_in(SegmentId segment) const;
    // Preconditions: held.
    Place place(Index index) const;
    Term term_at(Index index) const;
    // The greatest known hash at or before `index`. Precondition: first().previous() <= index.
    const HashMark& mark_at_or_before(Index index) const;

  private:
    const SegmentRun& run_of(Index index) const;

    HashMark base_;
    ArrayView<SegmentRun> closed_;
    SegmentRun open_;
    ArrayView<TermRun> terms_;
    std::uint64_t rewrites_;
};

using SharedMap = std::shared_ptr<const SegmentMap>;

class LogMap {
  public:
    // An empty log that goes on after `previous`, whose hash is `hash`.
    explicit LogMap(const LogId& previous = {}, const Digest& hash = {});

    void append(Term term, const Place& place, const Digest& hash);
    // For an entry that only a footer names: its hash stays unknown until learn(). The last one
    // of a segment must be known before the next segment's first is appended.
    void append_unhashed(Term term, const Place& place);
    // Precondition: first().previous() <= last. `hash` is the one at `last`.
    void truncate(Index last, const Digest& hash);
    // The log begins with `first`, which is the first of a run; its predecessor's hash is known.
    void discard(Index first);
    // The segment of `run` was rewritten, and this is where those of its entries lie that are in the
    // log; it gets no more.
    void move_run(const SegmentRun& run);
    // Adds a hash that was computed or read.
    void learn(Index index, const Digest& hash);
    // Below a commit only some hashes are kept: nothing is truncated there any more.
    void committed(Index commit);

    Index first() const { return base_.index.next(); }
    Index last() const { return open_.first + open_.places.size() - 1; }
    bool holds(Index index) const { return index >= first() && index <= last(); }
    std::span<const TermRun> terms() const { return terms_.span(); }
    // Of the entry before first().
    LogId previous() const { return {base_term_, base_.index}; }
    // previous().term for the empty log.
    Term last_term() const { return terms_.empty() ? base_term_ : terms_.back().term; }

    // Null if it is not known. Valid until the map changes.
    const Digest* find_hash(Index index) const;
    // Precondition: known, as it is for the last entry and for all that are not yet committed.
    const Digest& hash_at(Index index) const;
    // The hashes at every hash_mark_interval-th index of [from, last()].
    std::vector<HashMark> footer_marks(Index from) const;

    // What is there now, sharing everything with this map: constant time, and without an allocation
    // if one of the last few that were published is in nobody's hands any more.
    SharedMap publish();

  private:
    // The run that grows, as SegmentRun.
    struct OpenRun {
        SegmentId segment;
        Index first;
        std::uint64_t end = 0;
        GrowingArray<std::uint32_t> places;
        GrowingArray<HashMark> marks;
    };

    void append_place(Term term, const Place& place);
    void close_run();
    void cut_open(Index last);
    void truncate_closed(Index last, const Digest& hash);
    void mark(Index index, const Digest& hash);

    HashMark base_;
    Term base_term_;
    GrowingArray<SegmentRun> closed_;  // none of them empty
    OpenRun open_;
    GrowingArray<TermRun> terms_;
    std::array<std::shared_ptr<SegmentMap>, 3> published_;  // the last few
    std::uint64_t rewrites_ = 0;
    // Invariant: ascending by index; the hash at last() is known unless the last append was
    // unhashed; none is missing from the commit on.
    std::vector<HashMark> recent_;
};

}  // namespace ledger::log
