#pragma once
// Input: files of events as appends to import, and a replica's ledger as lines again.

#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "log/state/command.h"
#include "sim/host.h"

namespace ledger::sim {

enum class InputErrc { malformed = 1, unreadable };
const boost::system::error_category& input_category();
boost::system::error_code make_error_code(InputErrc errc);

// The whole file ("-" = standard input).
Result<std::string> read_file(const std::string& path);
Result<void> write_file(const std::string& path, std::string_view text);
// The same, and whoever looks sees all of it or what was there before.
Result<void> replace_file(const std::string& path, std::string_view text);

// One JSON object per line, one atomic append each: {"events": [{"stream", "type", "expected":
// "none" | "any" | "exists" | {"exact": N}, "data": any JSON value, "metadata" (sim/check/event_line.h)},
// ...]}; other keys are ignored. Errors name the line, the column or the event, and what was expected.
Result<std::vector<state::Append>> parse_input(std::string_view text);

struct Input {
    std::vector<state::Append> appends;
    std::string hash;  // SHA-256 of the file, in hex
};
// The parsed file; errors begin with its name.
Result<Input> load_input(const std::string& path);
// The line of the file that an append of parse_input came from.
std::uint64_t line_of(const state::Append& append);

// Every event that the replica has applied, in order of position, one line each (sim/check/event_line.h).
// Read from its disk.
Result<std::string> export_ledger(Host& host);

}  // namespace ledger::sim

template <>
struct boost::system::is_error_code_enum<ledger::sim::InputErrc> : std::true_type {};
