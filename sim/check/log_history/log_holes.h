#pragma once
// Log holes: positions that nobody has seen, filled with appends of unknown outcome
// (checking.md 8.3).

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/check/floors.h"
#include "sim/check/log_history/log_content.h"

namespace ledger::check {

// Without a read at the end, positions below the highest one that was seen may belong to appends
// whose outcome nobody knows. Such an append must have been called before anybody had seen that
// there is more, so earliest deadline first fills single records; appends of several records are
// packed by a bounded search, and each packing is judged as a whole.
class LogHoles {
  public:
    enum class Found : std::uint8_t { filled = 1, impossible, undecided };

    // `floors`: what had been shown when, the holes taken for appends of one record each.
    LogHoles(const LogHistory& history, LogContent& content, const Floors& floors);

    // `fits` judges the content as it is filled; it is called after each packing that was found.
    Found fill(const std::function<bool(const LogContent&)>& fits);
    // impossible: why. undecided: what would be needed.
    const std::string& reason() const { return reason_; }

  private:
    struct Candidate {
        std::uint32_t logical = 0;
        std::int64_t called = 0;
        std::uint64_t records = 0;
        std::uint64_t only_at = LogOperation::none;  // its expected tail
    };
    bool single() const;
    Found fill_singles();
    bool pack(std::size_t next, const std::function<bool(const LogContent&)>& fits);
    bool complete(const std::function<bool(const LogContent&)>& fits);
    std::int64_t deadline(std::uint64_t position) const;
    bool suits(const Candidate& candidate, std::uint64_t position) const;

    const LogHistory& history_;
    LogContent& content_;
    const Floors& floors_;
    std::vector<std::uint64_t> holes_;
    std::vector<Candidate> candidates_;  // by call
    std::vector<bool> used_;
    std::vector<std::pair<std::size_t, std::uint64_t>> packing_;  // candidate, position
    std::uint64_t tried_ = 0;
    std::uint64_t packings_ = 0;
    bool cut_off_ = false;
    std::string reason_;
};

}  // namespace ledger::check
