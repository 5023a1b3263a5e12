#include "sim/program/campaign_report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>

#include "sim/program/capsule.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shrink_run.h"
#include "sim/program/story.h"

namespace ledger::sim {
namespace {

constexpr std::size_t shrunk_max = 8;             // discoveries
constexpr std::uint64_t canary_seconds_max = 10;  // that its shrinking may take
// Where no time is given: what two free cores do in half a minute, and less for the canary.
constexpr std::uint64_t shrink_steps = 60'000'000;
constexpr std::uint64_t canary_steps = 20'000'000;
constexpr std::uint64_t no_limit_seconds = 1'000'000;

class Writer {
  public:
    explicit Writer(const ReportOrder& order)
        : order_(order), path_(order.out.empty() ? "out" : order.out) {}

    bool make_folder() const {
        std::error_code failed;
        std::filesystem::create_directories(path_, failed);
        return !failed;
    }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    // The name, or nothing if it cannot be written.
    std::string keep(const std::string& name, const std::string& text) {
        const Result<void> written = replace_file(file(name), text);
        if (!written) {
            complain(written.error(), exit_environment);
            failed_ = true;
        }
        return written ? name : std::string();
    }
    bool failed() const { return failed_; }

    // A capsule for the smallest run, and that made smaller, with its story and its page.
    Found discovery(const Discovery& discovery, const ShrinkEffort& effort);
    void say(const Found& found) const;

  private:
    const ReportOrder& order_;
    const std::string path_;
    bool failed_ = false;
};

Found Writer::discovery(const Discovery& discovery, const ShrinkEffort& effort) {
    Found found;
    found.discovery = &discovery;
    const RunResult& smallest = discovery.smallest;
    const bool died = smallest.violation->kind == check::Kind::crash;
    const Capsule capsule = capsule_of(order_.scenario(smallest.seed), smallest, died);
    const std::string name = fmt::format("seed-{}", smallest.seed);
    found.capsule = keep(name + ".capsule", print_capsule(capsule));
    if (effort.seconds == 0) {
        return found;
    }
    const std::optional<ShrinkReport> shrunk = shrink_run(capsule, effort);
    if (!shrunk) {
        return found;
    }
    found.decisions = decisions(shrunk->capsule.scenario);
    found.faults = shrunk->faults;
    found.microseconds = shrunk->microseconds;
    found.small = keep(name + ".small.capsule", print_capsule(shrunk->capsule));
    found.story = story_text(shrunk->told.report, shrunk->told.played);
    check::Report page = shrunk->told.report;
    page.wall_milliseconds = 0;
    page.capsule = found.small;
    page.story = found.story;
    page.repro = fmt::format("ledgersim replay {} --expect", found.small);
    found.page = keep(name + ".html", check::report_html(page));
    return found;
}

void Writer::say(const Found& found) const {
    const Discovery& discovery = *found.discovery;
    std::fprintf(stderr, "%s: %s\n  in %zu seeds, the smallest run is seed %llu\n",
        discovery.smallest.violation->check.c_str(), discovery.smallest.violation->sentence.c_str(),
        discovery.seeds.size(), static_cast<unsigned long long>(discovery.smallest.seed));
    if (found.decisions) {
        std::fprintf(stderr, "  shrunk to %llu decisions: ledgersim replay %s --story\n",
            static_cast<unsigned long long>(*found.decisions), file(found.small).c_str());
    } else {
        std::fprintf(
            stderr, "  ledgersim replay %s --html seed.html\n", file(found.capsule).c_str());
    }
}

std::string discovery_json(const Found& found, Timings timings) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.finding/1");
    writer.key("fingerprint").text(found.discovery->fingerprint);
    writer.key("seed").number(found.discovery->smallest.seed);
    writer.key("seeds").number(found.discovery->seeds.size());
    writer.key("violation");
    write_violation(writer, *found.discovery->smallest.violation);
    writer.key("capsule").text(found.capsule);
    writer.key("small_capsule").text(found.small);
    writer.key("decisions");
    found.decisions ? writer.number(*found.decisions) : writer.null();
    writer.key("struck").number(found.faults);
    if (timings == Timings::yes) {
        writer.key("shrink_seconds").fixed(static_cast<std::int64_t>(found.microseconds), 6);
    }
    writer.end_object();
    text.push_back('\n');
    return text;
}

ShrinkEffort effort_of(const ReportOrder& order, std::uint64_t seconds_max, std::uint64_t steps) {
    ShrinkEffort effort{
        .seconds = std::min(order.shrink_seconds.value_or(seconds_max), seconds_max),
        .jobs = order.jobs,
        .show = ::isatty(STDERR_FILENO) != 0};
    if (!order.shrink_seconds) {
        effort.seconds = no_limit_seconds;
        effort.steps = steps;
    }
    return effort;
}

// What is there whether something was found or not.
void write_pages(const CampaignReport& report, Writer& writer) {
    std::string lines;
    for (const Found& found : report.findings) {
        lines += discovery_json(found, Timings::no);
    }
    writer.keep("report.jsonl", lines + totals_json(report.totals, Timings::no));
    writer.keep("timings.json", timings_json(report));
    writer.keep(timings_page, timings_html(report));
    writer.keep("index.html", campaign_html(report));
}

}  // namespace

