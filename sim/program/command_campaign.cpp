#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/workers.h"

namespace ledger::sim {
namespace {

// What a campaign adds up; sums do not depend on the order of completion.
struct Totals {
    std::uint64_t expected = 0;
    std::uint64_t seeds = 0;
    std::vector<std::uint64_t> violated;
    std::vector<std::uint64_t> inconclusive;
    std::vector<RunResult> findings;
    RunResult sum;
    std::map<std::string, check::CheckResult> checks;
    std::map<std::string, std::uint64_t> marks;

    void add(const RunResult& result) {
        ++seeds;
        if (result.verdict == check::Verdict::violated) {
            violated.push_back(result.seed);
            findings.push_back(result);
        } else if (result.verdict == check::Verdict::inconclusive) {
            inconclusive.push_back(result.seed);
        }
        sum.steps += result.steps;
        sum.virtual_time = sum.virtual_time + result.virtual_time;
        sum.faults.add(result.faults);
        sum.operations.ok += result.operations.ok;
        sum.operations.failed += result.operations.failed;
        sum.operations.unknown += result.operations.unknown;
        sum.acknowledged_appends += result.acknowledged_appends;
        sum.events_in_ledger += result.events_in_ledger;
        sum.leader_changes += result.leader_changes;
        sum.leader_changes_with_uncommitted += result.leader_changes_with_uncommitted;
        sum.crash_recoveries += result.crash_recoveries;
        sum.crash_recoveries_with_loss += result.crash_recoveries_with_loss;
        for (const check::CheckResult& one : result.checks) {
            check::CheckResult& all = checks[one.name];
            all.name = one.name;
            all.examined += one.examined;
            const bool failed = all.verdict == check::CheckResult::Verdict::violated ||
                                one.verdict == check::CheckResult::Verdict::violated;
            all.verdict = failed              ? check::CheckResult::Verdict::violated
                          : all.examined > 0 ? check::CheckResult::Verdict::ok
                                             : check::CheckResult::Verdict::idle;
        }
    }

    // A check that examined nothing in a whole campaign fails it.
    std::vector<std::string> idle() const {
        std::vector<std::string> names;
        for (const auto& [name, result] : checks) {
            if (result.verdict == check::CheckResult::Verdict::idle) {
                names.push_back(name);
            }
        }
        return names;
    }
    // `expected` = how many seeds the campaign had to run; 0 = as many as time allowed.
    check::Verdict verdict() const {
        if (!violated.empty() || (seeds > 0 && !idle().empty())) {
            return check::Verdict::violated;
        }
        const bool incomplete = seeds == 0 || seeds < expected;
        return incomplete || !inconclusive.empty() ? check::Verdict::inconclusive
                                                   : check::Verdict::ok;
    }
};

void write_numbers(check::JsonWriter& writer, const std::vector<std::uint64_t>& numbers) {
    writer.begin_array();
    for (const std::uint64_t number : numbers) {
        writer.number(number);
    }
    writer.end_array();
}

std::string totals_json(const Totals& totals, std::uint64_t wall_microseconds) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.campaign/1");
    writer.key("verdict").text(check::to_text(totals.verdict()));
    writer.key("seeds_run").number(totals.seeds);
    writer.key("violated");
    write_numbers(writer, totals.violated);
    writer.key("inconclusive");
    write_numbers(writer, totals.inconclusive);
    writer.key("faults");
    write_faults(writer, totals.sum.faults);
    writer.key("checks");
    std::vector<check::CheckResult> checks;
    for (const auto& [name, result] : totals.checks) {
        checks.push_back(result);
    }
    write_checks(writer, checks);
    writer.key("sometimes_unhit").begin_array();
    for (const auto& [name, hits] : totals.marks) {
        if (hits == 0) {
            writer.text(name);
        }
    }
    writer.end_array();
    writer.key("events").number(totals.sum.steps);
    writer.key("appends").number(totals.sum.acknowledged_appends);
    writer.key("operations").begin_object();
    writer.key("ok").number(totals.sum.operations.ok);
    writer.key("failed").number(totals.sum.operations.failed);
    writer.key("unknown").number(totals.sum.operations.unknown).end_object();
    writer.key("leader_changes").number(totals.sum.leader_changes);
    writer.key("leader_changes_with_uncommitted");
    writer.number(totals.sum.leader_changes_with_uncommitted);
    writer.key("crash_recoveries").number(totals.sum.crash_recoveries);
    writer.key("crash_recoveries_with_loss").number(totals.sum.crash_recoveries_with_loss);
    writer.key("virtual_seconds").fixed(totals.sum.virtual_time.nanoseconds / 1000, 6);
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(wall_microseconds), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

std::string totals_text(const Totals& totals, std::uint64_t wall_microseconds) {
    const RunResult& sum = totals.sum;
    std::string text;
    const auto row = [&](const char* name, std::uint64_t value) {
        text += fmt::format("{:<36}{:>14}\n", name, value);
    };
    row("seeds", totals.seeds);
    row("steps", sum.steps);
    row("acknowledged appends", sum.acknowledged_appends);
    row("operations ok", sum.operations.ok);
    row("operations failed definitely", sum.operations.failed);
    row("operations of unknown outcome", sum.operations.unknown);
    row("leader changes", sum.leader_changes);
    row("... with uncommitted entries", sum.leader_changes_with_uncommitted);
    row("crash recoveries", sum.crash_recoveries);
    row("... that lost bytes", sum.crash_recoveries_with_loss);
    text += fmt::format("{:<36}{:>13.1f}s\n", "virtual time",
        static_cast<double>(sum.virtual_time.nanoseconds) * 1e-9);
    text += fmt::format("{:<36}{:>13.1f}s\n", "wall time",
        static_cast<double>(wall_microseconds) * 1e-6);
    text += fmt::format("\n{:<36}{:>14}{:>14}\n", "fault", "fired", "consumed");
    for (std::size_t i = 0; i < fault_count; ++i) {
        text += fmt::format("{:<36}{:>14}{:>14}\n", fault_name(static_cast<Fault>(i)),
            sum.faults.counts[i].fired, sum.faults.counts[i].consumed);
    }
    text += fmt::format("\n{:<36}{:>14}{:>14}\n", "check", "verdict", "examined");
    for (const auto& [name, result] : totals.checks) {
        text += fmt::format("{:<36}{:>14}{:>14}\n", name, check::to_text(result.verdict),
            result.examined);
    }
    std::string unhit;
    for (const auto& [name, hits] : totals.marks) {
        if (hits == 0) {
            unhit += "\n  " + name;
        }
    }
    text += unhit.empty() ? "\nevery mark that was passed was hit\n"
                          : "\nmarks never hit:" + unhit + "\n";
    text += fmt::format("\nverdict: {}", check::to_text(totals.verdict()));
    for (const std::string& name : totals.idle()) {
        text += fmt::format("\n  the check {} examined nothing", name);
    }
    return text + "\n";
}

class ProgressLine {
  public:
    explicit ProgressLine(std::uint64_t start) : start_(start), last_(start) {}
    void show(const Totals& totals, const CampaignOptions& options) {
        const std::uint64_t now = wall_clock_microseconds();
        if (!terminal_ || now - last_ < 200'000) {
            return;
        }
        last_ = now;
        const double seconds = static_cast<double>(now - start_) * 1e-6;
        std::string line = fmt::format("{} seeds", totals.seeds);
        if (options.seconds == 0) {
            line += fmt::format(" of {}", options.last - options.first + 1);
        }
        line += fmt::format(", {} violated, {:.0f} steps/s, {:.0f} s", totals.violated.size(),
            static_cast<double>(totals.sum.steps) / seconds, seconds);
        std::fprintf(stderr, "\r%-70s", line.c_str());
        shown_ = true;
    }
    ~ProgressLine() {
        if (shown_) {
            std::fprintf(stderr, "\r%70s\r", "");
        }
    }

