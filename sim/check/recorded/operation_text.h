#pragma once
// Operation text: recorded operations as people say them.

#include <string>

#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// "write 3 -> ok", "read -> 2", "cas [1 4] -> failed", "append [x 1] -> unknown".
std::string operation_text(const RecordedOperation& operation, std::uint64_t bytes_max = 200);
// "client 3's read -> 2 (line 14)", "... (lines 12 and 14)", "(never returned)" for an open end.
std::string operation_with_place(const RecordedOperation& operation);

}  // namespace ledger::check