ScenarioOf scenarios_of(const check::Scenario& scenario, const ScenarioChoice& choice) {
    return [scenario, choice](std::uint64_t seed) {
        check::Scenario own = scenario_of_seed(scenario, choice, seed);
        if (has_canary(seed)) {
            own.set(
                check::Section::swarm, "check.canary", check::Unit::count, check::Range::one(1));
        }
        return own;
    };
}

std::string campaign_line(const CampaignIdentity& identity) {
    const ScenarioChoice& choice = identity.choice;
    std::string line = "ledgersim campaign";
    line += identity.seconds > 0
                ? fmt::format(" --for {}s", identity.seconds)
                : fmt::format(" --seeds {}..{}", identity.shard.first, identity.shard.last);
    line += choice.file.empty() ? "" : " --scenario " + choice.file;
    line += choice.nodes == 0 ? "" : fmt::format(" --nodes {}", choice.nodes);
    return line + " --out out";
}

int write_report(const CampaignTotals& totals, const ReportOrder& order) {
    Writer writer(order);
    const bool folder = !order.out.empty() || !totals.discoveries.empty();
    if (folder && !writer.make_folder()) {
        std::fprintf(stderr, "ledgersim: cannot make %s\n", writer.file("").c_str());
        return exit_environment;
    }
    std::vector<Found> findings;
    for (const auto& [print, discovery] : totals.discoveries) {
        ShrinkEffort effort = effort_of(order, no_limit_seconds, shrink_steps);
        effort.seconds = findings.size() < shrunk_max ? effort.seconds : 0;
        findings.push_back(writer.discovery(discovery, effort));
        writer.say(findings.back());
        if (order.json) {
            const std::string line = discovery_json(findings.back(), Timings::yes);
            std::fwrite(line.data(), 1, line.size(), stdout);
        }
    }
    if (!order.out.empty()) {
        std::optional<Found> canary;
        if (totals.canary) {
            canary = writer.discovery(
                *totals.canary, effort_of(order, canary_seconds_max, canary_steps));
        }
        write_pages({.totals = totals,
                        .findings = findings,
                        .canary = canary ? &*canary : nullptr,
                        .shards = order.shards,
                        .repro = order.repro},
            writer);
        if (!order.json && !writer.failed()) {
            std::fprintf(stderr, "page: %s\n", writer.file("index.html").c_str());
        }
    }
    const std::string text = order.json ? totals_json(totals, Timings::yes) : totals_text(totals);
    const int code = check::exit_code(totals.verdict());
    return answer(text, code == exit_ok && writer.failed() ? exit_environment : code);
}

}  // namespace ledger::sim
