#include "sim/check/search/queue_model.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {
namespace {

bool is_put(std::string_view f) {
    return f == "enqueue" || f == "push" || f == "add" || f == "put" || f == "offer" || f == "send";
}

bool is_take(std::string_view f) {
    return f == "dequeue" || f == "pop" || f == "take" || f == "poll" || f == "receive";
}

}  // namespace

QueueModel::QueueModel(Order order, const RecordedHistory& history) : order_(order) {
    by_value_ = order == Order::any;
    for (const RecordedOperation& operation : history.operations) {
        if (is_put(operation.f) && operation.outcome != Outcome::failed) {
            put_in_.push_back(values_.number(operation.asked));
        }
        if (is_take(operation.f) && operation.outcome == Outcome::ok &&
            operation.answered.is_nil()) {
            by_value_ = false;
        }
    }
    std::sort(put_in_.begin(), put_in_.end());
    put_in_.erase(std::unique(put_in_.begin(), put_in_.end()), put_in_.end());
}

Reading<QueueModel::Operation> QueueModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    if (is_put(recorded.f)) {
        out.can_be_refused = false;
        if (recorded.outcome != Outcome::failed) {
            out.does.push_back({Operation::Kind::put, values_.number(recorded.asked)});
            out.key = by_value_ ? recorded.asked : Value();
        }
        return out;
    }
    if (!is_take(recorded.f)) {
        out.wrong = fmt::format("expected enqueue or dequeue (push or pop), found {}",
            recorded.f.empty() ? "an operation without a function" : recorded.f);
        return out;
    }
    if (recorded.outcome == Outcome::ok && recorded.answered.is_nil()) {
        out.observes = true;
        out.does.push_back({Operation::Kind::find_empty, 0});
    } else if (recorded.outcome == Outcome::ok) {
        out.does.push_back({Operation::Kind::take, values_.number(recorded.answered)});
        out.key = by_value_ ? recorded.answered : Value();
    } else if (recorded.outcome == Outcome::unknown && order_ != Order::any) {
        out.does.push_back({Operation::Kind::take_what_is_next, 0});
    } else if (recorded.outcome == Outcome::unknown && !by_value_) {
        // Where nobody sees an empty queue, something taken away helps nobody: it is left out.
        for (const std::uint32_t value : put_in_) {
            out.does.push_back({Operation::Kind::take, value});
        }
    }
    return out;
}

std::optional<QueueModel::State> QueueModel::step(
    const State& state, const Operation& operation) const {
    State after = state;
    if (operation.kind == Operation::Kind::find_empty) {
        return state.empty() ? std::optional(std::move(after)) : std::nullopt;
    }
    if (operation.kind == Operation::Kind::put) {
        const auto at = order_ == Order::any
                            ? std::upper_bound(after.begin(), after.end(), operation.value)
                            : after.end();
        after.insert(at, operation.value);
        return after;
    }
    if (order_ == Order::any) {
        const auto at = std::lower_bound(after.begin(), after.end(), operation.value);
        if (at == after.end() || *at != operation.value) {
            return std::nullopt;
        }
        after.erase(at);
        return after;
    }
    if (state.empty()) {
        return std::nullopt;
    }
    const auto next = order_ == Order::first_in ? after.begin() : after.end() - 1;
    if (operation.kind == Operation::Kind::take && *next != operation.value) {
        return std::nullopt;
    }
    after.erase(next);
    return after;
}

std::uint64_t QueueModel::hash(const State& state) const {
    std::uint64_t hash = state.size();
    for (const std::uint32_t value : state) {
        hash = mixed(hash, value);
    }
    return hash;
}

std::string QueueModel::describe(const State& state) const {
    if (state.empty()) {
        return "nothing";
    }
    constexpr std::uint64_t shown_max = 12;
    std::string out = "[";
    for (std::uint64_t i = 0; i < state.size() && i < shown_max; ++i) {
        out += (i == 0 ? "" : " ") + values_.text(state[i]);
    }
    return out + (state.size() > shown_max ? fmt::format(" ... {} more]", state.size() - shown_max)
                                           : "]");
}

std::string QueueModel::refusal(const State& state, const Operation& operation) const {
    if (operation.kind == Operation::Kind::find_empty) {
        return fmt::format("nothing was found, but there was {}", describe(state));
    }
    const std::string_view next = order_ == Order::first_in  ? ", of which the first comes next"
                                  : order_ == Order::last_in ? ", of which the last comes next"
                                                             : "";
    return fmt::format("{} was taken, but there was {}{}", values_.text(operation.value),
        describe(state), state.empty() ? "" : next);
}

}  // namespace ledger::check
