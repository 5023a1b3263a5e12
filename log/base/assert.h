#pragma once
// Assert: checks of our own reasoning, on in every build. User input never reaches one.

namespace ledger {

// Writes one line "assertion failed: CONDITION (FILE:LINE)" to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace ledger

#define LEDGER_ASSERT(condition)                                                  \
    (__builtin_expect(static_cast<bool>(condition), 1)                            \
            ? static_cast<void>(0)                                                \
            : ::ledger::assertion_failed(#condition, __FILE__, __LINE__))
