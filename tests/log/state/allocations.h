#pragma once
// Allocations: how often this test program asked for memory, and how much it holds.

#include <cstdint>

namespace ledger::state {

std::uint64_t allocations();
std::uint64_t bytes_held();

}  // namespace ledger::state
