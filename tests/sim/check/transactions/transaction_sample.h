#pragma once
// Transaction sample: small histories of transactions, written in a few characters each.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/transactions.h"

namespace ledger::check::test {

class Unlimited final : public Budget {
  public:
    bool spent(std::uint64_t) override { return false; }
    std::string why() const override { return ""; }
};

inline Value text_value(
    std::string_view characters, ValueText::Sort sort = ValueText::Sort::keyword) {
    return Value(ValueText{std::string(characters), sort});
}

// "ax1 rx12 ry": append 1 to x, read x as [1 2], read y as empty. With registers: "wx1 rx1 ry":
// write 1 to x, read x as 1, read y as nil. A value is one digit.
enum class Sample : std::uint8_t { lists = 1, registers };

inline Value micros_of(std::string_view text, Sample sample, bool answered) {
    ValueList micros;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        const char f = text[at];
        const Value key = text_value(text.substr(at + 1, 1));
        ValueList digits;
        for (at += 2; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            digits.push_back(Value(std::int64_t{text[at] - '0'}));
        }
        const Value one = digits.empty() ? Value() : digits[0];
        const std::string_view name = f == 'a' ? "append" : f == 'w' ? "w" : "r";
        const Value read = sample == Sample::lists ? Value(digits) : one;
        micros.push_back(Value(ValueList{text_value(name), key,
            f != 'r'   ? one
            : answered ? read
                       : Value()}));
    }
    return Value(std::move(micros));
}

struct SampleTransaction {
    std::int64_t process = 0;
    Outcome outcome = Outcome::ok;
    std::string text;
    std::uint64_t called = 0;
    std::uint64_t returned = 0;
};

inline RecordedHistory history_of(
    const std::vector<SampleTransaction>& transactions, Sample sample = Sample::lists) {
    RecordedHistory history;
    for (const SampleTransaction& transaction : transactions) {
        RecordedOperation operation;
        operation.id = history.operations.size();
        operation.process = transaction.process;
        operation.f = "txn";
        operation.asked = micros_of(transaction.text, sample, false);
        operation.outcome = transaction.outcome;
        operation.called = transaction.called;
        if (transaction.outcome == Outcome::ok) {
            operation.answered = micros_of(transaction.text, sample, true);
        }
        if (transaction.outcome != Outcome::unknown) {
            operation.returned = transaction.returned;
        }
        history.operations.push_back(std::move(operation));
    }
    return history;
}

// Each is called before any returns, each by a client of its own; '!' in front = failed, '?'
// unknown.
inline RecordedHistory concurrent(
    std::initializer_list<std::string_view> texts, Sample sample = Sample::lists) {
    std::vector<SampleTransaction> out;
    for (const std::string_view text : texts) {
        const bool marked = text[0] == '!' || text[0] == '?';
        out.push_back({static_cast<std::int64_t>(out.size()),
            text[0] == '!'   ? Outcome::failed
            : text[0] == '?' ? Outcome::unknown
                             : Outcome::ok,
            std::string(marked ? text.substr(1) : text), out.size(), 100 + out.size()});
    }
    return history_of(out, sample);
}

// Each returns before the next is called; the client's digit stands in front: "0 ax1".
inline RecordedHistory sequential(
    std::initializer_list<std::string_view> texts, Sample sample = Sample::lists) {
    std::vector<SampleTransaction> out;
    for (const std::string_view text : texts) {
        out.push_back({text[0] - '0', Outcome::ok, std::string(text.substr(2)), 2 * out.size(),
            2 * out.size() + 1});
    }
    return history_of(out, sample);
}

inline Judgement judge(
    const RecordedHistory& history, std::string_view model, std::string_view level = "") {
    Unlimited budget;
    const auto judged =
        judge_transactions(history, {std::string(model), std::string(level)}, budget);
    return judged ? *judged : Judgement{};
}

inline std::vector<std::string> names_of(const Judgement& judgement) {
    std::vector<std::string> names;
    for (const Anomaly& anomaly : judgement.anomalies) {
        names.push_back(anomaly.name);
    }
    return names;
}

inline bool has(const Judgement& judgement, std::string_view name) {
    for (const Anomaly& anomaly : judgement.anomalies) {
        if (anomaly.name == name) {
            return true;
        }
    }
    return false;
}

}  // namespace ledger::check::test
