#pragma once
// RW-register: judges transactions that write registers and read them.

#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/coverage.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {

// A read shows one version and nothing of those before it, so only a part of the order of versions
// can be known (Kingsbury and Alvaro, "Elle", section 5.2). Known here is
// - that nil stands before all that is written, unless somebody writes nil;
// - that what a transaction writes stands after what it has read of the same register. If it did
// not
//   the transaction would precede the writer that it read from: then the history is not read
//   committed either. So edges that rest on it are never counted as ww by themselves, but as the
//   wr edge which they run beside;
// - for strict-serializable and strong-session-serializable alone: that what a transaction saw or
//   wrote stands before what one after it, in this order, saw or wrote.
// Sound, not complete: whatever is found is implied, whatever order the versions had.
Coverage examine_rw_register(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort);

// Looks for G0 alone, taking the second rule above for ww edges.
Coverage examine_register_writes(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort);

// Long-fork: each register is written once. The same, and pairs of reads that saw two writes in
// opposite orders by their name. Writing a register twice is an error of the workload: such
// registers are left out of the pairs.
Coverage examine_long_fork(const Transactions& transactions, Anomalies& anomalies, Effort& effort);

}  // namespace ledger::check
