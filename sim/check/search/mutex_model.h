#pragma once
// Mutex model: a lock that one holds at a time.

#include <string>

#include "sim/check/search/model.h"

namespace ledger::check {

// `any`: whoever releases it, it is free then. `owner`: only the process that holds it can release
// it. `fenced`: as `owner`, and each acquire answers a number higher than any before.
class MutexModel {
  public:
    enum class Rule : std::uint8_t { any = 1, owner, fenced };

    struct State {
        bool held = false;
        std::int64_t by = 0;             // nobody is told apart under the rule `any`
        std::int64_t fence = INT64_MIN;  // highest so far
        friend bool operator==(const State&, const State&) = default;
    };
    struct Operation {
        bool acquires = false;
        std::int64_t by = 0;
        bool tells_fence = false;
        std::int64_t fence = 0;
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    explicit MutexModel(Rule rule) : rule_(rule) {}

    Reading<Operation> read(const RecordedOperation& recorded) const;
    State initial() const { return {}; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const {
        return mixed(
            mixed(static_cast<std::uint64_t>(state.by), static_cast<std::uint64_t>(state.fence)),
            state.held ? 1 : 0);
    }
    std::uint64_t hash(const Operation& operation) const {
        return mixed(mixed(static_cast<std::uint64_t>(operation.by),
                         static_cast<std::uint64_t>(operation.fence)),
            (operation.acquires ? 1u : 0u) + (operation.tells_fence ? 2u : 0u));
    }
    std::uint64_t bytes(const State&) const { return 0; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

  private:
    const Rule rule_;
};

}  // namespace ledger::check
