#pragma once
// Trials: the candidates of the shrinker, each run in a child process of its own.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/branching.h"
#include "sim/check/verdict.h"
#include "sim/explore/shrinker.h"

namespace ledger::sim {

// What it costs to begin one, in steps of the simulation.
inline constexpr std::uint64_t trial_steps = 5'000;

class Trials final : public TrialPort {
  public:
    struct Options {
        std::uint32_t jobs = 2;
        // By wall_clock_microseconds().
        std::uint64_t begin = 0;
        std::uint64_t time = UINT64_MAX / 100;
        // Steps of all candidates, with trial_steps for each of them.
        std::uint64_t work = UINT64_MAX / 100;
        // A candidate that takes more steps than this is none, and one that takes this long.
        std::uint64_t steps_max = 10'000'000;
        std::uint64_t microseconds_max = 60'000'000;
    };
    // `fingerprint`: of the finding that candidates must have.
    Trials(std::string fingerprint, const Options& options);

    std::uint32_t width() const override { return options_.jobs; }
    std::vector<Trial> run(std::span<const Candidate> candidates) override;
    std::vector<check::Decision> record(const Candidate& candidate) override;
    bool time_left(std::uint32_t percent) const override;

  private:
    std::uint8_t* asked(std::size_t child) const;
    std::uint64_t steps_max(const Candidate& candidate) const;

    const std::string fingerprint_;
    const Options options_;
    const bool counts_steps_;  // that they are too many is what is looked for
    std::uint64_t work_ = 0;     // that has been done
    std::uint8_t* const asked_;  // shared with the children: for each a byte for each decision
};

// What a run finds, in a child of its own, and what was decided in it; of more than decisions_max
// the first ones.
inline constexpr std::size_t decisions_max = 4u << 20;
struct Seen {
    std::optional<check::Violation> violation;
    std::vector<check::Decision> tape;
    std::uint64_t steps = 0;
    std::uint64_t microseconds = 0;
};
Seen find(const Candidate& candidate, std::span<const Branch> branches = {});

}  // namespace ledger::sim
