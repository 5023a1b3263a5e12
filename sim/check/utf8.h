#pragma once
// Utf8: where a text is UTF-8 and where it is not.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ledger::check {

// Bytes of the valid sequence (RFC 3629) that `text` begins with; 0 if there is none.
std::size_t utf8_length(std::string_view text);
// Appends the sequence of a code point, which must not be a surrogate.
void append_utf8(std::string& out, std::uint32_t code);

// What stands in for bytes that are no UTF-8: U+FFFD.
inline constexpr std::string_view utf8_replacement = "\xef\xbf\xbd";

}  // namespace ledger::check
