#pragma once
// Counting: heap allocations and copied bytes of a program, when it is linked with counting.cpp.

#include <cstdint>

namespace ledger::bench {

struct Counts {
    std::uint64_t allocations = 0;
    std::uint64_t allocated_bytes = 0;
    std::uint64_t copied_bytes = 0;  // by calls of memcpy and memmove; inlined ones do not show

    void add(const Counts& after, const Counts& before) {
        allocations += after.allocations - before.allocations;
        allocated_bytes += after.allocated_bytes - before.allocated_bytes;
        copied_bytes += after.copied_bytes - before.copied_bytes;
    }
};

// Whether this program counts; the other one only measures times.
bool counting();
Counts counts();

}  // namespace ledger::bench
