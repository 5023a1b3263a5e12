#pragma once
// Counting budget: ends a judgement after so many questions, without any clock.

#include <algorithm>
#include <cstdint>
#include <string>

#include "sim/check/judgement.h"

namespace ledger::check {

class CountingBudget final : public Budget {
  public:
    explicit CountingBudget(
        std::uint64_t questions_max = UINT64_MAX, std::uint64_t bytes_max = UINT64_MAX)
        : questions_max_(questions_max), bytes_max_(bytes_max) {}

    bool spent(std::uint64_t bytes) override {
        ++questions_;
        most_bytes_ = std::max(most_bytes_, bytes);
        return questions_ > questions_max_ || bytes > bytes_max_;
    }
    std::string why() const override {
        return questions_ > questions_max_ ? "the time limit was reached"
                                           : "the memory limit was reached";
    }
    std::uint64_t questions() const { return questions_; }
    std::uint64_t most_bytes() const { return most_bytes_; }

  private:
    const std::uint64_t questions_max_;
    const std::uint64_t bytes_max_;
    std::uint64_t questions_ = 0;
    std::uint64_t most_bytes_ = 0;
};

}  // namespace ledger::check
