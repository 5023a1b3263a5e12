#pragma once
// CrashExplorer: boots every disk image that a crash may leave of a generated workload, and of the
// recovery after it, and requires a log that is allowed.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/crash_states.h"
#include "sim/explore/log_workload.h"

namespace ledger::sim {

// With so many findings the exploration of a seed ends.
inline constexpr std::size_t explored_findings_max = 8;

// A state that must not be, by the seed and the way to it.
struct CrashFinding {
    std::uint64_t seed = 0;
    CrashPlace place;
    // The power failed again, in the recovery from `place`.
    std::optional<CrashPlace> in_recovery;
    std::string after;     // the last operation before the crash
    std::string sentence;
};

// Sums and extremes over seeds.
struct ExploreCounts {
    std::uint64_t operations = 0;
    std::uint64_t covered = 0;  // (crash point, subset, tail), those inside recoveries included
    std::uint64_t booted = 0;   // different images among them, each opened
    std::uint64_t covered_in_recovery = 0;
    std::uint64_t booted_in_recovery = 0;
    // Outside recoveries, with less than explored_bytes_min or explored_segments_min: what is left
    // after a restart or a discard.
    std::uint64_t booted_small = 0;
    std::uint64_t recoveries = 0;    // that differ in what they do to the disk
    std::uint64_t unsynced_max = 0;  // un-synced operations at one crash point
    // Of the files of one image that was opened.
    std::uint64_t bytes_min = UINT64_MAX;
    std::uint64_t bytes_max = 0;
    std::uint64_t segments_min = UINT64_MAX;
    std::uint64_t segments_max = 0;
    std::uint64_t violations = 0;

    void add(const ExploreCounts& other);
};

struct ExploredSeed {
    ExploreCounts counts;
    std::vector<CrashFinding> findings;
};

struct ExploreOptions {
    std::uint64_t operations_max = explored_operations_max;
    // Only states of this point and subset, if given: what a finding names.
    std::optional<std::uint64_t> point;
    std::optional<std::uint64_t> subset;
    FileSystemWrap wrap;
    // Told before each opening where it is, in case that the opening does not return.
    std::function<void(const CrashPlace& place)> booting;
};

// Explores one workload. In the recovery from each image one more crash is tried: at every point,
// with every subset. Of all recoveries that do the same to the disk one is gone through with torn
// operations as well, one at a time, and its log must take entries and have them when it is opened
// again.
ExploredSeed explore_crashes(std::uint64_t seed, const ExploreOptions& options);

}  // namespace ledger::sim
