#pragma once
// Step table: the states of one object that a search has met and the steps between them, by number.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/choice.h"
#include "log/base/lookup_table.h"

namespace ledger::check {

// Numbers of states and of operations. Operations with equal effect and answer share a number.
using StateId = std::uint32_t;
using StepId = std::uint32_t;
inline constexpr StateId no_state = UINT32_MAX;

// What a search knows of a model. Each answer is computed once and remembered.
class StepTable {
  public:
    virtual ~StepTable() = default;
    // The state after `step` in `state`; no_state if it could not have been answered so there.
    virtual StateId step(StateId state, StepId step) = 0;
    virtual std::string describe(StateId state) const = 0;
    // Why step() gave no_state.
    virtual std::string refusal(StateId state, StepId step) const = 0;
    // What it holds; and what it has copied and compared so far, so that a search can tell how much
    // work its steps were.
    virtual std::uint64_t bytes() const = 0;
    virtual std::uint64_t work() const = 0;
};

// Steps remembered by (state, step).
class StepMemo {
  public:
    static constexpr StateId unknown = no_state - 1;

    StateId find(StateId state, StepId step) const {
        const StateId* known = table_.find(key(state, step));
        return known == nullptr ? unknown : *known;
    }
    void keep(StateId state, StepId step, StateId after) { table_[key(state, step)] = after; }
    std::uint64_t bytes() const { return table_.size() * 24; }

  private:
    static std::uint64_t key(StateId state, StepId step) {
        return (std::uint64_t{state} << 32) | step;
    }
    LookupTable<std::uint64_t, StateId> table_;
};

}  // namespace ledger::check
