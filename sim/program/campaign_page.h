#pragma once
// CampaignPage: a campaign as one page that needs nothing: what was found, and how much was tried.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/campaign_totals.h"

namespace ledger::sim {

// What became of a discovery; names of files beside the page, empty = none.
struct Found {
    const Discovery* discovery = nullptr;
    std::string capsule;                     // of its smallest run
    std::string small;                       // the same made small
    std::string page;                        // of that
    std::string story;
    std::optional<std::uint64_t> decisions;  // that are left; none: it was not shrunk
    std::uint64_t faults = 0;                // that strike in it
    std::uint64_t microseconds = 0;          // that shrinking took
};

// How far it had come when.
struct Pace {
    std::uint64_t microseconds = 0;
    std::uint64_t steps = 0;
};

struct CampaignReport {
    const CampaignTotals& totals;
    const std::vector<Found>& findings;
    const Found* canary = nullptr;
    const std::vector<Pace>& pace;
    std::uint64_t wall_microseconds = 0;
    std::string repro;
};

std::string campaign_html(const CampaignReport& report);

}  // namespace ledger::sim
