#pragma once
// CutAudit: which cuts one node's disk durably holds, whole, read from its image.

#include <vector>

#include "log/base/entry.h"
#include "log/base/sha256.h"
#include "log/storage.h"
#include "sim/disk.h"

namespace ledger::sim {

struct WholeCut {
    LogId id;
    Digest root;
};

// Ascending by index. What counts is what the node would find if it lost its power now; the bytes
// of every chunk are hashed here and compared with the manifest, whose root they thereby prove.
std::vector<WholeCut> whole_cuts(
    const Disk& disk, const log::Options& options, const log::Identity& identity);

}  // namespace ledger::sim
