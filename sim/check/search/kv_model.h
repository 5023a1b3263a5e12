#pragma once
// Key-value model: texts by key that can be read, replaced, removed, exchanged and appended to.

#include <string>

#include "sim/check/recorded/value.h"
#include "sim/check/search/model.h"

namespace ledger::check {

// Operations carry [key value]. Every key is an object of its own. A value that is no text is what
// it is and cannot be appended to. Where `empty_is_nil`, a key that was never written reads as "".
class KvModel {
  public:
    // 'n' = no value; 't' and the text; 'v' and the EDN of another value.
    using State = std::string;
    struct Operation {
        enum class Kind : std::uint8_t { get = 1, put, append, cas, no_cas };
        Kind kind = Kind::get;
        std::string value;  // as a State; of append: the text
        std::string next;   // of cas
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    KvModel(bool empty_is_nil, bool failed_cas_tells)
        : empty_is_nil_(empty_is_nil), failed_cas_tells_(failed_cas_tells) {}

    Reading<Operation> read(const RecordedOperation& recorded) const;
    State initial() const { return empty_is_nil_ ? "t" : "n"; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const;
    std::uint64_t hash(const Operation& operation) const;
    std::uint64_t bytes(const State& state) const { return state.size(); }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

  private:
    State state_of(const Value& value) const;

    const bool empty_is_nil_;
    const bool failed_cas_tells_;
};

}  // namespace ledger::check
