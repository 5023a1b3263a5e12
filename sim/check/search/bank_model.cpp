#include "sim/check/search/bank_model.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"

namespace ledger::check {
namespace {

// Sums stay far from the edge of 64 bits.
constexpr std::int64_t number_max = std::int64_t{1} << 40;
constexpr std::uint64_t accounts_max = 1u << 20;

std::int64_t sum(const BankModel::State& balances) {
    std::int64_t out = 0;
    for (const std::int64_t balance : balances) {
        out += balance;
    }
    return out;
}

}  // namespace

std::uint32_t BankModel::account(const Value& name) {
    if (const ValueText* text = name.text()) {
        std::int64_t number = 0;
        const char* end = text->characters.data() + text->characters.size();
        const auto [stop, error] = std::from_chars(text->characters.data(), end, number);
        if (error == std::errc{} && stop == end) {
            return accounts_.number(Value(number));
        }
    }
    return accounts_.number(name);
}

// Accounts that a map does not name are empty.
std::optional<BankModel::State> BankModel::balances(const Value& map) {
    if (map.map() == nullptr) {
        return std::nullopt;
    }
    State out;
    for (const auto& [name, balance] : *map.map()) {
        const auto number = balance.integer();
        if (!number || *number > number_max || *number < -number_max ||
            accounts_.size() > accounts_max) {
            return std::nullopt;
        }
        const std::uint32_t at = account(name);
        out.resize(std::max<std::uint64_t>(out.size(), at + 1), 0);
        out[at] = *number;
    }
    while (!out.empty() && out.back() == 0) {
        out.pop_back();
    }
    return out;
}

BankModel::BankModel(const RecordedHistory& history) {
    std::uint64_t first_transfer = RecordedOperation::never;
    for (const RecordedOperation& operation : history.operations) {
        if (operation.f == "transfer" && operation.outcome != Outcome::failed) {
            first_transfer = std::min(first_transfer, operation.called);
        }
    }
    for (const RecordedOperation& operation : history.operations) {
        if (operation.f == "read" && operation.outcome == Outcome::ok &&
            operation.returned < first_transfer) {
            beginning_ = balances(operation.answered);
            return;
        }
    }
}

Reading<BankModel::Operation> BankModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    if (recorded.f == "read") {
        out.observes = true;
        if (recorded.outcome == Outcome::ok && !recorded.answered.is_nil()) {
            auto shown = balances(recorded.answered);
            if (!shown) {
                out.wrong = fmt::format("expected a map of accounts and balances, found {}",
                    to_text(recorded.answered, 60));
                return out;
            }
            out.does.push_back({true, 0, 0, 0, std::move(*shown)});
        }
        return out;
    }
    const Value* from = recorded.asked.find("from");
    const Value* to = recorded.asked.find("to");
    const Value* amount = recorded.asked.find("amount");
    const std::int64_t number =
        amount == nullptr ? INT64_MAX : amount->integer().value_or(INT64_MAX);
    const bool right = recorded.f == "transfer" && from != nullptr && to != nullptr &&
                       number <= number_max && number >= -number_max;
    if (!right) {
        out.wrong =
            fmt::format("expected a read or a transfer of {{from, to, amount}}, found {} {}",
                recorded.f.empty() ? "an operation without a function" : recorded.f,
                to_text(recorded.asked, 60));
        return out;
    }
    if (recorded.outcome != Outcome::failed) {
        out.does.push_back({false, account(*from), account(*to), number, {}});
    }
    return out;
}

std::optional<BankModel::State> BankModel::step(
    const State& state, const Operation& operation) const {
    if (operation.reads) {
        return state == operation.balances ? std::optional(state) : std::nullopt;
    }
    State after = state;
    after.resize(std::max<std::uint64_t>(
                     after.size(), std::max(operation.from, operation.to) + std::uint64_t{1}),
        0);
    after[operation.from] -= operation.amount;
    after[operation.to] += operation.amount;
    if (after[operation.from] < 0 || after[operation.to] < 0) {
        return std::nullopt;
    }
    while (!after.empty() && after.back() == 0) {
        after.pop_back();
    }
    return after;
}

std::uint64_t BankModel::hash(const State& state) const {
    std::uint64_t hash = state.size();
    for (const std::int64_t balance : state) {
        hash = mixed(hash, static_cast<std::uint64_t>(balance));
    }
    return hash;
}

std::uint64_t BankModel::hash(const Operation& operation) const {
    return mixed(
        mixed(hash(operation.balances), (std::uint64_t{operation.from} << 32) | operation.to),
        static_cast<std::uint64_t>(operation.amount) * 2 + (operation.reads ? 1 : 0));
}

std::string BankModel::describe(const State& state) const {
    constexpr std::uint64_t shown_max = 12;
    std::string out = "{";
    for (std::uint32_t i = 0; i < state.size() && i < shown_max; ++i) {
        out += fmt::format("{}{} {}", i == 0 ? "" : ", ", accounts_.text(i), state[i]);
    }
    return out + (state.size() > shown_max ? " ...}" : "}");
}

std::string BankModel::refusal(const State& state, const Operation& operation) const {
    if (operation.reads) {
        return fmt::format("a read of {}, but the balances were {}", describe(operation.balances),
            describe(state));
    }
    return fmt::format("a transfer of {} from {} to {}, which the balances {} do not allow",
        operation.amount, accounts_.text(operation.from), accounts_.text(operation.to),
        describe(state));
}

std::vector<Anomaly> BankModel::wrong_totals(
    const RecordedHistory& history, std::optional<std::int64_t> total, std::uint64_t& reads) {
    std::vector<Anomaly> out;
    const RecordedOperation* first = nullptr;
    reads = 0;
    for (const RecordedOperation& operation : history.operations) {
        const Reading<Operation> reading = read(operation);
        if (!reading.observes || reading.does.empty()) {
            continue;
        }
        ++reads;
        const State& shown = reading.does[0].balances;
        const std::int64_t here = sum(shown);
        if (!total) {
            total = here;
            first = &operation;
        }
        if (here != *total) {
            Anomaly anomaly;
            anomaly.name = "wrong-total";
            anomaly.sentence = fmt::format("{} shows a total of {}, but {} is {}",
                operation_with_place(operation), here,
                first == nullptr ? "the total" : "that of " + operation_with_place(*first), *total);
            anomaly.operations = {operation.id};
            if (first != nullptr) {
                anomaly.operations.push_back(first->id);
            }
            out.push_back(std::move(anomaly));
        }
        const auto negative = std::min_element(shown.begin(), shown.end());
        if (negative != shown.end() && *negative < 0) {
            Anomaly anomaly;
            anomaly.name = "negative-balance";
            anomaly.sentence = fmt::format("{} shows account {} at {}",
                operation_with_place(operation),
                accounts_.text(static_cast<std::uint32_t>(negative - shown.begin())), *negative);
            anomaly.operations = {operation.id};
            out.push_back(std::move(anomaly));
        }
    }
    return out;
}

}  // namespace ledger::check
