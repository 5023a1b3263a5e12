#include <array>
#include <cstdio>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/check/fingerprint.h"
#include "sim/program/capsule.h"
#include "sim/program/commands.h"
#include "sim/program/edge_coverage.h"
#include "sim/program/guided_search.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shrink_run.h"
#include "sim/program/tell.h"

namespace ledger::sim {
namespace {

// One of the two ways to search, with what it came to.
struct Arm {
    const char* name;
    bool guided = false;
    Corpus corpus;
    std::uint64_t runs = 0;
    std::uint64_t steps = 0;
    std::uint64_t seeds = 0;  // random: the next one
    std::map<std::string, std::uint64_t> found;  // by fingerprint: the run that found it first
};

struct Finding {
    check::Violation violation;
    std::string arm;
    std::string capsule;
};

class Search {
  public:
    Search(const GuidedOptions& options, check::Scenario scenario)
        : options_(options), scenario_(std::move(scenario)), start_(wall_clock_microseconds()),
          arms_{{{.name = "random", .guided = false, .corpus = Corpus(options.first),
                     .seeds = options.first, .found = {}},
              {.name = "guided", .guided = true, .corpus = Corpus(options.first),
                  .seeds = options.first, .found = {}}}} {}

    void run() {
        while (seconds() < static_cast<double>(options_.seconds)) {
            // Equal steps, so that neither way is paid for the length of its runs.
            turn(arms_[0].steps <= arms_[1].steps ? arms_[0] : arms_[1]);
            show();
        }
        if (shows()) {
            std::fprintf(stderr, "\r%78s\r", "");
        }
    }
    Result<void> write_findings() {
        std::error_code ignored;
        for (const auto& [print, found] : first_) {
            std::filesystem::create_directories(options_.out, ignored);
            LEDGER_CHECK(write(found.first, found.second));
        }
        return {};
    }

    check::Verdict verdict() const {
        const bool idle = arms_[0].runs == 0 || arms_[1].runs == 0;
        return !first_.empty() ? check::Verdict::violated
               : idle          ? check::Verdict::inconclusive
                               : check::Verdict::ok;
    }
    std::string json() const;
    std::string text() const;

  private:
    double seconds() const {
        return static_cast<double>(wall_clock_microseconds() - start_) * 1e-6;
    }
    static bool shows() { return ::isatty(STDERR_FILENO) != 0; }
    void turn(Arm& arm);
    void show() const;
    Result<void> write(const Timeline& timeline, const std::string& arm);

