#include <algorithm>

#include "sim/check/recorded/value_cursor.h"

namespace ledger::check {
namespace {

bool is_blank(int c) {
    return c == ' ' || c == ',' || (c >= '\t' && c <= '\r');
}

// What ends a symbol, keyword or number.
bool is_delimiter(int c) {
    return c < 0 || is_blank(c) || c == '"' || c == ';' || c == '(' || c == ')' || c == '[' ||
           c == ']' || c == '{' || c == '}';
}

bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

Value text_value(std::string characters, ValueText::Sort sort) {
    return Value(ValueText{std::move(characters), sort});
}

}  // namespace

// Reads by descent; the depth is bounded by the limits.
class EdnParser : public ValueCursor {
  public:
    using ValueCursor::ValueCursor;

    // To the next value or closing bracket or the end; discarded values are passed.
    Result<void> skip_to_value(std::uint32_t depth);
    Result<Value> value(std::uint32_t depth);

  private:
    Result<ValueList> elements(std::uint32_t depth, char close, std::string_view what);
    Result<Value> map(std::uint32_t depth);
    Result<Value> dispatch(std::uint32_t depth);
    Result<Value> string();
    Result<Value> character();
    Result<void> escape(std::string& out);
    Value token();
};

Result<void> EdnParser::skip_to_value(std::uint32_t depth) {
    if (depth >= limits().depth_max) {
        return too_deep();
    }
    for (;;) {
        const int c = peek();
        if (is_blank(c)) {
            skip(1);
        } else if (c == ';' || (c == '#' && peek(1) == '!')) {
            at_ = std::min<std::uint64_t>(text_.find('\n', at_), text_.size());
        } else if (c == '#' && peek(1) == '_') {
            skip(2);
            LEDGER_TRY(const Value discarded, value(depth + 1));
        } else {
            return {};
        }
    }
}

Result<Value> EdnParser::value(std::uint32_t depth) {
    LEDGER_CHECK(skip_to_value(depth));
    const std::uint64_t began = at();
    switch (peek()) {
        case '[':
        case '(': {
            const bool vector = peek() == '[';
            skip(1);
            LEDGER_TRY(
                ValueList list, elements(depth, vector ? ']' : ')', vector ? "vector" : "list"));
            return Value(std::move(list));
        }
        case '{': return map(depth);
        case '#': return dispatch(depth);
        case '"': return string();
        case '\\': return character();
        case '^': {  // metadata of the value behind it
            skip(1);
            LEDGER_TRY(const Value metadata, value(depth + 1));
            return value(depth + 1);
        }
        case '\'':
        case '`':
        case '~':
        case '@': skip(1); return value(depth + 1);
        default: break;
    }
    if (is_delimiter(peek())) {
        return expected("a value");
    }
    if (peek() == ':' && is_delimiter(peek(1))) {
        return wrong_at(began, "expected a name behind the colon of a keyword");
    }
    return token();
}

Result<ValueList> EdnParser::elements(std::uint32_t depth, char close, std::string_view what) {
    const std::uint64_t began = at() - 1;
    ValueList list;
    for (;;) {
        LEDGER_CHECK(skip_to_value(depth + 1));
        if (take(close)) {
            return list;
        }
        if (peek() < 0) {
            return open_ended(what, began);
        }
        if (list.size() == limits().elements_max) {
            return too_many(began);
        }
        const int c = peek();
        if (c == ')' || c == ']' || c == '}') {
            return expected(fmt::format("a value or {} of the {}", close, what));
        }
        LEDGER_TRY(Value element, value(depth + 1));
        list.push_back(std::move(element));
    }
}

Result<Value> EdnParser::map(std::uint32_t depth) {
    const std::uint64_t began = at();
    skip(1);
    LEDGER_TRY(ValueList flat, elements(depth, '}', "map"));
    if (flat.size() % 2 != 0) {
        return wrong_at(began,
            fmt::format("a map of keys and values has an odd number of them: {}", flat.size()));
    }
    ValueMap map;
    map.reserve(flat.size() / 2);
    for (std::uint64_t i = 0; i < flat.size(); i += 2) {
        map.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
    }
    if (const Value* key = doubled_key(map)) {
        return wrong_at(began, fmt::format("the key {} is in the map twice", to_text(*key, 80)));
    }
    return Value(std::move(map));
}

// What begins with #: a set, or a literal whose tag is dropped.
Result<Value> EdnParser::dispatch(std::uint32_t depth) {
    const std::uint64_t began = at();
    skip(1);
    if (take('{')) {
        LEDGER_TRY(ValueList list, elements(depth, '}', "set"));
        return Value(ValueSet{std::move(list)});
    }
    if (peek() == '"' || peek() == '(' || peek() == '\'') {  // a pattern, a function, a variable
        return value(depth + 1);
    }
    if (peek() == '#') {  // ##Inf, ##NaN
        skip(1);
        Value name = token();
        return text_value(
            name.text() == nullptr ? "" : name.text()->characters, ValueText::Sort::number);
    }
    if (peek() == '^') {
        return value(depth + 1);
    }
    if (is_delimiter(peek())) {
        return wrong_at(began, "expected a tag or { behind #");
    }
    while (!is_delimiter(peek())) {
        skip(1);
    }
    return value(depth + 1);
}

Result<void> EdnParser::escape(std::string& out) {
    const int c = peek();
    skip(1);
    switch (c) {
        case 't': out += '\t'; return {};
        case 'n': out += '\n'; return {};
        case 'r': out += '\r'; return {};
        case 'b': out += '\b'; return {};
        case 'f': out += '\f'; return {};
        case '"':
        case '\\':
        case '\'':
        case '/': out += static_cast<char>(c); return {};
        case 'u': return unicode_escape(out);
        default: break;
    }
    at_ -= 1;
    std::uint32_t octal = 0;
    std::uint32_t digits = 0;
    for (; digits < 3 && peek() >= '0' && peek() < '8'; ++digits) {
        octal = octal * 8 + static_cast<std::uint32_t>(peek() - '0');
        skip(1);
    }
    if (digits == 0) {
        return expected("an escape behind the backslash: t n r b f u \" \\ or octal digits");
    }
    append_utf8(out, octal & 0xff);
    return {};
}

Result<Value> EdnParser::string() {
    const std::uint64_t began = at();
    skip(1);
    std::string out;
    for (;;) {
        const std::uint64_t stop =
            std::min<std::uint64_t>(text_.find_first_of("\"\\", at_), text_.size());
        out += text_.substr(at_, stop - at_);
        at_ = stop;
        if (take('"')) {
            return text_value(std::move(out), ValueText::Sort::string);
        }
        if (!take('\\')) {
            return open_ended("string", began);
        }
        LEDGER_CHECK(escape(out));
    }
}

// \a, \newline, \u0041; also delimiters: \[ is one.
Result<Value> EdnParser::character() {
    skip(1);
    if (peek() < 0) {
        return expected("a character behind the backslash");
    }
    const std::uint64_t began = at();
    skip(std::max<std::uint64_t>(1, utf8_length(text_.substr(at_))));
    while (!is_delimiter(peek())) {
        skip(1);
    }
    std::string_view name = from(began);
    constexpr std::pair<std::string_view, std::string_view> names[] = {{"newline", "\n"},
        {"space", " "}, {"tab", "\t"}, {"return", "\r"}, {"backspace", "\b"}, {"formfeed", "\f"}};
    for (const auto& [known, characters] : names) {
        if (name == known) {
            return text_value(std::string(characters), ValueText::Sort::string);
        }
    }
    if (name.size() == 5 && name[0] == 'u') {
        at_ = began + 1;
        std::string out;
        LEDGER_CHECK(unicode_escape(out));
        return text_value(std::move(out), ValueText::Sort::string);
    }
    return text_value(std::string(name), ValueText::Sort::string);
}

// A keyword, a number, a symbol or one of three words.
Value EdnParser::token() {
    const std::uint64_t began = at();
    while (!is_delimiter(peek())) {
        skip(1);
    }
    std::string_view word = from(began);
    if (word.starts_with(':')) {
        word.remove_prefix(word.starts_with("::") ? 2 : 1);
        return text_value(std::string(word), ValueText::Sort::keyword);
    }
    const bool sign = word.starts_with('-') || word.starts_with('+');
    if (word.size() > (sign ? 1u : 0u) && is_digit(word[sign ? 1 : 0])) {
        // 12N is 12 of any size, and 1.5M a decimal.
        const bool suffixed = word.ends_with('N') || word.ends_with('M');
        return number_value(word.substr(0, word.size() - (suffixed ? 1 : 0)));
    }
    if (word == "nil") {
        return Value();
    }
    if (word == "true" || word == "false") {
        return Value(word == "true");
    }
    return text_value(std::string(word), ValueText::Sort::symbol);
}

Result<std::optional<Value>> EdnValues::next() {
    if (text_.size() > limits_.bytes_max) {
        return failure(Errc::beyond_limit,
            fmt::format("{} bytes, at most {} are read", text_.size(), limits_.bytes_max));
    }
    EdnParser parser(text_, limits_, at_);
    LEDGER_CHECK(parser.skip_to_value(0));
    if (!started_ && elements_ && (parser.peek() == '[' || parser.peek() == '(')) {
        list_ = parser.at();
        parser.skip(1);
        LEDGER_CHECK(parser.skip_to_value(0));
    }
    started_ = true;
    if (list_ && !ended_ && parser.take(text_[*list_] == '[' ? ']' : ')')) {
        ended_ = true;
        LEDGER_CHECK(parser.skip_to_value(0));
    }
    if (parser.peek() < 0) {
        if (list_ && !ended_) {
            return parser.open_ended("list", *list_);
        }
        at_ = parser.at();
        return std::optional<Value>();
    }
    if (ended_) {
        return parser.expected("nothing behind the list");
    }
    began_ = parser.at();
    LEDGER_TRY(Value read, parser.value(list_ ? 1 : 0));
    at_ = parser.at();
    return std::optional<Value>(std::move(read));
}

Result<ReadValue> read_edn_at(
    std::string_view text, std::uint64_t begin, const ReadLimits& limits) {
    EdnParser parser(text, limits, begin);
    LEDGER_TRY(Value read, parser.value(0));
    return ReadValue{std::move(read), parser.at()};
}

Result<Value> parse_edn(std::string_view text, const ReadLimits& limits) {
    EdnParser parser(text, limits, 0);
    LEDGER_TRY(Value read, parser.value(0));
    LEDGER_CHECK(parser.skip_to_value(0));
    if (parser.peek() >= 0) {
        return parser.expected("nothing behind the value");
    }
    return read;
}

}  // namespace ledger::check
