#pragma once
// Version inference: which version of a register comes after which, from the order of transactions.

#include <cstdint>
#include <span>
#include <vector>

#include "sim/check/transactions/dependency_graph.h"
#include "sim/check/transactions/effort.h"

namespace ledger::check {

// What one transaction has to do with one register.
struct Touch {
    std::uint32_t transaction = 0;
    std::uint64_t called = 0;
    std::uint64_t returned = UINT64_MAX;  // UINT64_MAX = it is before nothing
    std::uint32_t first = 0;              // the version it read, or wrote if it has not read
    std::uint32_t last = 0;               // the version it wrote, or read if it has not written
    bool reads_first = false;
};

// `earlier` comes before `later`, since `seen_in` had it before `shown_in` was called.
struct InferredOrder {
    std::uint32_t earlier = 0;
    std::uint32_t later = 0;
    std::uint32_t seen_in = 0;
    std::uint32_t shown_in = 0;
    bool shown = false;  // `shown_in` read `later`, and has not written it
};

// Of one register, `touches` in the order of calls: if x returned before y was called, then in any
// order that keeps to this the last version of x comes before the first one of y, or is the same.
// Told are the pairs of the touches between which no other one lies; the rest follows from them.
// O(touches * concurrency).
std::vector<InferredOrder> infer_orders(std::span<const Touch> touches, Effort& effort);

}  // namespace ledger::check
