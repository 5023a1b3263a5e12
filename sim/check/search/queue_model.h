#pragma once
// Queue model: values that are put in and taken out, in any order, first come first or last first.

#include <string>
#include <vector>

#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

// A take that answers nil has found nothing there; one that failed did not happen. Of a take whose
// outcome is unknown nobody knows what it took.
class QueueModel {
  public:
    enum class Order : std::uint8_t { any = 1, first_in, last_in };

    using State = std::vector<std::uint32_t>;  // numbers of values; of `any` in rising order
    struct Operation {
        enum class Kind : std::uint8_t { put = 1, take, take_what_is_next, find_empty };
        Kind kind = Kind::put;
        std::uint32_t value = 0;
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    QueueModel(Order order, const RecordedHistory& history);

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return {}; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const;
    std::uint64_t hash(const Operation& operation) const {
        return mixed(static_cast<std::uint64_t>(operation.kind), operation.value);
    }
    std::uint64_t bytes(const State& state) const { return state.size() * 4; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

  private:
    const Order order_;
    // Without an order and without a look at an empty queue, values do not touch each other: each
    // is a queue of its own.
    bool by_value_ = false;
    std::vector<std::uint32_t> put_in_;  // every value that any operation puts in
    ValueTable values_;
};

}  // namespace ledger::check
