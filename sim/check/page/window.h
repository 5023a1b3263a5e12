#pragma once
// Window: which operations of a history a page shows, and at which places on its axis.

#include <cstdint>
#include <vector>

#include "sim/check/page/history_page.h"

namespace ledger::check {

struct WindowBudget {
    std::uint64_t operations_max = 2'000;
    std::uint64_t bytes_max = 900'000;  // of the operations in script_json
};

struct PageWindow {
    // By rising id; texts are cut.
    std::vector<PageOperation> operations;
    // Places at which one of them was called or returned; rising, none twice.
    std::vector<std::uint64_t> places;
    std::uint64_t wanted_missing = 0;  // witnesses that found no room

    // Where a place lies on the axis of `places`: 2 i at places[i], 2 i - 1 between i - 1 and i.
    std::uint64_t half_rank(std::uint64_t place) const;
};

// The witnesses of all anomalies, the worst first; then what the searches of `partial` could not
// place and the ends of their orders; then the neighbours of all these, nearest first; without
// any of these the beginning of the history. Long texts are cut shorter if the witnesses would
// not fit otherwise. An operation called long before a witness that is still pending beside it is
// shown only if it is among these.
PageWindow page_window(const HistoryPage& page, const WindowBudget& budget);

}  // namespace ledger::check
