#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "sim/check/json.h"
#include "sim/check/utf8.h"

namespace ledger::check {
namespace {

bool is_member(const JsonObject& members, std::string_view key) {
    return std::any_of(
        members.begin(), members.end(), [key](const auto& member) { return member.first == key; });
}

// Reads by descent; depth is bounded by the limits.
class JsonParser {
  public:
    JsonParser(std::string_view text, const JsonLimits& limits, std::uint64_t first_line,
        std::uint64_t first_column)
        : text_(text), limits_(limits), before_(first_column - 1), line_(first_line) {}

    Result<JsonValue> whole() {
        if (text_.size() > limits_.bytes_max) {
            return failure(Errc::beyond_limit, fmt::format("line {}: {} bytes, at most {} are read",
                                                   line_, text_.size(), limits_.bytes_max));
        }
        LEDGER_TRY(JsonValue read, value(0));
        skip_space();
        if (at_ != text_.size()) {
            return wrong("the value has ended, but more follows");
        }
        return read;
    }

  private:
    Error wrong(std::string_view what) const {
        return failure(
            Errc::malformed_json, fmt::format("line {}, column {}: {}", line_, column(), what));
    }
    std::uint64_t column() const { return before_ + at_ - line_begin_ + 1; }
    Error too_much(std::string_view what, std::uint32_t limit) const {
        return failure(Errc::beyond_limit,
            fmt::format("line {}, column {}: {}, at most {}", line_, column(), what, limit));
    }
    int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }
    bool take(char c) {
        if (peek() != static_cast<unsigned char>(c)) {
            return false;
        }
        ++at_;
        return true;
    }
    void skip_space() {
        for (;; ++at_) {
            const int c = peek();
            if (c == '\n') {
                ++line_;
                line_begin_ = at_ + 1;
                before_ = 0;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return;
            }
        }
    }

    Result<JsonValue> value(std::uint32_t depth);
    Result<JsonValue> object(std::uint32_t depth);
    Result<JsonValue> array(std::uint32_t depth);
    Result<JsonValue> word();
    Result<JsonValue> integer();
    Result<JsonValue> number();
    bool skip_digits();
    Result<std::string> string();
    Result<void> escape(std::string& out);
    Result<std::uint32_t> hex4();

    std::string_view text_;
    const JsonLimits& limits_;
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0;
    std::uint64_t before_;  // bytes of the first line in front of the text
    std::uint64_t line_;
};

Result<JsonValue> JsonParser::value(std::uint32_t depth) {
    if (depth >= limits_.depth_max) {
        return too_much("nested too deep", limits_.depth_max);
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
        return JsonValue(std::move(read));
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return limits_.decimals ? number() : integer();
    }
    return word();
}

Result<JsonValue> JsonParser::object(std::uint32_t depth) {
    LEDGER_ASSERT(peek() == '{');
    ++at_;
    JsonObject members;
    skip_space();
    if (take('}')) {
        return JsonValue(std::move(members));
    }
    do {
        skip_space();
        if (peek() != '"') {
            return wrong("expected a key in quotes");
        }
        const std::size_t key_at = at_;
        LEDGER_TRY(std::string key, string());
        if (is_member(members, key)) {
            at_ = key_at;
            return wrong(fmt::format("the key {:.80} is there twice", key));
        }
        if (members.size() == limits_.members_max) {
            return too_much("too many members in an object", limits_.members_max);
        }
        skip_space();
        if (!take(':')) {
            return wrong("expected a colon after the key");
        }
        LEDGER_TRY(JsonValue member, value(depth + 1));
        members.emplace_back(std::move(key), std::move(member));
        skip_space();
    } while (take(','));
    if (!take('}')) {
        return wrong("expected a comma or the end of the object");
    }
    return JsonValue(std::move(members));
}

Result<JsonValue> JsonParser::array(std::uint32_t depth) {
    LEDGER_ASSERT(peek() == '[');
    ++at_;
    JsonArray values;
    skip_space();
    if (take(']')) {
        return JsonValue(std::move(values));
    }
    do {
        LEDGER_TRY(JsonValue element, value(depth + 1));
        values.push_back(std::move(element));
        skip_space();
    } while (take(','));
    if (!take(']')) {
        return wrong("expected a comma or the end of the array");
    }
    return JsonValue(std::move(values));
}

Result<JsonValue> JsonParser::word() {
    const auto is = [this](std::string_view expected) {
        return text_.substr(at_, expected.size()) == expected;
    };
    if (is("true")) {
        at_ += 4;
        return JsonValue(true);
    }
    if (is("false")) {
        at_ += 5;
        return JsonValue(false);
    }
    if (is("null")) {
        at_ += 4;
        return JsonValue(nullptr);
    }
    return wrong(at_ == text_.size() ? "expected a value, but the text ends" : "expected a value");
}

Result<JsonValue> JsonParser::integer() {
    const std::size_t begin = at_;
    const bool negative = take('-');
    const std::uint64_t bound =
        negative ? std::uint64_t{1} << 63 : UINT64_MAX;  // the size of INT64_MIN
    if (peek() < '0' || peek() > '9') {
        return wrong("expected a digit");
    }
    const bool leading_zero = peek() == '0';
    std::uint64_t size = 0;
    std::uint32_t digits = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
        const auto digit = static_cast<std::uint64_t>(peek() - '0');
        if (size > (bound - digit) / 10) {
            at_ = begin;
            return wrong("the number does not fit 64 bits");
        }
        size = size * 10 + digit;
        ++digits;
    }
    if (leading_zero && digits > 1) {
        at_ = begin;
        return wrong("a number does not begin with 0");
    }
    if (peek() == '.' || peek() == 'e' || peek() == 'E') {
        return wrong("only whole numbers are read");
    }
    if (negative) {
        return JsonValue(static_cast<std::int64_t>(0 - size));
    }
    return JsonValue(size);
}

