#pragma once
// Anomalies: collects what is wrong with a history of transactions and judges it by a level.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/transactions/level.h"

namespace ledger::check {

// A name for something wrong and the levels that forbid what has this name.
struct AnomalyName {
    std::string name;
    BrokenLevels broken;
};

struct FoundAnomaly {
    // Not empty. One and the same thing can have a name at a level that forbids more and another
    // at a level that forbids less: it goes by the first name that the asked level forbids.
    std::vector<AnomalyName> names;
    std::string sentence;
    std::vector<std::string> steps;
    std::vector<std::uint64_t> operations;  // ids, the witness
};

class Anomalies {
  public:
    void add(FoundAnomaly found);
    bool empty() const { return found_.empty(); }

    // Puts into `judgement` what breaks `level`, worst first and some of each kind, how many there
    // are, and which levels hold. Sets the verdict to violated if there are any, and leaves it
    // alone otherwise.
    void judge(Level level, Judgement& judgement) const;

  private:
    struct Total {
        std::uint64_t count = 0;
        std::vector<AnomalyName> names;
    };
    // Of what is to be shown, in order, as much as may be shown.
    std::vector<std::uint64_t> shown(
        const std::vector<std::pair<Level, std::uint64_t>>& order) const;

    // Of those with the same names no more than can be shown; all are counted.
    std::vector<FoundAnomaly> found_;
    std::map<std::string, Total> totals_;  // by all names
    BrokenLevels broken_;
};

}  // namespace ledger::check
