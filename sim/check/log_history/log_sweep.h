#pragma once
// Log sweep: the log kernel over recorded operations, each with the floor that its mode promises.

#include <cstdint>
#include <vector>

#include "sim/check/floors.h"
#include "sim/check/log_history/log_findings.h"
#include "sim/check/log_history/log_view.h"

namespace ledger::check {

// How far answers lagged behind what others had been shown before they were asked for. Lower
// bounds.
struct LogStaleness {
    std::uint64_t answers = 0;
    std::uint64_t records_max = 0;
    std::uint64_t ns_max = 0;
};

class LogSweep {
  public:
    LogSweep(const LogHistory& history, const LogContent& content, const LogOptions& options,
        LogFindings& findings);

    // So many answers will come: saves copying.
    void expect(std::uint64_t answers) { floors_.expect(answers); }
    // An operation without an answer: it ends its session.
    void unanswered(std::uint32_t place);
    // Answered operations, in the order of their returns. `whole`: the log and all attempts are
    // known. False: not judged, since what is still to come may decide; never if it is whole.
    [[nodiscard]] bool returned(std::uint32_t place, bool whole);
    // All operations are there.
    void finish();

    const Floors& floors() const { return floors_; }
    const LogStaleness& staleness() const { return staleness_; }
    std::uint64_t judged() const { return judged_; }
    // The floor that applied to the operation; for pages. Only after all returns.
    Floors::Floor floor_of(std::uint32_t place) const;
    std::uint64_t bytes() const;

  private:
    // A session between two operations without an answer.
    struct Life {
        Floors all;
        Floors reads;
        Floors writes;
    };
    struct Session {
        std::vector<std::int64_t> ends;  // calls of operations without an answer, rising
        std::vector<Life> lives;
    };
    struct Promised {
        Floors::Floor floor;
        LogMode::Promise promise = LogMode::linearizable;
    };

    void look_at_modes();
    const LogMode& mode_of(const LogOperation& op) const;
    std::uint64_t life_number(const LogOperation& op) const;
    const Life* life_of(const LogOperation& op) const;
    Promised promised(std::uint32_t place) const;
    Promised promised_alone(const LogOperation& op) const;
    Promised promised_write(const LogContent::Logical& logical) const;
    bool observed(std::uint32_t place, const LogView& view, bool whole);
    void wrote(std::uint32_t place, const LogView& view, bool whole);
    bool in_time(
        std::uint32_t place, const Promised& promised, std::uint64_t first, std::uint64_t count);
    void raise(std::uint32_t place, std::uint64_t rank, const Floors::Floor& own);
    void raise_session(std::uint32_t place, std::uint64_t rank);
    void stale(std::uint32_t place, const LogView& view, const Promised& promised);
    void torn(std::uint32_t place, const LogView& view);
    void measure(const LogOperation& op, const AllowedVersions& allowed);
    void committed(std::uint32_t place);
    void unanswered_landed(const LogContent::Logical& logical);
    void monotonic_writes();
    std::vector<std::string> steps(
        std::uint32_t place, const Promised& promised, const std::string& about) const;

    const LogHistory& history_;
    const LogContent& content_;
    const LogOptions& options_;
    LogFindings& findings_;
    LogViews views_;
    LogWords words_;
    Floors floors_;
    Floors seen_;     // by observations alone
    Floors by_time_;  // of floors_ by nanoseconds, where steps are the order of events
    bool needs_sessions_ = false;
    bool needs_seen_ = false;
    bool needs_time_ = false;
    std::vector<Session> sessions_;
    std::vector<std::uint32_t> suspects_;  // appends to look at again at the end
    std::size_t modes_seen_ = 0;
    std::int64_t latest_ns_ = INT64_MIN;
    std::int64_t quiescent_ = INT64_MAX;
    LogStaleness staleness_;
    std::uint64_t judged_ = 0;
};

}  // namespace ledger::check
