#pragma once
// CampaignPage: a campaign as pages that need nothing: what was found, how much was tried; and how
// fast.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/campaign_totals.h"
#include "sim/program/shard_file.h"

namespace ledger::sim {

// What became of a discovery; names of files beside the page, empty = none.
struct Found {
    const Discovery* discovery = nullptr;
    std::string capsule;  // of its smallest run
    std::string small;    // the same made small
    std::string page;     // of that
    std::string story;
    std::optional<std::uint64_t> decisions;  // that are left; none: it was not shrunk
    std::uint64_t faults = 0;                // that strike in it
    std::uint64_t microseconds = 0;          // that shrinking took
};

// How a shard went.
struct ShardTimes {
    std::uint32_t index = 1;
    std::uint64_t seeds = 0;
    std::uint64_t steps = 0;
    std::uint64_t wall_microseconds = 0;
    std::vector<Pace> pace;
};

struct CampaignReport {
    const CampaignTotals& totals;
    const std::vector<Found>& findings;
    const Found* canary = nullptr;
    const std::vector<ShardTimes>& shards;
    std::string repro;
};

inline constexpr const char* timings_page = "timings.html";
// Nothing in it depends on machines, or on how the campaign was divided. It links to
// `timings_page`.
std::string campaign_html(const CampaignReport& report);
// All that does: as a page, and as one JSON object with a line end.
std::string timings_html(const CampaignReport& report);
std::string timings_json(const CampaignReport& report);

}  // namespace ledger::sim
