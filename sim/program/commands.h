#pragma once
// Commands: what `ledgersim` can be asked to do; each returns the process's exit code.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/core/state.h"
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

struct GuidedOptions {
    std::uint64_t seconds = 60;
    std::uint64_t first = 1;    // names the search: the same one looks at the same timelines
    std::uint32_t jobs = 2;
    ScenarioChoice scenario;
    std::string out = "out";    // where it leaves what it finds
    std::uint64_t shrink_seconds = 30;  // for each finding; 0 = they are left as they are
    bool json = false;
};
int command_guided(const GuidedOptions& options);

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

struct CheckOptions {
    std::string history;   // a file, `-`, or FILE#CASE
    std::string model;     // empty = the obvious one
    std::string level;     // empty = the model's default
    std::string format;    // empty = as detected
    std::string html;
    std::string edn;       // write the history as operation maps of Jepsen
    std::string timeout;   // empty = check_timeout, of a live log from its end on
    std::string memory = "2GiB";
    bool json = false;
};
inline constexpr const char* check_timeout = "60s";
int command_check(const CheckOptions& options);
// Models, levels and formats, for help.
std::string check_help();

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

struct ExploreCoreOptions {
    CoreBounds bounds;
    Reductions reductions;
    CoreTarget target;
    bool depth_first = false;
    std::uint64_t memory_max = 8ULL << 30;  // bytes
    std::uint64_t seconds = 0;              // 0 = until it is done
    std::string out;                        // where the timeline that was found goes
    std::string replay;                     // a timeline to be played again instead
    bool expect = false;                    // ok only if what was found comes out again
    std::string from;                       // a timeline at whose end the search begins
    bool json = false;
};
int command_explore(const ExploreCoreOptions& options);

}  // namespace ledger::sim
