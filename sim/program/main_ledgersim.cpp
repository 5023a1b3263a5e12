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

CLI::App* add_check(CLI::App& app, CheckOptions& options) {
    CLI::App* check = app.add_subcommand("check", "Judges a recorded history of any system");
    check->description("Example: ledgersim check history.edn --model cas-register\nJudges a recorded "
                       "history of any system: is there an order of its operations that a correct\n"
                       "object could have followed? If not, says which answers are wrong and why.");
    check->add_option("history", options.history,
            "a file, - for standard input, or FILE#CASE for one of a file of many cases; a log\n"
            "in our own lines that comes through a pipe is judged while it comes")
        ->required();
    check->add_option("--model", options.model, "what was recorded; see below (default: the obvious one)");
    check->add_option("--level", options.level, "what it promises (default: linearizable or its like)");
    check->add_option("--format", options.format, "how it is written (default: as detected)");
    check->add_option("--timeout", options.timeout,
        std::string("give up after this time, as 500ms, 10s or 5m (default: ") + check_timeout +
            "; of a log that comes through a pipe from its end on)");
    check->add_option("--memory", options.memory, "give up beyond this size, as 512MiB or 4GiB")
        ->capture_default_str();
    check->add_option("--html", options.html, "write a page that needs nothing else");
    check->add_option("--edn", options.edn, "write the history as Jepsen's operation maps");
    check->add_flag("--json", options.json, "one JSON object on standard output; of many cases one each");
    check->footer(check_help());
    return check;
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

// What is said in words until all of it is known.
struct ExploreWords {
    ExploreCoreOptions options;
    std::string order = "breadth";
    std::string reductions = "on";
    std::string memory = "8G";
    std::string duration;
};

CLI::App* add_explore(CLI::App& app, ExploreWords& words) {
    CLI::App* explore =
        app.add_subcommand("explore", "Every timeline of the production Raft core, within bounds");
    explore->description(
        "Example: ledgersim explore --nodes 3 --timeouts 2 --requests 1\nVisits every state that the "
        "environment can bring the production Raft core into within the bounds,\nand checks the "
        "invariants in each. Deliveries in any order and completions of writes are always free;\n"
        "messages that are never delivered are lost ones.");
    CoreBounds& bounds = words.options.bounds;
    explore->add_option("--nodes", bounds.nodes, "replicas (default: 3)")
        ->check(CLI::Range(1u, core_nodes_max));
    explore->add_option("--voters", bounds.voters, "of them at first, with --changes (default: all)");
    bounds.of(Spent::timeouts) = 2;
    bounds.of(Spent::requests) = 1;
    for (std::uint32_t i = 0; i < spent_count; ++i) {
        const auto what = static_cast<Spent>(i);
        explore->add_option("--" + std::string(to_text(what)), bounds.of(what),
            std::string(help_of(what)) + " (default: " + std::to_string(bounds.of(what)) + ")");
    }
    explore->add_option("--messages", bounds.messages, "on their way at the same time, at most");
    explore->add_option("--depth", bounds.depth, "actions of a timeline, at most");
    explore->add_flag("--prompt-disks", bounds.prompt_disks, "nothing is ever un-synced");
    explore->add_flag("--late-everywhere", bounds.late_everywhere,
        "long silence before every delivery, not only before those of vote requests");
    explore->add_flag("--reads-anywhere", bounds.reads_anywhere, "reads are asked of followers, too");
    explore->add_option("--order", words.order, "breadth (shortest counterexample) or depth")
        ->check(CLI::IsMember({"breadth", "depth"}));
    explore->add_option("--reductions", words.reductions, "on, off, or no-symmetry")
        ->check(CLI::IsMember({"on", "off", "no-symmetry"}));
    CoreTarget& target = words.options.target;
    explore->add_option("--until-mark", target.mark,
        "stop where this mark of the core is hit, as raft.conflict_truncation");
    explore->add_option("--until-committed", target.committed, "stop where so many commands are committed");
    explore->add_option("--until-leaders", target.leaders, "stop where so many nodes lead at once");
    explore->add_option("--until-term", target.term, "stop where this term has a leader");
    explore->add_option("--memory", words.memory, "at most, as 500M or 8G (default: 8G)");
    explore->add_option("--for", words.duration, "stop after this time, as 60s, 5m or 2h");
    explore->add_option("--out", words.options.out,
        "where the timeline that was found goes (default: explore.timeline)");
    explore->add_option("--replay", words.options.replay, "play a timeline again instead");
    explore->add_option("--from", words.options.from,
        "begin where this timeline ends, or before the step that violates something; what it has "
        "spent counts");
    explore->add_flag("--json", words.options.json, "one JSON object on standard output");
    explore->footer("Exit codes: 0 nothing is violated, or the target was reached; 1 violated, or the "
                    "target\ncannot be reached; 2 usage; 3 the bounds were not exhausted; 5 environment.");
    return explore;
}

// "500M", "8G".
bool parse_bytes(const std::string& text, std::uint64_t& bytes) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, bytes);
    const std::string_view unit(at, static_cast<std::size_t>(end - at));
    constexpr std::uint64_t number_max = 1'000'000;
    if (error != std::errc{} || bytes == 0 || bytes > number_max || (unit != "M" && unit != "G")) {
        return false;
    }
    bytes <<= unit == "M" ? 20 : 30;
    return true;
}

