#pragma once
// Report timeline: lanes of nodes and clients over time, as inline SVG with a table beside it.

#include <string>

#include "sim/check/report.h"

namespace ledger::check {

// Leaders, crashes, partitions: one lane per entry of report.lanes. Empty without marks.
std::string timeline_html(const Report& report, std::uint64_t bytes_max);
// Operations around the witness: one lane per client. Empty without operations.
std::string operations_html(const Report& report, std::uint64_t bytes_max);

}  // namespace ledger::check
