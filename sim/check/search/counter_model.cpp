#include "sim/check/search/counter_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"

namespace ledger::check {
namespace {

// Sums stay far from the edge of 64 bits: histories of 2^22 operations do.
constexpr std::int64_t number_max = std::int64_t{1} << 40;

bool fits(std::optional<std::int64_t> number) {
    return number && *number <= number_max && *number >= -number_max;
}

}  // namespace

Reading<CounterModel::Operation> CounterModel::read(const RecordedOperation& recorded) const {
    Reading<Operation> out;
    const std::string& f = recorded.f;
    if (f == "read" || f == "r" || f == "get") {
        out.observes = true;
        if (recorded.outcome == Outcome::ok && !recorded.answered.is_nil()) {
            if (!recorded.answered.integer()) {
                out.wrong = fmt::format("expected a number as the answer of a read, found {}",
                    to_text(recorded.answered, 60));
                return out;
            }
            out.does.push_back({Operation::Kind::read, *recorded.answered.integer(), 0});
        }
        return out;
    }
    const bool less = f == "decrement" || f == "decr" || f == "dec";
    const bool one =
        (less || f == "increment" || f == "incr" || f == "inc") && recorded.asked.is_nil();
    const bool adds = one || less || f == "add" || f == "increment" || f == "incr" || f == "inc" ||
                      f == "add-and-get";
    const auto number = one ? std::optional<std::int64_t>(1) : recorded.asked.integer();
    if (!adds || !fits(number)) {
        out.wrong = fmt::format("expected a read or an add of a number of at most {}, found {} {}",
            number_max, f.empty() ? "an operation without a function" : f,
            to_text(recorded.asked, 60));
        return out;
    }
    const std::int64_t sum = less ? -*number : *number;
    if (recorded.outcome == Outcome::failed) {
        return out;
    }
    // [added now] as the answer of add-and-get.
    const ValueList* both = recorded.answered.list();
    const bool tells = f == "add-and-get" && recorded.outcome == Outcome::ok && both != nullptr &&
                       both->size() == 2 && (*both)[1].integer();
    if (tells) {
        out.does.push_back({Operation::Kind::add_and_get, sum, *(*both)[1].integer()});
    } else if (sum != 0) {
        out.can_be_refused = false;
        out.does.push_back({Operation::Kind::add, sum, 0});
    }
    return out;
}

std::optional<CounterModel::State> CounterModel::step(
    State state, const Operation& operation) const {
    if (operation.kind == Operation::Kind::read) {
        return state == operation.number ? std::optional(state) : std::nullopt;
    }
    const State after = state + operation.number;
    const bool right = operation.kind == Operation::Kind::add || after == operation.after;
    return right ? std::optional(after) : std::nullopt;
}

std::string CounterModel::refusal(State state, const Operation& operation) const {
    if (operation.kind == Operation::Kind::read) {
        return fmt::format("a read of {}, but the counter stood at {}", operation.number, state);
    }
    return fmt::format(
        "adding {} gave {}, but the counter stood at {}", operation.number, operation.after, state);
}

std::vector<Anomaly> CounterModel::outside_bounds(const RecordedHistory& history) const {
    struct Moment {
        std::uint64_t place;
        bool ends;
        std::uint64_t id;
    };
    std::vector<Moment> moments;
    for (const RecordedOperation& operation : history.operations) {
        moments.push_back({operation.called, false, operation.id});
        if (operation.returned != RecordedOperation::never) {
            moments.push_back({operation.returned, true, operation.id});
        }
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return a.place != b.place ? a.place < b.place : a.ends != b.ends ? b.ends : a.id < b.id;
    });
    // What the counter is by now at least (what raises it has ended, what lowers it was called) and
    // at most; and all that was called so far to lower and to raise it.
    struct Bounds {
        std::int64_t low = 0;
        std::int64_t high = 0;
        std::int64_t lowered = 0;
        std::int64_t raised = 0;
    };
    Bounds now{initial_, initial_};
    std::vector<Bounds> at_call(history.operations.size());
    std::vector<Anomaly> out;
    for (const Moment& moment : moments) {
        const RecordedOperation& operation = history.operations[moment.id];
        const Reading<Operation> reading = read(operation);
        if (reading.does.empty()) {
            continue;
        }
        const Operation& does = reading.does[0];
        if (!reading.observes) {
            // It widens one bound when it is called and narrows the other when it returns.
            const bool lowers = does.number < 0;
            (lowers != moment.ends ? now.low : now.high) += does.number;
            if (!moment.ends) {
                (lowers ? now.lowered : now.raised) += does.number;
            }
            continue;
        }
        if (!moment.ends) {
            at_call[moment.id] = now;
            continue;
        }
        const Bounds& then = at_call[moment.id];
        const std::int64_t low = then.low + (now.lowered - then.lowered);
        const std::int64_t high = then.high + (now.raised - then.raised);
        if (does.number < low || does.number > high) {
            Anomaly anomaly;
            anomaly.name = "read-out-of-bounds";
            anomaly.sentence = fmt::format(
                "{} lies outside of {} to {}, which is all that the counter can have been while it "
                "ran",
                operation_with_place(operation), low, high);
            anomaly.operations = {operation.id};
            out.push_back(std::move(anomaly));
        }
    }
    return out;
}

}  // namespace ledger::check
