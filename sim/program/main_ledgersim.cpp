// ledgersim: the simulator's command line.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "sim/program/commands.h"

namespace ledger::sim {
namespace {

constexpr const char* exit_codes = R"(
Exit codes: 0 ok; 1 a property was violated; 2 usage, bad input; 3 inconclusive;
5 environment (files); 70 a bug of the tool itself; 128+n ended by signal n.)";

// "7" or "1..500".
bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
    const char* end = text.data() + text.size();
    auto [at, error] = std::from_chars(text.data(), end, first);
    if (error != std::errc{}) {
        return false;
    }
    last = first;
    if (at == end) {
        return true;
    }
    if (end - at < 3 || at[0] != '.' || at[1] != '.') {
        return false;
    }
    const auto [stop, wrong] = std::from_chars(at + 2, end, last);
    return wrong == std::errc{} && stop == end && first <= last;
}

// "60", "60s", "5m", "2h".
bool parse_seconds(const std::string& text, std::uint64_t& seconds) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, seconds);
    constexpr std::uint64_t number_max = 1'000'000;  // of hours: more than a century
    if (error != std::errc{} || seconds == 0 || seconds > number_max) {
        return false;
    }
    const std::string_view unit(at, static_cast<std::size_t>(end - at));
    seconds *= unit == "m" ? 60u : unit == "h" ? 3600u : 1u;
    return unit.empty() || unit == "s" || unit == "m" || unit == "h";
}

int usage(const std::string& what) {
    std::fprintf(stderr, "ledgersim: %s\ntry: ledgersim --help\n", what.c_str());
    return exit_usage;
}

void add_scenario(CLI::App* command, ScenarioChoice& scenario) {
    command->add_option("--scenario", scenario.file, "scenario file (default: the swarm)");
    command->add_option("--nodes", scenario.nodes, "replicas, 1 to 7 (default: by seed, mostly 3 or 5)")
        ->check(CLI::Range(1, 7));
}

// The library would take -1 and what does not fit for the largest number.
std::string check_number(const std::string& text) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const bool one = parse_seeds(text, first, last) && text.find('.') == std::string::npos;
    return one ? std::string() : "expected a number from 0 to 2^64 - 1, found " + text;
}

CLI::App* add_run(CLI::App& app, RunOptions& options) {
    CLI::App* run = app.add_subcommand("run", "Simulates one seed and checks it");
    run->description(
        "Example: ledgersim run --seed 7 --html seed-7.html\nSimulates one seed and checks it.");
    run->add_option("--seed", options.seed, "the seed; the same seed is the same run, everywhere")
        ->check(check_number);
    add_scenario(run, options.scenario);
    run->add_option("--input", options.input, "import these events (JSON lines, - = stdin)");
    run->add_option("--trace", options.trace, "write every step as a JSON line");
    run->add_option("--html", options.html, "write a page that needs nothing else");
    run->add_option("--history", options.history, "write what clients saw as JSON lines");
    run->add_option("--capsule", options.capsule, "write a capsule for `ledgersim replay`");
    run->add_option("--export-dir", options.export_directory,
        "write each replica's ledger to DIR/nK.jsonl");
    run->add_flag("--json", options.json, "one JSON object on standard output");
    run->add_flag("--in-process", options.in_process, "no child process: for debuggers");
    return run;
}

// What is said in words until all of it is known.
struct CrashExploreWords {
    CrashExploreOptions options;
    std::string seeds;
    std::string duration;
    std::optional<std::uint64_t> seed;
};

CLI::App* add_crash_explore(CLI::App& app, CrashExploreWords& words) {
    CLI::App* explore =
        app.add_subcommand("crash-explore", "Boots every image that a crash may leave of a log");
    explore->description(
        "Example: ledgersim crash-explore --for 60s\nBoots every disk image that a crash may leave "
        "of the log layer: each crash point of generated\nworkloads, each subset of what was not "
        "synced, torn in every way, and once more in recovery.");
    CLI::Option* seeds =
        explore->add_option("--seeds", words.seeds, "first..last (default: 1..100)");
    CLI::Option* duration = explore
        ->add_option("--for", words.duration, "until this much time has passed, as 60s, 5m or 2h")
        ->excludes(seeds);
    CLI::Option* seed = explore->add_option("--seed", words.seed, "one seed")
        ->check(check_number)->excludes(seeds)->excludes(duration);
    explore->add_option("--operations", words.options.operations, "file operations of a workload")
        ->check(CLI::Range(1, 64));
    explore->add_option("--jobs", words.options.jobs, "worker processes")->check(CLI::Range(1, 64));
    CLI::Option* point = explore
        ->add_option("--at", words.options.point, "this crash point only: so many operations issued")
        ->check(check_number)->needs(seed);
    explore->add_option("--subset", words.options.subset,
            "this subset only: bit i = un-synced operation i is on the disk, if only in part")
        ->check(check_number)->needs(point);
    explore->add_flag("--json", words.options.json, "one JSON object on standard output");
    return explore;
}

