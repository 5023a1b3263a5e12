#pragma once
// Queue order: what can be wrong with queues and stacks of distinct values, found without a search.

#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// Findings that rule out every order (so each is a violation; that there are none proves nothing):
// a value that nobody put in, that was taken more often than it was put in, or taken before it was
// put in; of a queue with `first_in` order also two values that came out against the order in which
// they went in, or one that came out while an earlier one is still in. O(n log n).
std::vector<Anomaly> queue_anomalies(const RecordedHistory& history, bool first_in);

}  // namespace ledger::check
