#pragma once
// Segment: one file of the log: a header, then groups, each with its identity block, then footers.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/record.h"
#include "log/storage.h"

namespace ledger::log {

// What the disk writes at once. Groups begin and end at sectors, so that no later write touches a
// sector that holds something promised.
inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr std::uint32_t segment_version = 4;
// Two copies of the header, one sector each.
inline constexpr std::uint64_t segment_header_bytes = 2 * sector_bytes;

constexpr std::uint64_t sector_ceiling(std::uint64_t bytes) {
    return (bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
}

// "00000042.segment".
std::string segment_name(SegmentId id);
std::optional<SegmentId> parse_segment_name(std::string_view name);
// "00000042.spare": was that segment, and may become another one.
std::string spare_name(SegmentId id);
bool is_spare_name(std::string_view name);

// Removes the files one after the other, and makes that durable.
Result<void> remove_segments(FileSystem& files, const std::string& directory,
    const std::vector<SegmentId>& segments);

struct SegmentHeader {
    Identity identity;
    SegmentId segment;
    SegmentId previous;     // 0 = the log begins here
    std::uint64_t epoch = 0;  // of its creation
    LogStart start;         // the entry before; its stamps are 0 where the log does not begin
    Index sync_index;       // durable when the segment was created: a witness for its predecessor
    bool reused = false;    // the file was another segment before: old bytes may stand in it
    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;

    // The index that comes next in the log.
    Index first() const { return start.id.index.next(); }
    // The log was emptied and begins here anew. It counts once the hard state names the segment.
    bool restarts() const { return previous == SegmentId{0} && first() > Index{1}; }
};

// Fills both copies.
void encode_segment_header(std::span<std::byte> out, const SegmentHeader& header);

// One copy of the header, at offset 0 or sector_bytes. Errors: corrupt_record, unsupported.
Result<SegmentHeader> decode_segment_header(ByteSpan sector, Location location);

EntryIdentity identity_of(const RecordHeader& header, std::uint32_t envelope_crc);

// Ends a group: names its records from other sectors, under the same flush. Without names it is a
// seal: all it says is what is durable and committed.
struct IdentityBlock {
    std::uint64_t epoch = 0;        // of the records it names
    std::uint64_t group_start = 0;  // offset of the first record
    Index base;                     // the last index before the group
    std::uint64_t base_hash64 = 0;  // its hash, truncated
    Index sync_index;               // durable when the group was written, after its truncation
    Index commit;                   // committed and durable before the group: <= sync_index
    Index last;                     // the last index after the group
    Digest last_hash;
    std::vector<EntryIdentity> names;
    friend bool operator==(const IdentityBlock&, const IdentityBlock&) = default;
};

std::uint64_t identity_block_bytes(std::uint64_t names);
// Fills `out`, whose size is identity_block_bytes() of its names.
void encode_identity_block(std::span<std::byte> out, const IdentityBlock& block, Location location);
// Nothing if the bytes at this place are not an intact block.
std::optional<IdentityBlock> decode_identity_block(ByteSpan bytes, Location location);

}  // namespace ledger::log
