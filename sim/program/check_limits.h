#pragma once
// Check limits: time and memory for judging a history, by the clock and by what the process holds.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sim/check/judgement.h"

namespace ledger::sim {

struct CheckLimits {
    std::chrono::milliseconds time{60'000};
    std::uint64_t bytes = std::uint64_t{2} << 30;
};

// "10s", "500ms", "5m", "2h"; a plain number counts seconds. Nothing if it is no such time.
std::optional<std::chrono::milliseconds> parse_time_limit(const std::string& text);
// "512MiB", "2GiB", "64KiB"; a plain number counts bytes.
std::optional<std::uint64_t> parse_size(const std::string& text);
std::string time_text(std::chrono::milliseconds time);  // "10s", "1500ms"
std::string size_text(std::uint64_t bytes);             // "2GiB", "1000 bytes"

// The clock runs from its construction on. Memory is what the checker says it holds, or what the
// process holds beyond what it held in the beginning, whichever is more.
class ClockBudget final : public check::Budget {
  public:
    explicit ClockBudget(const CheckLimits& limits);
    [[nodiscard]] bool spent(std::uint64_t bytes) override;
    std::string why() const override { return why_; }
    // The time begins now.
    void restart() { began_ = std::chrono::steady_clock::now(); }
    std::chrono::steady_clock::duration passed() const {
        return std::chrono::steady_clock::now() - began_;
    }

  private:
    const CheckLimits limits_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point measured_;
    const std::uint64_t held_before_;
    std::uint64_t held_ = 0;
    std::string why_;
};

// For the case that nobody asks the budget: a step of a model that takes long, reading a file, a
// request for more memory than there is. When the time limit is 5 % over, or memory beyond the
// limit is asked for, `last_words` is called with the reason, once and on any thread, and the
// process ends with its answer. One at a time.
class CheckWatchdog {
  public:
    CheckWatchdog(
        const CheckLimits& limits, std::function<int(const std::string& reason)> last_words);
    ~CheckWatchdog();
    CheckWatchdog(const CheckWatchdog&) = delete;
    CheckWatchdog& operator=(const CheckWatchdog&) = delete;

    // No time passes until restart(), with which it begins anew: what is awaited may take long.
    void pause();
    void restart();
    // The command begins to tell its answer: from here on nothing ends the process. If it is too
    // late for that, this call does not return.
    void disarm();

  private:
    struct Shared;
    std::chrono::steady_clock::duration allowed_{};
    std::unique_ptr<Shared> shared_;
};

}  // namespace ledger::sim
