#include "sim/check/transactions/kafka_log.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "sim/check/transactions/cycle_text.h"
#include "sim/check/transactions/cycles.h"
#include "sim/check/transactions/kafka_clients.h"
#include "sim/check/transactions/kafka_operations.h"
#include "sim/check/transactions/kafka_order.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t none = KafkaRecord::none;

class KafkaLog {
  public:
    KafkaLog(const KafkaHistory& history, const KafkaOptions& options, Anomalies& anomalies,
        Effort& effort)
        : history_(history),
          options_(options),
          anomalies_(anomalies),
          effort_(effort),
          order_(history, anomalies, effort),
          polled_(history.records.size(), false) {}

    Coverage run();

  private:
    void note_polls();
    void examine_poll(std::uint32_t operation, const KafkaSight& poll);
    void find_lost();
    void find_lost_in(std::uint32_t key);
    std::uint64_t unseen_at_end();
    std::uint64_t most_unseen() const;
    void find_cycles_of_records();
    std::string reason(const CycleStep& step) const;
    void add(std::string_view name, Level broken, std::string sentence,
        std::vector<std::uint64_t> operations);

    std::uint32_t sender(std::uint32_t record) const { return history_.records[record].sender; }
    std::uint64_t id(std::uint32_t operation) const { return history_.operations[operation].id; }
    Outcome outcome(std::uint32_t operation) const {
        return history_.operations[operation].outcome;
    }

    const KafkaHistory& history_;
    const KafkaOptions options_;
    Anomalies& anomalies_;
    Effort& effort_;
    KafkaOrder order_;
    std::vector<bool> polled_;  // per record, by anybody
    // Per key: the highest place that an ok poll returned, + 1.
    std::vector<std::uint64_t> read_to_;
    std::uint64_t polls_ = 0;
};

void KafkaLog::add(std::string_view name, Level broken, std::string sentence,
    std::vector<std::uint64_t> operations) {
    anomalies_.add(
        {{{std::string(name), {broken}}}, std::move(sentence), {}, std::move(operations)});
}

void KafkaLog::examine_poll(std::uint32_t operation, const KafkaSight& poll) {
    const std::uint32_t by = sender(poll.record);
    const std::string what = fmt::format("{} polled {} of {}", history_.name(operation),
        history_.value_text(poll.record), history_.key_text(poll.record));
    if (by == none) {
        add("garbage-read", Level::read_uncommitted,
            fmt::format("{}, which nobody sent: a garbage read", what), {id(operation)});
    } else if (outcome(by) == Outcome::failed) {
        add("G1a", Level::read_committed,
            fmt::format(
                "aborted read: {}, which {} had sent, but that failed", what, history_.name(by)),
            {id(by), id(operation)});
    } else if (by == operation) {
        add("precommitted-read", Level::read_committed,
            fmt::format("{}, which it sent itself and had not committed", what), {id(operation)});
    }
}

void KafkaLog::note_polls() {
    read_to_.assign(history_.keys.size(), 0);
    for (std::uint32_t o = 0; o < history_.operations.size(); ++o) {
        for (const KafkaSight& poll : history_.operations[o].polls) {
            polled_[poll.record] = true;
            if (outcome(o) != Outcome::ok || !effort_.step()) {
                continue;
            }
            ++polls_;
            examine_poll(o, poll);
            if (const auto place = order_.place(poll)) {
                std::uint64_t& read_to = read_to_[history_.records[poll.record].key];
                read_to = std::max(read_to, *place + 1);
            }
        }
    }
}

// What nobody polled although somebody polled what stands behind it.
void KafkaLog::find_lost_in(std::uint32_t key) {
    for (std::uint64_t place = 0; place + 1 < read_to_[key]; ++place) {
        const std::uint32_t record = order_.log(key)[place];
        const std::uint32_t by = sender(record);
        if (!polled_[record] && by != none && order_.committed(by)) {
            const std::uint32_t read = order_.log(key)[read_to_[key] - 1];
            add("lost-write", Level::read_uncommitted,
                fmt::format("{} sent {} to {}, and no poll returned it, though {} "
                            "behind it was polled",
                    history_.name(by), history_.value_text(record), history_.keys[key],
                    history_.value_text(read)),
                {id(by)});
        }
    }
}

void KafkaLog::find_lost() {
    for (std::uint32_t key = 0; key < history_.keys.size() && effort_.step(); ++key) {
        find_lost_in(key);
    }
}

std::uint64_t KafkaLog::unseen_at_end() {
    std::uint64_t unseen = 0;
    for (std::uint32_t record = 0; record < history_.records.size(); ++record) {
        const std::uint32_t by = sender(record);
        if (by == none || outcome(by) != Outcome::ok || polled_[record]) {
            continue;
        }
        ++unseen;
        if (options_.end_is_polled) {
            add("unseen", Level::read_uncommitted,
                fmt::format("{} sent {} to {} and was told so, but no poll ever returned it",
                    history_.name(by), history_.value_text(record), history_.key_text(record)),
                {id(by)});
        }
    }
    return unseen;
}