int dispatch_crash_explore(CrashExploreWords& words) {
    CrashExploreOptions& options = words.options;
    if (words.seed) {
        options.first = *words.seed;
        options.last = *words.seed;
        options.jobs = 1;
    }
    if (!words.seeds.empty() && !parse_seeds(words.seeds, options.first, options.last)) {
        return usage("--seeds: expected FIRST..LAST, found " + words.seeds);
    }
    if (!words.duration.empty()) {
        if (!parse_seconds(words.duration, options.seconds)) {
            return usage("--for: expected a time as 60s, 5m or 2h, found " + words.duration);
        }
        options.last = UINT64_MAX;
    }
    return command_crash_explore(options);
}

// Of `campaign`: what its shards have found together.
struct MergeWords {
    MergeOptions options;
    std::string shrinking;
    CLI::App* merge = nullptr;
    CLI::App* status = nullptr;
};

void add_merge(CLI::App* campaign, MergeWords& words) {
    MergeOptions& options = words.options;
    words.merge = campaign->add_subcommand("merge", "The report of all shards together");
    words.merge->description(
        "Example: ledgersim campaign merge shards --out report\nThe report that one machine would "
        "have given. Exit 3: a shard is missing or not finished.");
    words.status = campaign->add_subcommand("status", "How far the shards are");
    words.status->description("Example: ledgersim campaign status shards\nHow far the shards are. "
                              "Exit 3: one is missing or not finished.");
    for (CLI::App* command : {words.merge, words.status}) {
        command->add_option("directories", options.from, "where shards were written to")->required();
        command->add_flag("--json", options.json, "JSON lines, as of a campaign on one machine");
    }
    words.merge->add_option("--out", options.out,
        "directory for what was found, a page (index.html), and timings beside it");
    words.merge->add_option("--jobs", options.jobs, "processes that shrink")->check(CLI::Range(1, 64));
    words.merge->add_option("--shrink", words.shrinking, "how long each finding may be shrunk, or off");
    words.merge->add_flag("--partial", options.partial, "report what is there, though some is missing");
}

// "off", a time, or nothing.
bool parse_shrinking(const std::string& text, std::optional<std::uint64_t>& seconds) {
    std::uint64_t parsed = 0;
    if (text.empty()) {
        return true;
    }
    const bool good = text == "off" || parse_seconds(text, parsed);
    seconds = parsed;
    return good;
}

int dispatch_merge(MergeWords& words) {
    if (!parse_shrinking(words.shrinking, words.options.shrink_seconds)) {
        return usage("--shrink: expected a time as 30s, or off, found " + words.shrinking);
    }
    return words.merge->parsed() ? command_merge(words.options)
                                 : command_shard_status(words.options);
}

