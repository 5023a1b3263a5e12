#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/check/fingerprint.h"
#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shrink_run.h"

namespace ledger::sim {
namespace {

std::string small_name(const std::string& capsule) {
    constexpr std::string_view ending = ".capsule";
    const bool plain = capsule.size() > ending.size() &&
                       capsule.compare(capsule.size() - ending.size(), ending.size(), ending) == 0;
    return (plain ? capsule.substr(0, capsule.size() - ending.size()) : capsule) + ".small.capsule";
}

std::string shrink_json(const ShrinkReport& report, const std::string& capsule) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.shrink/1");
    writer.key("fingerprint").text(report.capsule.fingerprint);
    writer.key("decisions_before").number(report.shrunk.decisions_before);
    writer.key("decisions").number(decisions(report.capsule.scenario));
    writer.key("faults").number(report.faults);
    writer.key("steps").number(report.shrunk.steps);
    writer.key("trials").number(report.shrunk.trials);
    writer.key("finished").boolean(report.shrunk.finished);
    writer.key("wall_seconds");
    writer.fixed(static_cast<std::int64_t>(report.microseconds), 6);
    writer.key("violation");
    write_violation(writer, *report.told.result.violation);
    writer.key("capsule").text(capsule).end_object();
    text.push_back('\n');
    return text;
}

std::string shrink_text(const ShrinkReport& report, const ShrinkOptions& options) {
    const check::Scenario& scenario = report.capsule.scenario;
    std::string text = fmt::format(
        "{} decisions before, {} now, with {} faults; {} steps; {} trials in {:.1f} s{}\n\n",
        report.shrunk.decisions_before, decisions(scenario), report.faults, report.shrunk.steps,
        report.shrunk.trials, static_cast<double>(report.microseconds) * 1e-6,
        report.shrunk.finished ? "" : " (the time was up: --for gives more)");
    check::Scenario shown = scenario;
    constexpr std::size_t shown_max = 40;
    const std::size_t hidden = scenario.tape.size() - std::min(shown_max, scenario.tape.size());
    shown.tape.resize(scenario.tape.size() - hidden);
    text += check::print_scenario(shown) + (hidden > 0 ? fmt::format("... {} more\n", hidden) : "") +
            '\n' +
            story_text(report.told.report, report.told.played) + '\n';
    text += fmt::format("verdict  violated\nrepeat   ledgersim replay {} --expect\ncapsule  {}\n",
        options.out, options.out);
    text += options.html.empty() ? "" : fmt::format("page     {}\n", options.html);
    return text;
}

}  // namespace

int command_shrink(const ShrinkOptions& words) {
    ShrinkOptions options = words;
    if (options.out.empty()) {
        options.out = small_name(options.capsule);
    }
    const Result<std::string> text = read_file(options.capsule);
    if (!text) {
        return complain(text.error(), exit_usage);
    }
    Result<Capsule> parsed = parse_capsule(*text);
    if (!parsed) {
        Error error = parsed.error();
        error.place = options.capsule + ": " + error.place;
        return complain(error, exit_usage);
    }
    if (const auto why = foreign(*parsed, options.capsule)) {
        std::fprintf(stderr, "ledgersim: %s\n", why->c_str());
        return exit_usage;
    }
    if (parsed->input != "-") {
        std::fprintf(stderr, "ledgersim: %s imports %s: only runs of the swarm can be shrunk\n",
            options.capsule.c_str(), parsed->input.c_str());
        return exit_usage;
    }
    if (parsed->fingerprint == "-") {
        std::fprintf(stderr, "ledgersim: %s is of a run that violated nothing (verdict %s)\n",
            options.capsule.c_str(), parsed->verdict.c_str());
        return exit_usage;
    }
    const std::optional<ShrinkReport> report = shrink_run(*parsed,
        {.seconds = options.seconds, .jobs = options.jobs, .show = ::isatty(STDERR_FILENO) != 0});
    if (!report) {
        std::fprintf(stderr,
            "ledgersim: %s does not fail any more as it did; look at it with: ledgersim replay %s\n",
            options.capsule.c_str(), options.capsule.c_str());
        return exit_inconclusive;
    }
    if (auto done = write_file(options.out, print_capsule(report->capsule)); !done) {
        return complain(done.error(), exit_environment);
    }
    if (!options.html.empty()) {
        check::Report page = report->told.report;
        page.capsule = options.out;
        page.story = story_text(report->told.report, report->told.played);
        page.page = options.html;
        page.repro = fmt::format("ledgersim replay {} --expect", options.out);
        if (auto done = write_file(options.html, check::report_html(page)); !done) {
            return complain(done.error(), exit_environment);
        }
    }
    return answer(options.json ? shrink_json(*report, options.out) : shrink_text(*report, options),
        exit_ok);
}

}  // namespace ledger::sim
