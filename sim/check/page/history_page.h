#pragma once
// History page: a judgement for people, as one HTML file that needs nothing and as text.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/judgement.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// An operation as pages show it.
struct PageOperation {
    std::uint64_t id = 0;
    std::string lane;  // "client 3"
    std::uint64_t called = 0;
    std::uint64_t returned = RecordedOperation::never;  // as in RecordedOperation
    std::optional<std::int64_t> called_ns;
    std::optional<std::int64_t> returned_ns;
    std::uint64_t line = 0;  // of the file; 0 = none
    std::string text;        // "append 40..41 -> ok at 17"
    Outcome outcome = Outcome::unknown;
    std::string kind;    // "append", "read"; what one can filter by
    std::string stream;  // empty = none
    std::string key;     // empty = none
    std::string before;  // the state in front of it and after it, where the checker knows it
    std::string after;
    std::string rule;  // the constraint that applied: "must show version 17 or later"
};

struct HistoryPage {
    std::string file;                      // of the history
    std::string repro;                     // one line that judges it again
    const Judgement* judgement = nullptr;  // never nullptr when a page is made
    std::uint64_t operations = 0;          // how many there are
    // Any of them. Ids are 0 .. operations - 1 in the order of the calls; those in the judgement
    // that are none of them are left out. Asked for a few thousand only, at most thrice for each.
    std::function<PageOperation(std::uint64_t id)> operation;
    std::span<const Annotation> annotations;
    // The floor trace: (place in the order of events, version shown by then), rising. May be empty.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor;
};

inline constexpr std::uint64_t history_page_bytes_max = 2'000'000;

// The page: a window around the witnesses, not the whole history. At most history_page_bytes_max,
// whatever comes: long texts are cut, and what is left out is counted on the page.
std::string history_page_html(const HistoryPage& page);
// The same as lines for a terminal, in UTF-8 and without colours.
std::string history_page_text(const HistoryPage& page);

}  // namespace ledger::check
