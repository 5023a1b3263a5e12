#pragma once
// Log injected: the bug classes of logs, planted into valid histories.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/log_history/log_history.h"
#include "tests/sim/check/history_generator.h"

namespace ledger::check::test {

enum class LogBug : std::uint8_t {
    stale_read,
    stale_tail,
    lost_append,
    reordered_pair,
    duplicate_append,
    aborted_append_visible,
    torn_batch,
    expected_tail_ignored,
    spurious_wrong_expected,
    future_read,
    corrupt_record,
    last,
};

// Names of which one must be among the anomalies.
inline std::vector<std::string> names_of(LogBug bug) {
    switch (bug) {
        case LogBug::stale_read: return {"stale-read"};
        case LogBug::stale_tail: return {"stale-tail"};
        // What follows on the one that is lost has moved.
        case LogBug::lost_append: return {"lost-append", "wrong-position"};
        case LogBug::reordered_pair: return {"reordered-pair", "wrong-position"};
        case LogBug::duplicate_append: return {"duplicate-append"};
        case LogBug::aborted_append_visible: return {"aborted-append-visible"};
        case LogBug::torn_batch: return {"torn-batch"};
        case LogBug::expected_tail_ignored: return {"expected-tail-ignored"};
        case LogBug::spurious_wrong_expected: return {"spurious-wrong-expected"};
        case LogBug::future_read: return {"future-read", "reordered-pair"};
        case LogBug::corrupt_record:
            return {"corrupt-record", "garbage-record", "aborted-append-visible"};
        case LogBug::last: break;
    }
    return {};
}

// Plants one bug at a random place of a history that ends in a read of everything. False: there is
// no place for it.
class LogInjection {
  public:
    LogInjection(LogHistory& history, std::uint64_t seed) : history_(history), dice_(seed) {
        const LogOperation& last = history.operations.back();
        log_.assign(history.records.begin() + last.records,
            history.records.begin() + last.records + last.count);
    }

    bool plant(LogBug bug) {
        switch (bug) {
            case LogBug::stale_read: return stale(LogKind::read);
            case LogBug::stale_tail: return stale(LogKind::tail);
            case LogBug::lost_append: return lost();
            case LogBug::reordered_pair: return reordered();
            case LogBug::duplicate_append: return twice(Outcome::ok);
            case LogBug::aborted_append_visible: return twice(Outcome::failed);
            case LogBug::torn_batch: return torn();
            case LogBug::expected_tail_ignored: return ignored();
            case LogBug::spurious_wrong_expected: return spurious();
            case LogBug::future_read: return future();
            case LogBug::corrupt_record: return corrupt();
            case LogBug::last: break;
        }
        return false;
    }

  private:
    template <typename Predicate>
    LogOperation* any(Predicate fits) {
        std::vector<LogOperation*> found;
        for (std::size_t i = 0; i + 1 < history_.operations.size(); ++i) {
            if (fits(history_.operations[i])) {
                found.push_back(&history_.operations[i]);
            }
        }
        return found.empty() ? nullptr : found[dice_(found.size())];
    }
    std::uint64_t place(const LogOperation& op) const {
        const auto at = std::find(log_.begin(), log_.end(), history_.records[op.records]);
        return static_cast<std::uint64_t>(at - log_.begin());
    }
    bool appended(const LogOperation& op) const {
        return op.kind == LogKind::append && op.ok() && op.count > 0 && op.attempt == 1 &&
               place(op) < log_.size();
    }
    void rewrite_log() {
        LogOperation& last = history_.operations.back();
        last.records = static_cast<std::uint32_t>(history_.records.size());
        last.count = static_cast<std::uint32_t>(log_.size());
        last.length = LogOperation::none;
        history_.records.insert(history_.records.end(), log_.begin(), log_.end());
    }

    // Whoever asks after an append has been acknowledged is told of the log before it.
    bool stale(LogKind kind) {
        LogOperation* append = any([&](const LogOperation& op) { return appended(op); });
        if (append == nullptr) {
            return false;
        }
        LogOperation* reader = any([&](const LogOperation& op) {
            return op.kind == kind && op.ok() && op.stream == 0 && op.details == 0 &&
                   op.called > append->returned;
        });
        if (reader == nullptr) {
            return false;
        }
        const std::uint64_t length = place(*append);
        reader->flags = LogOperation::end;
        reader->position = LogOperation::none;
        reader->length = length;
        if (kind == LogKind::read) {
            reader->from = 0;
            reader->max = LogOperation::none;
            reader->records = history_.operations.back().records;
            reader->count = static_cast<std::uint32_t>(length);
        }
        return true;
    }

