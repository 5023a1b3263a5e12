#pragma once
// Log judge: whether a recorded history of an event log keeps its promises, as a whole or on-line.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/log_history/log_options.h"
#include "sim/check/log_history/log_reader.h"
#include "sim/check/log_history/log_sweep.h"

namespace ledger::check {

struct LogJudgement {
    Judgement judgement;
    // The floor trace: from this time on (steps or nanoseconds, as the history has them) so many
    // records had been shown to somebody. Rising.
    std::vector<std::pair<std::int64_t, std::uint64_t>> floor;
};

// Linear in the history up to a sort by time. What is judged and how: README.md. The ids of
// operations in the anomalies are places in `history.operations`.
LogJudgement judge_log(const LogHistory& history, const LogOptions& options, Budget& budget);

// The same while a history comes about. Lines should come in the order of their returns, those of
// operations without an answer at any time after their call. What is told at once is as sure as at
// the end, but not all that is wrong can be known before the end.
class LogFeed {
  public:
    explicit LogFeed(const LogOptions& options);
    LogFeed(const LogFeed&) = delete;
    LogFeed& operator=(const LogFeed&) = delete;

    // What is wrong since the last line. After an error nothing more may be fed.
    Result<std::vector<Anomaly>> line(std::string_view text);
    // Why from some line on lines are only kept, to be judged by finish(): one returned before an
    // earlier one had, or too many operations wait. Empty = it has not come to that.
    const std::string& stopped() const { return stopped_; }
    // How many operations wait for what they show to be told.
    std::uint64_t waiting() const { return waiting_.size(); }
    // No more lines. Judges the whole again: the verdict is that of judge_log.
    LogJudgement finish(Budget& budget) const;
    const LogHistory& history() const { return reader_.history(); }
    // Memory of the history and of what is known about it.
    std::uint64_t bytes() const;

  private:
    bool in_order(const LogOperation& op);
    void stop(std::string why);

    LogOptions options_;
    LogReader reader_;
    LogContent content_;
    LogFindings findings_;
    LogSweep sweep_;
    LogViews views_;
    std::deque<std::uint32_t> waiting_;  // places, in the order of their returns
    std::int64_t latest_ = INT64_MIN;
    std::string stopped_;
};

}  // namespace ledger::check
