#include "sim/program/runner.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "sim/program/input.h"
#include "sim/program/poison.h"

namespace ledger::sim {

std::uint64_t wall_clock_microseconds() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

namespace {

// For whoever wants to see that differences are noticed: now and then an answer depends on the process.
class UnsteadyChoices final : public ChoiceSource {
  public:
    explicit UnsteadyChoices(ChoiceSource& engine) : engine_(engine) {}
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        constexpr std::uint64_t every = 20;
        const std::uint64_t answer = engine_.choose(site, entity, sequence, domain);
        const bool other = site == Site::network_latency && ++asked_ % every == 0;
        const std::uint64_t share = static_cast<std::uint64_t>(::getpid()) % 64;
        return other ? (answer / 2 + domain / 128 * share) % domain : answer;
    }
    bool strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint32_t parts_per_million) override {
        return engine_.strikes(site, entity, sequence, parts_per_million);
    }

  private:
    ChoiceSource& engine_;
    std::uint64_t asked_ = 0;
};

// Tells the choices how far the run has come.
class BranchObserver final : public StepObserver {
  public:
    BranchObserver(BranchingChoices& choices, StepObserver* next) : choices_(choices), next_(next) {}
    void stepping(
        std::uint64_t step, Instant now, NodeId node, const node::Event& event) override {
        choices_.at(step);
        if (next_ != nullptr) {
            next_->stepping(step, now, node, event);
        }
    }
    void stepped(const node::Replica& replica, std::span<const node::Effect> effects) override {
        if (next_ != nullptr) {
            next_->stepped(replica, effects);
        }
    }

  private:
    BranchingChoices& choices_;
    StepObserver* const next_;
};

}  // namespace

Finished run_seed(const RunSetup& setup) {
    Finished finished;
    finished.scenario = std::make_unique<check::Scenario>(setup.scenario);
    finished.choices =
        std::make_unique<TapeChoices>(*finished.scenario, setup.seed, setup.played);
    ChoiceSource* choices = finished.choices.get();
    StepObserver* observer = setup.observer;
    if (!setup.branches.empty()) {
        finished.branching = std::make_unique<BranchingChoices>(*choices, setup.branches);
        choices = finished.branching.get();
        finished.observer = std::make_unique<BranchObserver>(*finished.branching, observer);
        observer = finished.observer.get();
    }
    if (setup.decided) {
        finished.recording = std::make_unique<RecordingChoices>(*choices, setup.decided);
        choices = finished.recording.get();
    }
    finished.frames = std::make_unique<FrameCheck>();
    const std::uint64_t start = wall_clock_microseconds();
    const Profile profile = draw_profile(*choices, setup.scenario);
    if (profile.unsteady) {
        finished.unsteady = std::make_unique<UnsteadyChoices>(*choices);
        choices = finished.unsteady.get();
    }
    finished.world = std::make_unique<World>(profile,
        WorldOptions{.seed = setup.seed,
            .script = finished.scenario->nemesis,
            .input = setup.input,
            .guest = setup.guest,
            .frames = finished.frames.get(),
            .observer = observer,
            .kept_operations = setup.kept_operations,
            .steps_max = setup.steps_max},
        *choices);
    if (setup.begun) {
        setup.begun(*finished.world);
    }
    {
        const Poisoned poisoned;
        finished.result = finished.world->run();
    }
    finished.wall_microseconds = wall_clock_microseconds() - start;
    return finished;
}

Result<check::Scenario> load_scenario(const ScenarioChoice& choice) {
    check::Scenario scenario;
    scenario.name = "default";
    if (!choice.file.empty()) {
        LEDGER_TRY(const std::string text, read_file(choice.file));
        Result<check::Scenario> parsed = check::parse_scenario(text, scenario_keys());
        if (!parsed) {
            Error error = parsed.error();
            error.place = choice.file + ": " + error.place;
            return error;
        }
        scenario = std::move(*parsed);
    }
    if (choice.nodes > 0) {
        scenario.voters = choice.nodes;
    }
    const bool fixed = scenario.find(check::Section::swarm, "member.changes") == nullptr;
    for (const check::NemesisLine& line : scenario.nemesis) {
        const std::uint32_t number = std::max(line.who.number, line.other.number);
        if (fixed && number > scenario.voters) {
            return failure(check::Errc::malformed_scenario,
                fmt::format("{}: [nemesis] names n{}, and the cluster has {} nodes", choice.file,
                    number, scenario.voters));
        }
    }
    return scenario;
}

check::Scenario scenario_of_seed(
    const check::Scenario& scenario, const ScenarioChoice& choice, std::uint64_t seed) {
    check::Scenario own = scenario;
    if (choice.file.empty() && choice.nodes == 0) {
        // The common size, and the one where a majority is more than one other node, in most.
        constexpr std::array<std::uint32_t, 20> sizes = {
            3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 5, 1, 4, 7};
        own.voters =
            sizes[SeededChoices(seed).choose(Site::nemesis_profile, 1000, 0, sizes.size())];
    }
    return own;
}

std::string repro_line(const ScenarioChoice& choice, std::uint64_t seed) {
    std::string line = fmt::format("ledgersim run --seed {}", seed);
    if (!choice.file.empty()) {
        line += fmt::format(" --scenario {}", choice.file);
    }
    if (choice.nodes > 0) {
        line += fmt::format(" --nodes {}", choice.nodes);
    }
    return line;
}

int complain(const Error& error, int exit_code) {
    std::fprintf(stderr, "ledgersim: %s: %s\n", error.code.message().c_str(), error.place.c_str());
    return exit_code;
}

int answer(const std::string& text, int exit_code) {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (whole && std::fflush(stdout) == 0) {
        return exit_code;
    }
    std::fprintf(stderr, "ledgersim: cannot write to standard output: %s\n", std::strerror(errno));
    return exit_code == exit_ok ? exit_environment : exit_code;
}

}  // namespace ledger::sim
