#pragma once
// Graph order: the orders of clients and of real time as edges, for all models of transactions.

#include <functional>

#include "sim/check/transactions/coverage.h"
#include "sim/check/transactions/cycles.h"
#include "sim/check/transactions/dependency_graph.h"
#include "sim/check/transactions/transaction.h"

namespace ledger::check {

using Committed = std::function<bool(std::uint32_t transaction)>;

// Edges of Support::session and Support::realtime between committed transactions. One whose answer
// is not known comes after what returned before its call, and before nothing.
void add_orders(
    const Transactions& transactions, const Committed& committed, DependencyGraph& graph);

// "transactions", of these "unknown that took effect", "unknown of which nothing is seen",
// "failed".
void count_outcomes(
    const Transactions& transactions, const Committed& committed, Coverage& coverage);

// A cycle of rw edges of one key: transactions that read the same version and wrote it over, in an
// order that is not known. Told as a lost update already.
bool is_lost_update_between_readers(const Cycle& cycle);

}  // namespace ledger::check
