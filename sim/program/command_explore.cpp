// ledgersim explore: every timeline of the production core within bounds, or one of them again.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "sim/check/json.h"
#include "sim/explore/core/search.h"
#include "sim/explore/core/story.h"
#include "sim/explore/core/timeline.h"
#include "sim/program/commands.h"

namespace ledger::sim {
namespace {

constexpr const char* default_out = "explore.timeline";
constexpr const char* assertion_sentence = "an assertion of the core failed";

std::uint64_t cpu_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

// What came of a search, ready to be told.
struct Outcome {
    SearchResult result;
    Timeline timeline;  // if something was found
    std::string path;   // where it was written
    std::string repro;
    std::uint64_t cpu_microseconds = 0;
    std::uint64_t wall_microseconds = 0;
    std::uint64_t bytes = 0;
    CutOff cut_off;
    Reductions reductions;
    std::vector<std::string> marks_unhit;
    std::uint64_t node_states = 0;
    std::uint64_t messages = 0;
    std::uint64_t core_steps = 0;
};

std::string_view verdict_of(const ExploreCoreOptions& options, const Outcome& outcome) {
    const bool whole =
        outcome.result.end == SearchEnd::exhausted && outcome.result.counts.cut_by_depth == 0;
    switch (outcome.result.end) {
        case SearchEnd::violated: return "violated";
        case SearchEnd::reached: return "reached";
        default: break;
    }
    return !whole ? "inconclusive" : options.target.given() ? "unreachable" : "ok";
}

int exit_code_of(std::string_view verdict) {
    return verdict == "ok" || verdict == "reached"             ? exit_ok
           : verdict == "violated" || verdict == "unreachable" ? exit_violated
                                                               : exit_inconclusive;
}

// What the verdict does not speak about, in words.
std::vector<std::string> not_covered(const ExploreCoreOptions& options, const Outcome& outcome) {
    std::vector<std::string> gaps;
    const SearchCounts& counts = outcome.result.counts;
    if (outcome.result.end == SearchEnd::stopped) {
        gaps.push_back(fmt::format("time was up with {} states not looked into", counts.queue));
    }
    if (outcome.result.end == SearchEnd::no_memory) {
        gaps.push_back(fmt::format("memory was full with {} states not looked into", counts.queue));
    }
    if (counts.cut_by_depth > 0) {
        gaps.push_back(fmt::format(
            "what lies behind {} states at depth {}", counts.cut_by_depth, options.bounds.depth));
    }
    if (outcome.cut_off.messages > 0) {
        gaps.push_back(
            fmt::format("{} steps after which more than {} messages would have been on their way",
                outcome.cut_off.messages, options.bounds.messages));
    }
    for (std::uint32_t i = 0; i < spent_count; ++i) {
        const auto what = static_cast<Spent>(i);
        const bool lost = what == Spent::drops;
        if (options.bounds.of(what) == 0 && !lost) {
            gaps.push_back(fmt::format("any {} ({})", to_text(what), help_of(what)));
        } else if (!lost) {
            gaps.push_back(fmt::format("more than {} {}", options.bounds.of(what), to_text(what)));
        }
    }
    gaps.emplace_back(
        "leases, witnesses, priorities, crowded disks, damaged entries and their repair, "
        "entries loaded from disk, bodies, clocks beyond \"at once\" and \"after a long silence\"");
    return gaps;
}

std::uint64_t rate(std::uint64_t count, std::uint64_t microseconds) {
    return count * 1'000'000 / std::max<std::uint64_t>(microseconds, 1);
}

std::string outcome_json(const ExploreCoreOptions& options, const Outcome& outcome) {
    const SearchCounts& counts = outcome.result.counts;
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.explore/1");
    writer.key("verdict").text(verdict_of(options, outcome));
    writer.key("bounds").text(to_text(options.bounds));
    writer.key("order").text(options.depth_first ? "depth" : "breadth");
    writer.key("reductions").begin_object();
    writer.key("symmetry").boolean(outcome.reductions.symmetry);
    writer.key("dead_messages").boolean(outcome.reductions.dead_messages);
    writer.key("prompt_restarts").boolean(outcome.reductions.prompt_restarts);
    writer.key("request_numbers").boolean(outcome.reductions.request_numbers);
    writer.key("idle_deliveries").boolean(outcome.reductions.idle_deliveries).end_object();
    writer.key("generated").number(counts.generated);
    writer.key("distinct").number(counts.distinct);
    writer.key("expanded").number(counts.expanded);
    writer.key("depth").number(counts.depth);
    writer.key("levels").begin_array();
    for (const std::uint64_t level : counts.levels) {
        writer.number(level);
    }
    writer.end_array();
    writer.key("cut_off").begin_object();
    writer.key("by_messages").number(outcome.cut_off.messages);
    writer.key("by_depth").number(counts.cut_by_depth);
    writer.key("idle_deliveries").number(outcome.cut_off.idle);
    writer.key("dead_messages").number(outcome.cut_off.dead).end_object();
    writer.key("not_covered").begin_array();
    for (const std::string& gap : not_covered(options, outcome)) {
        writer.text(gap);
    }
    writer.end_array();
    writer.key("marks_unhit").begin_array();
    for (const std::string& mark : outcome.marks_unhit) {
        writer.text(mark);
    }
    writer.end_array();
    writer.key("node_states").number(outcome.node_states);
    writer.key("different_messages").number(outcome.messages);
    writer.key("core_steps").number(outcome.core_steps);
    writer.key("violation");
    if (outcome.result.violation.empty()) {
        writer.null();
    } else {
        writer.text(outcome.result.violation);
    }
    writer.key("story").begin_array();
    for (const TimelineStep& step : outcome.timeline.steps) {
        writer.text(step.story);
    }
    writer.end_array();
    writer.key("timeline");
    outcome.path.empty() ? writer.null() : writer.text(outcome.path);
    writer.key("repro");
    outcome.repro.empty() ? writer.null() : writer.text(outcome.repro);
    writer.key("generated_per_second").number(rate(counts.generated, outcome.cpu_microseconds));
    writer.key("distinct_per_second").number(rate(counts.distinct, outcome.cpu_microseconds));
    writer.key("memory_bytes").number(outcome.bytes);
    writer.key("cpu_seconds").fixed(static_cast<std::int64_t>(outcome.cpu_microseconds), 6);
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(outcome.wall_microseconds), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

std::string story_lines(const Timeline& timeline) {
    std::string text;
    for (std::size_t i = 0; i < timeline.steps.size(); ++i) {
        text += fmt::format("{:>4}  {}\n", i + 1, timeline.steps[i].story);
    }
    return text;
}

std::string outcome_text(const ExploreCoreOptions& options, const Outcome& outcome) {
    const SearchCounts& counts = outcome.result.counts;
    std::string text;
    const auto row = [&](const char* name, std::uint64_t value) {
        text += fmt::format("{:<36}{:>14}\n", name, value);
    };
    text += fmt::format("bounds {}\n", to_text(options.bounds));
    row("different states", counts.distinct);
    row("generated", counts.generated);
    row("actions to the farthest", counts.depth);
    row("different states of one node", outcome.node_states);
    row("different messages", outcome.messages);
    row("calls of the production core", outcome.core_steps);
    row("generated per second and core", rate(counts.generated, outcome.cpu_microseconds));
    row("different ones per second and core", rate(counts.distinct, outcome.cpu_microseconds));
    row("bytes of memory", outcome.bytes);
    if (!outcome.timeline.steps.empty()) {
        text += "\n" + story_lines(outcome.timeline);
    }
    if (!outcome.result.violation.empty()) {
        text += fmt::format("\nbroken: {}\n", outcome.result.violation);
    }
    text += "\nnot covered:\n";
    for (const std::string& gap : not_covered(options, outcome)) {
        text += fmt::format("  {}\n", gap);
    }
    text += fmt::format("\nverdict: {}\n", verdict_of(options, outcome));
    if (!outcome.path.empty()) {
        text += fmt::format("timeline: {}\nrepeat:   {}\n", outcome.path, outcome.repro);
    }
    return text;
}

// ---- one search

class Exploration;
// Whose core failed an assertion; a signal handler has no other way to know.
Exploration* exploring = nullptr;

class Exploration {
  public:
    Exploration(const ExploreCoreOptions& options, const Timeline& from)
        : options_(options),
          start_(wall_clock_microseconds()),
          steps_(options.bounds, sound(options.bounds, options.reductions), options.target),
          from_(follow(steps_, from, from.steps.size() - (from.violation.empty() ? 0 : 1))),
          seen_(options.memory_max),
          search_(steps_, seen_,
              {.order = options.depth_first ? SearchOrder::depth : SearchOrder::breadth,
                  .memory_max = options.memory_max,
                  .watch = [this](const SearchCounts& counts,
                               std::uint64_t bytes) { return watch(counts, bytes); },
                  .before = from_.actions}) {}

    int run() {
        if (from_.lost_at != 0 || !from_.violation.empty()) {
            const std::size_t at = from_.lost_at != 0 ? from_.lost_at : from_.actions.size();
            std::fprintf(stderr, "ledgersim: %s: step %s %s\n", options_.from.c_str(),
                std::to_string(at).c_str(),
                from_.lost_at != 0 ? "is no longer possible" : from_.violation.c_str());
            return exit_usage;
        }
        exploring = this;
        std::signal(SIGABRT, [](int) { exploring->assertion_failed(); });
        Outcome outcome;
        outcome.result = search_.run();
        std::signal(SIGABRT, SIG_DFL);
        if (!outcome.result.actions.empty()) {
            outcome.timeline = tell(steps_, outcome.result.actions, outcome.result.violation);
        }
        return finish(std::move(outcome));
    }

  private:
    // The process is about to abort: inside the core, and in none of our tables.
    [[noreturn]] void assertion_failed() {
        std::signal(SIGABRT, SIG_DFL);
        const CoreTables::Asked& asked = steps_.tables().asked();
        const CoreAction fatal{.event = asked.event, .node = steps_.tables().node(asked.node).self};
        Outcome outcome;
        outcome.result.end = SearchEnd::violated;
        outcome.result.violation = assertion_sentence;
        outcome.result.actions = search_.way_to_current();
        outcome.result.counts = search_.counts();
        outcome.result.counts.depth = static_cast<std::uint32_t>(outcome.result.actions.size() + 1);
        outcome.timeline = tell(steps_, outcome.result.actions, outcome.result.violation, fatal);
        ::_exit(finish(std::move(outcome)));
    }

    bool watch(const SearchCounts& counts, std::uint64_t bytes) {
        const std::uint64_t now = wall_clock_microseconds();
        constexpr std::uint64_t between = 200'000;
        if (::isatty(STDERR_FILENO) != 0 && now >= shown_ + between) {
            shown_ = now;
            const std::uint64_t last = counts.levels.size() > 1 ? counts.levels.back() : 0;
            const std::string line =
                fmt::format("depth {}, {} states, {} in the queue, {}/s, {} MB; this level {}",
                    counts.depth, counts.distinct, counts.queue,
                    rate(counts.distinct, now - start_), bytes >> 20, last);
            std::fprintf(stderr, "\r%-100s", line.c_str());
        }
        return options_.seconds == 0 || now < start_ + options_.seconds * 1'000'000;
    }

    int finish(Outcome outcome) {
        if (shown_ != 0) {
            std::fprintf(stderr, "\r%100s\r", "");
        }
        outcome.cpu_microseconds = cpu_microseconds();
        outcome.wall_microseconds = wall_clock_microseconds() - start_;
        outcome.bytes = search_.bytes();
        outcome.cut_off = steps_.cut_off();
        outcome.reductions = steps_.reductions();
        outcome.node_states = steps_.tables().nodes();
        outcome.messages = steps_.tables().packets();
        outcome.core_steps = steps_.tables().steps();
        const std::vector<const SometimesMark*>& marks = steps_.tables().marks();
        for (std::size_t i = 0; i < marks.size(); ++i) {
            const bool hit = steps_.marks()[i];
            const bool named =
                !outcome.marks_unhit.empty() && outcome.marks_unhit.back() == marks[i]->name;
            if (!hit && !named) {
                outcome.marks_unhit.emplace_back(marks[i]->name);
            }
        }
        if (!outcome.timeline.steps.empty()) {
            outcome.path = options_.out.empty() ? default_out : options_.out;
            outcome.repro = fmt::format("ledgersim explore --replay {}", outcome.path);
            std::ofstream file(outcome.path, std::ios::binary);
            file << print_timeline(outcome.timeline);
            file.close();
            if (!file) {
                std::fprintf(stderr, "ledgersim: cannot write %s\n", outcome.path.c_str());
                return exit_environment;
            }
        }
        const std::string text =
            options_.json ? outcome_json(options_, outcome) : outcome_text(options_, outcome);
        return answer(text, exit_code_of(verdict_of(options_, outcome)));
    }

    const ExploreCoreOptions& options_;
    const std::uint64_t start_;
    std::uint64_t shown_ = 0;
    CoreSteps steps_;
    const Followed from_;
    PrintSet seen_;
    CoreSearch search_;
};

// ---- one timeline again

// Nothing, and `code` says why.
std::optional<Timeline> load_timeline(const std::string& path, int& code) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    if (!file) {
        std::fprintf(stderr, "ledgersim: cannot read %s\n", path.c_str());
        code = exit_environment;
        return std::nullopt;
    }
    ParsedTimeline parsed = parse_timeline(content.str());
    if (!parsed.fault.empty()) {
        std::fprintf(stderr, "ledgersim: %s: %s\n", path.c_str(), parsed.fault.c_str());
        code = exit_usage;
        return std::nullopt;
    }
    return std::move(parsed.timeline);
}

// What is being played; a signal handler has no other way to know.
struct Playing {
    const ExploreCoreOptions& options;
    const Timeline& timeline;
};
const Playing* playing = nullptr;

int tell_replayed(const Playing& played, const Replayed& replayed) {
    const ExploreCoreOptions& options = played.options;
    const Timeline& timeline = played.timeline;
    const bool same = replayed.lost_at == 0 && replayed.violation == timeline.violation;
    const std::string_view verdict = !replayed.violation.empty()  ? "violated"
                                     : replayed.lost_at != 0      ? "inconclusive"
                                     : timeline.violation.empty() ? "reached"
                                                                  : "ok";  // it is mended
    std::string text;
    if (options.json) {
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.explore-replay/1");
        writer.key("verdict").text(verdict);
        writer.key("bounds").text(to_text(timeline.bounds));
        writer.key("violation");
        replayed.violation.empty() ? writer.null() : writer.text(replayed.violation);
        writer.key("as_recorded").boolean(same);
        writer.key("impossible_step");
        replayed.lost_at == 0 ? writer.null() : writer.number(replayed.lost_at);
        writer.key("story").begin_array();
        for (const TimelineStep& step : replayed.told.steps) {
            writer.text(step.story);
        }
        writer.end_array().end_object();
        text.push_back('\n');
    } else {
        text = story_lines(replayed.told);
        if (replayed.lost_at != 0) {
            text += fmt::format("\nstep {} is no longer possible\n", replayed.lost_at);
        }
        text += replayed.violation.empty() ? "" : fmt::format("\nbroken: {}\n", replayed.violation);
        text += fmt::format("\nverdict: {}{}\n", verdict, same ? ", as recorded" : "");
    }
    const bool failed = options.expect && !same;
    return answer(
        text, options.expect ? (failed ? exit_violated : exit_ok) : exit_code_of(verdict));
}

// The process is about to abort, inside the core. All steps but the last one go well, or it does
// abort.
[[noreturn]] void assertion_failed_again() {
    std::signal(SIGABRT, SIG_DFL);
    Timeline all_but_last = playing->timeline;
    TimelineStep last = all_but_last.steps.back();
    all_but_last.steps.pop_back();
    Replayed replayed = replay(all_but_last);
    last.story = fmt::format(
        "{} n{}: {}", to_text(last.action.event.act), last.action.node.value, assertion_sentence);
    replayed.told.steps.push_back(last);
    replayed.violation = assertion_sentence;
    ::_exit(tell_replayed(*playing, replayed));
}

int play_again(const ExploreCoreOptions& options) {
    int code = exit_ok;
    const std::optional<Timeline> timeline = load_timeline(options.replay, code);
    if (!timeline) {
        return code;
    }
    const Playing now{options, *timeline};
    playing = &now;
    std::signal(SIGABRT, [](int) { assertion_failed_again(); });
    const Replayed replayed = replay(*timeline);
    std::signal(SIGABRT, SIG_DFL);
    return tell_replayed(now, replayed);
}

}  // namespace

int command_explore(const ExploreCoreOptions& options) {
    if (!options.replay.empty()) {
        return play_again(options);
    }
    Timeline from;
    if (!options.from.empty()) {
        int code = exit_ok;
        std::optional<Timeline> loaded = load_timeline(options.from, code);
        if (!loaded) {
            return code;
        }
        from = std::move(*loaded);
        if (!compatible(from.bounds, options.bounds)) {
            std::fprintf(stderr, "ledgersim: %s: other nodes or disks: %s\n", options.from.c_str(),
                to_text(from.bounds).c_str());
            return exit_usage;
        }
    }
    return Exploration(options, from).run();
}

}  // namespace ledger::sim