// At least one.
bool JsonParser::skip_digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') {
        ++at_;
    }
    return at_ > begin;
}

Result<JsonValue> JsonParser::number() {
    const std::size_t begin = at_;
    const std::uint64_t line = line_;
    if (Result<JsonValue> whole = integer(); whole) {
        return whole;
    }
    LEDGER_ASSERT(line == line_);
    at_ = begin;
    take('-');
    const bool leading_zero = peek() == '0';
    const std::size_t digits = at_;
    if (!skip_digits()) {
        return wrong("expected a digit");
    }
    if (leading_zero && at_ - digits > 1) {
        at_ = begin;
        return wrong("a number does not begin with 0");
    }
    if (take('.') && !skip_digits()) {
        return wrong("expected a digit");
    }
    if (take('e') || take('E')) {
        if (!take('-')) {
            take('+');
        }
        if (!skip_digits()) {
            return wrong("expected a digit");
        }
    }
    return JsonValue(JsonDecimal{std::string(text_.substr(begin, at_ - begin))});
}

Result<std::string> JsonParser::string() {
    LEDGER_ASSERT(peek() == '"');
    ++at_;
    std::string out;
    for (;;) {
        const int c = peek();
        if (c < 0) {
            return wrong("the text ends inside a string");
        }
        if (c == '"') {
            ++at_;
            return out;
        }
        if (c < 0x20) {
            return wrong("a control character in a string must be escaped");
        }
        if (c == '\\') {
            LEDGER_CHECK(escape(out));
            continue;
        }
        const std::size_t length = utf8_length(text_.substr(at_));
        if (length == 0) {
            return wrong("the string is not UTF-8 here");
        }
        out += text_.substr(at_, length);
        at_ += length;
    }
}

// The character that a one-letter escape stands for; 0 if it is none.
char short_escape(int c) {
    switch (c) {
        case '"': return '"';
        case '\\': return '\\';
        case '/': return '/';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return 0;
    }
}

Result<void> JsonParser::escape(std::string& out) {
    LEDGER_ASSERT(peek() == '\\');
    ++at_;
    if (const char c = short_escape(peek())) {
        ++at_;
        out += c;
        return {};
    }
    if (!take('u')) {
        return wrong("unknown escape");
    }
    LEDGER_TRY(std::uint32_t code, hex4());
    if (code >= 0xdc00 && code <= 0xdfff) {
        return wrong("a low surrogate without a high one");
    }
    if (code >= 0xd800 && code <= 0xdbff) {
        if (text_.substr(at_, 2) != "\\u") {
            return wrong("a high surrogate without a low one");
        }
        at_ += 2;
        LEDGER_TRY(const std::uint32_t low, hex4());
        if (low < 0xdc00 || low > 0xdfff) {
            return wrong("a high surrogate without a low one");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return {};
}

Result<std::uint32_t> JsonParser::hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const int c = peek();
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint32_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint32_t>(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = static_cast<std::uint32_t>(c - 'A') + 10;
        } else {
            return wrong("expected four hexadecimal digits");
        }
        value = value * 16 + digit;
        ++at_;
    }
    return value;
}

}  // namespace

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits,
    std::uint64_t first_line, std::uint64_t first_column) {
    return JsonParser(text, limits, first_line, first_column).whole();
}

bool JsonLines::at_end() {
    for (;;) {
        const std::size_t end = rest_.find('\n');
        const std::string_view line = rest_.substr(0, end);
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
            return false;
        }
        if (end == std::string_view::npos) {
            rest_ = {};
            return true;
        }
        rest_.remove_prefix(end + 1);
        ++line_;
    }
}

Result<JsonValue> JsonLines::next() {
    const bool ended = at_end();
    LEDGER_ASSERT(!ended);
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++line_;
    return parse_json(line, limits_, line_);
}

}  // namespace ledger::check
