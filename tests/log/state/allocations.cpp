#include "tests/log/state/allocations.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {
std::uint64_t count = 0;
std::uint64_t bytes = 0;
}  // namespace

// Replaces the program's operator new. In a file of its own: inlined beside its callers, GCC 12
// would take malloc and delete for a mismatched pair.
void* operator new(std::size_t size) {
    ++count;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        std::abort();
    }
    bytes += malloc_usable_size(memory);
    return memory;
}
// As the default does; without it a sanitizer's own would serve these calls alone.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return operator new(size);
}
void operator delete(void* memory) noexcept {
    bytes -= malloc_usable_size(memory);
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace ledger::state {

std::uint64_t allocations() {
    return count;
}

std::uint64_t bytes_held() {
    return bytes;
}

}  // namespace ledger::state
