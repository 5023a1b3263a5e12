#pragma once
// Register model: one value that can be read, written, and exchanged if it is the expected one.

#include <string>

#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

// Recordings differ in what they mean (reference: checking, section 15, traps 1, 2 and 7).
struct RegisterRules {
    Value initial;
    bool nil_read_tells = true;    // a read of nil saw nil; else it says nothing
    bool failed_cas_tells = true;  // the register did not hold the expected value; else nothing
    bool keyed = false;            // values are [key value]: many registers
};

class RegisterModel {
  public:
    using State = std::uint32_t;  // number of the value
    struct Operation {
        enum class Kind : std::uint8_t { read = 1, write, cas, no_cas };
        Kind kind = Kind::read;
        std::uint32_t value = 0;  // read, written or expected
        std::uint32_t next = 0;   // of a cas: what it writes
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    explicit RegisterModel(const RegisterRules& rules)
        : rules_(rules), initial_(values_.number(rules.initial)) {}

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return initial_; }
    std::optional<State> step(State state, const Operation& operation) const;
    std::uint64_t hash(State state) const { return mixed(state); }
    std::uint64_t hash(const Operation& operation) const {
        return mixed(
            mixed(static_cast<std::uint64_t>(operation.kind), operation.value), operation.next);
    }
    std::uint64_t bytes(State) const { return 0; }
    std::string describe(State state) const { return values_.text(state); }
    std::string refusal(State state, const Operation& operation) const;

  private:
    const RegisterRules rules_;
    ValueTable values_;
    const State initial_;
};

// Whether all values of a history are [key value], the tuple of independent keys. [from to] of a
// cas alone does not make it so.
bool has_keys(const RecordedHistory& history);

}  // namespace ledger::check
