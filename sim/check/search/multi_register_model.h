#pragma once
// Multi-register model: several registers that are read and written in one operation.

#include <string>
#include <vector>

#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

// Values are micro-operations [["w" k v] ["r" k v]], or a map {k v} under `read` or `write`. A
// register that was never written reads as nil. A transaction that failed did not happen.
class MultiRegisterModel {
  public:
    using State = std::vector<std::uint32_t>;  // value of each register that was touched so far
    struct Micro {
        bool writes = false;
        std::uint32_t key = 0;
        std::uint32_t value = 0;
        friend bool operator==(const Micro&, const Micro&) = default;
    };
    using Operation = std::vector<Micro>;

    MultiRegisterModel() : nil_(values_.number(Value())) {}

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return {}; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const;
    std::uint64_t hash(const Operation& operation) const;
    std::uint64_t bytes(const State& state) const { return state.size() * 4; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

  private:
    bool read_micro(const Value& micro, bool answered, Operation& out);

    ValueTable values_;
    ValueTable keys_;
    const std::uint32_t nil_;
};

}  // namespace ledger::check
