#pragma once
// Judge: what must hold across the nodes in every state (Raft fig. 3), and what it remembers for
// that.

#include <string_view>

#include "sim/explore/core/state.h"

namespace ledger::sim {

// Checks what the step of one node may have broken and enters into `after.record` what it has
// shown. Empty if all is well, else a sentence that names the broken promise: election safety,
// leader completeness, log matching, state machine safety, durability of what is committed,
// linearizable reads.
std::string_view judge_step(CoreTables& tables, const CoreBounds& bounds, const CoreState& before,
    CoreState& after, const CoreAction& action, const Step& step);

}  // namespace ledger::sim
