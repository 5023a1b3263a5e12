#pragma once
// Predicate: something that a projection's state may say: "count > 100", "sum .total < 0 for alice".

#include <optional>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "log/projection/definition.h"
#include "log/projection/projection.h"

namespace ledger::projection {

//   FOLD COMPARISON VALUE [for VALUE {, VALUE}]
//
// FOLD is one of the definition's; a set is compared by its size. Without `for` it holds as soon as
// it holds for any group. A group that is not there is compared as count 0, size 0 or null.
struct Predicate {
    std::uint32_t fold = 0;  // its place in the definition
    Comparison comparison = Comparison::equal;
    Value value;
    std::optional<Key> key;  // none: any group
    friend bool operator==(const Predicate&, const Predicate&) = default;
};

// Errors name the column, from 1. The fold must be one of the definition's, and `for` must name as
// many values as the definition has keys.
Result<Predicate> parse_predicate(std::string_view text, const Definition& definition);

bool holds(const Predicate& predicate, const Projection& projection);
// The same if it did not hold before the last event, which went into `touched` (null: nowhere).
bool holds_now(const Predicate& predicate, const Projection& projection,
    const Groups::value_type* touched);

}  // namespace ledger::projection
