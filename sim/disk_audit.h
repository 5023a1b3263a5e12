#pragma once
// DiskAudit: what one node's disk durably holds, read from its image and from nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/entry.h"
#include "log/segment.h"
#include "log/storage.h"
#include "sim/disk.h"

namespace ledger::sim {

// The witness for "acknowledged means durable": it knows nothing of the replica, of log::Writer,
// Reader or Storage, only the format (records, identity blocks, segment headers, hard state
// slots). An entry counts once its whole group is in the durable image: every record intact, in
// order, and named by the group's identity block. In a group that others follow a record may be
// damaged, where a repair has copied it: that one is not held. Of a last group that has its block but
// is not whole what stands before the damage is held, as recovery has it. Segments before the one with which the log
// begins, as the hard state says, do not count, nor does one that begins the log anew unnamed.
class DiskAudit {
  public:
    explicit DiskAudit(const log::Identity& identity, std::string directory = "ledger")
        : identity_(identity), directory_(std::move(directory)) {}

    // To be called after each completed sync: reads what has become durable since the last call.
    void synced(const Disk& disk);
    // Forgets everything and reads the whole image: after a crash and its recovery.
    void reset_after_crash(const Disk& disk);

    // The durable log has this very entry: same term, same envelope (its SHA-256).
    bool holds(Index index, Term term, const Digest& envelope) const;
    bool holds(Index index) const {
        return index >= first_ && index <= last() &&
               entries_[static_cast<std::size_t>(index - first_)].envelope.has_value();
    }
    // Precondition: holds(index).
    Term term(Index index) const;
    Index first() const { return first_; }
    // The end of the durable log; first().previous() when it is empty.
    Index last() const { return first_ + entries_.size() - 1; }
    // Nothing before the disk is formatted.
    std::optional<HardState> hard_state() const { return hard_state_; }
    // Records decoded so far.
    std::uint64_t examined() const { return examined_; }

  private:
    struct Segment {
        SegmentId id;
        std::string name;
        std::uint32_t number = 0;  // of the file, on its disk
        std::uint64_t at = 0;      // where the next group begins; 0 = no header that counts seen
        Index begin;               // as its header says
        std::optional<Index> part_of_after;  // behind it a part of the group at `at` counts
    };
    struct Entry {
        Term term;
        std::optional<Digest> envelope;  // nothing if it is damaged
    };
    // One record of the group at hand.
    struct Record {
        log::EntryIdentity identity;
        std::optional<Digest> envelope;
    };

    bool follow(const Disk& disk);
    bool drop_front();
    void find_segments(const Disk& disk);
    Segment* segment_of(std::uint32_t number);
    void read_hard_state(const Disk& disk);
    void read_segment(const Disk& disk, Segment& segment);
    bool read_header(ByteSpan bytes, Segment& segment);
    bool read_group(ByteSpan bytes, Segment& segment);
    bool read_damaged_group(ByteSpan bytes, Segment& segment, std::uint64_t at);
    void collect_records(ByteSpan bytes, const Segment& segment, std::uint64_t& at);
    bool continues(const log::IdentityBlock& block) const;
    void append(const Record& record);

    const log::Identity identity_;
    const std::string directory_;
    bool started_ = false;
    std::uint64_t changes_seen_ = 0;
    std::uint32_t hard_state_number_ = 0;
    std::optional<HardState> hard_state_;
    SegmentId oldest_;
    std::vector<Segment> segments_;  // by id, from oldest_ on
    Index first_{1};
    std::vector<Entry> entries_;  // [0] is first_
    std::vector<Record> group_;   // reused
    ByteVector scratch_;          // reused
    std::uint64_t examined_ = 0;
};

}  // namespace ledger::sim
