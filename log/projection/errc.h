#pragma once
// Errc: what can be wrong with a projection: its text, its bytes, or an event that it cannot fold.

#include "log/base/result.h"

namespace ledger::projection {

enum class Errc {
    malformed_text = 1,  // of a definition or a predicate
    malformed_payload,   // a field is asked of a payload that is no JSON
    wrong_type,          // the fold needs another type of value
    out_of_range,        // a number that Number does not hold, or a sum beyond it
    beyond_limit,
};
const boost::system::error_category& projection_category();
boost::system::error_code make_error_code(Errc errc);

}  // namespace ledger::projection

template <>
struct boost::system::is_error_code_enum<ledger::projection::Errc> : std::true_type {};
