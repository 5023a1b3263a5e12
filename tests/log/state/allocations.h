#pragma once
// Allocations: how often this test program asked for memory.

#include <cstdint>

namespace ledger::state {

std::uint64_t allocations();

}  // namespace ledger::state
