#pragma once
// Cycle text: a cycle of transactions as an anomaly, with a sentence for each of its edges.

#include <functional>
#include <string>
#include <string_view>

#include "sim/check/recorded/recorded_history.h"
#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/cycles.h"

namespace ledger::check {

// What a model knows of its edges.
struct CycleSpeaker {
    std::string_view noun;  // "transaction"
    std::function<const RecordedOperation&(std::uint32_t transaction)> operation;
    // Why the edge is there, as a clause: "it read x up to 1, and transaction 5 appended 2". Never
    // asked about edges of order.
    std::function<std::string(const CycleStep& step)> reason;
};

// The operations of the cycle are its witness, in the order of its edges. A cycle of several rw of
// which no two are adjacent is the G2-item of levels that forbid all cycles, and the G-nonadjacent
// of snapshot isolation, which does not.
FoundAnomaly describe(const Cycle& cycle, const CycleSpeaker& speaker);

// "", "-process" or "-realtime": of names of anomalies.
std::string cycle_suffix(Support support);

}  // namespace ledger::check
