#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "node/recording.h"
#include "sim/check/fingerprint.h"
#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/mapped_file.h"
#include "sim/program/output.h"
#include "sim/program/supervise.h"
#include "sim/program/tell.h"
#include "sim/program/trace_writer.h"

namespace ledger::sim {
namespace {

// Writes the trace only up to a step.
class Until final : public StepObserver {
  public:
    Until(std::uint64_t last, StepObserver& next) : last_(last), next_(next) {}
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override {
        beyond_ = last_ > 0 && step > last_;
        if (!beyond_) {
            next_.stepping(step, now, node, event);
        }
    }
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override {
        if (!beyond_) {
            next_.stepped(replica, effects);
        }
    }

  private:
    const std::uint64_t last_;
    StepObserver& next_;
    bool beyond_ = false;
};

int judge_expectation(const Capsule& capsule, const RunResult& result, bool died) {
    const std::string verdict(check::to_text(result.verdict));
    const std::string found = result.violation ? check::fingerprint(*result.violation) : "-";
    const std::string hash = died ? "-" : hash_text(result.trace_hash);
    const auto differs = [](const char* what, const std::string& recorded, const std::string& now) {
        if (recorded == now) {
            return false;
        }
        std::fprintf(stderr, "ledgersim: the capsule recorded %s %s, this run has %s\n", what,
            recorded.c_str(), now.c_str());
        return true;
    };
    const bool changed = differs("verdict", capsule.verdict, verdict) ||
                         differs("finding", capsule.fingerprint, found);
    // The hash changes with every change of the code; only the finding is expected again.
    differs("hash", capsule.trace_hash, hash);
    return changed ? exit_violated : exit_ok;
}

int tell_story(const ReplayOptions& options, const Capsule& capsule) {
    if (capsule.input != "-") {
        std::fprintf(stderr, "ledgersim: %s imports %s: there is no story of that\n",
            options.capsule.c_str(), capsule.input.c_str());
        return exit_usage;
    }
    const Told told = tell({capsule.scenario, capsule.seed});
    return answer(story_text(told.report, told.played),
        options.expect ? judge_expectation(capsule, told.result, told.died)
                       : check::exit_code(told.result.verdict));
}

// A real node's recording (`ledgerd run --record`): the same replica once more, bit for bit.
int replay_node(const ReplayOptions& options, ByteSpan recording) {
    const std::uint64_t start = wall_clock_microseconds();
    const Result<node::Replayed> replayed = node::replay_recording(recording);
    if (!replayed) {
        Error error = replayed.error();
        error.place = options.capsule + ": " + error.place;
        return complain(error, exit_usage);
    }
    const check::Verdict verdict =
        replayed->differs_at ? check::Verdict::violated : check::Verdict::ok;
    std::string text;
    if (options.json) {
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledgersim.replay-node/1");
        writer.key("verdict").text(check::to_text(verdict));
        writer.key("events").number(replayed->steps);
        writer.key("trace_hash").text(hash_text(replayed->hash));
        writer.key("differs_at");
        if (replayed->differs_at) {
            writer.number(*replayed->differs_at);
        } else {
            writer.null();
        }
        writer.key("torn_bytes").number(replayed->torn_bytes);
        writer.key("wall_seconds");
        writer.fixed(static_cast<std::int64_t>(wall_clock_microseconds() - start), 6);
        writer.end_object();
        text.push_back('\n');
    } else {
        text = fmt::format("{} steps replayed, trace {}\n", replayed->steps,
            hash_text(replayed->hash));
        if (replayed->torn_bytes > 0) {
            text += fmt::format("the last {} bytes are no whole step: the node was killed there\n",
                replayed->torn_bytes);
        }
        text += replayed->differs_at
                    ? fmt::format("after step {} the replica stood elsewhere than the recorded one\n",
                          *replayed->differs_at)
                    : "every step came out as it was recorded\n";
        text += fmt::format("verdict  {}\n", check::to_text(verdict));
    }
    return answer(text, check::exit_code(verdict));
}

// What `ledgersim explore` has found: its story is all there is of it.
int replay_timeline(const ReplayOptions& options) {
    if (options.until > 0 || !options.input.empty() || !options.trace.empty() ||
        !options.html.empty()) {
        std::fprintf(stderr,
            "ledgersim: %s is a timeline of the core: it has no trace, page or input\n",
            options.capsule.c_str());
        return exit_usage;
    }
    ExploreCoreOptions explore;
    explore.replay = options.capsule;
    explore.expect = options.expect;
    explore.json = options.json;
    return command_explore(explore);
}

}  // namespace

int command_replay(const ReplayOptions& options) {
    const Result<MappedFile> mapped = MappedFile::open(options.capsule);
    if (!mapped) {
        return complain(mapped.error(), exit_usage);
    }
    if (node::is_recording(mapped->bytes())) {
        return replay_node(options, mapped->bytes());
    }
    if (as_text(mapped->bytes()).starts_with("ledger.timeline/")) {
        return replay_timeline(options);
    }
    Result<Capsule> parsed = parse_capsule(as_text(mapped->bytes()));
    if (!parsed) {
        Error error = parsed.error();
        error.place = options.capsule + ": " + error.place;
        return complain(error, exit_usage);
    }
    if (const auto why = foreign(*parsed, options.capsule)) {
        std::fprintf(stderr, "ledgersim: %s\n", why->c_str());
        return exit_usage;
    }
    const Capsule capsule = std::move(*parsed);
    std::string repro = fmt::format("ledgersim replay {}", options.capsule);
    std::vector<state::Append> input;
    if (capsule.input != "-") {
        const std::string& path = options.input.empty() ? capsule.input : options.input;
        Result<Input> loaded = load_input(path);
        if (!loaded) {
            return complain(loaded.error(), exit_usage);
        }
        if (loaded->hash != capsule.input_hash) {
            std::fprintf(stderr,
                "ledgersim: %s is not the file that was imported (SHA-256 %s, expected %s); name "
                "it with --input\n",
                path.c_str(), loaded->hash.c_str(), capsule.input_hash.c_str());
            return exit_usage;
        }
        input = std::move(loaded->appends);
        repro += fmt::format(" --input {}", path);
    }
    if (options.story) {
        return tell_story(options, capsule);
    }
    auto* progress = static_cast<Progress*>(share_memory(sizeof(Progress)));
    const auto print = [&](const RunResult& result, const World* world, std::uint64_t wall) {
        check::Report report = make_report(
            result, world, wall, repro, check::print_scenario(capsule.scenario));
        report.page = options.html;
        report.capsule = options.capsule;
        if (!options.html.empty()) {
            if (auto done = write_file(options.html, check::report_html(report)); !done) {
                return complain(done.error(), exit_environment);
            }
        }
        const std::string shown = options.json
                                      ? run_json(result, wall, repro, "ledgersim.replay/1")
                                      : check::summary_text(report);
        return answer(shown, options.expect ? judge_expectation(capsule, result, world == nullptr)
                                            : check::exit_code(result.verdict));
    };
    const auto body = [&] {
        std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
        std::FILE* to = nullptr;
        if (!options.trace.empty()) {
            file.reset(std::fopen(options.trace.c_str(), "wb"));
            to = file.get();
            if (to == nullptr) {
                std::fprintf(stderr, "ledgersim: cannot write %s\n", options.trace.c_str());
                return exit_environment;
            }
        } else if (options.until > 0) {
            to = stderr;
        }
        std::unique_ptr<TraceWriter> trace;
        std::unique_ptr<Until> until;
        if (to != nullptr) {
            trace = std::make_unique<TraceWriter>(to);
            until = std::make_unique<Until>(options.until, *trace);
        }
        ProgressObserver observer(*progress, until.get());
        Finished finished = run_seed({.scenario = capsule.scenario,
            .seed = capsule.seed,
            .input = input.empty() ? nullptr : &input,
            .kept_operations = report_operations_max,
            .observer = &observer});
        const int code = print(finished.result, finished.world.get(), finished.wall_microseconds);
        if (trace && !trace->flush()) {
            std::fprintf(stderr, "ledgersim: cannot write the trace\n");
            return code == exit_ok ? exit_environment : code;
        }
        return code;
    };
    const std::uint64_t start = wall_clock_microseconds();
    const ChildEnd end = supervise(body);
    if (end.signal == 0) {
        return end.exit_code;
    }
    RunResult died;
    died.seed = capsule.seed;
    died.verdict = check::Verdict::violated;
    died.violation = crash_violation(end, *progress);
    died.steps = progress->step;
    died.virtual_time = Duration{progress->time_nanoseconds};
    return print(died, nullptr, wall_clock_microseconds() - start);
}

}  // namespace ledger::sim
