#pragma once
// Value: what a field of an event holds: nothing, a truth, a number or a text.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "log/base/bytes.h"
#include "log/projection/number.h"
#include "log/state/field_reader.h"

namespace ledger::projection {

// The longest text that a projection keeps, in bytes.
inline constexpr std::uint32_t text_bytes_max = 4096;

// Ordered: nothing, then false, true, then numbers, then texts by their bytes.
using Value = std::variant<std::monostate, bool, Number, std::string>;

inline bool is_nothing(const Value& value) {
    return std::holds_alternative<std::monostate>(value);
}
// For people: a text as it is, "-" for nothing.
std::string text_of(const Value& value);
// As JSON, and as definitions write it; a text in quotes.
std::string json_of(const Value& value);
// `text` in quotes, as JSON has it; bytes that are not UTF-8 stay.
std::string quoted(std::string_view text);
// What it takes beside its place: the bytes of its text.
std::uint64_t bytes_of(const Value& value);

// Inside, texts are at most text_bytes_max long.
void encode_value(const Value& value, ByteVector& out);
Value decode_value(state::FieldReader& in);

}  // namespace ledger::projection
