#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/explore/crash_explorer.h"
#include "sim/program/commands.h"
#include "sim/program/output.h"
#include "sim/program/supervise.h"

namespace ledger::sim {
namespace {

constexpr std::uint32_t jobs_max = 64;
constexpr std::size_t findings_kept = 64;  // by each worker: those of its first seeds
constexpr std::size_t findings_shown = 8;

std::uint64_t cpu_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

// A finding in memory that processes share.
struct KeptFinding {
    std::uint64_t seed = 0;
    CrashPlace place;
    CrashPlace again;
    bool in_recovery = false;
    char after[96] = {};
    char sentence[480] = {};
};

// What one worker has done, in memory shared with its parent; its place in case that it dies.
struct Desk {
    ExploreCounts counts;
    std::uint64_t seeds = 0;
    std::uint64_t cpu_microseconds = 0;
    std::uint64_t seed = 0;
    CrashPlace place;
    std::size_t findings = 0;
    KeptFinding kept[findings_kept];
};

struct Shared {
    std::atomic<std::uint64_t> next_place;  // among the seeds
    std::atomic<std::uint32_t> working;
    Desk desks[jobs_max];
};

template <std::size_t bytes>
void keep_text(char (&to)[bytes], const std::string& text) {
    const std::size_t count = std::min(text.size(), bytes - 1);
    std::copy_n(text.begin(), count, to);
    to[count] = '\0';
}

void keep(Desk& desk, const CrashFinding& finding) {
    if (desk.findings == findings_kept) {
        return;
    }
    KeptFinding& kept = desk.kept[desk.findings];
    kept.seed = finding.seed;
    kept.place = finding.place;
    kept.in_recovery = finding.in_recovery.has_value();
    kept.again = finding.in_recovery.value_or(CrashPlace{});
    keep_text(kept.after, finding.after);
    keep_text(kept.sentence, finding.sentence);
    ++desk.findings;
}

class Team {
  public:
    Team(const CrashExploreOptions& options, Shared& shared)
        : options_(options), shared_(shared), start_(wall_clock_microseconds()),
          deadline_(options.seconds == 0 ? UINT64_MAX : start_ + options.seconds * 1'000'000) {
        shared_.working = options.jobs;
    }

    // Starts a process for this job and those after it; returns when all of them have ended.
    void run(std::uint32_t job = 0) {
        if (job == options_.jobs) {
            show_progress();
            return;
        }
        supervise_beside(
            [&] {
                sit_at(shared_.desks[job]);
                --shared_.working;
                return 0;
            },
            [&] { run(job + 1); });
    }
    std::uint64_t wall_microseconds() const { return wall_clock_microseconds() - start_; }

  private:
    // A worker that dies of a signal has found something; another one goes on with the next seed.
    void sit_at(Desk& desk) {
        while (true) {
            const ChildEnd end = supervise([&] {
                work(desk);
                return 0;
            });
            if (end.signal == 0) {
                return;
            }
            ++desk.seeds;
            ++desk.counts.violations;
            CrashFinding finding;
            finding.seed = desk.seed;
            finding.place = desk.place;
            finding.after = fmt::format("operation {}", desk.place.point);
            finding.sentence = crash_violation(end, Progress{}).sentence;
            keep(desk, finding);
        }
    }

    void work(Desk& desk) {
        ExploreOptions explore{.operations_max = options_.operations,
            .point = options_.point,
            .subset = options_.subset,
            .wrap = {},
            .booting = [&desk](const CrashPlace& place) { desk.place = place; }};
        std::uint64_t cpu = cpu_microseconds();
        while (wall_clock_microseconds() < deadline_) {
            const std::uint64_t place = shared_.next_place.fetch_add(1);
            if (place > options_.last - options_.first) {
                return;
            }
            desk.seed = options_.first + place;
            desk.place = {};
            const ExploredSeed explored = explore_crashes(desk.seed, explore);
            desk.counts.add(explored.counts);
            ++desk.seeds;
            for (const CrashFinding& finding : explored.findings) {
                keep(desk, finding);
            }
            const std::uint64_t now = cpu_microseconds();
            desk.cpu_microseconds += now - cpu;
            cpu = now;
        }
    }

