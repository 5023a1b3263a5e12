#pragma once
// Value: data as recorded histories carry it, the same whether it stood there as EDN or as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ledger::check {

// A text and what it was written as. `number`: one that is no 64-bit integer. Two texts are equal
// if their characters are: `:append` in one format is "append" in another.
struct ValueText {
    enum class Sort : std::uint8_t { string = 1, keyword, symbol, number };
    std::string characters;
    Sort sort = Sort::string;
    friend bool operator==(const ValueText& a, const ValueText& b) {
        return a.characters == b.characters;
    }
};

class Value;
// Vectors and lists alike.
using ValueList = std::vector<Value>;
// In the order of the text; no key twice.
using ValueMap = std::vector<std::pair<Value, Value>>;
// In the order of the text; a set and a list of the same elements are different values.
struct ValueSet {
    ValueList elements;
    friend bool operator==(const ValueSet&, const ValueSet&) = default;
};

class Value {
  public:
    using Variant =
        std::variant<std::monostate, bool, std::int64_t, ValueText, ValueList, ValueSet, ValueMap>;

    // Out of line, all of them: in line they draw false warnings of g++ 12 at every use.
    Value();
    explicit Value(Variant value);
    Value(const Value& other);
    Value(Value&& other) noexcept;
    Value& operator=(const Value& other);
    Value& operator=(Value&& other) noexcept;
    ~Value();

    const Variant& variant() const { return value_; }
    bool is_nil() const { return std::holds_alternative<std::monostate>(value_); }
    const bool* boolean() const { return std::get_if<bool>(&value_); }
    std::optional<std::int64_t> integer() const;
    const ValueText* text() const { return std::get_if<ValueText>(&value_); }
    // True for a text of these characters, whatever its sort.
    bool is(std::string_view characters) const;
    const ValueList* list() const { return std::get_if<ValueList>(&value_); }
    const ValueSet* set() const { return std::get_if<ValueSet>(&value_); }
    const ValueMap* map() const { return std::get_if<ValueMap>(&value_); }
    // The value under a text key of a map; nullptr if this is no map or has no such key.
    const Value* find(std::string_view key) const;

    friend bool operator==(const Value&, const Value&) = default;

  private:
    Variant value_;
};

// A total order: by kind, then by content. Sets and maps compare by their sorted elements.
bool less(const Value& a, const Value& b);

// As people read it: nil, 3, x, [1 2], {a 1, b 2}. At most about `bytes_max` bytes.
std::string to_text(const Value& value, std::uint64_t bytes_max = 200);

}  // namespace ledger::check
