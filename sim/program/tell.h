#pragma once
// Tell: a run in a child of its own, with all that there is to tell of it, even if it dies.

#include <string>
#include <vector>

#include "sim/check/report.h"
#include "sim/explore/shrinker.h"
#include "sim/program/story.h"
#include "sim/world.h"

namespace ledger::sim {

struct Told {
    RunResult result;  // of one that died: its steps, its time and what it died of
    bool died = false;
    std::vector<PlayedDecision> played;
    check::Report report;  // without repro, capsule and page, which only the caller knows
};

Told tell(const Candidate& candidate);

}  // namespace ledger::sim
