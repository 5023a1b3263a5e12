#pragma once
// Workers: processes that run seeds side by side and hand every result to their parent.

#include <cstdint>
#include <functional>

#include "sim/program/runner.h"

namespace ledger::sim {

struct WorkOrder {
    std::uint64_t first = 1;
    std::uint64_t last = UINT64_MAX;
    std::uint64_t seconds = 0;  // 0 = no limit of time
    std::uint32_t jobs = 1;
    // Runs in the worker: seeds that are not to be run.
    std::function<bool(std::uint64_t seed)> skip;
    // Runs in the worker.
    std::function<RunResult(std::uint64_t seed, StepObserver& observer)> run;
    // Runs in the parent, in order of completion. False = start no more seeds.
    std::function<bool(const RunResult& result, std::uint64_t microseconds)> done;
    // Before that: how often the run has hit a mark; all marks come at least once, if with 0.
    std::function<void(const std::string& name, std::uint64_t hits)> mark;
};

// A run that takes its process beyond this is a finding of kind resource.
inline constexpr std::uint64_t resident_bytes_max = std::uint64_t{2} << 30;

// A worker that dies of a signal is a finding of kind crash for the seed it was running; another
// worker takes its place.
void work(const WorkOrder& order);

}  // namespace ledger::sim
