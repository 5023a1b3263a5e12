#pragma once
// Page data: what the page's script draws, as JSON.

#include <string>

#include "sim/check/page/history_page.h"
#include "sim/check/page/window.h"

namespace ledger::check {

// One JSON object, not yet made safe for a script element. Names that repeat stand in tables;
// times count from the call of the history's first operation. The parts have budgets of their own,
// which together with the window's keep a page below history_page_bytes_max:
//
//   total, operations  how many there are; one row each (in the order of the fields in
//   page_data.cpp) lanes, kinds, streams, keys   tables of names places             of the events
//   on the axis: numbers, or texts beyond 2^53 gaps               [rank of a place, operations that
//   are left out in front of it] anomalies          [name, [ids of operations]] partial orders of
//   searches: the last steps of each and what it could not add annotations        [lane, text,
//   from, to] in half ranks, see PageWindow floor              [half rank, version]
std::string page_data(const HistoryPage& page, const PageWindow& window);

// Steps of a partial order that pages list: the last of them.
inline constexpr std::uint64_t steps_shown_max = 200;
inline constexpr std::uint64_t refused_shown_max = 50;

}  // namespace ledger::check
