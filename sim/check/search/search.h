#pragma once
// Search: looks for an order of concurrent operations that a sequential object could have followed.

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/search/step_table.h"
#include "sim/check/search/visited.h"

namespace ledger::check {

// One operation as the search sees it. Which orders are allowed is said by places alone:
// - One in lane 0 may come once every operation whose `returned` lies in front of its `called` is
//   done. Places are those of a recording: equal ones are concurrent.
// - One in another lane may come, besides, only when all before it in its lane are done.
// - Unknown ones may come, once at most, when their `called` allows it and `after` is done.
struct SearchOperation {
    static constexpr std::uint64_t never = UINT64_MAX;
    static constexpr std::uint32_t none = UINT32_MAX;

    std::uint64_t id = 0;      // of the recorded operation
    std::uint32_t part = 0;    // of the state that it works on
    std::vector<StepId> does;  // one; of unknown ones also several, of which it did one
    bool observes = false;     // it never changes a state
    std::uint32_t lane = 0;    // in the order of `operations`, 0 = real time
    std::uint64_t called = 0;
    std::uint64_t returned = never;  // nobody need wait for it; of unknown ones always so
    bool unknown = false;
    std::uint32_t after = none;  // place in `operations` of one that must be done before it
};

struct SearchProblem {
    std::vector<SearchOperation> operations;  // in the order of their calls
    std::vector<StateId> initial;             // of each part
    std::uint32_t lanes = 1;
};

struct FoundStep {
    std::uint32_t operation = 0;  // place in SearchProblem::operations
    StepId step = 0;
    StateId state = 0;  // of its part, after it
    friend bool operator==(const FoundStep&, const FoundStep&) = default;
};

enum class SearchEnd : std::uint8_t {
    found = 1,  // `order` holds every operation that is not unknown
    none,       // there is no such order; `order` is the longest that there is
    work_max,   // neither was seen
    spent,      // the budget ended it
};

struct SearchResult {
    SearchEnd end = SearchEnd::spent;
    // Longest: it gets past most returns; of those, holds most operations.
    std::vector<FoundStep> order;
    // Of `none`: the first operation, by its return, that no order gets past, and the states in
    // which the orders that explain everything returned before it leave its part (not all of them
    // if there are many).
    std::uint32_t stuck = SearchOperation::none;
    std::vector<StateId> stuck_states;
    // What may come next at the end of `order`, and is refused by the state.
    std::vector<std::uint32_t> refused;
    std::uint64_t steps = 0;  // operations that were tried
};

struct SearchLimits {
    std::uint64_t work_max = UINT64_MAX;  // steps tried, large states count more
};

// The algorithm is that of Wing and Gong (1993) with Lowe's memory of places (2017): depth first,
// one operation after another, back where nothing is left. What is done here besides, with the
// reason that no order is lost:
// - An observation that is allowed and true is taken at once. It changes nothing, and moving it to
//   the front keeps every order.
// - Unknown operations that do the same are taken in the order of their calls: the earlier one can
//   stand wherever the later one stands.
// - An unknown operation is worth taking only for what comes next. If the next one leads to the
//   same state without it, it can stay undone; if it can as well come behind the next one, it
//   does. So one that nobody sees is never part of an order. Of two unknown ones that commute, one
//   order is tried.
// - A place that was visited with fewer unknown operations used up is not visited again (Visited).
// The last two look at each other: a place that is left out was or will be visited in another
// form, because each rule goes from an order to one that is smaller (fewer unknown operations
// used, those used later, then by number), so a smallest order is never left out.
SearchResult search(
    const SearchProblem& problem, StepTable& steps, const SearchLimits& limits, Budget& budget);

}  // namespace ledger::check
