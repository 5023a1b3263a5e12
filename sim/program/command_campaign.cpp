#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <unistd.h>

#include "log/base/sha256.h"
#include "sim/program/campaign_page.h"
#include "sim/program/campaign_totals.h"
#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shrink_run.h"
#include "sim/program/story.h"
#include "sim/program/workers.h"

namespace ledger::sim {
namespace {

constexpr std::uint64_t save_interval = 2'000'000;  // microseconds
constexpr std::size_t shrunk_max = 8;               // discoveries
constexpr std::uint64_t canary_seconds_max = 10;    // that its shrinking may take

// Where a campaign leaves what it has found, and what it needs to go on.
class Folder {
  public:
    Folder(const CampaignOptions& options, std::string what)
        : kept_(!options.out.empty()), path_(kept_ ? options.out : "out"), what_(std::move(what)) {}

    std::string file(const std::string& name) const { return path_ + "/" + name; }
    // Whether it was asked for; otherwise it is there for findings only.
    bool kept() const { return kept_; }
    bool make() const {
        std::error_code failed;
        std::filesystem::create_directories(path_, failed);
        return !failed;
    }
    // Done or not, all of it at once.
    Result<void> save(const CampaignTotals& totals) const {
        const std::string temporary = file("campaign.state.new");
        LEDGER_CHECK(write_file(temporary, as_text(encode_totals(totals, what_))));
        std::error_code failed;
        std::filesystem::rename(temporary, file("campaign.state"), failed);
        return failed ? Result<void>(failure(InputErrc::unreadable, temporary + ": " + failed.message()))
                      : Result<void>();
    }
    std::optional<CampaignTotals> saved() const {
        const Result<std::string> bytes = read_file(file("campaign.state"));
        return bytes ? decode_totals(as_bytes(*bytes), what_) : std::nullopt;
    }

