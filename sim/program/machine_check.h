#pragma once
// Machine check: runs of somebody's machine under faults, from a finding to a small capsule.

#include <cstdint>
#include <optional>
#include <string>

#include "log/base/result.h"
#include "sim/check/scenario.h"
#include "sim/check/verdict.h"
#include "sim/guest.h"

namespace ledger::sim {

struct MachineCheck {
    const Guest* guest = nullptr;      // outlives the check
    std::string directory = ".";       // where capsules go
    // What is found is made smaller for so long, and with so many simulated steps at most: that bound
    // does not depend on the machine.
    std::uint64_t shrink_seconds = 20;
    std::uint64_t shrink_steps = UINT64_MAX / 100;
    std::uint32_t jobs = 2;
};

struct MachineFinding {
    check::Violation violation;
    std::uint64_t decisions = 0;  // that the small run needs
    std::uint64_t faults = 0;
    std::string capsule;          // its path
    std::string story;            // what happened in it, line by line
};
// For people: the violation, the story, and how to see it again.
std::string describe(const MachineFinding& finding);

struct MachineRun {
    std::optional<MachineFinding> finding;
    std::uint64_t moments = 0;  // that the property was asked about
};

// One seed in this scenario, in a child of its own: an assertion that fails in the machine is a
// finding too. What is found is made small and written. The error is that of writing.
Result<MachineRun> run_machine(
    const MachineCheck& check, const check::Scenario& scenario, std::uint64_t seed);

// The run of a capsule once more; errors name what is wrong with the file, or that it is of another
// machine.
Result<MachineRun> replay_machine(const MachineCheck& check, const std::string& capsule);

// The scenario of this text in the scenario language; empty = the swarm. Errors name the place.
Result<check::Scenario> machine_scenario(const std::string& text);

// The value of the environment variable LEDGER_CAPSULE; empty if there is none.
std::string wanted_capsule();

}  // namespace ledger::sim
