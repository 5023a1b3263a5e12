#pragma once
// CampaignTotals: what a campaign adds up, run by run, part by part; in any order it is the same.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/bytes.h"
#include "sim/world.h"

namespace ledger::sim {

// Runs that found the same thing.
struct Discovery {
    std::string fingerprint;
    RunResult smallest;                // the run of the fewest steps, of the lowest seed among them
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
    // Runs with a canary; those in which it had a reason to sing and did not; what it sang.
    std::uint64_t canaries = 0;
    std::uint64_t canaries_silent = 0;
    std::optional<Discovery> canary;
    // Timings: the run that took longest, and what went by meanwhile, of all machines together.
    std::uint64_t slowest_seed = 0;
    std::uint64_t slowest_microseconds = 0;
    std::uint64_t wall_microseconds = 0;

    void add(const RunResult& result, std::uint64_t microseconds);
    // Precondition: no seed is in both. `expected` stays as it is.
    void add(const CampaignTotals& other);
    // Ascending.
    std::vector<std::uint64_t> violated() const;
    // Checks that examined nothing in the whole campaign, which fails it.
    std::vector<std::string> idle() const;
    // One had reason to sing and was silent; or there were enough of them, in runs that have reason
    // on average, and none was heard.
    bool canary_failed() const;
    check::Verdict verdict() const;
};

// As bytes, for shard_file.h, all but `expected`. Decoding gives nothing if they are not whole.
void encode_totals(const CampaignTotals& totals, ByteVector& out);
std::optional<CampaignTotals> decode_totals(ByteSpan bytes);

// Whether what depends on machines and their load is told as well.
enum class Timings : std::uint8_t { no, yes };
// `totals` as the last line of `campaign --json`, and as tables.
std::string totals_json(const CampaignTotals& totals, Timings timings);
std::string totals_text(const CampaignTotals& totals);

}  // namespace ledger::sim
