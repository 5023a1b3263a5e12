#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "sim/program/campaign_report.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shard_file.h"
#include "sim/program/workers.h"

namespace ledger::sim {
namespace {

// So much of what was done is lost at most when the process dies: a moment, or a small share.
constexpr std::uint64_t save_interval = 2'000'000;  // microseconds
constexpr std::uint64_t save_share = 64;

class ProgressLine {
  public:
    explicit ProgressLine(std::uint64_t start) : start_(start), last_(start) {}
    void show(const CampaignTotals& totals) {
        const std::uint64_t now = wall_clock_microseconds();
        if (!terminal_ || now - last_ < 200'000) {
            return;
        }
        last_ = now;
        const double seconds = static_cast<double>(now - start_) * 1e-6;
        std::string line = fmt::format("{} seeds", totals.seeds);
        if (totals.expected > 0) {
            line += fmt::format(" of {}", totals.expected);
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

// All seeds of a shard, with what is known of them already.
class Search {
  public:
    // `file` may be null: then nothing is kept.
    Search(const CampaignOptions& options, const CampaignIdentity& identity, ShardFile* file)
        : options_(options), shard_(identity.shard), file_(file) {
        totals_.expected = identity.seconds > 0 ? 0 : shard_.seeds();
        if (file_ != nullptr) {
            const ShardContents& before = file_->contents();
            totals_ = before.totals;
            done_ = before.done;
            pace_ = before.pace;
        }
        before_ = totals_.wall_microseconds;
        start_ = saved_ = wall_clock_microseconds();
    }

    // False if not all of it could be saved. `seconds`: 0 = no limit.
    bool run(const ScenarioOf& scenario, std::uint64_t seconds) {
        ProgressLine progress(start_);
        work({.shard = shard_,
            .seconds = seconds,
            .jobs = options_.jobs,
            .skip = [&](std::uint64_t position) { return done_.contains(position); },
            .run =
                [&](std::uint64_t seed, StepObserver& observer) {
                    return run_seed({.scenario = scenario(seed),
                                        .seed = seed,
                                        .input = nullptr,
                                        .kept_operations = 0,
                                        .observer = &observer})
                        .result;
                },
            .done =
                [&](const Finding& finding) {
                    take(finding);
                    progress.show(totals_);
                    return !(options_.stop_on_violation && !totals_.discoveries.empty());
                }});
        return finish();
    }
    // There is nothing more to do.
    bool finish() { return save(true); }
    const CampaignTotals& totals() const { return totals_; }
    ShardTimes times() const {
        return {.index = shard_.index,
            .seeds = totals_.seeds,
            .steps = totals_.sum.steps,
            .wall_microseconds = totals_.wall_microseconds,
            .pace = pace_};
    }

  private:
    void take(const Finding& finding) {
        const std::uint64_t position = shard_.position_of(finding.result.seed);
        if (!done_.add(position)) {
            return;  // its worker died when it had said so already
        }
        new_positions_.add(position);
        for (CampaignTotals* totals : {&totals_, &new_}) {
            totals->add(finding.result, finding.microseconds);
            for (const auto& [name, hits] : finding.marks) {
                totals->marks[name] += hits;
            }
        }
        tell(finding.result);
        const std::uint64_t now = wall_clock_microseconds();
        pace_.push_back({before_ + now - start_, totals_.sum.steps});
        if (now - saved_ > std::max(save_interval, (before_ + now - start_) / save_share)) {
            save(false);
        }
    }

    void tell(const RunResult& result) const {
        const bool canary =
            has_canary(result.seed) && result.violation && result.violation->check == "canary";
        if (options_.json && result.verdict != check::Verdict::ok && !canary) {
            const std::string line =
                run_json(result, 0, repro_line(options_.scenario, result.seed), "ledgersim.run/1");
            std::fwrite(line.data(), 1, line.size(), stdout);
        }
    }

    bool save(bool finished) {
        const std::uint64_t now = wall_clock_microseconds();
        new_.wall_microseconds += now - saved_;
        saved_ = now;
        totals_.wall_microseconds = before_ + now - start_;
        if (file_ == nullptr) {
            return true;
        }
        if (const Result<void> written = file_->append(new_, new_positions_, finished); !written) {
            complain(written.error(), exit_environment);
            return false;  // the next time all of it is tried again
        }
        new_ = {};
        new_positions_.clear();
        return true;
    }

    const CampaignOptions& options_;
    const Shard shard_;
    ShardFile* const file_;
    CampaignTotals totals_;
    SeedSet done_;
    std::vector<Pace> pace_;
    // Since the file was written to.
    CampaignTotals new_;
    SeedSet new_positions_;
    // Microseconds of wall time.
    std::uint64_t before_ = 0;
    std::uint64_t start_ = 0;
    std::uint64_t saved_ = 0;
};

std::string state_file(const CampaignOptions& options) {
    return options.shard ? fmt::format("{}/shard-{:05}-of-{:05}.state", options.out,
                               options.shard->index, options.shard->count)
                         : options.out + "/campaign.state";
}

// A shard that is finished ends well, whatever it found: the merge has the verdict, and a scheduler
// that sees a failure would try again.
int shard_answer(const CampaignOptions& options, const CampaignTotals& totals, bool saved) {
    const ShardChoice& shard = *options.shard;
    std::string text;
    if (options.json) {
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledgersim.shard/1");
        writer.key("shard").number(shard.index).key("shards").number(shard.count);
        writer.key("seeds_run").number(totals.seeds);
        writer.key("findings").number(totals.discoveries.size());
        writer.key("violated").number(totals.violated().size());
        writer.key("inconclusive").number(totals.inconclusive.size());
        writer.key("state").text(state_file(options)).end_object();
        text.push_back('\n');
    } else {
        std::fprintf(stderr,
            "shard %u of %u: %llu seeds, %zu findings: ledgersim campaign merge %s\n", shard.index,
            shard.count, static_cast<unsigned long long>(totals.seeds), totals.discoveries.size(),
            options.out.c_str());
    }
    return answer(text, saved ? exit_ok : exit_environment);
}

int run_shard(const CampaignOptions& options, const CampaignIdentity& identity,
    const ScenarioOf& scenario, ShardFile& file) {
    const ShardContents& before = file.contents();
    Search search(options, identity, &file);
    const std::uint64_t spent = before.totals.wall_microseconds / 1'000'000;
    bool saved = true;
    if (before.finished) {
        // It is left alone, whatever it is asked for.
    } else if (options.seconds > 0 && spent >= options.seconds) {
        saved = search.finish();
    } else {
        saved = search.run(scenario, options.seconds > 0 ? options.seconds - spent : 0);
    }
    return shard_answer(options, search.totals(), saved);
}

Result<std::unique_ptr<ShardFile>> open_state(
    const CampaignOptions& options, const CampaignIdentity& identity) {
    std::error_code failed;
    if (!options.resume) {
        std::filesystem::create_directories(options.out, failed);
    }
    if (failed) {
        return failure(InputErrc::unreadable, options.out + ": " + failed.message());
    }
    return ShardFile::open(state_file(options), identity,
        options.resume  ? ShardFile::Begin::go_on
        : options.shard ? ShardFile::Begin::anew_or_go_on
                        : ShardFile::Begin::anew);
}

}  // namespace

int command_campaign(const CampaignOptions& options) {
    const Result<check::Scenario> scenario = load_scenario(options.scenario);
    if (!scenario) {
        return complain(scenario.error(), exit_usage);
    }
    const Result<Digest> build = options.out.empty() ? Result<Digest>(Digest{}) : own_build();
    if (!build) {
        return complain(build.error(), exit_environment);
    }
    const ShardChoice shard = options.shard.value_or(ShardChoice{});
    const CampaignIdentity identity{.build = *build,
        .build_name = build_name(),
        .scenario = check::print_scenario(*scenario),
        .choice = options.scenario,
        .seconds = options.seconds,
        .shard = {options.first, options.last, shard.index, shard.count}};
    const ScenarioOf of_seed = scenarios_of(*scenario, options.scenario);
    std::unique_ptr<ShardFile> file;
    if (!options.out.empty()) {
        if (options.resume && !std::filesystem::exists(state_file(options))) {
            std::fprintf(stderr, "ledgersim: there is no %s; leave --resume away to begin one\n",
                state_file(options).c_str());
            return exit_usage;
        }
        Result<std::unique_ptr<ShardFile>> opened = open_state(options, identity);
        if (!opened) {
            const bool ours = opened.error().code.category() == shard_category();
            return complain(opened.error(), ours ? exit_usage : exit_environment);
        }
        file = std::move(*opened);
    }
    if (options.shard) {
        return run_shard(options, identity, of_seed, *file);
    }
    Search search(options, identity, file.get());
    const bool saved = search.run(of_seed, options.seconds);
    const int code = write_report(search.totals(), {.out = options.out,
                                                       .scenario = of_seed,
                                                       .jobs = options.jobs,
                                                       .shrink_seconds = options.shrink_seconds,
                                                       .json = options.json,
                                                       .shards = {search.times()},
                                                       .repro = campaign_line(identity)});
    return code == exit_ok && !saved ? exit_environment : code;
}

}  // namespace ledger::sim
