#include "tests/log/state/allocations.h"

#include <cstdlib>
#include <new>

namespace {
std::uint64_t count = 0;
}  // namespace

// Replaces the program's operator new. In a file of its own: inlined beside its callers, GCC 12
// would take malloc and delete for a mismatched pair.
void* operator new(std::size_t size) {
    ++count;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        std::abort();
    }
    return memory;
}
// As the default does; without it a sanitizer's own would serve these calls alone.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return operator new(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace ledger::state {

std::uint64_t allocations() {
    return count;
}

}  // namespace ledger::state
