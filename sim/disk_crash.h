#pragma once
// DiskCrash: what becomes of one file's unsynced operations when the power fails.

#include <cstdint>
#include <vector>

#include "sim/disk_file.h"

namespace ledger::sim {

// How one operation came through.
struct OperationFate {
    std::uint64_t issued = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    bool survived = false;  // at least one sector of it is on the disk
    bool harmed = false;    // the file differs, in its range, from "everything arrived"
};

struct CrashedFile {
    ByteVector image;
    std::vector<OperationFate> fates;  // in the order issued
    std::vector<FaultMark> marks;      // one per fault that fired
    std::vector<Landing> landed;       // what of the cache, or which garbage, is on the disk
    std::uint64_t lost_bytes = 0;
};

// Decides, sector by sector, which state of the page cache reached the disk. A sector that is
// written back carries everything the cache held at that moment, so it is as it was after one of
// the operations that touched it, or as it was durable, or (torn) garbage where an unsynced
// operation wrote. Bytes that no unsynced operation touched never change. On a device of whole pages
// all this holds of pages instead of sectors.
CrashedFile crash_file(const UnsyncedFile& file, Questions& questions, const CrashProfile& profile);

}  // namespace ledger::sim
