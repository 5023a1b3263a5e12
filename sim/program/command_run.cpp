#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "log/base/format.h"
#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/supervise.h"
#include "sim/program/trace_writer.h"

namespace ledger::sim {
namespace {

std::string repro_of(const RunOptions& options) {
    std::string line = repro_line(options.scenario, options.seed);
    if (!options.input.empty()) {
        line += fmt::format(" --input {}", options.input);
    }
    return line;
}

// Shows on a terminal how far the run has come.
class ProgressLine final : public StepObserver {
  public:
    explicit ProgressLine(StepObserver* next) : next_(next) {}
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override {
        if (shown_ && step % 8192 == 0) {
            std::fprintf(stderr, "\r%8.1f virtual seconds, %llu steps ",
                static_cast<double>(now.nanoseconds) * 1e-9,
                static_cast<unsigned long long>(step));
            std::fflush(stderr);
        }
        if (next_ != nullptr) {
            next_->stepping(step, now, node, event);
        }
    }
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override {
        if (next_ != nullptr) {
            next_->stepped(replica, effects);
        }
    }
    static void clear() {
        if (shown_) {
            std::fprintf(stderr, "\r%60s\r", "");
        }
    }
    static void decide() { shown_ = ::isatty(STDERR_FILENO) != 0; }

  private:
    static inline bool shown_ = false;
    StepObserver* const next_;
};

Capsule make_capsule(const RunOptions& options, const check::Scenario& scenario,
    const RunResult& result, bool died, const std::string& input_hash) {
    Capsule capsule = capsule_of(scenario, result, died);
    capsule.input = options.input;
    capsule.input_hash = input_hash;
    return capsule;
}

Result<void> write_exports(World& world, const std::string& directory) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) {
        return failure(InputErrc::unreadable, directory + ": " + failed.message());
    }
    for (const auto& host : world.hosts()) {
        LEDGER_TRY(const std::string text, export_ledger(*host));
        LEDGER_CHECK(
            write_file(fmt::format("{}/n{}.jsonl", directory, host->node()), text));
    }
    return {};
}

// Everything that a finished run leaves: files first, then what is printed.
int deliver(const RunOptions& options, const check::Scenario& scenario, const RunResult& result,
    World* world, std::uint64_t wall_microseconds, const std::string& input_hash) {
    const std::string repro = repro_of(options);
    check::Report report = make_report(
        result, world, wall_microseconds, repro, check::print_scenario(scenario));
    const bool failed = result.verdict == check::Verdict::violated;
    report.capsule = options.capsule;
    report.page = options.html;
    if (failed && report.capsule.empty()) {
        report.capsule = fmt::format("seed-{}.capsule", result.seed);
    }
    if (failed && report.page.empty()) {
        report.page = fmt::format("seed-{}.html", result.seed);
    }
    if (!report.capsule.empty()) {
        if (auto done = write_file(report.capsule, print_capsule(
                make_capsule(options, scenario, result, world == nullptr, input_hash)));
            !done) {
            return complain(done.error(), exit_environment);
        }
    }
    if (!report.page.empty()) {
        if (auto done = write_file(report.page, check::report_html(report)); !done) {
            return complain(done.error(), exit_environment);
        }
    }
    if (!options.history.empty() && world != nullptr) {
        if (auto done = write_file(options.history, world->judge().history_jsonl()); !done) {
            return complain(done.error(), exit_environment);
        }
    }
    if (!options.export_directory.empty() && world != nullptr && !failed) {
        if (auto done = write_exports(*world, options.export_directory); !done) {
            return complain(done.error(), exit_environment);
        }
    }
    const std::string text = options.json
                                 ? run_json(result, wall_microseconds, repro, "ledgersim.run/1")
                                 : check::summary_text(report);
    return answer(text, check::exit_code(result.verdict));
}

