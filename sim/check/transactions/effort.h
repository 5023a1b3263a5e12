#pragma once
// Effort: steps of work, and whether the budget still allows the next one.

#include <cstdint>

#include "sim/check/judgement.h"

namespace ledger::check {

class Effort {
  public:
    explicit Effort(Budget& budget) : budget_(budget) {}

    // Takes note of `bytes` that are held from now on.
    void hold(std::uint64_t bytes) { bytes_ += bytes; }
    // One step; false once the budget is spent, and for ever after.
    bool step() {
        if (++steps_ % steps_between == 0 && !spent_) {
            spent_ = budget_.spent(bytes_);
        }
        return !spent_;
    }
    bool spent() const { return spent_; }
    // Steps so far: what a part of the work that has a limit of its own goes by.
    std::uint64_t steps() const { return steps_; }

  private:
    static constexpr std::uint64_t steps_between = 4096;

    Budget& budget_;
    std::uint64_t bytes_ = 0;
    std::uint64_t steps_ = 0;
    bool spent_ = false;
};

}  // namespace ledger::check
