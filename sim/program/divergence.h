#pragma once
// Divergence: where two runs of one seed part, though they must be one.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "sim/check/scenario.h"

namespace ledger::sim {

struct Divergence {
    std::uint64_t step = 0;  // of the first event that differs, from 1
    std::string before;      // the last event that is the same; empty if there is none
    std::string one;         // the event, and what it led to, in one run
    std::string other;       // and in the other; empty: that run had ended
};

// Compares two lists of steps, a line each, from where the files stand.
std::optional<Divergence> first_difference(std::FILE* one, std::FILE* other);

// Runs the seed in two processes at the same time and compares them event by event. Nothing if they
// did the same this time.
std::optional<Divergence> find_divergence(const check::Scenario& scenario, std::uint64_t seed);

}  // namespace ledger::sim
