// TransactionsBench: how long the checker of transactions takes. Not a test.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "sim/check/transactions/transactions.h"

namespace ledger::check {
namespace {

class Unlimited final : public Budget {
  public:
    bool spent(std::uint64_t bytes) override {
        most = std::max(most, bytes);
        return false;
    }
    std::string why() const override { return ""; }
    std::uint64_t most = 0;
};

Value name(const char* characters) {
    return Value(ValueText{characters, ValueText::Sort::keyword});
}

constexpr std::uint64_t clients = 20;
constexpr std::uint64_t keys_at_once = 10;
constexpr std::uint64_t appends_per_key = 100;

// A store of lists or registers in which a transaction takes effect at its return. `stale_percent`
// of the reads show what was there some appends ago.
class Load {
  public:
    Load(bool lists, std::uint64_t stale_percent) : lists_(lists), stale_percent_(stale_percent) {}

    RecordedHistory run(std::uint64_t transactions) {
        std::vector<std::uint64_t> open(clients, none);
        for (std::uint64_t i = 0; history_.operations.size() < transactions; ++i) {
            const std::uint64_t client = pick(clients);
            if (open[client] == none) {
                open[client] = history_.operations.size();
                RecordedOperation operation;
                operation.id = open[client];
                operation.process = static_cast<std::int64_t>(client);
                operation.f = "txn";
                operation.called = time_++;
                history_.operations.push_back(std::move(operation));
            } else {
                answer(history_.operations[open[client]]);
                open[client] = none;
            }
        }
        for (const std::uint64_t operation : open) {
            if (operation != none) {
                answer(history_.operations[operation]);
            }
        }
        return std::move(history_);
    }

  private:
    static constexpr std::uint64_t none = UINT64_MAX;

    std::uint64_t pick(std::uint64_t below) {
        return keyed_bits(1, Site{906}, 0, ++choices_) % below;
    }

    void answer(RecordedOperation& operation) {
        ValueList micros;
        std::uint64_t own = 0;  // a bit per slot that it wrote
        for (std::uint64_t i = 0, n = 1 + pick(4); i < n; ++i) {
            // Keys come and go: each gets so many appends and then another one takes its place.
            const std::uint64_t slot = pick(keys_at_once);
            const Value key(static_cast<std::int64_t>(slot + keys_at_once * generation_[slot]));
            ValueList& list = lists_of_[slot];
            if (pick(2) == 0) {
                const Value value(static_cast<std::int64_t>(++values_));
                list.push_back(value);
                own |= std::uint64_t{1} << slot;
                micros.push_back(Value(ValueList{name(lists_ ? "append" : "w"), key, value}));
            } else if (lists_) {
                micros.push_back(
                    Value(ValueList{name("r"), key, Value(shown(list, own >> slot & 1))}));
            } else {
                const ValueList seen = shown(list, own >> slot & 1);
                micros.push_back(
                    Value(ValueList{name("r"), key, seen.empty() ? Value() : seen.back()}));
            }
        }
        for (std::uint64_t slot = 0; slot < keys_at_once; ++slot) {
            if (lists_of_[slot].size() >= appends_per_key) {
                lists_of_[slot].clear();
                ++generation_[slot];
            }
        }
        operation.asked = Value(micros);
        operation.answered = Value(std::move(micros));
        operation.outcome = Outcome::ok;
        operation.returned = time_++;
    }

    ValueList shown(const ValueList& list, std::uint64_t own) {
        ValueList out = list;
        if (own == 0 && pick(100) < stale_percent_) {
            out.resize(out.size() - std::min<std::uint64_t>(out.size(), pick(5)));
        }
        return out;
    }

    const bool lists_;
    const std::uint64_t stale_percent_;
    std::uint64_t choices_ = 0;
    std::uint64_t time_ = 0;
    std::uint64_t values_ = 0;
    std::map<std::uint64_t, std::uint64_t> generation_;
    std::map<std::uint64_t, ValueList> lists_of_;
    RecordedHistory history_;
};

// Sends and polls of ten logs: every other operation polls, each consumer from where it stands.
RecordedHistory kafka_load(std::uint64_t operations) {
    RecordedHistory history;
    std::vector<ValueList> logs(10);
    std::vector<std::vector<std::uint64_t>> stands(clients, std::vector<std::uint64_t>(10, 0));
    for (std::uint64_t i = 0; i < operations; ++i) {
        const auto pick = [&](std::uint64_t what, std::uint64_t below) {
            return keyed_bits(2, Site{906}, i, what) % below;
        };
        RecordedOperation operation;
        operation.id = i;
        const std::uint64_t client = pick(0, clients / 2) + (i % 2) * clients / 2;
        operation.process = static_cast<std::int64_t>(client);
        operation.f = i % 2 == 0 ? "send" : "poll";
        operation.called = 2 * i;
        operation.returned = 2 * i + 1;
        operation.called_ns = static_cast<std::int64_t>(1000 * i);
        operation.returned_ns = static_cast<std::int64_t>(1000 * i + 500);
        operation.outcome = Outcome::ok;
        const std::uint64_t key = pick(1, logs.size());
        const Value key_value(static_cast<std::int64_t>(key));
        ValueList& log = logs[key];
        if (i % 2 == 0) {
            const Value placed(ValueList{
                Value(static_cast<std::int64_t>(log.size())), Value(static_cast<std::int64_t>(i))});
            log.push_back(placed);
            operation.answered =
                Value(ValueList{Value(ValueList{name("send"), key_value, placed})});
        } else {
            std::uint64_t& stand = stands[client][key];
            ValueList records(log.begin() + static_cast<std::ptrdiff_t>(stand), log.end());
            stand = log.size();
            operation.answered = Value(ValueList{Value(
                ValueList{name("poll"), Value(ValueMap{{key_value, Value(std::move(records))}})})});
        }
        operation.asked = operation.answered;
        history.operations.push_back(std::move(operation));
    }
    return history;
}

void measure(const char* what, const RecordedHistory& history, const char* model) {
    double best = 1e9;
    Unlimited budget;
    Judgement judgement;
    for (int round = 0; round < 3; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        auto judged = judge_transactions(history, {model, ""}, budget);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count());
        judgement = judged ? std::move(*judged) : Judgement{};
    }
    std::printf("%-44s %7zu operations %8.1f ms  %-8s %6.1f MB", what, history.operations.size(),
        best * 1e3, std::string(to_text(judgement.verdict)).c_str(),
        static_cast<double>(budget.most) / 1e6);
    if (!judgement.anomalies.empty()) {
        std::printf("  %s of %zu, %llu in all", judgement.anomalies[0].name.c_str(),
            judgement.anomalies[0].operations.size(),
            static_cast<unsigned long long>(judgement.anomalies_total));
    }
    std::printf("\n");
}

void run(std::uint64_t count) {
    measure("list-append, serial store", Load(true, 0).run(count), "list-append");
    measure("list-append, giant component", Load(true, 30).run(count / 10), "list-append");
    measure("list-append, giant component", Load(true, 30).run(count), "list-append");
    measure("rw-register, serial store", Load(false, 0).run(count), "rw-register");
    measure("rw-register, giant component", Load(false, 30).run(count), "rw-register");
    measure("kafka-log", kafka_load(count), "kafka-log");
}

}  // namespace
}  // namespace ledger::check

int main() {
    ledger::check::run(100'000);
}
