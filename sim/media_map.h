#pragma once
// MediaMap: what lies where on one node's disk, read from its durable bytes and from nothing else.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/sha256.h"
#include "log/segment.h"
#include "log/storage.h"
#include "sim/disk.h"

namespace ledger::sim {

struct MappedRecord {
    ByteRange place;
    log::EntryIdentity identity;
};

// Without records it is a seal.
struct MappedGroup {
    ByteRange all;
    ByteRange block;
    std::size_t first_record = 0;  // in the segment
    std::size_t records = 0;
};

struct MappedSegment {
    SegmentId id;
    std::string name;
    std::uint32_t number = 0;  // of the file
    std::uint64_t end = 0;     // of what is mapped; 0 = no header of this node
    std::vector<MappedGroup> groups;
    std::vector<MappedRecord> records;
    std::vector<ByteRange> footers;  // both copies, or none
};

// A cut that is whole.
struct MappedCut {
    Index index;
    Digest root;
    std::uint32_t manifest_number = 0;
    std::uint32_t chunks_number = 0;
    std::vector<ByteRange> copies;  // of the manifest
    std::vector<ByteRange> chunks;
};

// Knows the format (records, identity blocks, headers, footers, hard state slots, cuts) and nothing
// of writer or recovery. Each refresh() decodes what has become durable since the last one, so that
// asking often costs little.
class MediaMap {
  public:
    MediaMap(const log::Identity& identity, std::string directory)
        : identity_(identity), directory_(std::move(directory)) {}

    // The observer of this disk's changes (Disk::take_change).
    void refresh(Disk& disk);

    // Those that count, in log order.
    const std::vector<MappedSegment>& segments() const { return segments_; }
    const std::vector<MappedCut>& cuts() const { return cuts_; }
    // The file of the hard state; 0 = there is none.
    std::uint32_t hard_state_number() const { return hard_state_number_; }
    // Both copies of the newest slot.
    std::array<ByteRange, 2> newest_hard_state() const;
    // All copies of both slots.
    std::array<ByteRange, 4> hard_state_copies() const;

    struct LiveEntry {
        std::size_t segment = 0;
        std::size_t record = 0;
    };
    // The place of the entry that the log has at this index, if it has one.
    std::optional<LiveEntry> live(Index index) const;
    const MappedRecord& record(const LiveEntry& at) const {
        return segments_[at.segment].records[at.record];
    }
    Index first() const { return first_; }

  private:
    // Files that belong to the cut at this index; either may be missing.
    struct CutNames {
        Index index;
        std::string manifest;
        std::string chunks;
    };

    void list(Disk& disk);
    void read_hard_state(Disk& disk);
    void read_segment(const Disk& disk, MappedSegment& segment, std::uint64_t changed_from);
    void read_header(ByteSpan bytes, MappedSegment& segment);
    bool read_group(ByteSpan bytes, MappedSegment& segment);
    void read_footers(ByteSpan bytes, MappedSegment& segment);
    void read_cuts(Disk& disk);
    CutNames& cut_names(Index index);
    std::optional<MappedCut> read_cut(const Disk& disk, const CutNames& names) const;
    void find_live();

    const log::Identity identity_;
    const std::string directory_;
    std::uint32_t hard_state_number_ = 0;
    std::uint64_t newest_slot_ = 0;
    SegmentId oldest_;
    std::vector<MappedSegment> segments_;
    std::vector<CutNames> cut_names_;  // by index
    std::vector<MappedCut> cuts_;
    Index first_{1};
    std::vector<LiveEntry> live_;  // [0] is first_
    std::size_t live_segment_ = 0;  // up to where live_ has the records
    std::size_t live_record_ = 0;
    ByteVector scratch_;  // reused
};

}  // namespace ledger::sim
