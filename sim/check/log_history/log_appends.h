#pragma once
// Log appends: content and retry rules of whole appends: C2 to C6, I1 to I6 (checking.md 4
// and 8.1).

#include <cstdint>

#include "sim/check/log_history/log_findings.h"
#include "sim/check/log_history/log_view.h"

namespace ledger::check {

// Looks at every append of a history that is all there.
class LogAppends {
  public:
    LogAppends(const LogHistory& history, const LogContent& content, const LogOptions& options,
        LogFindings& findings);

    void check();
    // Second effects that the deduplication window no longer forbids.
    std::uint64_t beyond_window() const { return beyond_window_; }
    std::uint64_t retries() const { return retries_; }

  private:
    using Logical = LogContent::Logical;

    void check_one(const Logical& logical);
    void landed(const Logical& logical);
    void missing(const Logical& logical);
    void positions(const Logical& logical);
    void misplaced(const Logical& logical, std::uint32_t place);
    void conditions(const Logical& logical);
    void revisions(std::uint32_t place, std::uint64_t position);
    void fragments();
    void repeats();
    bool legal_repeat(const LogContent::Repeat& repeat) const;
    bool may_repeat_at(const Logical& logical, std::uint64_t position) const;
    std::uint64_t present(const Logical& logical) const;
    bool may_land(const Logical& logical) const;
    void add(const char* name, const std::string& sentence, std::vector<std::uint32_t> places);

    const LogHistory& history_;
    const LogContent& content_;
    const LogOptions& options_;
    LogFindings& findings_;
    LogViews views_;
    LogWords words_;
    std::uint64_t beyond_window_ = 0;
    std::uint64_t retries_ = 0;
};

}  // namespace ledger::check
