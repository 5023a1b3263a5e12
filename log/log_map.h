#pragma once
// LogMap: which segment holds which entries of the open log, where each lies in those that are not
// sealed, the terms of the log, and hashes to begin from; SegmentMap: the same as readers see it, a
// value of its own for every synced group.

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
// belongs to the groups: a run ends with its segment, or where a truncation cut it. Of a sealed segment
// there is one run, and its footer says where its entries lie: memory is taken by segments, not by
// entries (log/sealed_places.h).
struct SegmentRun {
    SegmentId segment;
    Index first;
    Index last;                       // first.previous() if it is empty
    std::uint64_t end = 0;            // of the last record, or where a removed one began
    // Offsets in units of record_alignment: one for each entry, or none if the segment is sealed.
    ArrayView<std::uint32_t> places;
    // Hashes at every hash_mark_interval-th index at least (every map_mark_interval-th if it was
    // written since the log was opened), and at the last one unless the run may still grow. Of a sealed
    // segment only the last one.
    ArrayView<HashMark> marks;

    bool is_empty() const { return last < first; }
    bool is_placed() const { return is_empty() || !places.empty(); }
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
    Index last() const { return open_.last; }
    bool holds(Index index) const { return index >= first() && index <= last(); }
    // How many segments had been rewritten, since the log was opened, when the map was made.
    std::uint64_t rewrites() const { return rewrites_; }
    // All that it holds of one segment.
    SegmentEntries entries_in(SegmentId segment) const;
    // Preconditions: held.
    SegmentId segment_of(Index index) const { return run_of(index).segment; }
    // Whether the map itself says where it lies: its segment is not sealed.
    bool is_placed(Index index) const { return run_of(index).is_placed(); }
    Term term_at(Index index) const;
    // Precondition: placed.
    Place place(Index index) const;
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
    // For an entry that is known by name only: its hash stays unknown until learn(). The last one
    // of a segment must be known before the next segment's first is appended.
    void append_unhashed(Term term, const Place& place);
    // All entries of a sealed segment, which follow last(); `terms` are theirs, the hash is that of the
    // last one.
    void append_sealed(SegmentId segment, Index last, std::span<const TermRun> terms,
        const Digest& last_hash);
    // The newest segment has its footer, which says from now on where its entries lie.
    void seal(SegmentId segment);
    // Precondition: first().previous() <= last. `hash` is the one at `last`.
    void truncate(Index last, const Digest& hash);
    // The log begins with `first`, which is the first of a run; its predecessor's hash is known.
    void discard(Index first);
    // The segment was rewritten: its new footer says where its entries lie.
    void rewritten(SegmentId segment);
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
    void append_term(Index index, Term term);
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
