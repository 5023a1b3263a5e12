#pragma once
// Sometimes: marks for situations that exploration must have seen at least once.

#include <cstdint>
#include <span>

namespace ledger {

// One mark in the code. Counters are the only globals of the core; they never enter a hash or a
// decision. One thread (the simulator's) counts.
struct SometimesMark {
    const char* name;
    std::uint64_t hits = 0;
    SometimesMark* next = nullptr;

    explicit SometimesMark(const char* mark_name);
    SometimesMark(const SometimesMark&) = delete;
    SometimesMark& operator=(const SometimesMark&) = delete;
};

// The newest registered mark of this program; follow `next`. Marks register when first passed.
SometimesMark* first_sometimes_mark();

}  // namespace ledger

// LEDGER_SOMETIMES(conflict, "raft.truncate"): counts how often the condition was true.
#define LEDGER_SOMETIMES(condition, name)                                        \
    do {                                                                         \
        static ::ledger::SometimesMark ledger_sometimes_mark(name);              \
        if (condition) {                                                         \
            ++ledger_sometimes_mark.hits;                                        \
        }                                                                        \
    } while (false)
