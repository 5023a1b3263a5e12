#pragma once
// CtlInput: events as lines of JSON: appends out of a file of input, recorded events into lines.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/result.h"
#include "log/state/command.h"
#include "log/state/query.h"

namespace ledger::node::asio {

// One atomic append: {"events": [{"stream", "type", "expected": "none" | "any" | "exists" |
// {"exact": N}, "data": any JSON value}, ...]}; other keys are ignored. The same text as the same
// line gives the same bytes, event ids and salts included. Errors name line and event.
Result<state::Append> parse_append_line(std::string_view text, std::uint64_t line);

// "any", "none", "exists" or a revision.
Result<state::Expected> parse_expected(const std::string& text);

// {"position", "stream", "revision", "type", "data"} with a line end; data that is no JSON is a
// text. The same lines as `ledgersim run --export-dir` writes.
void append_event_line(const state::RecordedEvent& event, std::string& out);

}  // namespace ledger::node::asio
