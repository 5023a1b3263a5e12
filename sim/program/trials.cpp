#include "sim/program/trials.h"

#include <algorithm>

#include "log/base/assert.h"
#include "sim/check/fingerprint.h"
#include "sim/program/result_record.h"
#include "sim/program/runner.h"
#include "sim/program/supervise.h"

namespace ledger::sim {
namespace {

// Memory that children write to until they die.
template <typename T>
T* shared_array(std::size_t count) {
    return static_cast<T*>(share_memory(count * sizeof(T)));
}

struct SharedTape {
    std::size_t size = 0;
    check::Decision decisions[decisions_max];
};

std::optional<RunResult> result_of(const ChildReport& report) {
    return report.end.signal == 0 ? decode_result(report.said) : std::nullopt;
}

ByteVector encoded(const RunResult& result) {
    ByteVector bytes;
    encode_result(result, bytes);
    return bytes;
}

// Where each of some children is.
Progress* shared_progress() {
    constexpr std::size_t children_max = 64;
    static auto* const progress =
        static_cast<Progress*>(share_memory(children_max * sizeof(Progress)));
    return progress;
}

}  // namespace

Trials::Trials(std::string fingerprint, const Options& options)
    : fingerprint_(std::move(fingerprint)), options_(options),
      counts_steps_(fingerprint_.find("bounded_run") == 0),
      asked_(shared_array<std::uint8_t>(options.jobs * decisions_max)) {}

std::uint8_t* Trials::asked(std::size_t child) const {
    return asked_ + child * decisions_max;
}

// Most runs that do not fail go on for long after the step at which they could have.
std::uint64_t Trials::steps_max(const Candidate& candidate) const {
    const bool known = candidate.steps > 0 && !counts_steps_;
    return known ? std::min(options_.steps_max, candidate.steps * 5 / 4 + 1'000)
                 : options_.steps_max;
}

bool Trials::time_left(std::uint32_t percent) const {
    return wall_clock_microseconds() - options_.begin < options_.time * percent / 100 &&
           work_ < options_.work * percent / 100;
}

std::vector<Trial> Trials::run(std::span<const Candidate> candidates) {
    LEDGER_ASSERT(candidates.size() <= options_.jobs);
    Progress* const progress = shared_progress();
    std::vector<std::function<void(const Say&)>> bodies;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        LEDGER_ASSERT(candidates[i].scenario.tape.size() <= decisions_max);
        std::fill_n(asked(i), candidates[i].scenario.tape.size(), std::uint8_t{0});
        bodies.push_back([&, i](const Say& say) {
            ProgressObserver observer(progress[i], nullptr);
            say(encoded(run_seed({.scenario = candidates[i].scenario,
                .seed = candidates[i].seed,
                .guest = candidates[i].guest,
                .observer = &observer,
                .steps_max = steps_max(candidates[i]),
                .played = [&](std::uint32_t place) { asked(i)[place] = 1; }})
                            .result));
        });
    }
    const std::vector<ChildReport> reports = run_side_by_side(bodies, options_.microseconds_max);
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        const std::optional<RunResult> result = result_of(reports[i]);
        const std::optional<check::Violation> violation =
            result ? result->violation : crash_violation(reports[i].end, progress[i]);
        Trial trial{.same = violation && !reports[i].end.timed_out &&
                            check::fingerprint(*violation) == fingerprint_,
            .steps = progress[i].step,
            .asked = {}};
        for (std::uint32_t place = 0; place < candidates[i].scenario.tape.size(); ++place) {
            if (asked(i)[place] != 0) {
                trial.asked.push_back(place);
            }
        }
        work_ += trial_steps + trial.steps;
        trials.push_back(std::move(trial));
    }
    return trials;
}

std::vector<check::Decision> Trials::record(const Candidate& candidate) {
    return find(candidate).tape;
}

Seen find(const Candidate& candidate, std::span<const Branch> branches) {
    static auto* const tape = shared_array<SharedTape>(1);
    Progress* const progress = shared_progress();
    const std::uint64_t start = wall_clock_microseconds();
    tape->size = 0;
    const std::function<void(const Say&)> body = [&](const Say& say) {
        ProgressObserver observer(*progress, nullptr);
        say(encoded(run_seed({.scenario = candidate.scenario,
            .seed = candidate.seed,
            .guest = candidate.guest,
            .observer = &observer,
            .branches = {branches.begin(), branches.end()},
            .decided = [&](const check::Decision& decision) {
                if (tape->size < decisions_max) {
                    tape->decisions[tape->size++] = decision;
                }
            }}).result));
    };
    const std::vector<ChildReport> reports = run_side_by_side({&body, 1}, UINT64_MAX / 2);
    const std::optional<RunResult> result = result_of(reports.front());
    Seen seen;
    seen.violation =
        result ? result->violation : crash_violation(reports.front().end, *progress);
    seen.tape.assign(tape->decisions, tape->decisions + tape->size);
    seen.steps = progress->step;
    seen.microseconds = wall_clock_microseconds() - start;
    return seen;
}

}  // namespace ledger::sim
