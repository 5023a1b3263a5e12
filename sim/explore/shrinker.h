#pragma once
// Shrinker: a failing run made small: a smaller world first, then fewer and lower decisions, as long
// as it fails in the same way. (Delta debugging: Zeller, Hildebrandt 2002.)

#include <cstdint>
#include <span>
#include <vector>

#include "sim/check/scenario.h"

namespace ledger::sim {

struct Guest;

// A run to be tried.
struct Candidate {
    check::Scenario scenario;
    std::uint64_t seed = 0;
    const Guest* guest = nullptr;  // runs beside the ledger
    // That the present run needs to fail; 0 = not known. One that takes many more is none.
    std::uint64_t steps = 0;
};

// What came of it.
struct Trial {
    bool same = false;                 // it failed in the way that is looked for
    std::uint64_t steps = 0;
    std::vector<std::uint32_t> asked;  // places on its tape, ascending, that the run asked for
};

class TrialPort {
  public:
    virtual ~TrialPort() = default;
    // So many candidates take as long as one.
    virtual std::uint32_t width() const = 0;
    // Runs all of them; one trial for each.
    virtual std::vector<Trial> run(std::span<const Candidate> candidates) = 0;
    // All that such a run decides, as a tape for kind answers.
    virtual std::vector<check::Decision> record(const Candidate& candidate) = 0;
    // Whether less than this share of the time, in percent, has passed.
    virtual bool time_left(std::uint32_t percent) const = 0;
};

struct Shrunk {
    Candidate candidate;
    std::uint64_t steps = 0;
    std::uint64_t decisions_before = 0;  // settings and decisions of the run as it was found
    std::uint64_t trials = 0;
    bool finished = false;  // nothing more could be taken away; else the time was up
};

// Settings that are sizes of a world, and no decisions: how many clients, for how long.
bool is_size(const check::Setting& setting);
// Decisions on the tape, acts of [nemesis], and settings that are no sizes.
std::uint64_t decisions(const check::Scenario& scenario);

// `start` fails; every setting that its seed draws is in its scenario, and every size. Results depend on the trials
// alone, not on width().
Shrunk shrink(const Candidate& start, TrialPort& port);

}  // namespace ledger::sim
