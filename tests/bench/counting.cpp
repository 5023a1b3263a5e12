// Replaces operator new, memcpy and memmove by counting ones.

#include "tests/bench/counting.h"

#include <cstdlib>
#include <new>

namespace {

ledger::bench::Counts total;

void copy_forward(void* to, const void* from, std::size_t bytes) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

}  // namespace

namespace ledger::bench {

bool counting() {
    return true;
}
Counts counts() {
    return total;
}

}  // namespace ledger::bench

void* operator new(std::size_t bytes) {
    ++total.allocations;
    total.allocated_bytes += bytes;
    void* memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) {
        std::abort();
    }
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

extern "C" void* memcpy(void* to, const void* from, std::size_t bytes) {
    total.copied_bytes += bytes;
    copy_forward(to, from, bytes);
    return to;
}

extern "C" void* memmove(void* to, const void* from, std::size_t bytes) {
    total.copied_bytes += bytes;
    auto* target = static_cast<char*>(to);
    const auto* source = static_cast<const char*>(from);
    if (target <= source || target >= source + bytes) {
        copy_forward(to, from, bytes);
        return to;
    }
    for (std::size_t i = bytes; i-- > 0;) {
        target[i] = source[i];
    }
    return to;
}