int dispatch(int count, char** words) {
    CLI::App app("Example: ledgersim run --seed 7\nDeterministic simulation of the replicated "
                 "event ledger.");
    app.footer(exit_codes);
    app.set_version_flag("-V,--version", std::string("ledgersim ") + LEDGER_VERSION);
    app.require_subcommand(1);

    RunOptions run;
    add_run(app, run);

    CampaignOptions campaign;
    std::string seeds;
    std::string duration;
    CLI::App* many = app.add_subcommand("campaign", "Simulates many seeds");
    many->description("Example: ledgersim campaign --seeds 1..500\nSimulates many seeds; with --shard a "
                      "part of them, on any machine, for `ledgersim campaign merge`.");
    CLI::Option* by_seeds = many->add_option("--seeds", seeds, "first..last");
    many->add_option("--for", duration, "until this much time has passed, as 60s, 5m or 2h")
        ->excludes(by_seeds);
    many->add_option("--jobs", campaign.jobs, "worker processes")->check(CLI::Range(1, 64));
    add_scenario(many, campaign.scenario);
    many->add_option("--out", campaign.out,
        "directory for what it finds, a page (index.html), and its state");
    std::string shrinking;
    many->add_option("--shrink", shrinking,
        "how long each finding may be shrunk, as 30s, or off (default: about half a minute)");
    std::string shard;
    many->add_option("--shard", shard,
        "I/N: part I of N, into --out; env: from LEDGERSIM_SHARD and _SHARDS, or an array's variables");
    MergeWords merge;
    add_merge(many, merge);
    many->add_flag("--resume", campaign.resume, "go on from the state in the directory of --out");
    many->add_flag("--stop-on-violation", campaign.stop_on_violation, "start no seed after one");
    many->add_flag("--json", campaign.json, "JSON lines: findings, then one line of totals");

    DoublecheckOptions doublecheck;
    std::string double_seeds;
    CLI::App* twice = app.add_subcommand("doublecheck", "Runs seeds twice and compares the hashes");
    twice->description(
        "Example: ledgersim doublecheck --seeds 1..500\nRuns seeds twice and compares the hashes.");
    twice->add_option("--seeds", double_seeds, "first..last")->required();
    add_scenario(twice, doublecheck.scenario);
    twice->add_flag("--json", doublecheck.json, "one JSON object on standard output");

    ReplayOptions replay;
    CLI::App* again = app.add_subcommand("replay", "Runs a capsule again");
    again->description("Example: ledgersim replay seed-7.capsule --expect\nRuns a capsule again.");
    again->add_option("capsule", replay.capsule, "a capsule, or a node's recording")->required();
    again->add_option("--input", replay.input, "the imported file, if it lies elsewhere now");
    CLI::Option* until = again->add_option("--until", replay.until, "show the trace up to this step");
    again->add_flag("--expect", replay.expect, "succeed only if the recorded finding comes again");
    CLI::Option* story = again->add_flag("--story", replay.story, "tell what happened, in order");
    for (CLI::Option* other :
        {again->add_option("--trace", replay.trace, "write every step as a JSON line"),
            again->add_option("--html", replay.html, "write a page that needs nothing else"),
            again->add_flag("--json", replay.json, "one JSON object on standard output"),
            until}) {
        other->excludes(story);
    }

    ShrinkOptions shrink;
    std::string effort;
    CLI::App* smaller = app.add_subcommand("shrink", "Makes a failing run small");
    smaller->description("Example: ledgersim shrink seed-7.capsule -o small.capsule\n"
                         "Takes away from a failing run what it does not need to fail in the same "
                         "way,\nand tells what is left, in order.");
    smaller->add_option("capsule", shrink.capsule, "of a run that violated something")->required();
    smaller->add_option("-o,--out", shrink.out, "where to (default: NAME.small.capsule)");
    smaller->add_option("--for", effort, "how long it may take (default: 30s)");
    smaller->add_option("--jobs", shrink.jobs, "worker processes")->check(CLI::Range(1, 64));
    smaller->add_option("--html", shrink.html, "write a page that needs nothing else");
    smaller->add_flag("--json", shrink.json, "one JSON object on standard output");

    CrashExploreWords explore;
    CLI::App* crashes = add_crash_explore(app, explore);

    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? exit_ok : exit_usage;
    }
    if (merge.merge->parsed() || merge.status->parsed()) {
        return dispatch_merge(merge);
    }
    if (many->parsed()) {
        if (seeds.empty() == duration.empty()) {
            return usage("campaign needs --seeds FIRST..LAST or --for TIME");
        }
        if (!seeds.empty() && !parse_seeds(seeds, campaign.first, campaign.last)) {
            return usage("--seeds: expected FIRST..LAST, found " + seeds);
        }
        if (!duration.empty() && !parse_seconds(duration, campaign.seconds)) {
            return usage("--for: expected a time as 60s, 5m or 2h, found " + duration);
        }
        if (!parse_shrinking(shrinking, campaign.shrink_seconds)) {
            return usage("--shrink: expected a time as 30s, or off, found " + shrinking);
        }
        if (!shard.empty()) {
            const ShardWords parsed = parse_shard(shard, [](const char* name) { return std::getenv(name); });
            if (!parsed.choice) {
                return usage("--shard: " + parsed.error);
            }
            if (campaign.out.empty() || campaign.shrink_seconds) {
                return usage(campaign.out.empty() ? "--shard needs the directory: --out DIR"
                                                  : "--shrink is for the merge of shards");
            }
            campaign.shard = parsed.choice;
        }
        if (campaign.resume && campaign.out.empty()) {
            return usage("--resume needs the directory: --out DIR");
        }
        return command_campaign(campaign);
    }
    if (twice->parsed()) {
        if (!parse_seeds(double_seeds, doublecheck.first, doublecheck.last)) {
            return usage("--seeds: expected FIRST..LAST, found " + double_seeds);
        }
        if (doublecheck.last - doublecheck.first >= doublecheck_seeds_max) {
            return usage("--seeds: at most " + std::to_string(doublecheck_seeds_max) +
                         " seeds at once, found " + double_seeds);
        }
        return command_doublecheck(doublecheck);
    }
    if (smaller->parsed()) {
        if (!effort.empty() && !parse_seconds(effort, shrink.seconds)) {
            return usage("--for: expected a time as 60s, 5m or 2h, found " + effort);
        }
        return command_shrink(shrink);
    }
    if (crashes->parsed()) {
        return dispatch_crash_explore(explore);
    }
    return again->parsed() ? command_replay(replay) : command_run(run);
}

}  // namespace
}  // namespace ledger::sim

int main(int count, char** words) {
    try {
        return ledger::sim::dispatch(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ledgersim: internal error: %s\n", error.what());
        return ledger::sim::exit_bug;
    }
}
