#pragma once
// Runner: one seed in one scenario, from the command line's words to a result.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "log/base/result.h"
#include "sim/branching.h"
#include "sim/check/scenario.h"
#include "sim/program/frame_check.h"
#include "sim/tape.h"
#include "sim/world.h"

namespace ledger::sim {

// Exit codes (the table in `ledgersim --help`).
inline constexpr int exit_ok = 0;
inline constexpr int exit_violated = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_inconclusive = 3;
inline constexpr int exit_environment = 5;
inline constexpr int exit_bug = 70;

struct RunSetup {
    check::Scenario scenario;
    std::uint64_t seed = 1;
    const std::vector<state::Append>* input = nullptr;
    const Guest* guest = nullptr;
    std::uint64_t kept_operations = 0;
    StepObserver* observer = nullptr;
    std::uint64_t steps_max = WorldOptions{}.steps_max;
    std::function<void(const World&)> begun;  // is told of the world before it runs
    std::vector<Branch> branches;        // from where on other seeds answer
    RecordingChoices::Listener decided;  // is told all that is decided, if it is set
    TapeChoices::Listener played;        // is told which decisions of the scenario's tape were asked for
};

// A finished run with its world, for reports and exports.
struct Finished {
    RunResult result;
    std::uint64_t wall_microseconds = 0;
    // These outlive the world.
    std::unique_ptr<check::Scenario> scenario;
    std::unique_ptr<TapeChoices> choices;
    std::unique_ptr<BranchingChoices> branching;
    std::unique_ptr<StepObserver> observer;
    std::unique_ptr<ChoiceSource> unsteady;
    std::unique_ptr<RecordingChoices> recording;  // if asked for
    std::unique_ptr<FrameCheck> frames;
    std::unique_ptr<World> world;
};

Finished run_seed(const RunSetup& setup);

// The scenario of the file, or the default one; `nodes` > 0 overrides its voters. Without file
// and nodes each seed draws three or five.
struct ScenarioChoice {
    std::string file;
    std::uint32_t nodes = 0;
};
Result<check::Scenario> load_scenario(const ScenarioChoice& choice);
// The scenario as this seed runs it.
check::Scenario scenario_of_seed(
    const check::Scenario& scenario, const ScenarioChoice& choice, std::uint64_t seed);

// The command that repeats a run of this scenario.
std::string repro_line(const ScenarioChoice& choice, std::uint64_t seed);

// Prints "ledgersim: ..." with code and place to standard error; returns `exit_code`.
int complain(const Error& error, int exit_code);

// The last thing a command does: its answer goes to standard output. Returns `exit_code`, or that
// the environment is at fault if a good answer did not get through.
int answer(const std::string& text, int exit_code);

// Monotonic microseconds, for wall times in reports.
std::uint64_t wall_clock_microseconds();

}  // namespace ledger::sim
