#pragma once
// Register story: says of a read that fits no order who wrote its value and who wrote over it.

#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// Looks at the first witness of the first anomaly of a register or of a key. If it is a read, and
// nobody had written its value when it returned, or every writer of it had ended before a
// different write began that ended before the read was called, the anomaly gets that name
// ("garbage-read", "future-read", "stale-read") and sentence; the search's own sentence becomes
// its first step. `keyed`: values are [key value].
void tell_register_story(
    const RecordedHistory& history, const Value& initial, bool keyed, Judgement& judgement);

}  // namespace ledger::check
