#include "sim/program/edge_coverage.h"

#include <cstddef>

namespace ledger::sim {

#ifdef LEDGER_EDGES
namespace {

// What the compiler's guards have counted: an edge's number is its place. Grown before main().
constexpr std::size_t edges_max = 1u << 20;
std::uint32_t edges = 0;
bool taken[edges_max];

}  // namespace

extern "C" {

// The compiler calls these two (clang: SanitizerCoverage, trace-pc-guard); they are not counted
// themselves.
__attribute__((no_sanitize("coverage"))) void __sanitizer_cov_trace_pc_guard_init(std::uint32_t* start, std::uint32_t* stop) {
    for (std::uint32_t* guard = start; guard < stop && *guard == 0 && edges + 1 < edges_max; ++guard) {
        *guard = ++edges;
    }
}

__attribute__((no_sanitize("coverage"))) void __sanitizer_cov_trace_pc_guard(std::uint32_t* guard) {
    taken[*guard] = true;
}

}

bool counts_edges() {
    return true;
}

void begin_counting_edges() {
    for (std::size_t i = 0; i <= edges; ++i) {
        taken[i] = false;
    }
}

std::vector<std::uint64_t> edges_taken() {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 1; i <= edges; ++i) {
        if (taken[i]) {
            all.push_back(i);
        }
    }
    return all;
}
#else
bool counts_edges() {
    return false;
}

void begin_counting_edges() {}

std::vector<std::uint64_t> edges_taken() {
    return {};
}
#endif

}  // namespace ledger::sim
