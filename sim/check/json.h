#pragma once
// Json: a writer with a stable key order and a strict reader for lines from outside.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "log/base/result.h"
#include "sim/check/errc.h"

namespace ledger::check {

// Appends JSON to a string, keys in the order in which they are written. The caller opens and
// closes in pairs; commas are ours. Text that is not UTF-8 is written with U+FFFD in the places
// that are wrong.
class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);
    JsonWriter& text(std::string_view value);
    JsonWriter& number(std::uint64_t value);
    JsonWriter& signed_number(std::int64_t value);
    // value / 10^decimals, exactly: fixed(12345, 3) writes 12.345.
    JsonWriter& fixed(std::int64_t value, std::uint32_t decimals);
    // The text of a number as it stands.
    JsonWriter& number_text(std::string_view text);
    JsonWriter& boolean(bool value);
    JsonWriter& null();

  private:
    void comma();

    std::string& out_;
    std::vector<bool> started_;  // per open bracket: something was written
    bool after_key_ = false;
};

// `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

class JsonValue;
using JsonArray = std::vector<JsonValue>;
// In the order of the text; no key twice.
using JsonObject = std::vector<std::pair<std::string, JsonValue>>;

// A number that is no integer of 64 bits, as it was written: never rounded.
struct JsonDecimal {
    std::string text;
    friend bool operator==(const JsonDecimal&, const JsonDecimal&) = default;
};

// One value. Numbers are integers, unless the limits allow decimals.
class JsonValue {
  public:
    using Variant = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, std::string,
        JsonArray, JsonObject, JsonDecimal>;

    // Out of line, all of them: in line they draw false warnings of g++ 12 at every use.
    JsonValue();
    explicit JsonValue(Variant value);
    JsonValue(const JsonValue& other);
    JsonValue(JsonValue&& other) noexcept;
    JsonValue& operator=(const JsonValue& other);
    JsonValue& operator=(JsonValue&& other) noexcept;
    ~JsonValue();

    bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
    const bool* boolean() const { return std::get_if<bool>(&value_); }
    const std::string* text() const { return std::get_if<std::string>(&value_); }
    const JsonArray* array() const { return std::get_if<JsonArray>(&value_); }
    const JsonObject* object() const { return std::get_if<JsonObject>(&value_); }
    // The number, if it is one and fits.
    std::optional<std::uint64_t> number() const;
    std::optional<std::int64_t> signed_number() const;
    // The member of an object; nullptr if this is no object or has no such key.
    const JsonValue* find(std::string_view key) const;

    void write(JsonWriter& writer) const;
    friend bool operator==(const JsonValue&, const JsonValue&) = default;

  private:
    Variant value_;  // negative integers are int64, others uint64
};

struct JsonLimits {
    std::uint32_t depth_max = 32;
    std::uint32_t members_max = 1024;     // of one object
    std::uint64_t bytes_max = 64u << 20;  // of one value's text
    bool decimals = false;                // numbers may be any; else only integers of 64 bits
};
// For what belongs to users and is handed on.
inline constexpr JsonLimits any_json{.decimals = true};

// Exactly one value. Errors say "line 3, column 17: ..."; columns count bytes from 1. `text` begins
// at `first_column` of `first_line`.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {},
    std::uint64_t first_line = 1, std::uint64_t first_column = 1);

// Reads a text of one JSON value per line, which must stay alive; blank lines are skipped.
class JsonLines {
  public:
    explicit JsonLines(std::string_view text, const JsonLimits& limits = {})
        : rest_(text), limits_(limits) {}

    bool at_end();
    // The next value; only if not at_end(). After an error the next line may be tried.
    Result<JsonValue> next();
    // Of the value that next() gave last, from 1.
    std::uint64_t line() const { return line_; }

  private:
    std::string_view rest_;
    JsonLimits limits_;
    std::uint64_t line_ = 0;
};

}  // namespace ledger::check