  private:
    const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
    const std::uint64_t start_;
    std::uint64_t last_;
    bool shown_ = false;
};

// One capsule for each violating seed, so that it can be replayed anywhere.
void write_findings(const Totals& totals, const check::Scenario& scenario,
    const CampaignOptions& options) {
    constexpr std::size_t written_max = 100;
    if (totals.findings.empty()) {
        return;
    }
    std::error_code ignored;
    std::filesystem::create_directories(options.out, ignored);
    for (std::size_t i = 0; i < std::min(written_max, totals.findings.size()); ++i) {
        const RunResult& found = totals.findings[i];
        const std::string path = fmt::format("{}/seed-{}.capsule", options.out, found.seed);
        const bool died = found.violation->kind == check::Kind::crash;
        const Capsule capsule =
            capsule_of(scenario_of_seed(scenario, options.scenario, found.seed), found, died);
        if (auto written = write_file(path, print_capsule(capsule)); !written) {
            complain(written.error(), exit_environment);
            return;
        }
        std::fprintf(stderr, "seed %llu violated %s: %s\n  ledgersim replay %s --html seed.html\n",
            static_cast<unsigned long long>(found.seed), found.violation->check.c_str(),
            found.violation->sentence.c_str(), path.c_str());
    }
}

}  // namespace

int command_campaign(const CampaignOptions& options) {
    Result<check::Scenario> scenario = load_scenario(options.scenario);
    if (!scenario) {
        return complain(scenario.error(), exit_usage);
    }
    const std::uint64_t start = wall_clock_microseconds();
    Totals totals;
    totals.expected = options.seconds == 0 ? options.last - options.first + 1 : 0;
    {
        ProgressLine progress(start);
        work({.first = options.first,
            .last = options.last,
            .seconds = options.seconds,
            .jobs = options.jobs,
            .run =
                [&](std::uint64_t seed, StepObserver& observer) {
                    return run_seed(
                        {.scenario = scenario_of_seed(*scenario, options.scenario, seed),
                            .seed = seed,
                            .input = nullptr,
                            .kept_operations = 0,
                            .observer = &observer})
                        .result;
                },
            .done =
                [&](const RunResult& result) {
                    totals.add(result);
                    progress.show(totals, options);
                    if (options.json && result.verdict != check::Verdict::ok) {
                        const std::string line = run_json(result, 0,
                            repro_line(options.scenario, result.seed),
                            "ledgersim.run/1");
                        std::fwrite(line.data(), 1, line.size(), stdout);
                    }
                    return !(options.stop_on_violation && !totals.violated.empty());
                },
            .mark = [&](const std::string& name,
                        std::uint64_t hits) { totals.marks[name] += hits; }});
    }
    std::sort(totals.violated.begin(), totals.violated.end());
    std::sort(totals.inconclusive.begin(), totals.inconclusive.end());
    std::sort(totals.findings.begin(), totals.findings.end(),
        [](const RunResult& a, const RunResult& b) { return a.seed < b.seed; });
    write_findings(totals, *scenario, options);
    const std::uint64_t wall = wall_clock_microseconds() - start;
    const std::string text =
        options.json ? totals_json(totals, wall) : totals_text(totals, wall);
    return answer(text, check::exit_code(totals.verdict()));
}

}  // namespace ledger::sim
