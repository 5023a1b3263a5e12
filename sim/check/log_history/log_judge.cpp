#include "sim/check/log_history/log_judge.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/log_history/log_appends.h"
#include "sim/check/log_history/log_holes.h"
#include "sim/check/log_history/log_subscriptions.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t budget_interval = 4096;

struct Return {
    std::int64_t time;
    std::uint32_t place;
    bool operator<(const Return& other) const {
        return time != other.time ? time < other.time : place < other.place;
    }
};

// Answered operations in the order of their returns.
std::vector<Return> returns_of(const LogHistory& history) {
    std::vector<Return> returns;
    returns.reserve(history.operations.size());
    for (std::uint32_t place = 0; place < history.operations.size(); ++place) {
        if (history.operations[place].returned != LogOperation::never) {
            returns.push_back({history.operations[place].returned, place});
        }
    }
    if (!std::is_sorted(returns.begin(), returns.end())) {
        std::sort(returns.begin(), returns.end());
    }
    return returns;
}

bool is_full_read(const LogOperation& op) {
    return op.kind == LogKind::read && op.ok() && op.stream == 0 && op.from == 0 &&
           op.max == LogOperation::none && !op.has(LogOperation::hashed) &&
           !op.has(LogOperation::backward) && !op.has(LogOperation::not_end) && op.details == 0;
}

// The most operations that were under way at one time, those that never ended aside.
std::uint64_t longest_overlap(const LogHistory& history, const std::vector<Return>& returns) {
    std::vector<std::int64_t> calls;
    calls.reserve(history.operations.size());
    for (const LogOperation& op : history.operations) {
        if (op.subscription == LogOperation::none32 && op.returned != LogOperation::never) {
            calls.push_back(op.called);
        }
    }
    if (!std::is_sorted(calls.begin(), calls.end())) {
        std::sort(calls.begin(), calls.end());
    }
    std::uint64_t overlap = 0;
    std::size_t called = 0;
    std::uint64_t ended = 0;
    for (const Return& one : returns) {
        if (history.operations[one.place].subscription != LogOperation::none32) {
            continue;
        }
        while (called < calls.size() && calls[called] <= one.time) {
            ++called;
        }
        overlap = std::max(overlap, called - ended);
        ++ended;
    }
    return overlap;
}

// One judging of one content.
class Trial {
  public:
    Trial(const LogHistory& history, const LogContent& content, const LogOptions& options)
        : history_(history),
          content_(content),
          sweep_(history, content, options, findings_),
          appends_(history, content, options, findings_),
          subscriptions_(history, content, options, findings_) {}

    // False: the budget is spent.
    bool run(const std::vector<Return>& returns, Budget& budget) {
        sweep_.expect(returns.size());
        for (std::uint32_t place = 0; place < history_.operations.size(); ++place) {
            const LogOperation& op = history_.operations[place];
            if (op.outcome == Outcome::unknown && op.subscription == LogOperation::none32) {
                sweep_.unanswered(place);
            }
        }
        std::uint64_t steps = 0;
        for (const Return& one : returns) {
            if (++steps % budget_interval == 0 &&
                budget.spent(history_.bytes() + content_.bytes() + sweep_.bytes())) {
                return false;
            }
            const bool decided = sweep_.returned(one.place, true);
            LEDGER_ASSERT(decided);
        }
        sweep_.finish();
        appends_.check();
        subscriptions_.check();
        return true;
    }
    const LogFindings& findings() const { return findings_; }
    LogFindings& findings() { return findings_; }
    const LogSweep& sweep() const { return sweep_; }
    const LogAppends& appends() const { return appends_; }
    const LogSubscriptions& subscriptions() const { return subscriptions_; }

  private:
    const LogHistory& history_;
    const LogContent& content_;
    LogFindings findings_;
    LogSweep sweep_;
    LogAppends appends_;
    LogSubscriptions subscriptions_;
};

class Judging {
  public:
    Judging(const LogHistory& history, const LogOptions& options, Budget& budget)
        : history_(history),
          options_(options),
          budget_(budget),
          returns_(returns_of(history)),
          content_(history, options) {
        out_.judgement.model = "append-only-log";
        out_.judgement.level = options.level_name;
    }

    LogJudgement run() {
        assemble();
        Trial trial(history_, content_, options_);
        const bool whole = trial.run(returns_, budget_);
        std::string reason = whole ? "" : budget_.why();
        if (whole && !content_.holes().empty()) {
            reason = fill_holes(trial);
        }
        if (reason.empty() && trial.findings().total() == 0 && examined(trial) == 0) {
            reason = "nothing was examined: no append was acknowledged and nothing was observed";
        }
        conclude(trial, std::move(reason));
        return std::move(out_);
    }

  private:
    // The log: a full read at the end if there is one, else whatever was seen.
    void assemble() {
        content_.expect_whole();
        std::uint32_t last = LogOperation::none32;
        for (std::uint32_t place = 0; place < history_.operations.size(); ++place) {
            const LogOperation& op = history_.operations[place];
            content_.asked(place);
            if (is_full_read(op) &&
                (last == LogOperation::none32 || op.called >= history_.operations[last].called)) {
                last = place;
            }
        }
        if (last != LogOperation::none32) {
            content_.read_whole(last);
        }
        for (const Return& one : returns_) {
            content_.shown(one.place);
        }
        content_.advance(true);
    }

