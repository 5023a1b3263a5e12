#pragma once
// SegmentExaminer: the boot table applied to every place of one segment, sealed or not.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/boot_table.h"
#include "log/examination.h"
#include "log/log_walk.h"

namespace ledger::log {

// What is known from outside the segment.
struct SegmentSurroundings {
    bool first = false;                 // the walk begins with it
    bool named = false;                 // the hard state says that the log begins with it
    bool begun = false;                 // the hard state knows its first group as durable
    bool after_damage = false;          // the walk lost its place before it
    bool later = false;                 // a later segment has been begun
    bool later_promised = false;        // and its first flush came to an end
    std::optional<SegmentHeader> next;  // its header
    Index witness;                      // durable commit
};

struct SegmentVerdict {
    ExaminedSegment segment;
    std::vector<Finding> findings;
    ExaminedTail tail;
    Index commit;              // the highest that its intact parts witness
    bool lost_place = false;   // damage hides where the walk stands at its end
};

// Goes through one segment whose bytes are all in memory; the walk stands at its end afterwards.
// Unlike recovery it does not stop at the first fault.
class SegmentExaminer {
  public:
    SegmentExaminer(ByteSpan file, SegmentId id, const SegmentSurroundings& around, LogWalk& walk,
        const Watch& watch);

    // Once.
    SegmentVerdict run();

  private:
    struct Live {
        Term term;
        FooterName name;
        bool configuration = false;
        std::optional<Digest> hash;
    };

    struct Span {
        std::uint64_t offset = 0;
        std::uint64_t end = 0;
    };

    Finding& find(Condition condition, FoundAt place, Span span, std::string why);
    ExaminedTail tail_from(std::uint64_t offset, Condition condition) const;
    void check_zeros(Span span, Condition condition, const char* what);

    std::uint64_t begun_groups() const;
    bool may_be_unflushed() const;
    void examine_header();
    void enter();
    void look_ahead();

    void examine_group(std::size_t number);
    void check_base(const ScannedGroup& group);
    void check_block(const ScannedGroup& group, bool whole);
    void check_missing_block(std::size_t number, bool whole);
    Condition examine_slot(std::size_t number, std::size_t at);
    Observation observe(std::size_t number, const Slot& slot) const;
    const char* why_faulty(const ScannedGroup& group, const Slot& slot) const;
    Finding& report_record(const ScannedGroup& group, const Slot& slot, Condition condition);
    void lose_tail(const ScannedGroup& group, std::size_t at, Condition condition);
    bool is_superseded() const;
    bool is_lost_last_block(const Slot& slot) const;
    bool is_truncation_known_by_name(const Slot& slot) const;

    void pass(const Slot& slot);
    void pass_entry(const Slot& slot, const EntryIdentity& name);
    void pass_truncation(const Slot& slot, Index index);
    void count(const Slot& slot, const EntryIdentity& name);
    void stand_at(LogId id, const std::optional<Digest>& hash);

    void examine_footers();
    std::string difference_of(const Footer& footer) const;
    void finish();

    const ByteSpan file_;
    const SegmentSurroundings& around_;
    LogWalk& walk_;
    const Watch& watch_;
    SegmentVerdict result_;
    std::optional<FooterCopies> footers_;
    std::vector<ScannedGroup> groups_;
    Index witness_;                        // of all that vouches for entries, in here or outside
    std::vector<Index> later_sync_index_;  // by group: the highest in the groups after it
    std::vector<bool> later_evidence_;     // by group: a group after it has something intact
    // Invariant: of [segment.first, walk_.last()].
    std::vector<Live> live_;
    std::optional<Digest> start_hash_;  // at segment.first.previous()
    bool whole_ = true;                 // live_ was never interrupted by damage
    bool ended_ = false;                // what follows is no part of the log
    std::uint64_t end_ = segment_header_bytes;  // of the last group that was passed
};

}  // namespace ledger::log