    bool lost() {
        LogOperation* append = any([&](const LogOperation& op) { return appended(op); });
        if (append == nullptr) {
            return false;
        }
        const auto at = log_.begin() + static_cast<std::int64_t>(place(*append));
        log_.erase(at, at + append->count);
        rewrite_log();
        return true;
    }

    bool reordered() {
        LogOperation* first = any([&](const LogOperation& op) { return appended(op); });
        LogOperation* second = first == nullptr ? nullptr : any([&](const LogOperation& op) {
            return appended(op) && &op != first && op.count == first->count;
        });
        if (second == nullptr) {
            return false;
        }
        const auto a = log_.begin() + static_cast<std::int64_t>(place(*first));
        const auto b = log_.begin() + static_cast<std::int64_t>(place(*second));
        std::swap_ranges(a, a + first->count, b);
        rewrite_log();
        return true;
    }

    bool twice(Outcome outcome) {
        LogOperation* append = any([&](const LogOperation& op) {
            return op.kind == LogKind::append && op.outcome == outcome && op.count > 0 &&
                   (outcome == Outcome::failed ? place(op) == log_.size() && only_attempt(op)
                                               : place(op) < log_.size());
        });
        if (append == nullptr) {
            return false;
        }
        for (std::uint32_t i = 0; i < append->count; ++i) {
            log_.push_back(history_.records[append->records + i]);
        }
        rewrite_log();
        return true;
    }
    bool only_attempt(const LogOperation& op) const {
        return std::count_if(history_.operations.begin(), history_.operations.end(),
                   [&](const LogOperation& other) { return other.logical == op.logical; }) == 1;
    }

    bool torn() {
        LogOperation* append =
            any([&](const LogOperation& op) { return appended(op) && op.count > 1; });
        if (append == nullptr) {
            return false;
        }
        log_.erase(log_.begin() + static_cast<std::int64_t>(place(*append)) +
                   static_cast<std::int64_t>(dice_(append->count)));
        rewrite_log();
        return true;
    }

    bool ignored() {
        LogOperation* append =
            any([&](const LogOperation& op) { return appended(op) && only_attempt(op); });
        if (append == nullptr) {
            return false;
        }
        const std::uint64_t at = place(*append);
        append->expected = at == 0 || dice_.one_in(2) ? at + 1 : at - 1;
        return true;
    }

    bool spurious() {
        LogOperation op = history_.operations.back();
        op.kind = LogKind::append;
        op.outcome = Outcome::failed;
        op.flags = LogOperation::conflict;
        op.expected = log_.size();
        op.length = LogOperation::none;
        op.called += 100;
        op.returned += 110;
        op.logical = static_cast<std::uint32_t>(history_.keys.size());
        history_.keys.emplace_back();
        op.records = static_cast<std::uint32_t>(history_.records.size());
        op.count = 1;
        history_.records.push_back(static_cast<std::uint32_t>(history_.record_ids.size()));
        history_.record_ids.push_back(EventId{77, 77});
        // The read of everything stays the last line.
        history_.operations.insert(history_.operations.end() - 1, op);
        return true;
    }

    // An append is called after somebody has read its first record.
    bool future() {
        LogOperation* reader = any([&](const LogOperation& op) {
            return op.kind == LogKind::read && op.ok() && op.count > 0 &&
                   !op.has(LogOperation::hashed) && op.details == 0;
        });
        if (reader == nullptr) {
            return false;
        }
        const std::uint32_t shown = history_.records[reader->records];
        LogOperation* append = any([&](const LogOperation& op) {
            return appended(op) && only_attempt(op) && history_.records[op.records] == shown;
        });
        if (append == nullptr) {
            return false;
        }
        append->called = reader->returned + 1;
        append->returned = std::max(append->returned, append->called);
        return true;
    }

    bool corrupt() {
        LogOperation* reader = any([&](const LogOperation& op) {
            return op.kind == LogKind::read && op.ok() && op.count > 0 &&
                   !op.has(LogOperation::hashed) && op.details == 0;
        });
        if (reader == nullptr || history_.record_ids.size() < 2) {
            return false;
        }
        const auto begin = history_.records.begin() + reader->records;
        const std::vector<std::uint32_t> copy(begin, begin + reader->count);
        reader->records = static_cast<std::uint32_t>(history_.records.size());
        history_.records.insert(history_.records.end(), copy.begin(), copy.end());
        std::uint32_t& one = history_.records[reader->records + dice_(reader->count)];
        one = (one + 1 + static_cast<std::uint32_t>(dice_(history_.record_ids.size() - 1))) %
              static_cast<std::uint32_t>(history_.record_ids.size());
        return true;
    }

    LogHistory& history_;
    Dice dice_;
    std::vector<std::uint32_t> log_;  // as it was
};

}  // namespace ledger::check::test
