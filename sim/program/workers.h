#pragma once
// Workers: processes that run seeds side by side and hand every result to their parent.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/program/runner.h"
#include "sim/program/shard.h"

namespace ledger::sim {

// What came of a seed.
struct Finding {
    RunResult result;
    std::uint64_t microseconds = 0;
    // How often it has hit marks, if it did not die. Every worker's first one has all marks, if with 0.
    std::vector<std::pair<std::string, std::uint64_t>> marks;
};

struct WorkOrder {
    Shard shard;
    std::uint64_t seconds = 0;  // 0 = no limit of time
    std::uint32_t jobs = 1;
    // Runs in the worker: positions in the shard whose seeds are not to be run.
    std::function<bool(std::uint64_t position)> skip;
    // Runs in the worker.
    std::function<RunResult(std::uint64_t seed, StepObserver& observer)> run;
    // Runs in the parent, in order of completion. False = start no more seeds.
    std::function<bool(const Finding& finding)> done;
};

// A run that takes its process beyond this is a finding of kind resource.
inline constexpr std::uint64_t resident_bytes_max = std::uint64_t{2} << 30;

// A worker that dies of a signal is a finding of kind crash for the seed it was running; another
// worker takes its place.
void work(const WorkOrder& order);

}  // namespace ledger::sim
