#pragma once
// Format: how the vocabulary is written for people; the only place with formatters of our types.

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "log/base/time.h"

namespace ledger {

// 64 lower-case hex digits.
std::string to_hex(const Digest& digest);
std::string to_hex(ByteSpan bytes);
// "1.250s", "3.5ms", "20us", "7ns".
std::string to_text(Duration duration);
std::string_view to_text(EntryKind kind);
// 32 lower-case hex digits.
std::string to_text(const ClusterId& cluster);

}  // namespace ledger

template <typename Tag, typename Rep>
struct fmt::formatter<ledger::Strong<Tag, Rep>> : fmt::formatter<Rep> {
    template <typename Context>
    auto format(const ledger::Strong<Tag, Rep>& id, Context& context) const {
        return fmt::formatter<Rep>::format(id.value, context);
    }
};

template <typename Tag>
struct fmt::formatter<ledger::Ordinal<Tag>> : fmt::formatter<std::uint64_t> {
    template <typename Context>
    auto format(const ledger::Ordinal<Tag>& id, Context& context) const {
        return fmt::formatter<std::uint64_t>::format(id.value, context);
    }
};
