#pragma once
// CapnpClang: lets clang 16 and newer read the headers of Cap'n Proto 0.9 in C++20.

#include <kj/string.h>

// Since P2468R2 a class's own operator== no longer answers `const char* == StringPtr` by reversal,
// and KJ 0.9 leaves its reversed overload out as soon as the compiler knows operator<=>.
#if defined(__clang__) && __clang_major__ >= 16 && __cplusplus >= 202002L
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) {
    return b == StringPtr(a);
}
inline bool operator!=(const char* a, const StringPtr& b) {
    return !(b == StringPtr(a));
}
}  // namespace kj
#endif
