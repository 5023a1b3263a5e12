#pragma once
// Set model: elements that are added, removed and read all at once.

#include <string>
#include <vector>

#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

class SetModel {
  public:
    using State = std::vector<std::uint32_t>;  // numbers of elements, rising
    struct Operation {
        enum class Kind : std::uint8_t { add = 1, remove, read, has, has_not };
        Kind kind = Kind::add;
        std::uint32_t element = 0;
        std::vector<std::uint32_t> elements;  // of a read, rising
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return {}; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const;
    std::uint64_t hash(const Operation& operation) const;
    std::uint64_t bytes(const State& state) const { return state.size() * 4; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

    const ValueTable& values() const { return values_; }

  private:
    ValueTable values_;
};

}  // namespace ledger::check
