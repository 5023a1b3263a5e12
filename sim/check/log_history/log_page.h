#pragma once
// Log page: a recorded log as the history page shows it: operations, rules that applied, the floor.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/log_history/log_judge.h"
#include "sim/check/log_history/log_words.h"
#include "sim/check/page/history_page.h"

namespace ledger::check {

// History and judgement must stay alive.
class LogPage {
  public:
    LogPage(const LogHistory& history, const LogJudgement& judged);

    // `id` is the place of the operation in the history.
    PageOperation operation(std::uint64_t id) const;
    // (place in the order of events, version shown by then).
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor() const;
    // With places in the order of events.
    std::vector<Annotation> annotations() const;

  private:
    std::uint64_t rank(std::int64_t time) const;
    std::uint64_t shown_before(std::int64_t time) const;
    std::string rule(const LogOperation& op) const;

    const LogHistory& history_;
    const LogJudgement& judged_;
    LogWords words_;
    std::vector<std::int64_t> moments_;  // all calls and returns, rising, each once
};

}  // namespace ledger::check
