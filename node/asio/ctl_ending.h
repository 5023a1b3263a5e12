#pragma once
// CtlEnding: how an operation ended, as an exit code and as a sentence.

#include <string>
#include <type_traits>

#include <boost/system/result.hpp>

#include "node/client.h"

namespace ledger::node::asio {

// The only table of exit codes of ours; those not listed are for other programs.
enum ExitCode : int {
    exit_ok = 0,
    exit_check_failed = 1,   // status: degraded
    exit_usage = 2,
    exit_inconclusive = 3,
    exit_unavailable = 4,    // no quorum, no leader, nothing was proposed
    exit_environment = 5,    // port busy, disk, permission
    exit_conflict = 6,       // a definite refusal by the state
    exit_indeterminate = 7,  // outcome unknown after it was proposed
    exit_integrity = 9,
    exit_overloaded = 10,
    exit_not_found = 11,
    exit_bug = 70,
};

// "done", "failed", "unknown".
const char* text_of(client::Ending ending);
// Why an operation did not end as done, and its exit code.
std::string sentence_of(const client::Done& done);
int exit_code_of(const client::Done& done);

// Why there is no value, for whoever typed the command.
struct Failed {
    int code = exit_bug;
    std::string sentence;
};
template <typename T>
class [[nodiscard]] Outcome : public boost::system::result<T, Failed> {
  public:
    using boost::system::result<T, Failed>::result;
    // Numbers and truths too, which the result takes for neither value nor error.
    template <typename Number>
        requires std::is_arithmetic_v<T> && std::is_same_v<Number, T>
    Outcome(Number number)
        : boost::system::result<T, Failed>(boost::system::in_place_value, number) {}
};

}  // namespace ledger::node::asio
