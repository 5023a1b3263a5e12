#include "sim/check/search/mutex_model.h"

#include <fmt/format.h>

namespace ledger::check {

Reading<MutexModel::Operation> MutexModel::read(const RecordedOperation& recorded) const {
    Reading<Operation> out;
    const bool acquires = recorded.f == "acquire" || recorded.f == "lock";
    if (!acquires && recorded.f != "release" && recorded.f != "unlock") {
        out.wrong = fmt::format("expected acquire or release, found {}",
            recorded.f.empty() ? "an operation without a function" : recorded.f);
        return out;
    }
    if (recorded.outcome == Outcome::failed) {
        return out;
    }
    Operation operation;
    operation.acquires = acquires;
    operation.by = rule_ == Rule::any ? 0 : recorded.process;
    const bool fence = rule_ == Rule::fenced && acquires && recorded.outcome == Outcome::ok;
    if (const auto number = recorded.answered.integer(); fence && number) {
        operation.tells_fence = true;
        operation.fence = *number;
    }
    out.does.push_back(operation);
    return out;
}

std::optional<MutexModel::State> MutexModel::step(
    const State& state, const Operation& operation) const {
    if (state.held == operation.acquires) {
        return std::nullopt;
    }
    if (!operation.acquires) {
        return state.by == operation.by ? std::optional(State{false, 0, state.fence})
                                        : std::nullopt;
    }
    if (operation.tells_fence && operation.fence <= state.fence) {
        return std::nullopt;
    }
    return State{true, operation.by, operation.tells_fence ? operation.fence : state.fence};
}

std::string MutexModel::describe(const State& state) const {
    std::string out = !state.held          ? "nobody"
                      : rule_ == Rule::any ? "somebody"
                                           : fmt::format("client {}", state.by);
    return state.fence == INT64_MIN ? out : out + fmt::format(" (fence {})", state.fence);
}

std::string MutexModel::refusal(const State& state, const Operation& operation) const {
    if (operation.acquires && state.held) {
        return fmt::format("an acquire, but the lock was held by {}", describe(state));
    }
    if (operation.acquires) {
        return fmt::format("an acquire with fence {}, but fence {} was given out before",
            operation.fence, state.fence);
    }
    return state.held ? fmt::format("a release by client {}, but the lock was held by {}",
                            operation.by, describe(state))
                      : std::string("a release, but nobody held the lock");
}

}  // namespace ledger::check