    // Returns why nothing can be concluded; empty if something can be.
    std::string fill_holes(Trial& trial) {
        // With streams it is not known what a hole does to them, so only whole packings count.
        const bool rough = history_.has_streams;
        if (!rough && trial.findings().total() > 0) {
            return {};
        }
        LogHoles holes(history_, content_, trial.sweep().floors());
        const LogHoles::Found found = holes.fill([this](const LogContent& filled) {
            Trial again(history_, filled, options_);
            return again.run(returns_, budget_) && again.findings().total() == 0;
        });
        if (found == LogHoles::Found::impossible) {
            trial.findings().add("lost-record", holes.reason(), {}, {});
            return {};
        }
        if (found == LogHoles::Found::filled) {
            if (rough) {
                trial.findings() = {};
            }
            return {};
        }
        if (rough) {
            trial.findings() = {};
        }
        return holes.reason();
    }

    static std::uint64_t examined(const Trial& trial) {
        return trial.sweep().judged() + trial.subscriptions().deliveries();
    }

    void conclude(const Trial& trial, std::string reason) {
        Judgement& judgement = out_.judgement;
        judgement.anomalies = trial.findings().worst();
        judgement.anomalies_total = trial.findings().total();
        if (judgement.anomalies_total > 0) {
            judgement.verdict = Verdict::violated;
        } else {
            judgement.verdict = reason.empty() ? Verdict::ok : Verdict::inconclusive;
            judgement.reason = std::move(reason);
        }
        count(trial);
        for (const Floors::Step& step : trial.sweep().floors().steps()) {
            const std::uint64_t version = step.floor.version();
            if (out_.floor.empty() || out_.floor.back().second < version) {
                out_.floor.emplace_back(step.time, version);
            }
        }
    }

    void count(const Trial& trial) {
        std::uint64_t appends = 0;
        std::uint64_t reads = 0;
        std::uint64_t unknown = 0;
        std::uint64_t conflicts = 0;
        std::uint64_t refused = 0;
        std::uint64_t transactions = 0;
        for (const LogOperation& op : history_.operations) {
            const bool append = op.kind == LogKind::append;
            const bool read = op.kind == LogKind::read || op.kind == LogKind::tail;
            appends += append && op.ok() ? 1u : 0u;
            reads += read && op.ok() ? 1u : 0u;
            unknown += op.outcome == Outcome::unknown ? 1u : 0u;
            conflicts += op.has(LogOperation::conflict) ? 1u : 0u;
            refused += op.outcome == Outcome::failed && !op.has(LogOperation::conflict) ? 1u : 0u;
            transactions += append && !history_.details[op.details].parts.empty() ? 1u : 0u;
        }
        const LogStaleness& stale = trial.sweep().staleness();
        out_.judgement.coverage = {{"records in the log", content_.order().length()},
            {"ok appends", appends}, {"ok reads", reads}, {"unknown operations", unknown},
            {"conditional appends that failed", conflicts}, {"refused operations", refused},
            {"retries", trial.appends().retries()},
            {"second effects beyond the window", trial.appends().beyond_window()},
            {"transactions with a read set", transactions},
            {"deliveries", trial.subscriptions().deliveries()},
            {"subscriptions resumed", trial.subscriptions().resumed()},
            {"longest overlap", longest_overlap(history_, returns_)},
            {"positions that nobody saw", content_.holes().size()},
            {"answers that lagged", stale.answers}, {"records behind, at most", stale.records_max},
            {"ns behind, at most", stale.ns_max}, {"faults", history_.annotations.size()}};
    }

    const LogHistory& history_;
    const LogOptions& options_;
    Budget& budget_;
    const std::vector<Return> returns_;
    LogContent content_;
    LogJudgement out_;
};

}  // namespace

LogJudgement judge_log(const LogHistory& history, const LogOptions& options, Budget& budget) {
    return Judging(history, options, budget).run();
}

LogFeed::LogFeed(const LogOptions& options)
    : options_(options),
      content_(reader_.history(), options_),
      sweep_(reader_.history(), content_, options_, findings_),
      views_(reader_.history(), content_) {}

void LogFeed::stop(std::string why) {
    stopped_ = std::move(why);
    waiting_.clear();
}

bool LogFeed::in_order(const LogOperation& op) {
    if (op.returned < latest_) {
        stop(fmt::format("line {} returned before an earlier line", op.line));
        return false;
    }
    latest_ = op.returned;
    return true;
}

Result<std::vector<Anomaly>> LogFeed::line(std::string_view text) {
    const std::size_t before = history().operations.size();
    LEDGER_CHECK(reader_.line(text));
    if (history().operations.size() == before || !stopped_.empty()) {
        return findings_.news();
    }
    const auto place = static_cast<std::uint32_t>(before);
    const LogOperation& op = history().operations[place];
    content_.asked(place);
    if (op.returned == LogOperation::never) {
        sweep_.unanswered(place);
    } else if (in_order(op)) {
        content_.shown(place);
        waiting_.push_back(place);
    } else {
        return findings_.news();
    }
    content_.advance(false);
    while (!waiting_.empty() && views_.is_known(waiting_.front()) &&
           sweep_.returned(waiting_.front(), false)) {
        waiting_.pop_front();
    }
    // To guess what they wait for would tell what is not so.
    if (waiting_.size() > options_.waiting_max) {
        stop(fmt::format(
            "at line {} more than {} operations wait for a record that nobody has shown", op.line,
            options_.waiting_max));
    }
    return findings_.news();
}

std::uint64_t LogFeed::bytes() const {
    return history().bytes() + content_.bytes() + sweep_.bytes();
}

LogJudgement LogFeed::finish(Budget& budget) const {
    return judge_log(history(), options_, budget);
}

}  // namespace ledger::check
