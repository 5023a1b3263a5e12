#pragma once
// Repair: puts intact copies of damaged entries back into a segment that nobody writes to any more.

#include <span>
#include <string>
#include <vector>

#include "log/log_map.h"

namespace ledger::log {

struct Repaired {
    std::vector<Index> missing;     // damaged too, and no copy was given that is surely the right
                                    // one: then nothing was changed
    std::vector<HashMark> hashes;   // of the entries that were put back
};

// Out of place, so that a crash leaves the file as it was or whole (trap T8): the segment is copied
// under a temporary name with the records in their old places, then fsync, rename, fsync of the
// directory. Not before every live entry in it is whole: a damaged one that was copied would look as
// if it had been written so. What can be told from them is written anew with them: identity blocks,
// and second copies of header and footer. Files opened before go on to show the old one.
// What stood in a place its block and the segment's footer say; a stale block is overruled by the
// footer, or by the hash chain. `copies` ascend. Errors: corrupt_record if a copy is not of the
// entry that stood there beyond doubt (in doubt it is missing); no_space, and then nothing has
// changed; any other one is the device's.
Result<Repaired> repair_segment(FileSystem& files, const std::string& directory,
    const SegmentMap& map, const SegmentEntries& live, std::span<const EntryRef* const> copies);

}  // namespace ledger::log
