#include "tests/raft/interaction/play.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "tests/raft/cluster.h"
#include "tests/raft/interaction/facts.h"
#include "tests/raft/interaction/stage.h"

namespace ledger::raft::interaction {
namespace {

std::string line_or_nothing(const std::vector<std::string>& lines, std::size_t i) {
    return i < lines.size() ? fmt::format("'{}'", lines[i]) : "nothing";
}

// The first line in which golden text and output of today differ.
std::optional<std::string> difference(
    const std::vector<std::string>& golden, const std::vector<std::string>& today) {
    for (std::size_t i = 0; i < std::max(golden.size(), today.size()); ++i) {
        if (i >= golden.size() || i >= today.size() || golden[i] != today[i]) {
            return fmt::format("output line {} is {}, golden is {}", i + 1,
                line_or_nothing(today, i), line_or_nothing(golden, i));
        }
    }
    return std::nullopt;
}

// False if the play cannot go on.
bool play_step(Stage& stage, Step& step, const Script& script, std::vector<std::string>& failures) {
    const auto fail = [&](const char* what) {
        failures.push_back(fmt::format("{}: {}", at_line(script, step), what));
    };
    try {
        step.output = stage.perform(step.command);
    } catch (const Unmet& unmet) {
        step.output.clear();
        fail(unmet.what());
    } catch (const BadScript& bad) {
        fail(bad.what());
        return false;
    } catch (const Violation& violation) {
        fail(violation.what());
        return false;
    }
    return true;
}

}  // namespace

Played play(const Script& script) {
    Played played{.script = script};
    Stage stage;
    for (std::size_t i = 0; i < script.steps.size(); ++i) {
        const Step& golden = script.steps[i];
        Step& today = played.script.steps[i];
        if (!play_step(stage, today, script, played.failures)) {
            return played;
        }
        if (const auto differs = difference(golden.output, today.output)) {
            played.differences.push_back(fmt::format("{}: {}", at_line(script, golden), *differs));
        }
    }
    try {
        stage.finish();
    } catch (const std::runtime_error& error) {
        played.failures.push_back(fmt::format("{}: at the end: {}", script.name, error.what()));
    }
    return played;
}

}  // namespace ledger::raft::interaction
