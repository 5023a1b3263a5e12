#pragma once
// Counter model: a number that is added to and read.

#include <string>

#include "sim/check/judgement.h"
#include "sim/check/search/model.h"

namespace ledger::check {

class CounterModel {
  public:
    using State = std::int64_t;
    struct Operation {
        enum class Kind : std::uint8_t { read = 1, add, add_and_get };
        Kind kind = Kind::read;
        std::int64_t number = 0;  // read, added
        std::int64_t after = 0;   // of add_and_get
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    explicit CounterModel(std::int64_t initial) : initial_(initial) {}

    Reading<Operation> read(const RecordedOperation& recorded) const;
    State initial() const { return initial_; }
    std::optional<State> step(State state, const Operation& operation) const;
    std::uint64_t hash(State state) const { return mixed(static_cast<std::uint64_t>(state)); }
    std::uint64_t hash(const Operation& operation) const {
        return mixed(mixed(static_cast<std::uint64_t>(operation.number),
                         static_cast<std::uint64_t>(operation.kind)),
            static_cast<std::uint64_t>(operation.after));
    }
    std::uint64_t bytes(State) const { return 0; }
    std::string describe(State state) const { return std::to_string(state); }
    std::string refusal(State state, const Operation& operation) const;

    // The bounds of reference, section 14.3, in one sweep: a read lies between the sum of what was
    // added for certain before its call and that plus all that may have been added before its
    // return (for negative numbers the other way round). Necessary, not sufficient. The reads
    // outside of them.
    std::vector<Anomaly> outside_bounds(const RecordedHistory& history) const;

  private:
    const std::int64_t initial_;
};

}  // namespace ledger::check
