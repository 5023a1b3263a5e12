#pragma once
// Sample pages: judged histories made in code, as the checkers would hand them over.

#include <functional>
#include <string>
#include <vector>

#include "sim/check/page/history_page.h"

namespace ledger::check::test {

// Everything that a HistoryPage refers to.
struct SamplePage {
    std::string name;
    std::string repro;
    Judgement judgement;
    std::uint64_t count = 0;
    std::function<PageOperation(std::uint64_t id)> operation;
    std::vector<Annotation> annotations;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> floor;

    HistoryPage page() const;  // valid as long as this
};

SamplePage stale_read();          // a log of 6 clients, with leaders, faults and a floor
SamplePage failed_search();       // a cas-register of 5 clients and the longest order
SamplePage cycle();               // transactions without times: G-single and two more
SamplePage nothing_wrong();       // 1000 operations
SamplePage out_of_time();         // inconclusive after a partial order
SamplePage million();             // 1000 clients; witnesses at both ends
SamplePage hostile();             // texts that would break a page
SamplePage without_operations();  // an empty history
// 100 anomalies of 150 operations each, with texts of 20000 bytes that are long when escaped.
SamplePage absurd();

// One open operation without times, texts or a lane; an anomaly of no operation.
SamplePage single();
// Operations that share places, times that go back, a return that is missing.
SamplePage odd_times();

std::vector<SamplePage> all_samples();

}  // namespace ledger::check::test
