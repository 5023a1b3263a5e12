#pragma once
// CtlInput: events as lines of JSON: appends out of a file of input, recorded events into lines.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/base/result.h"
#include "log/state/command.h"
#include "log/state/query.h"
#include "sim/check/json.h"

namespace ledger::node::asio {

// One atomic append: {"events": [{"stream", "type", "expected": "none" | "any" | "exists" |
// {"exact": N}, "data": any JSON value, "metadata": an object, or a text that stays as it is}, ...]}; other keys are
// ignored. The same text as the same
// line gives the same bytes, event ids and salts included. Errors name line and event.
Result<state::Append> parse_append_line(std::string_view text, std::uint64_t line);

// The text of a JSON object, with further members at its end; `text` empty: an object of these alone, or
// nothing if there are none. Those whose value is empty are left out.
using Members = std::vector<std::pair<std::string, std::string>>;
Result<ByteVector> metadata_of(const std::string& text, const Members& further);

// "any", "none", "exists" or a revision.
Result<state::Expected> parse_expected(const std::string& text);

// Position, stream, revision, type and payload with tabs between them and a line end.
std::string line_of(const state::RecordedEvent& event);
// One object with all that is known of it, schema ledger.recorded/1.
void write_event(check::JsonWriter& writer, const state::RecordedEvent& event);

}  // namespace ledger::node::asio
