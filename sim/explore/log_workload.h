#pragma once
// LogWorkload: a log that has seen something, and then up to 64 operations of its storage on the
// disk, with what a crash at each point may leave.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "sim/explore/sector_image.h"
#include "sim/explore/log_inspector.h"
#include "sim/explore/log_stage.h"
#include "sim/explore/recording_disk.h"

namespace ledger::sim {

inline constexpr std::uint64_t explored_operations_max = 64;
// What lies in segments before the explored operations begin: in two of them at least.
inline constexpr std::uint64_t explored_bytes_min = 16u << 10;
inline constexpr std::uint64_t explored_segments_min = 2;

// A file system that does not keep its promises, around one that does; empty = none.
using FileSystemWrap = std::function<std::unique_ptr<log::FileSystem>(log::FileSystem& files)>;

// Neither copied nor moved: operations point into the arena.
struct LogWorkload {
    LogWorkload() = default;
    LogWorkload(const LogWorkload&) = delete;
    LogWorkload& operator=(const LogWorkload&) = delete;

    log::Options options;
    log::Identity identity;
    BlockArena arena;
    SectorImage image;  // durable, as it is before the first of the operations
    OperationLog record;
    std::vector<LogStage> stages;
    std::vector<std::uint32_t> stage_at;  // by crash point, that is by operations issued
    WrittenEntries written;
    std::vector<KnownCut> cuts;  // all that were ever begun
    std::vector<const Block*> garbage;
    std::string violation;  // what an opening in one of the lives did wrong; empty = nothing

    const LogStage& stage(std::uint64_t point) const {
        return stages[stage_at[static_cast<std::size_t>(point)]];
    }
};

// The same choices make the same workload; it ends after `operations_max` operations.
std::unique_ptr<LogWorkload> make_log_workload(
    ChoiceSource& choices, std::uint64_t operations_max, const FileSystemWrap& wrap = {});

}  // namespace ledger::sim
