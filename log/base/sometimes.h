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

// One of the marks of this program, in no particular order; follow `next`. All of them are there
// before main() begins, whether their place is ever passed or not.
SometimesMark* first_sometimes_mark();

template <typename Place>
inline SometimesMark sometimes_mark{Place::name()};

}  // namespace ledger

// LEDGER_SOMETIMES(conflict, "raft.truncate"): counts how often the condition was true.
#define LEDGER_SOMETIMES(condition, text)                                        \
    do {                                                                         \
        struct LedgerSometimesPlace {                                            \
            static const char* name() { return text; }                           \
        };                                                                       \
        if (condition) {                                                         \
            ++::ledger::sometimes_mark<LedgerSometimesPlace>.hits;               \
        }                                                                        \
    } while (false)
