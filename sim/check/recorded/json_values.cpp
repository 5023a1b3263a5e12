#include <algorithm>

#include "sim/check/recorded/value_cursor.h"

namespace ledger::check {
namespace {

bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

// Reads by descent; the depth is bounded by the limits.
class JsonValueParser : public ValueCursor {
  public:
    using ValueCursor::ValueCursor;

    void skip_space() {
        while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') {
            skip(1);
        }
    }
    Result<Value> value(std::uint32_t depth);

  private:
    Result<Value> object(std::uint32_t depth);
    Result<Value> array(std::uint32_t depth);
    Result<std::string> string();
    Result<void> escape(std::string& out);
    Result<Value> number();
    Result<Value> word();
};

Result<Value> JsonValueParser::value(std::uint32_t depth) {
    if (depth >= limits().depth_max) {
        return too_deep();
    }
    skip_space();
    const int c = peek();
    if (c == '{') {
        return object(depth);
    }
    if (c == '[') {
        return array(depth);
    }
    if (c == '"') {
        LEDGER_TRY(std::string read, string());
        return Value(ValueText{std::move(read), ValueText::Sort::string});
    }
    return c == '-' || is_digit(c) ? number() : word();
}

Result<Value> JsonValueParser::object(std::uint32_t depth) {
    const std::uint64_t began = at();
    skip(1);
    ValueMap map;
    skip_space();
    if (take('}')) {
        return Value(std::move(map));
    }
    do {
        skip_space();
        if (peek() != '"') {
            return expected("a key in quotes");
        }
        LEDGER_TRY(std::string key, string());
        skip_space();
        if (!take(':')) {
            return expected("a colon behind the key");
        }
        if (map.size() == limits().elements_max) {
            return too_many(began);
        }
        LEDGER_TRY(Value member, value(depth + 1));
        map.emplace_back(
            Value(ValueText{std::move(key), ValueText::Sort::string}), std::move(member));
        skip_space();
    } while (take(','));
    if (!take('}')) {
        return peek() < 0 ? open_ended("object", began) : expected("a comma or }");
    }
    if (const Value* key = doubled_key(map)) {
        return wrong_at(began, fmt::format("the key {} is in the object twice", to_text(*key, 80)));
    }
    return Value(std::move(map));
}

Result<Value> JsonValueParser::array(std::uint32_t depth) {
    const std::uint64_t began = at();
    skip(1);
    ValueList list;
    skip_space();
    if (take(']')) {
        return Value(std::move(list));
    }
    do {
        if (list.size() == limits().elements_max) {
            return too_many(began);
        }
        LEDGER_TRY(Value element, value(depth + 1));
        list.push_back(std::move(element));
        skip_space();
    } while (take(','));
    if (!take(']')) {
        return peek() < 0 ? open_ended("array", began) : expected("a comma or ]");
    }
    return Value(std::move(list));
}

Result<void> JsonValueParser::escape(std::string& out) {
    const int c = peek();
    skip(1);
    switch (c) {
        case '"':
        case '\\':
        case '/': out += static_cast<char>(c); return {};
        case 'b': out += '\b'; return {};
        case 'f': out += '\f'; return {};
        case 'n': out += '\n'; return {};
        case 'r': out += '\r'; return {};
        case 't': out += '\t'; return {};
        case 'u': return unicode_escape(out);
        default:
            at_ -= 1;
            return expected("an escape behind the backslash: \" \\ / b f n r t or u");
    }
}

Result<std::string> JsonValueParser::string() {
    const std::uint64_t began = at();
    skip(1);
    std::string out;
    for (;;) {
        const std::uint64_t run = at();
        while (peek() >= 0x20 && peek() != '"' && peek() != '\\') {
            skip(1);
        }
        out += from(run);
        if (take('"')) {
            return out;
        }
        if (peek() < 0) {
            return open_ended("string", began);
        }
        if (!take('\\')) {
            return expected("no control character in a string");
        }
        LEDGER_CHECK(escape(out));
    }
}

Result<Value> JsonValueParser::number() {
    const std::uint64_t began = at();
    take('-');
    if (!is_digit(peek())) {
        return expected("a digit");
    }
    const bool zero = peek() == '0';
    while (is_digit(peek())) {
        skip(1);
    }
    if (zero && from(began).size() > (from(began)[0] == '-' ? 2u : 1u)) {
        return wrong_at(began, "a number must not begin with 0");
    }
    for (const char part : {'.', 'e'}) {
        if (peek() != part && !(part == 'e' && peek() == 'E')) {
            continue;
        }
        skip(1);
        if (part == 'e' && (peek() == '+' || peek() == '-')) {
            skip(1);
        }
        if (!is_digit(peek())) {
            return expected("a digit");
        }
        while (is_digit(peek())) {
            skip(1);
        }
    }
    return number_value(from(began));
}

Result<Value> JsonValueParser::word() {
    const std::uint64_t began = at();
    while (peek() >= 'a' && peek() <= 'z') {
        skip(1);
    }
    const std::string_view read = from(began);
    if (read == "null") {
        return Value();
    }
    if (read == "true" || read == "false") {
        return Value(read == "true");
    }
    at_ = began;
    return expected("a value");
}

}  // namespace

Result<std::optional<Value>> JsonValues::next() {
    if (text_.size() > limits_.bytes_max) {
        return failure(Errc::beyond_limit,
            fmt::format("{} bytes, at most {} are read", text_.size(), limits_.bytes_max));
    }
    JsonValueParser parser(text_, limits_, at_);
    parser.skip_space();
    const bool first = !started_;
    if (first && elements_ && parser.peek() == '[') {
        list_ = parser.at();
        parser.skip(1);
        parser.skip_space();
    }
    started_ = true;
    if (list_ && !ended_) {
        if (parser.take(']')) {
            ended_ = true;
            parser.skip_space();
        } else if (!first) {
            if (parser.peek() < 0) {
                return parser.open_ended("array", *list_);
            }
            if (!parser.take(',')) {
                return parser.expected("a comma or ] of the array");
            }
        }
    }
    if (parser.peek() < 0 && (!list_ || ended_)) {
        at_ = parser.at();
        return std::optional<Value>();
    }
    if (ended_) {
        return parser.expected("nothing behind the array");
    }
    parser.skip_space();
    began_ = parser.at();
    LEDGER_TRY(Value read, parser.value(list_ ? 1 : 0));
    at_ = parser.at();
    return std::optional<Value>(std::move(read));
}

Result<Value> parse_json_value(std::string_view text, const ReadLimits& limits) {
    JsonValueParser parser(text, limits, 0);
    LEDGER_TRY(Value read, parser.value(0));
    parser.skip_space();
    if (parser.peek() >= 0) {
        return parser.expected("nothing behind the value");
    }
    return read;
}

}  // namespace ledger::check
