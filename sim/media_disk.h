#pragma once
// MediaDisk: one node's disk as the atlas sees it: what lies where, and what of it is harmed.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/disk.h"
#include "sim/media_map.h"

namespace ledger::sim {

// What one disk says to a harm, by itself.
enum class HarmVerdict : std::uint8_t {
    allowed,
    unsealed,  // a record that may have been acknowledged and that nothing vouches for yet: the one
               // case in which rot looks like a torn write (log/README.md)
    refused,
};

// The fault model of the log (log/README.md): a record or the block that names it, one of two
// copies of anything, and no record behind which nothing intact is left.
class MediaDisk {
  public:
    struct Chunk {
        Index index;  // of the cut
        Digest root;
        std::size_t number = 0;
    };
    // What only others can bring back.
    struct Harmed {
        std::vector<log::EntryIdentity> entries;  // of the log as it is now
        std::vector<Chunk> chunks;
    };

    MediaDisk(Disk& disk, const log::Identity& identity, const std::string& directory)
        : node_(identity.node), disk_(&disk), map_(identity, directory) {}

    NodeId node() const { return node_; }
    // To be called before anything else is asked. The map is as the disk is now.
    void refresh() { map_.refresh(*disk_); }
    const MediaMap& map() const { return map_; }
    bool any_harm() const { return disk_->any_harm(); }

    // Whether this may be done on top of what is harmed already.
    HarmVerdict judge(std::span<const Harm::Place> places);
    Harmed harmed_by(std::span<const Harm::Place> places) const;
    // By all there is.
    Harmed harmed() const;

    // An intact copy of this entry, or a whole cut that has it while the entry is gone from here.
    bool holds(const log::EntryIdentity& entry) const;
    bool holds(const Chunk& chunk) const;

  private:
    bool is_harmed(std::uint32_t number, ByteRange range) const;
    bool all_harmed(std::uint32_t number, std::span<const ByteRange> copies) const;
    HarmVerdict judge_hard_state(std::uint32_t number) const;
    HarmVerdict judge_place(const Harm::Place& place) const;
    HarmVerdict judge_segment(const MappedSegment& segment, const Harm::Place& place) const;
    bool harms_record(const MappedSegment& segment, const MappedGroup& group) const;
    bool neighbour_harmed(const MappedSegment& segment, const MappedGroup& group) const;
    HarmVerdict judge_end() const;
    bool vouched_for(std::size_t segment, std::size_t group, bool intact) const;
    bool is_whole(const MappedCut& cut) const;
    void collect(std::uint32_t number, ByteRange range, Harmed& harmed) const;
    void collect_entries(std::size_t segment, ByteRange range, Harmed& harmed) const;

    NodeId node_;
    Disk* disk_;
    MediaMap map_;
    std::span<const Harm::Place> planned_;  // while it is being judged
};

}  // namespace ledger::sim
