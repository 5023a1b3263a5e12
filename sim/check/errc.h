#pragma once
// Errc: how texts from outside can be wrong for the checkers and tools of the simulator.

#include <boost/system/error_code.hpp>

namespace ledger::check {

enum class Errc {
    malformed_scenario = 1,
    malformed_json,
    beyond_limit,
    malformed_history,
    unknown_option,
};
const boost::system::error_category& check_category();
boost::system::error_code make_error_code(Errc errc);

}  // namespace ledger::check

template <>
struct boost::system::is_error_code_enum<ledger::check::Errc> : std::true_type {};