    const GuidedOptions options_;
    const check::Scenario scenario_;
    const std::uint64_t start_;
    std::array<Arm, 2> arms_;
    // By fingerprint: the first timeline that found it, and in which arm.
    std::map<std::string, std::pair<Timeline, std::string>> first_;
    std::vector<Finding> findings_;
};

void Search::turn(Arm& arm) {
    std::vector<Timeline> timelines;
    for (std::uint32_t i = 0; i < options_.jobs; ++i) {
        timelines.push_back(
            arm.guided ? arm.corpus.next() : Timeline{.seed = arm.seeds++, .branches = {}});
    }
    const std::vector<Met> all = meet(scenario_, options_.scenario, timelines);
    for (std::size_t i = 0; i < all.size(); ++i) {
        ++arm.runs;
        arm.steps += all[i].steps;
        arm.corpus.add(timelines[i], all[i]);
        if (all[i].violation) {
            const std::string print = check::fingerprint(*all[i].violation);
            arm.found.try_emplace(print, arm.runs);
            first_.try_emplace(print, timelines[i], arm.name);
        }
    }
}

void Search::show() const {
    if (shows()) {
        std::fprintf(stderr, "\r%-78s",
            fmt::format("{:.0f} s: random {} situations, guided {}, of {:.1f} M steps each; {} findings",
                seconds(), arms_[0].corpus.situations(), arms_[1].corpus.situations(),
                static_cast<double>(arms_[0].steps) * 1e-6, first_.size())
                .c_str());
    }
}

Result<void> Search::write(const Timeline& timeline, const std::string& arm) {
    const Candidate spelled = spell_out(scenario_, options_.scenario, timeline);
    const Told told = tell(spelled);
    if (!told.result.violation) {
        std::fprintf(stderr, "ledgersim: seed %llu does not fail again with its decisions on a tape\n",
            static_cast<unsigned long long>(timeline.seed));
        return {};
    }
    Capsule capsule = capsule_of(spelled.scenario, told.result, told.died);
    if (options_.shrink_seconds > 0) {
        if (const auto small = shrink_run(capsule,
                {.seconds = options_.shrink_seconds, .jobs = options_.jobs, .show = shows()})) {
            capsule = small->capsule;
        }
    }
    const std::string path =
        fmt::format("{}/guided-{}.capsule", options_.out, findings_.size() + 1);
    LEDGER_CHECK(write_file(path, print_capsule(capsule)));
    findings_.push_back({*told.result.violation, arm, path});
    return {};
}

std::string Search::json() const {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.guided/1");
    writer.key("verdict").text(check::to_text(verdict()));
    writer.key("edges_counted").boolean(counts_edges());
    writer.key("arms").begin_array();
    for (const Arm& arm : arms_) {
        writer.begin_object().key("name").text(arm.name);
        writer.key("runs").number(arm.runs);
        writer.key("events").number(arm.steps);
        writer.key("situations").number(arm.corpus.situations());
        writer.key("passages").number(arm.corpus.passages());
        writer.key("edges").number(arm.corpus.edges());
        writer.key("marks").number(arm.corpus.marks());
        writer.key("corpus").number(arm.corpus.size());
        writer.key("findings").begin_array();
        for (const auto& [print, run] : arm.found) {
            writer.begin_object().key("fingerprint").text(print);
            writer.key("run").number(run).end_object();
        }
        writer.end_array().end_object();
    }
    writer.end_array();
    writer.key("findings").begin_array();
    for (const Finding& finding : findings_) {
        writer.begin_object().key("arm").text(finding.arm);
        writer.key("capsule").text(finding.capsule);
        writer.key("violation");
        write_violation(writer, finding.violation);
        writer.end_object();
    }
    writer.end_array();
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(seconds() * 1e6), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

std::string Search::text() const {
    std::string text = fmt::format("{:<24}{:>14}{:>14}{:>10}\n", "", "random", "guided", "ratio");
    const auto row = [&](const char* name, std::uint64_t random, std::uint64_t guided) {
        const std::string ratio =
            random == 0 ? "-"
                        : fmt::format("{:.2f}", static_cast<double>(guided) / static_cast<double>(random));
        text += fmt::format("{:<24}{:>14}{:>14}{:>10}\n", name, random, guided, ratio);
    };
    const Corpus& random = arms_[0].corpus;
    const Corpus& guided = arms_[1].corpus;
    row("runs", arms_[0].runs, arms_[1].runs);
    row("steps", arms_[0].steps, arms_[1].steps);
    row("situations", random.situations(), guided.situations());
    row("passages between them", random.passages(), guided.passages());
    row("marks", random.marks(), guided.marks());
    if (counts_edges()) {
        row("edges of the code", random.edges(), guided.edges());
    }
    row("findings", arms_[0].found.size(), arms_[1].found.size());
    for (const Finding& finding : findings_) {
        text += fmt::format("\n{} ({}): {}\ncapsule  {}\nrepeat   ledgersim replay {} --story\n",
            finding.violation.check, finding.arm, finding.violation.sentence, finding.capsule,
            finding.capsule);
    }
    text += fmt::format("verdict  {}\n", check::to_text(verdict()));
    return text;
}

}  // namespace

int command_guided(const GuidedOptions& options) {
    Result<check::Scenario> scenario = load_scenario(options.scenario);
    if (!scenario) {
        return complain(scenario.error(), exit_usage);
    }
    Search search(options, std::move(*scenario));
    search.run();
    if (auto written = search.write_findings(); !written) {
        return complain(written.error(), exit_environment);
    }
    return answer(options.json ? search.json() : search.text(), check::exit_code(search.verdict()));
}

}  // namespace ledger::sim
