#pragma once
// Cycles: transactions that cannot stand in any order, by Adya's classes.

#include <cstdint>
#include <vector>

#include "sim/check/transactions/dependency_graph.h"
#include "sim/check/transactions/effort.h"

namespace ledger::check {

// Adya's thesis, chapter 4; G-nonadjacent is what Cerone and Gotsman ("Analysing snapshot
// isolation", theorem 9) forbid beyond G-single. Worst first.
enum class CycleClass : std::uint8_t {
    g0 = 1,         // ww only
    g1c,            // ww and wr
    g_single,       // exactly one rw
    g_nonadjacent,  // several rw, no two of them in a row
    g2_item,        // any other
};

// From one transaction to the next one.
struct CycleStep {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    EdgeKind kind = EdgeKind::ww;
    Support support = Support::data;
    EdgeLabel label;
};

struct Cycle {
    CycleClass kind = CycleClass::g0;
    // The most that any of its edges rests on: an anomaly of this class by the data alone, or its
    // variant that needs the order of a session or of real time.
    Support support = Support::data;
    std::vector<CycleStep>
        steps;  // each begins where the one before it ends, the first at the last
};

// One short cycle of each strongly connected component, of the worst class that there is in it:
// by the data alone; with the order of sessions as well, in components without a cycle of the data;
// and with the order of real time as well, likewise. A component is searched from all its
// transactions while that is cheap, and then from as many as is cheap: what is found is a cycle of
// the right class always, the shortest in components of up to a few hundred transactions. Of
// G-single and G-nonadjacent, which break the same levels, a big component may give the second
// although it holds both. Nothing is found only if the graph has no cycle, unless effort.spent().
//
// O(nodes + edges) and a bounded search per component (Tarjan 1972).
std::vector<Cycle> find_cycles(const DependencyGraph& graph, Effort& effort);

}  // namespace ledger::check
