#pragma once
// Footer: what a sealed segment says of itself, so that boot need not read its body.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "log/segment.h"

namespace ledger::log {

// The identity of one live entry of the segment; its index is implied, its term is in the runs.
struct FooterName {
    std::uint32_t place = 0;  // offset of the record, in units of record_alignment
    std::uint32_t envelope_bytes = 0;
    std::uint32_t erasable_bytes = 0;
    std::uint32_t envelope_crc = 0;
    friend bool operator==(const FooterName&, const FooterName&) = default;
};

// The full hash at one index: from here a reader rolls forward.
struct HashMark {
    Index index;
    Digest hash;
    friend bool operator==(const HashMark&, const HashMark&) = default;
};

// What no entry of the log needs any more.
struct DeadBytes {
    std::uint64_t superseded = 0;  // of records whose entries are out of the log
    std::uint64_t other = 0;       // truncations and seals
    friend bool operator==(const DeadBytes&, const DeadBytes&) = default;

    std::uint64_t total() const { return superseded + other; }
};

// What boot needs to know of a sealed segment. It has a checksum of its own at the footer's front: what
// is read of it does not grow with the number of entries.
struct FooterSummary {
    SegmentId segment;
    std::uint64_t epoch = 0;     // of the opening that sealed the segment
    std::uint64_t body_end = 0;  // where the last group ends
    // The live entries of the segment, after its own truncations. If `first` is not beyond the
    // log's end before the segment, the segment truncated the log there.
    Index first;
    Index last;         // first.previous() if none is left
    Digest start_hash;  // at first.previous()
    Digest last_hash;   // at last
    Index sync_index;   // everything in the segment was durable before it was sealed
    Index commit;
    std::vector<TermRun> terms;         // of [first, last]
    std::vector<Index> configurations;  // the entries of [first, last] that are configurations
    // When it was sealed; gaps between groups are not counted. Nothing: nobody counted.
    std::optional<DeadBytes> dead;
    friend bool operator==(const FooterSummary&, const FooterSummary&) = default;
};

struct Footer : FooterSummary {
    std::vector<FooterName> names;  // one for each of [first, last]
    std::vector<HashMark> marks;    // some of [first, last]
    friend bool operator==(const Footer&, const Footer&) = default;
};

inline constexpr std::uint64_t hash_mark_interval = 64;

// Both copies, one after the other, to be written at body_end.
ByteVector encode_footers(const Footer& footer);

// Where a copy lies, as its last bytes say.
struct FooterExtent {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

// The extent of the copy that ends at `end`; `sector` holds the last sector_bytes before it.
std::optional<FooterExtent> decode_footer_trailer(
    ByteSpan sector, SegmentId segment, std::uint64_t end);
// One copy, whole. Nothing if it is damaged or contradicts itself.
std::optional<Footer> decode_footer(ByteSpan copy, Location location);

// The footer of a segment file, from whichever copy is intact; nothing if the file has none.
Result<std::optional<Footer>> read_footer(File& file, SegmentId segment);
// The summary alone, from whichever copy has it intact: two or three sectors are read. Only of a footer
// that is known to have been written whole: the rest of it is not looked at. Where the file's last
// sector is no trailer the whole footer is looked for.
Result<std::optional<FooterSummary>> read_footer_summary(File& file, SegmentId segment);

// Both copies, as they lie in the bytes of a segment file.
struct FooterCopies {
    Footer footer;                          // of a copy that is intact
    std::uint64_t bytes = 0;                // of each copy
    std::array<std::uint64_t, 2> offsets{};
    std::array<bool, 2> intact{};           // with its trailer
};
// Nothing if no trailer leads to an intact copy: as read_footer().
std::optional<FooterCopies> find_footers(ByteSpan file, SegmentId segment);

}  // namespace ledger::log