int dispatch_explore(ExploreWords& words) {
    ExploreCoreOptions& options = words.options;
    options.depth_first = words.order == "depth";
    options.reductions = words.reductions == "off" ? Reductions::none() : Reductions{};
    options.reductions.symmetry = words.reductions == "on";
    if (const std::string fault = fault_of(options.bounds); !fault.empty()) {
        return usage("explore: " + fault);
    }
    if (!parse_bytes(words.memory, options.memory_max)) {
        return usage("--memory: expected a size as 500M or 8G, found " + words.memory);
    }
    if (!words.duration.empty() && !parse_seconds(words.duration, options.seconds)) {
        return usage("--for: expected a time as 60s, 5m or 2h, found " + words.duration);
    }
    return command_explore(options);
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

    GuidedOptions guided;
    std::string guided_time;
    std::string guided_shrinking;
    CLI::App* search = app.add_subcommand("guided", "Searches where something new was met");
    search->description("Example: ledgersim guided --for 60s\n"
                        "Runs that go on otherwise where a run before them met a new situation, beside "
                        "as many\nsteps of random runs: what each way has met, and what it found.");
    search->add_option("--for", guided_time, "how long, as 60s (the default), 5m or 2h");
    search->add_option("--seed", guided.first, "another search")->check(check_number);
    search->add_option("--jobs", guided.jobs, "worker processes")->check(CLI::Range(1, 64));
    add_scenario(search, guided.scenario);
    search->add_option("--out", guided.out, "directory for what it finds (default: out)");
    search->add_option("--shrink", guided_shrinking,
        "how long each finding may be shrunk, as 30s (the default), or off");
    search->add_flag("--json", guided.json, "one JSON object on standard output");

    ReplayOptions replay;
    CLI::App* again = app.add_subcommand("replay", "Runs a capsule again");
    again->description("Example: ledgersim replay seed-7.capsule --expect\nRuns a capsule again.");
    again
        ->add_option(
            "capsule", replay.capsule, "a capsule, a timeline of `explore`, or a node's recording")
        ->required();
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

    CheckOptions check;
    CLI::App* judging = add_check(app, check);

    CrashExploreWords explore;
    CLI::App* crashes = add_crash_explore(app, explore);

    ExploreWords timelines;
    CLI::App* all = add_explore(app, timelines);

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
    if (search->parsed()) {
        if (!guided_time.empty() && !parse_seconds(guided_time, guided.seconds)) {
            return usage("--for: expected a time as 60s, 5m or 2h, found " + guided_time);
        }
        if (guided_shrinking == "off") {
            guided.shrink_seconds = 0;
        } else if (!guided_shrinking.empty() &&
                   !parse_seconds(guided_shrinking, guided.shrink_seconds)) {
            return usage("--shrink: expected a time as 30s, or off, found " + guided_shrinking);
        }
        return command_guided(guided);
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
    if (judging->parsed()) {
        return command_check(check);
    }
    if (crashes->parsed()) {
        return dispatch_crash_explore(explore);
    }
    if (all->parsed()) {
        return dispatch_explore(timelines);
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
