#include "sim/check/search/set_model.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {

Reading<SetModel::Operation> SetModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    const std::string& f = recorded.f;
    if (f == "add" || f == "remove" || f == "delete" || f == "del") {
        out.can_be_refused = false;
        if (recorded.outcome != Outcome::failed) {
            out.does.push_back({f == "add" ? Operation::Kind::add : Operation::Kind::remove,
                values_.number(recorded.asked), {}});
        }
        return out;
    }
    if (f == "contains" || f == "contains?" || f == "member") {
        out.observes = true;
        const bool* answer = recorded.answered.boolean();
        if (recorded.outcome == Outcome::ok && answer != nullptr) {
            out.does.push_back({*answer ? Operation::Kind::has : Operation::Kind::has_not,
                values_.number(recorded.asked), {}});
        }
        return out;
    }
    const ValueList* elements = recorded.answered.set() != nullptr
                                    ? &recorded.answered.set()->elements
                                    : recorded.answered.list();
    const bool answered = recorded.outcome == Outcome::ok && !recorded.answered.is_nil();
    if (f != "read" || (answered && elements == nullptr)) {
        out.wrong = fmt::format("expected add, remove, contains or a read of elements, found {} {}",
            f.empty() ? "an operation without a function" : f, to_text(recorded.answered, 60));
        return out;
    }
    out.observes = true;
    if (answered) {
        Operation operation{Operation::Kind::read, 0, {}};
        for (const Value& element : *elements) {
            operation.elements.push_back(values_.number(element));
        }
        std::sort(operation.elements.begin(), operation.elements.end());
        out.does.push_back(std::move(operation));
    }
    return out;
}

std::optional<SetModel::State> SetModel::step(
    const State& state, const Operation& operation) const {
    const auto at = std::lower_bound(state.begin(), state.end(), operation.element);
    const bool has = at != state.end() && *at == operation.element;
    State after = state;
    switch (operation.kind) {
        case Operation::Kind::add:
            if (!has) {
                after.insert(after.begin() + (at - state.begin()), operation.element);
            }
            return after;
        case Operation::Kind::remove:
            if (has) {
                after.erase(after.begin() + (at - state.begin()));
            }
            return after;
        case Operation::Kind::read:
            return state == operation.elements ? std::optional(std::move(after)) : std::nullopt;
        case Operation::Kind::has: return has ? std::optional(std::move(after)) : std::nullopt;
        case Operation::Kind::has_not: return has ? std::nullopt : std::optional(std::move(after));
    }
    return std::nullopt;
}

std::uint64_t SetModel::hash(const State& state) const {
    std::uint64_t hash = state.size();
    for (const std::uint32_t element : state) {
        hash = mixed(hash, element);
    }
    return hash;
}

std::uint64_t SetModel::hash(const Operation& operation) const {
    return mixed(mixed(hash(operation.elements), operation.element),
        static_cast<std::uint64_t>(operation.kind));
}

std::string SetModel::describe(const State& state) const {
    constexpr std::uint64_t shown_max = 12;
    std::string out = "{";
    for (std::uint64_t i = 0; i < state.size() && i < shown_max; ++i) {
        out += (i == 0 ? "" : " ") + values_.text(state[i]);
    }
    return out + (state.size() > shown_max ? fmt::format(" ... {} more}}", state.size() - shown_max)
                                           : "}");
}

std::string SetModel::refusal(const State& state, const Operation& operation) const {
    const auto but = fmt::format("but the set held {}", describe(state));
    switch (operation.kind) {
        case Operation::Kind::read:
            return fmt::format("a read of {}, {}", describe(operation.elements), but);
        case Operation::Kind::has:
            return fmt::format("{} was found, {}", values_.text(operation.element), but);
        case Operation::Kind::has_not:
            return fmt::format("{} was not found, {}", values_.text(operation.element), but);
        case Operation::Kind::add:
        case Operation::Kind::remove: break;
    }
    return "an operation that is never refused";
}

}  // namespace ledger::check
