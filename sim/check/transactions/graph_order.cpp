#include "sim/check/transactions/graph_order.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace ledger::check {

void add_orders(
    const Transactions& transactions, const Committed& committed, DependencyGraph& graph) {
    std::vector<Span> spans;
    for (std::uint32_t t = 0; t < transactions.all.size(); ++t) {
        if (committed(t)) {
            spans.push_back({t, transactions.all[t].called, transactions.all[t].returned});
        }
    }
    graph.add_order(spans, Support::realtime);
    const auto process = [&](const Span& span) { return transactions.all[span.node].process; };
    std::sort(spans.begin(), spans.end(), [&](const Span& a, const Span& b) {
        return std::tuple(process(a), a.called, a.node) < std::tuple(process(b), b.called, b.node);
    });
    for (std::uint64_t i = 0, end = 0; i < spans.size(); i = end) {
        for (end = i + 1; end < spans.size() && process(spans[end]) == process(spans[i]); ++end) {
        }
        if (end - i > 1) {
            graph.add_order(std::span(spans).subspan(i, end - i), Support::session);
        }
    }
}

void count_outcomes(
    const Transactions& transactions, const Committed& committed, Coverage& coverage) {
    std::uint64_t ok = 0;
    std::uint64_t took_effect = 0;
    std::uint64_t unseen = 0;
    std::uint64_t failed = 0;
    for (std::uint32_t t = 0; t < transactions.all.size(); ++t) {
        switch (transactions.all[t].outcome) {
            case Outcome::ok: ++ok; break;
            case Outcome::failed: ++failed; break;
            case Outcome::unknown: ++(committed(t) ? took_effect : unseen); break;
        }
    }
    coverage.add("transactions ok", ok);
    coverage.add("unknown, which took effect", took_effect);
    coverage.add("unknown, of which nothing was seen", unseen);
    coverage.add("failed", failed);
}

bool is_lost_update_between_readers(const Cycle& cycle) {
    return cycle.support == Support::data &&
           std::all_of(cycle.steps.begin(), cycle.steps.end(), [&](const CycleStep& step) {
               return step.kind == EdgeKind::rw && step.label.key == cycle.steps[0].label.key &&
                      step.label.before == cycle.steps[0].label.before;
           });
}

}  // namespace ledger::check
