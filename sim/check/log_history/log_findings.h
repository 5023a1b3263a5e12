#pragma once
// Log findings: what was found wrong with a recorded log, worst first.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/judgement.h"

namespace ledger::check {

class LogFindings {
  public:
    void add(std::string name, std::string sentence, std::vector<std::string> steps,
        const std::vector<std::uint32_t>& places);
    std::uint64_t total() const { return total_; }
    // What was added since the last time; on-line.
    std::vector<Anomaly> news();
    // Worst first, at most Judgement::anomalies_max.
    std::vector<Anomaly> worst() const;

  private:
    struct Found {
        std::uint32_t rank = 0;
        Anomaly anomaly;
    };
    std::vector<Found> found_;  // in the order of finding, bounded
    std::uint64_t total_ = 0;
    std::uint64_t told_ = 0;  // of found_
};

}  // namespace ledger::check