    void show_progress() const {
        if (::isatty(STDERR_FILENO) == 0) {
            return;
        }
        while (shared_.working > 0) {
            ::usleep(200'000);
            std::uint64_t seeds = 0;
            ExploreCounts counts;
            for (std::uint32_t job = 0; job < options_.jobs; ++job) {
                seeds += shared_.desks[job].seeds;
                counts.add(shared_.desks[job].counts);
            }
            const std::string line =
                fmt::format("{} seeds, {} states covered, {} booted, {} violated", seeds,
                    counts.covered, counts.booted, counts.violations);
            std::fprintf(stderr, "\r%-78s", line.c_str());
        }
        std::fprintf(stderr, "\r%78s\r", "");
    }

    const CrashExploreOptions& options_;
    Shared& shared_;
    const std::uint64_t start_;
    const std::uint64_t deadline_;
};

struct Totals {
    ExploreCounts counts;
    std::uint64_t seeds = 0;
    std::uint64_t cpu_microseconds = 0;
    std::uint64_t wall_microseconds = 0;
    std::vector<KeptFinding> findings;  // by seed

    // Per second of one core.
    std::uint64_t rate(std::uint64_t count) const {
        return count * 1'000'000 / std::max<std::uint64_t>(cpu_microseconds, 1);
    }
};

Totals add_up(const Shared& shared, std::uint32_t jobs) {
    Totals totals;
    for (std::uint32_t job = 0; job < jobs; ++job) {
        const Desk& desk = shared.desks[job];
        totals.counts.add(desk.counts);
        totals.seeds += desk.seeds;
        totals.cpu_microseconds += desk.cpu_microseconds;
        totals.findings.insert(
            totals.findings.end(), desk.kept, desk.kept + desk.findings);
    }
    // A seed's findings come from one worker, in order.
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < totals.findings.size(); ++i) {
        order.emplace_back(totals.findings[i].seed, i);
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), findings_shown));
    const std::vector<KeptFinding> all = std::exchange(totals.findings, {});
    for (const auto& [seed, at] : order) {
        totals.findings.push_back(all[at]);
    }
    return totals;
}

// Nothing violated is not enough: every seed that was asked for, and something in it, was examined.
check::Verdict verdict_of(const CrashExploreOptions& options, const Totals& totals) {
    if (totals.counts.violations > 0) {
        return check::Verdict::violated;
    }
    const bool all = options.seconds > 0 || totals.seeds - 1 == options.last - options.first;
    const bool some = totals.counts.booted > 0 && totals.counts.covered >= totals.counts.booted;
    return all && some ? check::Verdict::ok : check::Verdict::inconclusive;
}

std::string repro_of(const CrashExploreOptions& options, const KeptFinding& finding) {
    std::string line = fmt::format("ledgersim crash-explore --seed {} --at {} --subset {}",
        finding.seed, finding.place.point, finding.place.subset);
    if (options.operations != explored_operations_max) {
        line += fmt::format(" --operations {}", options.operations);
    }
    return line;
}

void write_place(check::JsonWriter& writer, const CrashPlace& place) {
    writer.key("point").number(place.point);
    writer.key("unsynced").number(place.unsynced);
    writer.key("subset").number(place.subset);
    writer.key("torn").number(place.torn);
}

void write_finding(
    check::JsonWriter& writer, const CrashExploreOptions& options, const KeptFinding& finding) {
    writer.begin_object().key("seed").number(finding.seed);
    write_place(writer, finding.place);
    writer.key("after").text(finding.after);
    writer.key("in_recovery");
    if (finding.in_recovery) {
        writer.begin_object();
        write_place(writer, finding.again);
        writer.end_object();
    } else {
        writer.null();
    }
    writer.key("sentence").text(finding.sentence);
    writer.key("repro").text(repro_of(options, finding)).end_object();
}

