#include "sim/program/machine_check.h"

#include <cstdlib>

#include <fmt/format.h>

#include "sim/program/capsule.h"
#include "sim/program/input.h"
#include "sim/program/runner.h"
#include "sim/program/shrink_run.h"

namespace ledger::sim {
namespace {

std::uint64_t moments_of(const RunResult& result) {
    std::uint64_t moments = 0;
    for (const check::CheckResult& check : result.checks) {
        moments += check.name == "property" || check.name == "guest" ? check.examined : 0;
    }
    return moments;
}

MachineFinding finding_of(const Told& told, const Capsule& capsule, std::string path) {
    MachineFinding finding;
    finding.violation = *told.result.violation;
    finding.decisions = decisions(capsule.scenario);
    finding.capsule = std::move(path);
    finding.story = story_text(told.report, told.played);
    return finding;
}

// Letters, digits and dashes of the machine's name.
std::string file_name(const Capsule& capsule) {
    std::string name;
    for (const char c : capsule.guest) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name += plain ? c : '-';
    }
    return fmt::format("{}-{}.capsule", name, capsule.seed);
}

}  // namespace

std::string describe(const MachineFinding& finding) {
    return fmt::format("{}: {}\n\n{}\n{} decisions, {} faults; capsule {}\nrepeat   "
                       "LEDGER_CAPSULE={} and this program once more",
        finding.violation.check, finding.violation.sentence, finding.story, finding.decisions,
        finding.faults, finding.capsule, finding.capsule);
}

Result<MachineRun> run_machine(
    const MachineCheck& check, const check::Scenario& scenario, std::uint64_t seed) {
    const Told told = tell({.scenario = scenario, .seed = seed, .guest = check.guest});
    MachineRun run;
    run.moments = moments_of(told.result);
    if (!told.result.violation) {
        return run;
    }
    Capsule capsule = capsule_of(scenario, told.result, told.died);
    capsule.guest = check.guest->name;
    const std::string path = check.directory + "/" + file_name(capsule);
    const std::optional<ShrinkReport> small = shrink_run(
        capsule, {.seconds = check.shrink_seconds, .steps = check.shrink_steps, .jobs = check.jobs}, check.guest);
    // Who does not fail twice in the same way depends on something outside the run: then that is all
    // there is to show.
    LEDGER_CHECK(write_file(path, print_capsule(small ? small->capsule : capsule)));
    run.finding = small ? finding_of(small->told, small->capsule, path)
                        : finding_of(told, capsule, path);
    run.finding->faults = small ? small->faults : 0;
    return run;
}

Result<MachineRun> replay_machine(const MachineCheck& check, const std::string& path) {
    LEDGER_TRY(const std::string text, read_file(path));
    Result<Capsule> capsule = parse_capsule(text);
    if (!capsule) {
        Error error = capsule.error();
        error.place = path + ": " + error.place;
        return error;
    }
    if (capsule->guest != check.guest->name) {
        return failure(CapsuleErrc::unsupported,
            fmt::format("{}: a run of the machine \"{}\", this is \"{}\"", path, capsule->guest,
                check.guest->name));
    }
    const Told told = tell({.scenario = capsule->scenario, .seed = capsule->seed, .guest = check.guest});
    MachineRun run;
    run.moments = moments_of(told.result);
    if (told.result.violation) {
        run.finding = finding_of(told, *capsule, path);
    }
    return run;
}

Result<check::Scenario> machine_scenario(const std::string& text) {
    if (text.empty()) {
        check::Scenario scenario;
        scenario.name = "default";
        return scenario;
    }
    return check::parse_scenario(text, scenario_keys());
}

std::string wanted_capsule() {
    const char* const path = std::getenv("LEDGER_CAPSULE");
    return path == nullptr ? std::string() : std::string(path);
}

}  // namespace ledger::sim
