#pragma once
// Page data: what the page's script draws, as JSON.

#include <string>

#include "sim/check/page/history_page.h"
#include "sim/check/page/window.h"

namespace ledger::check {

// What pages count times from: nothing, so that they are those of the recording, unless that began
// more than 10^15 ns after it (a wall clock); then from the first call. Scripts hold them exactly.
std::int64_t origin_of_times(const HistoryPage& page);

// One JSON object, not yet made safe for a script element. Names that repeat stand in tables. The
// parts have budgets of their own, which together with the window's keep a page below
// history_page_bytes_max. Its members:
// - total: how many operations there are; since_first_call: whether times count from there
// - operations: one row each, its fields in the order of write_operation
// - lanes, kinds, streams, keys: tables of names
// - places: of the events on the axis; numbers, or texts beyond 2^53
// - gaps: [rank of a place, operations that are left out in front of it]
// - anomalies: [name, [ids of operations]]
// - partial: the orders of searches, the last steps of each and what it could not add
// - annotations: [lane, text, from, to], in half ranks (see PageWindow)
// - floor: [half rank, version]
std::string page_data(const HistoryPage& page, const PageWindow& window);

// Steps of a partial order that pages list: the last of them.
inline constexpr std::uint64_t steps_shown_max = 200;
inline constexpr std::uint64_t refused_shown_max = 50;

}  // namespace ledger::check
