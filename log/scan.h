#pragma once
// Scan: what lies in the body of a segment that no footer vouches for, damage included.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/segment.h"

namespace ledger::log {

// One record, or the place where one should stand.
struct Slot {
    std::uint64_t offset = 0;
    std::uint64_t end = 0;               // where the next one begins
    RecordView record;                   // views into the scanned bytes
    std::optional<EntryIdentity> name;   // what the group's identity block says
};

// One group commit. Without a block its end is where the next one begins or the file ends.
struct ScannedGroup {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::optional<IdentityBlock> block;
    std::vector<Slot> slots;
    // The highest sync_index in an intact record that lies behind the damage of a group without
    // block: such a record belongs to a later group, or covers nothing of its own.
    Index stray_sync_index;

    // Something of the group is intact: it was begun.
    bool has_evidence() const;
    // The highest sync_index that its intact parts name.
    Index sync_index() const;
};

// Splits the bytes behind the header into groups. Nothing is believed but what verifies at its
// place; where a group has damage, the search for the next identity block goes on sector by
// sector to the end, so that zeros or garbage never end the log by themselves. The views in the
// slots point into `file`.
std::vector<ScannedGroup> scan_groups(ByteSpan file, SegmentId segment);

// Where what was written into the segment ends: behind it the file has nothing but zeros or, if it was
// another segment before, nothing that verifies. `groups` are those of `file`.
std::uint64_t written_end(
    ByteSpan file, const std::vector<ScannedGroup>& groups, bool reused);

}  // namespace ledger::log
