#pragma once
// Value table: numbers the values of a history, so that models compare numbers.

#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/recorded/value.h"

namespace ledger::check {

class ValueTable {
  public:
    // Equal values have equal numbers.
    std::uint32_t number(const Value& value);
    const Value& operator[](std::uint32_t number) const { return values_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(values_.size()); }
    // As people read it.
    std::string text(std::uint32_t number) const { return to_text(values_[number], 120); }

  private:
    std::vector<Value> values_;
    LookupTable<std::uint64_t, std::uint32_t> integers_;  // + 1
    LookupTable<std::string, std::uint32_t> others_;      // a text that equal values share; + 1
};

}  // namespace ledger::check
