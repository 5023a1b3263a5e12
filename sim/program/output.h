#pragma once
// Output: results as JSON, as a summary for people and as a page.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/json.h"
#include "sim/check/report.h"
#include "sim/world.h"

namespace ledger::sim {

// "0.1.0 gcc 12"
std::string build_name();
// Names on the command line and in JSON.
std::string hash_text(const Hash128& hash);  // 32 hex digits
// Hashes as "-" when the run died before it had one.
std::vector<check::FaultCount> named(const FaultCounts& faults);
void write_faults(check::JsonWriter& writer, const FaultCounts& faults);
void write_checks(check::JsonWriter& writer, const std::vector<check::CheckResult>& checks);
void write_violation(check::JsonWriter& writer, const check::Violation& violation);

// The one object of `run --json` and `replay --json`, with a line end.
std::string run_json(const RunResult& result, std::uint64_t wall_microseconds,
    const std::string& repro, const std::string& schema);

// What a person reads. `world` may be null when the run died.
check::Report make_report(const RunResult& result, const World* world,
    std::uint64_t wall_microseconds, const std::string& repro, const std::string& scenario);

// A pass over operations and marks that puts the violation's neighbourhood into the report.
inline constexpr std::uint64_t report_operations_max = 400;

}  // namespace ledger::sim
