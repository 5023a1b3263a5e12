#pragma once
// Edge coverage: which branches of the code a run took, in builds that are made for it
// (cmake --preset edges).

#include <cstdint>
#include <vector>

namespace ledger::sim {

// Whether this build can tell.
bool counts_edges();
// From now on; forgets what was before.
void begin_counting_edges();
// A number for each edge that was taken, in no particular order.
std::vector<std::uint64_t> edges_taken();

}  // namespace ledger::sim
