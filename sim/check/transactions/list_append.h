#pragma once
// List-append: judges transactions that append to lists and read them whole.

#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/coverage.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {

// A read shows all that was appended before, so the order of all versions is known and nothing is
// searched (Kingsbury and Alvaro, "Elle", section 4): what does not fit is found in linear time.
// Complete for every level if each append that took effect is shown by some read: there is an
// anomaly exactly if no order explains the history. Appends that no read shows stand after all that
// are shown, in no known order.
Coverage examine_list_append(
    const Transactions& transactions, Anomalies& anomalies, Effort& effort);

}  // namespace ledger::check