// An import is one long run: faults come at a pace at which a cluster is mostly alive, unless the
// scenario says otherwise.
void calm_for_import(check::Scenario& scenario) {
    using check::Range;
    constexpr std::int64_t millisecond = 1'000'000;
    const auto narrow = [&](std::string_view key, check::Unit unit, Range range) {
        if (scenario.find(check::Section::swarm, key) == nullptr) {
            scenario.set(check::Section::swarm, key, unit, std::move(range));
        }
    };
    narrow("nemesis.interval", check::Unit::duration,
        Range::between(200 * millisecond, 600 * millisecond));
    narrow("nemesis.duration", check::Unit::duration,
        Range::between(100 * millisecond, 400 * millisecond));
    narrow("nemesis.crashes", check::Unit::count, Range::one(1));
    narrow("nemesis.crash_storms", check::Unit::count, Range::one(1));
    narrow("nemesis.partitions", check::Unit::count, Range::one(1));
    narrow("nemesis.one_way", check::Unit::count, Range::one(1));
    narrow("nemesis.aim_at_leader", check::Unit::count, Range::one(1));
    narrow("net.latency_mean", check::Unit::duration,
        Range::between(millisecond / 5, millisecond));
    narrow("net.loss", check::Unit::share, Range::between(1'000, 10'000));
    narrow("net.duplicate", check::Unit::share, Range::between(1'000, 50'000));
    narrow("disk.sync_mean", check::Unit::duration,
        Range::between(millisecond / 10, millisecond));
    narrow("disk.slow_factor", check::Unit::count, Range::one(5));
}

int complain_about_refusals(const ImportWorkload& import,
    const std::vector<state::Append>& input, const std::string& file) {
    if (import.refused().empty()) {
        return exit_ok;
    }
    const ImportWorkload::Refusal& first = import.refused().front();
    std::fprintf(stderr, "ledgersim: %s: line %llu: the append %s\n", file.c_str(),
        static_cast<unsigned long long>(line_of(input[first.place])),
        first.conflict ? "was refused: its expected revisions contradict what was appended before"
                       : "has no known outcome: its session expired while it was retried");
    return first.conflict ? exit_usage : exit_inconclusive;
}

}  // namespace

int command_run(const RunOptions& options) {
    Result<check::Scenario> loaded = load_scenario(options.scenario);
    if (!loaded) {
        return complain(loaded.error(), exit_usage);
    }
    check::Scenario scenario = scenario_of_seed(*loaded, options.scenario, options.seed);
    std::vector<state::Append> input;
    std::string input_hash;
    if (!options.input.empty()) {
        Result<Input> loaded_input = load_input(options.input);
        if (!loaded_input) {
            return complain(loaded_input.error(), exit_usage);
        }
        input = std::move(loaded_input->appends);
        input_hash = std::move(loaded_input->hash);
    }
    if (!input.empty()) {
        calm_for_import(scenario);
    }
    ProgressLine::decide();
    auto* progress = static_cast<Progress*>(share_memory(sizeof(Progress)));
    const auto body = [&] {
        std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
        std::unique_ptr<TraceWriter> trace;
        if (!options.trace.empty()) {
            file.reset(std::fopen(options.trace.c_str(), "wb"));
            if (!file) {
                std::fprintf(stderr, "ledgersim: cannot write %s\n", options.trace.c_str());
                return exit_environment;
            }
            trace = std::make_unique<TraceWriter>(file.get());
        }
        ProgressLine line(trace.get());
        ProgressObserver observer(*progress, &line);
        const bool keep_all = !options.history.empty();
        Finished finished = run_seed({.scenario = scenario,
            .seed = options.seed,
            .input = input.empty() ? nullptr : &input,
            .kept_operations = keep_all ? UINT64_MAX : report_operations_max,
            .observer = &observer});
        ProgressLine::clear();
        const int code = deliver(options, scenario, finished.result, finished.world.get(),
            finished.wall_microseconds, input_hash);
        if (trace && !trace->flush()) {
            std::fprintf(stderr, "ledgersim: cannot write %s\n", options.trace.c_str());
            return code == exit_ok ? exit_environment : code;
        }
        const ImportWorkload* import = finished.world->import();
        return code == exit_ok && import != nullptr
                   ? complain_about_refusals(*import, input, options.input)
                   : code;
    };
    if (options.in_process) {
        return body();
    }
    const std::uint64_t start = wall_clock_microseconds();
    const ChildEnd end = supervise(body);
    if (end.signal == 0) {
        return end.exit_code;
    }
    RunResult died;
    died.seed = options.seed;
    died.verdict = check::Verdict::violated;
    died.violation = crash_violation(end, *progress);
    died.steps = progress->step;
    died.virtual_time = Duration{progress->time_nanoseconds};
    return deliver(
        options, scenario, died, nullptr, wall_clock_microseconds() - start, input_hash);
}

}  // namespace ledger::sim
