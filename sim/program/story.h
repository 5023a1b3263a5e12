#pragma once
// Story: what happened in a small run, in order, for people: who did what, what was decided, and what
// was found.

#include <span>
#include <string>

#include "sim/check/decision.h"
#include "sim/check/report.h"

namespace ledger::sim {

struct PlayedDecision {
    Instant at;
    check::Decision decision;
};

// At most this many lines, the last ones; the first line says how many were left out.
inline constexpr std::size_t story_lines_max = 100;

// The report's marks, its operations and what the tape decided, up to its first violation.
std::string story_text(const check::Report& report, std::span<const PlayedDecision> played);

}  // namespace ledger::sim