  private:
    const bool kept_;
    const std::string path_;
    const std::string what_;
};

class ProgressLine {
  public:
    explicit ProgressLine(std::uint64_t start) : start_(start), last_(start) {}
    void show(const CampaignTotals& totals, const CampaignOptions& options) {
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
        line += fmt::format(", {} findings, {:.0f} steps/s, {:.0f} s", totals.discoveries.size(),
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

// What has to be the same for a campaign to go on: this very program, too.
std::string identity_of(const CampaignOptions& options, const check::Scenario& scenario) {
    const Result<std::string> program = read_file("/proc/self/exe");
    const Digest digest = program ? sha256(as_bytes(*program)) : Digest{};
    return fmt::format("{} {:016x} {}..{} {} nodes, file {}\n{}", build_name(), digest.truncated(),
        options.first, options.last, options.scenario.nodes, options.scenario.file,
        check::print_scenario(scenario));
}

using ScenarioOf = std::function<check::Scenario(std::uint64_t seed)>;

// A capsule for each of its seeds, the smallest run made smaller, with its story and its page.
Found write_discovery(const Discovery& discovery, const ScenarioOf& scenario, const Folder& folder,
    const CampaignOptions& options, std::uint64_t seconds) {
    Found found{.discovery = &discovery};
    const auto keep = [&](const std::string& name, const std::string& text) {
        const Result<void> written = write_file(folder.file(name), text);
        if (!written) {
            complain(written.error(), exit_environment);
        }
        return written ? name : std::string();
    };
    const RunResult& smallest = discovery.smallest;
    const bool died = smallest.violation->kind == check::Kind::crash;
    const Capsule capsule = capsule_of(scenario(smallest.seed), smallest, died);
    const std::string name = fmt::format("seed-{}", smallest.seed);
    found.capsule = keep(name + ".capsule", print_capsule(capsule));
    if (seconds == 0) {
        return found;
    }
    const std::optional<ShrinkReport> shrunk = shrink_run(capsule,
        {.seconds = seconds, .jobs = options.jobs, .show = ::isatty(STDERR_FILENO) != 0});
    if (!shrunk) {
        return found;
    }
    found.decisions = decisions(shrunk->capsule.scenario);
    found.faults = shrunk->faults;
    found.microseconds = shrunk->microseconds;
    found.small = keep(name + ".small.capsule", print_capsule(shrunk->capsule));
    found.story = story_text(shrunk->told.report, shrunk->told.played);
    check::Report page = shrunk->told.report;
    page.capsule = found.small;
    page.story = found.story;
    page.repro = fmt::format("ledgersim replay {} --expect", found.small);
    found.page = keep(name + ".html", check::report_html(page));
    return found;
}

std::string discovery_json(const Found& found) {
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
    writer.key("shrink_seconds").fixed(static_cast<std::int64_t>(found.microseconds), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

void say(const Found& found, const Folder& folder) {
    const Discovery& discovery = *found.discovery;
    std::fprintf(stderr, "%s: %s\n  in %zu seeds, the smallest run is seed %llu\n",
        discovery.smallest.violation->check.c_str(),
        discovery.smallest.violation->sentence.c_str(), discovery.seeds.size(),
        static_cast<unsigned long long>(discovery.smallest.seed));
    if (found.decisions) {
        std::fprintf(stderr, "  shrunk to %llu decisions: ledgersim replay %s --story\n",
            static_cast<unsigned long long>(*found.decisions), folder.file(found.small).c_str());
    } else {
        std::fprintf(stderr, "  ledgersim replay %s --html seed.html\n",
            folder.file(found.capsule).c_str());
    }
}

}  // namespace

std::string campaign_line(const CampaignOptions& options) {
    std::string line = "ledgersim campaign";
    line += options.seconds > 0 ? fmt::format(" --for {}s", options.seconds)
                                : fmt::format(" --seeds {}..{}", options.first, options.last);
    line += options.scenario.file.empty() ? "" : " --scenario " + options.scenario.file;
    line += options.scenario.nodes == 0 ? "" : fmt::format(" --nodes {}", options.scenario.nodes);
    return line + " --out " + options.out;
}

int command_campaign(const CampaignOptions& options) {
    Result<check::Scenario> scenario = load_scenario(options.scenario);
    if (!scenario) {
        return complain(scenario.error(), exit_usage);
    }
    const ScenarioOf of_seed = [&](std::uint64_t seed) {
        check::Scenario own = scenario_of_seed(*scenario, options.scenario, seed);
        if (has_canary(seed)) {
            own.set(check::Section::swarm, "check.canary", check::Unit::count, check::Range::one(1));
        }
        return own;
    };
    const Folder folder(options, identity_of(options, *scenario));
    if (folder.kept() && !folder.make()) {
        std::fprintf(stderr, "ledgersim: cannot make %s\n", options.out.c_str());
        return exit_environment;
    }
    CampaignTotals totals;
    totals.expected = options.seconds == 0 ? options.last - options.first + 1 : 0;
    if (options.resume) {
        std::optional<CampaignTotals> saved = folder.saved();
        if (!saved) {
            std::fprintf(stderr,
                "ledgersim: %s holds no state of this campaign: same seeds, same scenario, same "
                "build; leave --resume away to begin one\n",
                folder.file("campaign.state").c_str());
            return exit_usage;
        }
        totals = std::move(*saved);
    }
    const SeedSet done = totals.done;
    const std::uint64_t before = totals.wall_microseconds;
    const std::uint64_t start = wall_clock_microseconds();
    std::vector<Pace> pace;
    std::uint64_t saved_at = start;
    const auto save = [&] {
        totals.wall_microseconds = before + wall_clock_microseconds() - start;
        if (folder.kept()) {
            if (const Result<void> written = folder.save(totals); !written) {
                complain(written.error(), exit_environment);
            }
        }
    };
    {
        ProgressLine progress(start);
        work({.first = options.first,
            .last = options.last,
            .seconds = options.seconds,
            .jobs = options.jobs,
            .skip = [&](std::uint64_t seed) { return done.contains(seed); },
            .run =
                [&](std::uint64_t seed, StepObserver& observer) {
                    return run_seed({.scenario = of_seed(seed),
                        .seed = seed,
                        .input = nullptr,
                        .kept_operations = 0,
                        .observer = &observer})
                        .result;
                },
            .done =
                [&](const RunResult& result, std::uint64_t microseconds) {
                    totals.add(result, microseconds);
                    progress.show(totals, options);
                    const bool canary = has_canary(result.seed) && result.violation &&
                                        result.violation->check == "canary";
                    if (options.json && result.verdict != check::Verdict::ok && !canary) {
                        const std::string line = run_json(result, 0,
                            repro_line(options.scenario, result.seed),
                            "ledgersim.run/1");
                        std::fwrite(line.data(), 1, line.size(), stdout);
                    }
                    const std::uint64_t now = wall_clock_microseconds();
                    pace.push_back({now - start, totals.sum.steps});
                    if (now - saved_at > save_interval) {
                        saved_at = now;
                        save();
                    }
                    return !(options.stop_on_violation && !totals.discoveries.empty());
                },
            .mark = [&](const std::string& name,
                        std::uint64_t hits) { totals.marks[name] += hits; }});
    }
    save();
    std::vector<Found> findings;
    if (!totals.discoveries.empty()) {
        folder.make();
    }
    for (const auto& [print, discovery] : totals.discoveries) {
        const std::uint64_t seconds = findings.size() < shrunk_max ? options.shrink_seconds : 0;
        findings.push_back(write_discovery(discovery, of_seed, folder, options, seconds));
        say(findings.back(), folder);
        if (options.json) {
            const std::string line = discovery_json(findings.back());
            std::fwrite(line.data(), 1, line.size(), stdout);
        }
    }
    const std::uint64_t wall = before + wall_clock_microseconds() - start;
    if (folder.kept()) {
        std::optional<Found> canary;
        if (totals.canary) {
            canary = write_discovery(*totals.canary, of_seed, folder, options,
                std::min(options.shrink_seconds, canary_seconds_max));
        }
        const std::string page = campaign_html({.totals = totals,
            .findings = findings,
            .canary = canary ? &*canary : nullptr,
            .pace = pace,
            .wall_microseconds = wall,
            .repro = campaign_line(options)});
        if (auto written = write_file(folder.file("index.html"), page); !written) {
            return complain(written.error(), exit_environment);
        }
        if (!options.json) {
            std::fprintf(stderr, "page: %s\n", folder.file("index.html").c_str());
        }
    }
    const std::string text =
        options.json ? totals_json(totals, wall) : totals_text(totals, wall);
    return answer(text, check::exit_code(totals.verdict()));
}

}  // namespace ledger::sim
