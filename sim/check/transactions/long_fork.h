#pragma once
// Long fork: reads of the same registers that saw two writes in opposite orders.

#include "sim/check/transactions/anomalies.h"
#include "sim/check/transactions/effort.h"
#include "sim/check/transactions/register_versions.h"

namespace ledger::check {

// Of registers that one transaction wrote, once: what transactions saw of the same group of them
// must be sets of which each is contained in the next larger one. Adds a "long-fork" for each that
// is not, and says whether there were any. Reads of different groups are not compared.
bool find_long_forks(const Transactions& transactions, const RegisterVersions& versions,
    Anomalies& anomalies, Effort& effort);

}  // namespace ledger::check
