#pragma once
// ShrinkRun: from the capsule of a failing run to a small one.

#include <cstdint>
#include <optional>
#include <string>

#include "sim/explore/shrinker.h"
#include "sim/program/capsule.h"
#include "sim/program/tell.h"

namespace ledger::sim {

struct ShrinkEffort {
    std::uint64_t seconds = 30;
    // Of all candidates together, with some more for the start of each. For the same jobs it always ends
    // at the same place.
    std::uint64_t steps = UINT64_MAX / 100;
    std::uint32_t jobs = 2;
    bool show = false;  // on standard error, how far it has come
};

struct ShrinkReport {
    Shrunk shrunk;
    Capsule capsule;            // of the small run
    Told told;                  // of the small run
    std::uint64_t faults = 0;   // of the nemesis and of the operator that struck in it
    std::uint64_t microseconds = 0;
};

// Nothing if the run does not fail in the way that the capsule says. Preconditions: it has no input,
// and `guest` is the machine that it names, null if none.
std::optional<ShrinkReport> shrink_run(
    const Capsule& capsule, const ShrinkEffort& effort, const Guest* guest = nullptr);

}  // namespace ledger::sim
