#pragma once
// Commands: what `ledgersim` can be asked to do; each returns the process's exit code.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/runner.h"
#include "sim/program/shard.h"

namespace ledger::sim {

struct RunOptions {
    std::uint64_t seed = 1;
    ScenarioChoice scenario;
    std::string input;
    std::string trace;
    std::string html;
    std::string history;
    std::string capsule;
    std::string export_directory;
    bool json = false;
    bool in_process = false;  // no child: for debuggers
};
int command_run(const RunOptions& options);

struct CampaignOptions {
    std::uint64_t first = 1;
    std::uint64_t last = UINT64_MAX;
    std::uint64_t seconds = 0;  // 0 = until `last`
    std::optional<ShardChoice> shard;   // a part of it only, for `command_merge`; with `out`
    std::uint32_t jobs = 2;
    ScenarioChoice scenario;
    std::string out;            // where it leaves what it finds, a page and its state; empty = out,
                                // for what it finds only
    // For each discovery; 0 = they are left as they are; nothing = as in campaign_report.h.
    std::optional<std::uint64_t> shrink_seconds;
    bool resume = false;        // go on from the state that `out` holds; a shard always does
    bool stop_on_violation = false;
    bool json = false;
};
int command_campaign(const CampaignOptions& options);

struct MergeOptions {
    std::vector<std::string> from;  // directories with shards
    std::string out;                // as for a campaign
    std::uint32_t jobs = 2;
    std::optional<std::uint64_t> shrink_seconds;
    bool partial = false;  // report what is there, though something is missing
    bool json = false;
};
// The report that one machine would have given.
int command_merge(const MergeOptions& options);
// How far the shards are; `from` and `json` only. Ok when nothing is missing, else inconclusive.
int command_shard_status(const MergeOptions& options);

struct DoublecheckOptions {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
    ScenarioChoice scenario;
    bool json = false;
};
// Both runs of each seed are kept in memory until they are compared.
inline constexpr std::uint64_t doublecheck_seeds_max = 10'000'000;
int command_doublecheck(const DoublecheckOptions& options);

struct ReplayOptions {
    std::string capsule;
    std::string input;        // where the imported file lies now; empty = where it lay
    std::uint64_t until = 0;  // stop the trace after this step; 0 = never
    bool expect = false;      // ok only if the recorded verdict and finding come out again
    bool story = false;       // what happened, in order, for people
    std::string trace;
    std::string html;
    bool json = false;
};
int command_replay(const ReplayOptions& options);

struct ShrinkOptions {
    std::string capsule;
    std::string out;              // empty = beside it, as NAME.small.capsule
    std::uint64_t seconds = 30;
    std::uint32_t jobs = 2;
    std::string html;
    bool json = false;
};
int command_shrink(const ShrinkOptions& options);

struct CrashExploreOptions {
    std::uint64_t first = 1;
    std::uint64_t last = 100;
    std::uint64_t seconds = 0;  // 0 = until `last`
    std::uint64_t operations = 64;
    std::uint32_t jobs = 2;
    std::optional<std::uint64_t> point;   // one crash point, by operations issued
    std::optional<std::uint64_t> subset;  // of the operations un-synced at it
    bool json = false;
};
int command_crash_explore(const CrashExploreOptions& options);

}  // namespace ledger::sim
