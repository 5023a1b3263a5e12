#pragma once
// CampaignTotals: what a campaign adds up, run by run; kept on disk, so that it can go on.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/bytes.h"
#include "sim/world.h"

namespace ledger::sim {

// Seeds that have been run, as ranges, ascending.
class SeedSet {
  public:
    void add(std::uint64_t seed);
    bool contains(std::uint64_t seed) const;
    const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges() const { return ranges_; }
    // The ranges, ascending and apart.
    void set(std::vector<std::pair<std::uint64_t, std::uint64_t>>&& ranges) {
        ranges_ = std::move(ranges);
    }

  private:
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // first and last
};

// Runs that found the same thing.
struct Discovery {
    std::string fingerprint;
    RunResult smallest;                // the run of the fewest steps
    std::vector<std::uint64_t> seeds;  // ascending
};

// Seeds whose run has a canary (sim/README.md): about one in a hundred.
bool has_canary(std::uint64_t seed);

struct CampaignTotals {
    std::uint64_t expected = 0;  // how many seeds it has to run; 0 = as many as time allows
    std::uint64_t seeds = 0;
    std::vector<std::uint64_t> inconclusive;
    std::map<std::string, Discovery> discoveries;  // by fingerprint; the canary is none
    RunResult sum;
    std::map<std::string, check::CheckResult> checks;
    std::map<std::string, std::uint64_t> marks;
    SeedSet done;
    // Runs with a canary; those in which it had a reason to sing and did not; what it sang.
    std::uint64_t canaries = 0;
    std::uint64_t canaries_silent = 0;
    std::optional<Discovery> canary;
    // Of the run that took longest.
    std::uint64_t slowest_seed = 0;
    std::uint64_t slowest_microseconds = 0;
    std::uint64_t wall_microseconds = 0;  // before it was interrupted the last time

    void add(const RunResult& result, std::uint64_t microseconds);
    // Ascending.
    std::vector<std::uint64_t> violated() const;
    // Checks that examined nothing in the whole campaign, which fails it.
    std::vector<std::string> idle() const;
    // One had reason to sing and was silent; or there were enough of them, in runs that have reason on
    // average, and none was heard.
    bool canary_failed() const;
    check::Verdict verdict() const;
};

// As bytes, for a campaign that was interrupted. `what` says which campaign it is; decoding gives
// nothing if it is another one, or if the bytes are not whole.
ByteVector encode_totals(const CampaignTotals& totals, const std::string& what);
std::optional<CampaignTotals> decode_totals(ByteSpan bytes, const std::string& what);

// `totals` as the last line of `campaign --json`, and as tables.
std::string totals_json(const CampaignTotals& totals, std::uint64_t wall_microseconds);
std::string totals_text(const CampaignTotals& totals, std::uint64_t wall_microseconds);

}  // namespace ledger::sim
