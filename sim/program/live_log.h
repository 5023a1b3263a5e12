#pragma once
// Live log: a recorded log that is judged while its lines still arrive.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "sim/check/log_history/log_judge.h"

namespace ledger::sim {

// Keeps no text, only what the log checker knows of it.
class LiveLog {
  public:
    // `json`: what is told is one object a line, else a sentence a line.
    LiveLog(const check::LogOptions& options, bool json);

    // More of the text, cut anywhere. Lines that are whole are judged, and what is wrong is told on
    // standard error before this returns. After an error nothing more may come.
    Result<void> more(std::string_view text);
    // No more text: the last line may lack its end.
    Result<void> end();

    std::uint64_t bytes() const;
    // Lives as long as anybody holds it.
    std::shared_ptr<const check::LogHistory> history() const;

  private:
    Result<void> line(std::string_view text);
    void tell(const check::Anomaly& anomaly);
    void tell_stop();

    const bool json_;
    std::shared_ptr<check::LogFeed> feed_;
    std::string begun_;  // a line without its end
    std::uint64_t lines_ = 0;
    std::uint64_t told_ = 0;
    bool told_stop_ = false;
};

}  // namespace ledger::sim
