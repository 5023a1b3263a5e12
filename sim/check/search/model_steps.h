#pragma once
// Model steps: the step table of any sequential model; states and operations are kept once each.

#include <vector>

#include "log/base/assert.h"
#include "sim/check/search/model.h"
#include "sim/check/search/step_table.h"

namespace ledger::check {

// Numbers values by equality.
template <typename T>
class Numbering {
  public:
    // The number of the value, and whether it is new.
    struct Number {
        std::uint32_t id = 0;
        bool is_new = false;
    };
    Number number(T value, std::uint64_t hash) {
        std::uint32_t& first = first_[hash];  // number + 1 of the newest one with this hash
        for (std::uint32_t id = first; id != 0; id = next_[id - 1]) {
            if (values_[id - 1].value == value) {
                return {id - 1, false};
            }
        }
        values_.push_back({std::move(value)});
        next_.push_back(first);
        first = static_cast<std::uint32_t>(values_.size());
        return {first - 1, true};
    }
    const T& operator[](std::uint32_t id) const { return values_[id].value; }
    std::uint64_t size() const { return values_.size(); }

  private:
    // Not T itself: a vector of bool gives no references.
    struct Kept {
        T value;
    };
    std::vector<Kept> values_;
    std::vector<std::uint32_t> next_;
    LookupTable<std::uint64_t, std::uint32_t> first_;
};

template <SequentialModel M>
class ModelSteps final : public StepTable {
  public:
    explicit ModelSteps(const M& model) : model_(model) {}

    StateId initial() { return number(model_.initial()); }
    StepId number(const typename M::Operation& operation) {
        return operations_.number(operation, model_.hash(operation)).id;
    }

    StateId step(StateId state, StepId step) override {
        if (const StateId known = memo_.find(state, step); known != StepMemo::unknown) {
            return known;
        }
        auto after = model_.step(states_[state], operations_[step]);
        work_ += 1 + model_.bytes(states_[state]) / bytes_per_work;
        const StateId id = after ? number(std::move(*after)) : no_state;
        memo_.keep(state, step, id);
        return id;
    }
    std::string describe(StateId state) const override { return model_.describe(states_[state]); }
    std::string refusal(StateId state, StepId step) const override {
        return model_.refusal(states_[state], operations_[step]);
    }
    std::uint64_t bytes() const override {
        return bytes_ + memo_.bytes() + states_.size() * (sizeof(typename M::State) + 28);
    }
    std::uint64_t work() const override { return work_; }

  private:
    static constexpr std::uint64_t bytes_per_work = 256;

    StateId number(typename M::State state) {
        const std::uint64_t hash = model_.hash(state);
        const std::uint64_t bytes = model_.bytes(state);
        const auto number = states_.number(std::move(state), hash);
        LEDGER_ASSERT(number.id < StepMemo::unknown);
        bytes_ += number.is_new ? bytes : 0;
        return number.id;
    }

    const M& model_;
    Numbering<typename M::State> states_;
    Numbering<typename M::Operation> operations_;
    StepMemo memo_;
    std::uint64_t bytes_ = 0;
    std::uint64_t work_ = 0;
};

}  // namespace ledger::check
