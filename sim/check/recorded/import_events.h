#pragma once
// Import of events: how each format's lines and maps become events of a Pairing.

#include <string_view>

#include "log/base/result.h"
#include "sim/check/recorded/pairing.h"
#include "sim/check/recorded/value_text.h"

namespace ledger::check {

// Operation maps, or lists [process type f value], in EDN or in JSON.
Result<void> read_edn_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing);
Result<void> read_json_maps(std::string_view text, const ReadLimits& limits, Pairing& pairing);
// "INFO jepsen.util - 3 :invoke :read nil", or "3 :invoke :read nil" alone
Result<void> read_jepsen_log(std::string_view text, const ReadLimits& limits, Pairing& pairing);
// {"event":{"Start":{"Append":{...}}},"client_id":1,"op_id":7}
Result<void> read_start_finish(std::string_view text, const ReadLimits& limits, Pairing& pairing);

// A line of a log of Jepsen: with a logger in front, or bare as in its history.txt.
bool is_log_line(std::string_view line);
// The text is an event as a list, [process type f value], and no list of events.
bool begins_with_tuple(std::string_view text);
std::string_view without_byte_order_mark(std::string_view text);

// The error of a Pairing at its place in the text.
Error placed(std::string_view text, std::uint64_t offset, const Error& error);

}  // namespace ledger::check
