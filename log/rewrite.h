#pragma once
// Rewrite: a sealed segment written anew, with nothing in it but the entries that count, each in the
// form in which it is to stay.

#include <span>
#include <string>
#include <vector>

#include "log/footer.h"
#include "log/log_map.h"

namespace ledger::log {

// Groups of a rewritten segment have at most so many records, whose block is eight sectors, or grow
// to so many bytes (and one record more).
inline constexpr std::uint64_t rewritten_names_max = 124;
inline constexpr std::uint64_t rewritten_group_bytes = 256u << 10;

// `form` has less of the erasable part than `entry`, of which it is a form.
bool erases(const EntryRef& form, const EntryRef& entry);

struct RewriteOrder {
    SegmentId segment;        // nobody writes to it any more
    std::uint64_t epoch = 0;  // of this opening
    Index commit;
    // A later segment has been begun, durably: what stands behind the log's end in a segment that has
    // no footer is void. Else such a segment is left as it is.
    bool followed = false;
    std::span<const EntryRef* const> erasures;  // the forms in which entries are to stay, ascending
    std::span<const EntryRef* const> copies;    // of damaged entries, ascending
};

struct Rewritten {
    bool done = false;            // else nothing was changed
    std::vector<Index> missing;   // damaged live entries without a form or a copy: why it was not done
    std::uint64_t body_end = 0;
    std::uint64_t bytes = 0;      // of the file
    std::vector<HashMark> hashes; // of live entries from the commit on, and of those put back
};

// The header as it was, groups of the entries that the segment held when it was sealed, footers: no
// superseded record, truncation (but one that reaches into the segment before), seal or gap. Entries
// that a later segment's truncation took out of the log keep their names and envelopes, since the
// header of the next segment goes on from them, and lose their erasable parts.
// Out of place, so that a crash leaves the old file or the new one: temporary, fsync, rename, fsync of
// the directory. It is read and written piece by piece. Not while a live entry is damaged, unless it
// is given: a damaged record that was copied would look as if it had been written so (trap T8). One
// that is out of the log stays what it was: damaged, known by name.
// The file that was there is freed when its last reader closes it (Reader); what the device still has
// of its blocks is out of reach (README, "Erasure").
// Errors: corrupt_record if what was given is not a form of the entry that stood there; no_space, and
// then nothing has changed; any other one is the device's.
Result<Rewritten> rewrite_segment(FileSystem& files, const std::string& directory,
    const SegmentMap& map, const RewriteOrder& order);

// What a rewrite of a sealed segment would free, gaps between groups not counted: what its footer says
// (where it says nothing: that there is some), and the erasable parts of those of its entries that are
// out of the log by now: only then the whole footer is read. `file` is the segment's.
DeadBytes dead_bytes(File& file, const FooterSummary& footer, const SegmentMap& map);

}  // namespace ledger::log
