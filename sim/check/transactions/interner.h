#pragma once
// Interner: small numbers for the values of a history, equal values having equal numbers.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "sim/check/recorded/value.h"

namespace ledger::check {

// Values must outlive it.
class Interner {
  public:
    std::uint32_t number(const Value& value) {
        std::uint32_t& slot = slot_of(value);
        if (slot == 0) {
            values_.push_back(&value);
            slot = static_cast<std::uint32_t>(values_.size());
        }
        return slot - 1;
    }
    const Value& value(std::uint32_t number) const { return *values_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(values_.size()); }

  private:
    struct Less {
        bool operator()(const Value* a, const Value* b) const { return less(*a, *b); }
    };
    // The number + 1; 0 = it has none yet.
    std::uint32_t& slot_of(const Value& value) {
        if (const auto integer = value.integer()) {
            return integers_[static_cast<std::uint64_t>(*integer)];
        }
        if (const ValueText* text = value.text()) {
            return texts_[text->characters];
        }
        return others_[&value];
    }

    LookupTable<std::uint64_t, std::uint32_t> integers_;
    LookupTable<std::string, std::uint32_t> texts_;
    std::map<const Value*, std::uint32_t, Less> others_;
    std::vector<const Value*> values_;
};

}  // namespace ledger::check
