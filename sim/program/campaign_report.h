#pragma once
// WriteReport: what is left of a campaign, or of its shards together: a folder, and an answer.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/campaign_page.h"
#include "sim/program/runner.h"

namespace ledger::sim {

// How a campaign runs a seed; one in a hundred has a canary.
using ScenarioOf = std::function<check::Scenario(std::uint64_t seed)>;
ScenarioOf scenarios_of(const check::Scenario& scenario, const ScenarioChoice& choice);

// The command of one machine that runs the same.
std::string campaign_line(const CampaignIdentity& identity);

struct ReportOrder {
    std::string out;  // empty = a folder `out`, for what was found only
    ScenarioOf scenario;
    std::uint32_t jobs = 2;
    // For each discovery; 0 = none is made smaller; nothing = as far as some number of steps goes,
    // which ends at the same place on every machine.
    std::optional<std::uint64_t> shrink_seconds;
    bool json = false;
    std::vector<ShardTimes> shards;
    std::string repro;
};
// Writes capsules, stories and pages of what was found, the page of the campaign, report.jsonl, and
// what depends on the machine beside them (timings.html, timings.json); answers on standard output.
// Returns the exit code. A process that dies in it has changed nothing but the folder.
int write_report(const CampaignTotals& totals, const ReportOrder& order);

}  // namespace ledger::sim
