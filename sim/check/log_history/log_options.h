#pragma once
// Log options: what a recorded log promises.

#include <cstdint>
#include <string>

#include "sim/check/log_history/log_mode.h"

namespace ledger::check {

struct LogOptions {
    LogMode level;  // of operations that name no mode
    std::string level_name = "linearizable";
    // A second effect of one key is legal once this much time or this many records lie between
    // (the deduplication window, event-ledger.md 3.4).
    std::uint64_t window_ns = std::uint64_t{24} * 3600 * 1'000'000'000;
    std::uint64_t window_records = std::uint64_t{1} << 22;
    // An append becomes visible as one; else its records may be seen one after the other.
    bool atomic = true;
    // What was delivered counts as shown to everybody who calls later.
    bool subscriptions_coupled = false;
    // The recording went on until everything was quiet: subscribers must have everything.
    bool settled = true;
    // On-line: how many operations may wait for an append that they show and that was not told yet;
    // if more do, what comes is judged at the end only.
    std::uint64_t waiting_max = 100'000;
};

}  // namespace ledger::check
