#pragma once
// EventLine: events as lines of JSON: what goes into a ledger, and what comes out of it.

#include <string>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "log/state/query.h"
#include "sim/check/json.h"

namespace ledger::check {

// {"position", "stream", "revision", "type", "metadata" if there is any, "data"} with a line end; what is
// no JSON is a text.
void append_event_line(const state::RecordedEvent& event, std::string& out);
// The bytes as the JSON that they are, or as a text.
void write_json_or_text(JsonWriter& writer, ByteSpan bytes);

// The text of a value, without blanks: the same value gives the same bytes.
ByteVector bytes_of(const JsonValue& value);
// The metadata that an event to be appended brings, the member "metadata": an object, or a text that stays as
// it is; none: no bytes. Errors say what was expected.
Result<ByteVector> metadata_in(const JsonValue& event);

}  // namespace ledger::check
