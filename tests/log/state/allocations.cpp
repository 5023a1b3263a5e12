#include "tests/log/state/allocations.h"

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {
std::uint64_t count = 0;
std::uint64_t bytes = 0;

// What glibc's allocator sets aside for these bytes, less its own word: a sanitizer's allocator
// names the bytes asked for, and the figures in node/limits.h are those of the production build.
std::uint64_t held_by(void* memory) {
    constexpr std::uint64_t word = 8;
    constexpr std::uint64_t alignment = 16;
    constexpr std::uint64_t least = 24;
    const std::uint64_t usable = malloc_usable_size(memory);
    return std::max(least, (usable + word + alignment - 1) / alignment * alignment - word);
}
}  // namespace

// Replaces the program's operator new. In a file of its own: inlined beside its callers, GCC 12
// would take malloc and delete for a mismatched pair.
void* operator new(std::size_t size) {
    ++count;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        std::abort();
    }
    bytes += held_by(memory);
    return memory;
}
// As the default does; without it a sanitizer's own would serve these calls alone.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return operator new(size);
}
void operator delete(void* memory) noexcept {
    bytes -= held_by(memory);
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
