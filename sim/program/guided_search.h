#pragma once
// Guided search: runs that go on otherwise where a run before them met something new, beside as many
// steps of random ones.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/branching.h"
#include "sim/check/verdict.h"
#include "sim/explore/shrinker.h"
#include "sim/program/runner.h"

namespace ledger::sim {

// A run that is asked for: a seed, and where others take over.
struct Timeline {
    std::uint64_t seed = 0;
    std::vector<Branch> branches;
};

// What one run met, each thing with the step at which it came first.
struct Met {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> situations;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> passages;  // from one situation to another
    std::vector<std::string> marks;
    std::vector<std::uint64_t> edges;  // of the code; none unless built for it (edge_coverage)
    std::uint64_t steps = 0;
    bool ok = false;                   // a verdict was reached, whatever it is
    std::optional<check::Violation> violation;
};

// Which timeline is worth a run next: remembers those that met something new, and where.
class Corpus {
  public:
    explicit Corpus(std::uint64_t key) : key_(key) {}

    // A new seed in one of `fresh_every` cases and while nothing is known, else one that branches off
    // where something was met first. The same calls give the same timelines.
    Timeline next();
    // What came of it. Returns how many situations and passages nobody had met before.
    std::uint64_t add(const Timeline& timeline, const Met& met);

    std::uint64_t situations() const { return situations_.size(); }
    std::uint64_t passages() const { return passages_.size(); }
    std::uint64_t edges() const { return edges_.size(); }
    std::uint64_t marks() const { return marks_.size(); }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        Timeline timeline;
        std::vector<std::uint64_t> discoveries;  // steps, ascending
        std::uint64_t tried = 0;                 // how often one has branched off
    };
    std::uint64_t draw(std::uint64_t domain);
    std::size_t pick();

    const std::uint64_t key_;
    std::uint64_t draws_ = 0;
    LookupTable<std::uint64_t, bool> situations_;
    LookupTable<std::uint64_t, bool> passages_;
    LookupTable<std::uint64_t, bool> edges_;
    std::map<std::string, bool> marks_;
    std::vector<Entry> entries_;
};

// Runs each in a child of its own, side by side.
std::vector<Met> meet(const check::Scenario& scenario, const ScenarioChoice& choice,
    const std::vector<Timeline>& timelines);

// The run as a scenario that says all that was decided, for kind answers: what a capsule holds.
Candidate spell_out(
    const check::Scenario& scenario, const ScenarioChoice& choice, const Timeline& timeline);

}  // namespace ledger::sim