void write_range(
    check::JsonWriter& writer, const char* key, std::uint64_t least, std::uint64_t most) {
    writer.key(key).begin_object();
    writer.key("min").number(std::min(least, most)).key("max").number(most).end_object();
}

std::string totals_json(const CrashExploreOptions& options, const Totals& totals) {
    const ExploreCounts& counts = totals.counts;
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.crash-explore/1");
    writer.key("verdict").text(check::to_text(verdict_of(options, totals)));
    writer.key("seeds_run").number(totals.seeds);
    writer.key("operations").number(counts.operations);
    writer.key("covered").number(counts.covered);
    writer.key("booted").number(counts.booted);
    writer.key("covered_in_recovery").number(counts.covered_in_recovery);
    writer.key("booted_in_recovery").number(counts.booted_in_recovery);
    writer.key("booted_small").number(counts.booted_small);
    writer.key("recoveries").number(counts.recoveries);
    writer.key("covered_per_second").number(totals.rate(counts.covered));
    writer.key("booted_per_second").number(totals.rate(counts.booted));
    writer.key("unsynced_max").number(counts.unsynced_max);
    write_range(writer, "image_bytes", counts.bytes_min, counts.bytes_max);
    write_range(writer, "segments", counts.segments_min, counts.segments_max);
    writer.key("violations").number(counts.violations);
    writer.key("findings").begin_array();
    for (const KeptFinding& finding : totals.findings) {
        write_finding(writer, options, finding);
    }
    writer.end_array();
    writer.key("cpu_seconds").fixed(static_cast<std::int64_t>(totals.cpu_microseconds), 6);
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(totals.wall_microseconds), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

std::string totals_text(const CrashExploreOptions& options, const Totals& totals) {
    const ExploreCounts& counts = totals.counts;
    std::string text;
    const auto row = [&](const char* name, std::uint64_t value) {
        text += fmt::format("{:<36}{:>14}\n", name, value);
    };
    row("seeds", totals.seeds);
    row("file operations", counts.operations);
    row("states covered", counts.covered);
    row("... of crashes inside recovery", counts.covered_in_recovery);
    row("images booted", counts.booted);
    row("... of crashes inside recovery", counts.booted_in_recovery);
    row("... under 16 KiB or two segments", counts.booted_small);
    row("different recoveries", counts.recoveries);
    row("covered per second and core", totals.rate(counts.covered));
    row("booted per second and core", totals.rate(counts.booted));
    row("most operations un-synced at once", counts.unsynced_max);
    row("bytes of the largest image", counts.bytes_max);
    row("segments of the largest image", counts.segments_max);
    row("violations", counts.violations);
    for (const KeptFinding& finding : totals.findings) {
        text += fmt::format("\nseed {}, crash at {} (after {}), subset {}{}:\n  {}\n  {}\n",
            finding.seed, finding.place.point, finding.after, finding.place.subset,
            finding.in_recovery ? fmt::format(", again at {} of the recovery, subset {}",
                                      finding.again.point, finding.again.subset)
                                : std::string(),
            finding.sentence, repro_of(options, finding));
    }
    text += fmt::format("\nverdict: {}\n", check::to_text(verdict_of(options, totals)));
    if (verdict_of(options, totals) == check::Verdict::inconclusive && counts.booted == 0) {
        text += "  nothing was examined\n";
    }
    return text;
}

}  // namespace

int command_crash_explore(const CrashExploreOptions& options) {
    auto* shared = new (share_memory(sizeof(Shared))) Shared{};
    Team team(options, *shared);
    team.run();
    Totals totals = add_up(*shared, options.jobs);
    totals.wall_microseconds = team.wall_microseconds();
    const std::string text =
        options.json ? totals_json(options, totals) : totals_text(options, totals);
    return answer(text, check::exit_code(verdict_of(options, totals)));
}

}  // namespace ledger::sim
