#pragma once
// CtlMoment: a point in a ledger's past as people write it: a position or a date.

#include <string>
#include <string_view>
#include <variant>

#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/time.h"

namespace ledger::node::asio {

// Right after the event at this position, or after the last event at or before this time.
using Moment = std::variant<Position, WallTime>;

// "1000", "2026-11-30" (its beginning), "2026-11-30T10:00:00Z", "2026-11-30T12:00:00.250+02:00".
// A date without an offset is in UTC. Errors say what was expected.
Result<Moment> parse_moment(std::string_view text);

// "2026-11-30T10:00:00.250Z", with nine decimals where three would not be all: it reads back the same.
std::string text_of(WallTime time);

}  // namespace ledger::node::asio
