#include "sim/program/shrink_run.h"

#include <cstdio>

#include <fmt/format.h>

#include "sim/check/fingerprint.h"
#include "sim/program/runner.h"
#include "sim/program/trials.h"

namespace ledger::sim {
namespace {

using check::Range;
using check::Section;
using check::Unit;

// Everything that the seed draws of the world, said in the scenario.
Candidate said_in_full(const Capsule& capsule) {
    Candidate candidate{capsule.scenario, capsule.seed};
    TapeChoices choices(capsule.scenario, capsule.seed, {});
    const Profile profile = draw_profile(choices, capsule.scenario);
    check::Scenario& scenario = candidate.scenario;
    scenario.settings = unkind_settings(choices, capsule.scenario);
    if (scenario.answers == check::AnsweredBy::seed) {
        scenario.answers = check::AnsweredBy::kind_settings;
    }
    const auto size = [&](Section section, const char* key, Unit unit, std::int64_t value) {
        scenario.set(section, key, unit, Range::one(value));
    };
    size(Section::workload, "operations", Unit::count, profile.workload.operations_max);
    size(Section::workload, "clients", Unit::count, profile.workload.clients);
    size(Section::workload, "subscribers", Unit::count, profile.workload.subscribers);
    size(Section::swarm, "faults.for", Unit::duration, profile.faults_for.nanoseconds);
    return candidate;
}

// Shows what the shrinker has reached.
class Shown final : public TrialPort {
  public:
    Shown(Trials& trials, bool show) : trials_(trials), show_(show) {}
    ~Shown() override {
        if (show_) {
            std::fprintf(stderr, "\r%70s\r", "");
        }
    }

    std::uint32_t width() const override { return trials_.width(); }
    std::vector<Trial> run(std::span<const Candidate> candidates) override {
        std::vector<Trial> trials = trials_.run(candidates);
        count_ += trials.size();
        for (std::size_t i = 0; i < trials.size(); ++i) {
            if (trials[i].same) {
                last_ = fmt::format("{} decisions, {} steps", decisions(candidates[i].scenario),
                    trials[i].steps);
                break;
            }
        }
        if (show_) {
            std::fprintf(stderr, "\r%-70s", fmt::format("{} trials: {}", count_, last_).c_str());
        }
        return trials;
    }
    std::vector<check::Decision> record(const Candidate& candidate) override {
        return trials_.record(candidate);
    }
    bool time_left(std::uint32_t percent) const override { return trials_.time_left(percent); }

  private:
    Trials& trials_;
    const bool show_;
    std::uint64_t count_ = 0;
    std::string last_ = "nothing smaller yet";
};

std::uint64_t struck(const FaultCounts& faults) {
    std::uint64_t count = 0;
    for (const Fault fault : {Fault::crash, Fault::partition_symmetric, Fault::partition_one_way,
             Fault::partition_bridge, Fault::isolate_leader, Fault::pause, Fault::disk_stall,
             Fault::disk_write_failed, Fault::disk_sync_failed, Fault::disk_full,
             Fault::disk_read_failed, Fault::clock_jump, Fault::membership_changed,
             Fault::leadership_transferred, Fault::disk_wiped, Fault::disk_crowded,
             Fault::disk_bit_rot, Fault::disk_sector_error, Fault::disk_phantom_write,
             Fault::disk_misdirected_write, Fault::disk_misdirected_read, Fault::disk_stale_read}) {
        count += faults.of(fault).fired;
    }
    return count;
}

}  // namespace

std::optional<ShrinkReport> shrink_run(
    const Capsule& capsule, const ShrinkEffort& effort, const Guest* guest) {
    const std::uint64_t start = wall_clock_microseconds();
    Candidate candidate = said_in_full(capsule);
    candidate.guest = guest;
    const Seen found = find(candidate);
    candidate.steps = found.steps;
    if (!found.violation || check::fingerprint(*found.violation) != capsule.fingerprint) {
        return std::nullopt;
    }
    Trials trials(capsule.fingerprint, {.jobs = effort.jobs,
                                           .begin = start,
                                           .time = effort.seconds * 1'000'000,
                                           .work = effort.steps,
                                           .steps_max = found.steps * 4 + 100'000,
                                           .microseconds_max = found.microseconds * 20 + 10'000'000});
    ShrinkReport report;
    {
        Shown shown(trials, effort.show);
        report.shrunk = shrink(candidate, shown);
    }
    check::Scenario& small = report.shrunk.candidate.scenario;
    small.seed_first = small.seed_last = report.shrunk.candidate.seed;
    report.told = tell(report.shrunk.candidate);
    const std::optional<check::Violation>& told = report.told.result.violation;
    if (!told || check::fingerprint(*told) != capsule.fingerprint) {
        return std::nullopt;  // it depends on something outside the run
    }
    report.capsule = capsule_of(small, report.told.result, report.told.died);
    report.capsule.guest = capsule.guest;
    report.faults = struck(report.told.result.faults);
    report.microseconds = wall_clock_microseconds() - start;
    return report;
}

}  // namespace ledger::sim