// The most records at one time that were acknowledged and that nobody had polled yet.
std::uint64_t KafkaLog::most_unseen() const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> returns;
    for (std::uint32_t o = 0; o < history_.operations.size(); ++o) {
        if (outcome(o) == Outcome::ok) {
            returns.emplace_back(history_.operations[o].returned, o);
        }
    }
    std::sort(returns.begin(), returns.end());
    std::vector<bool> seen(history_.records.size(), false);
    std::vector<bool> waits(history_.records.size(), false);
    std::uint64_t now = 0;
    std::uint64_t most = 0;
    for (const auto& [returned, o] : returns) {
        for (const KafkaSight& poll : history_.operations[o].polls) {
            now -= waits[poll.record] ? 1u : 0u;
            waits[poll.record] = false;
            seen[poll.record] = true;
        }
        for (const KafkaSight& send : history_.operations[o].sends) {
            if (!seen[send.record] && !waits[send.record]) {
                waits[send.record] = true;
                ++now;
            }
        }
        most = std::max(most, now);
    }
    return most;
}

std::string KafkaLog::reason(const CycleStep& step) const {
    const std::uint32_t before = step.label.before;
    const std::string to = history_.name(step.to);
    if (step.kind == EdgeKind::wr) {
        return fmt::format("{} polled {} of {}, which it sent", to, history_.value_text(before),
            history_.key_text(before));
    }
    return fmt::format("it sent {} to {}, and {} sent {}, which is next there",
        history_.value_text(before), history_.key_text(before), to,
        history_.value_text(step.label.after));
}

void KafkaLog::find_cycles_of_records() {
    DependencyGraph graph(static_cast<std::uint32_t>(history_.operations.size()));
    for (std::uint32_t key = 0; key < history_.keys.size() && !options_.interleaved_batches;
        ++key) {
        const std::vector<std::uint32_t>& log = order_.log(key);
        std::uint32_t last = none;
        for (const std::uint32_t record : log) {
            // Where a duplicate belongs is not known.
            if (sender(record) == none || !order_.committed(sender(record)) ||
                order_.is_duplicate(record)) {
                continue;
            }
            if (last != none) {
                graph.add({sender(last), sender(record), EdgeKind::ww, Support::data,
                    {key, last, record, EdgeLabel::none}});
            }
            last = record;
        }
    }
    for (std::uint32_t o = 0; o < history_.operations.size() && effort_.step(); ++o) {
        // Who sends nothing is in no cycle.
        if (outcome(o) != Outcome::ok || history_.operations[o].sends.empty()) {
            continue;
        }
        for (const KafkaSight& poll : history_.operations[o].polls) {
            const std::uint32_t by = sender(poll.record);
            if (by != none && order_.committed(by)) {
                graph.add({by, o, EdgeKind::wr, Support::data,
                    {history_.records[poll.record].key, poll.record, EdgeLabel::none,
                        EdgeLabel::none}});
            }
        }
    }
    graph.finish();
    effort_.hold(graph.bytes() * 2);
    const CycleSpeaker speaker{"operation",
        [this](std::uint32_t o) -> const RecordedOperation& {
            return history_.recorded->operations[id(o)];
        },
        [this](const CycleStep& step) { return reason(step); }};
    for (const Cycle& cycle : find_cycles(graph, effort_)) {
        anomalies_.add(describe(cycle, speaker));
    }
}

Coverage KafkaLog::run() {
    note_polls();
    find_lost();
    const std::uint64_t unseen = unseen_at_end();
    const KafkaClients clients(history_, order_, options_.interleaved_batches, anomalies_, effort_);
    find_cycles_of_records();

    Coverage coverage;
    std::uint64_t sends = 0;
    std::uint64_t unknown = 0;
    std::uint64_t took_effect = 0;
    for (std::uint32_t o = 0; o < history_.operations.size(); ++o) {
        sends += outcome(o) == Outcome::ok ? history_.operations[o].sends.size() : 0;
        unknown += outcome(o) == Outcome::unknown ? 1u : 0u;
        took_effect += outcome(o) == Outcome::unknown && order_.committed(o) ? 1u : 0u;
    }
    coverage.examined = order_.places();
    coverage.add("operations", history_.operations.size());
    coverage.add("operations skipped", history_.skipped);
    coverage.add("records sent", sends);
    coverage.add("records polled", polls_);
    coverage.add("offsets known", order_.places());
    coverage.add("unknown", unknown);
    coverage.add("of them took effect", took_effect);
    coverage.add("most unseen at one time", most_unseen());
    coverage.add("unseen at the end", unseen);
    coverage.add(
        "longest lag in real time, ns", static_cast<std::uint64_t>(clients.realtime_lag_ns()));
    return coverage;
}

}  // namespace

Result<Coverage> examine_kafka_log(const RecordedHistory& history, const KafkaOptions& options,
    Anomalies& anomalies, Effort& effort) {
    LEDGER_TRY(const KafkaHistory operations, read_kafka_operations(history));
    return KafkaLog(operations, options, anomalies, effort).run();
}

}  // namespace ledger::check
