#include "sim/check/log_history/line_cursor.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"

namespace ledger::check {
namespace {

bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

}  // namespace

LineCursor::Place LineCursor::place_of(std::uint64_t column) const {
    const std::string_view before = text_.substr(0, column - 1);
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
    return {line_ + lines, lines == 0 ? column_ + column - 1 : column - 1 - before.rfind('\n')};
}

void LineCursor::fail_at(std::uint64_t column, std::string_view what) {
    if (!error_) {
        const Place place = place_of(column);
        error_ = failure(Errc::malformed_json,
            fmt::format("line {}, column {}: {}", place.line, place.column, what));
    }
}

Error LineCursor::error() const {
    LEDGER_ASSERT(error_.has_value());
    return *error_;
}

bool LineCursor::begin() {
    skip_space();
    if (peek() != '{') {
        fail("expected an operation as a JSON object");
        return false;
    }
    ++at_;
    return true;
}

std::optional<std::string_view> LineCursor::key() {
    if (failed()) {
        return std::nullopt;
    }
    skip_space();
    if (peek() == '}') {
        ++at_;
    } else {
        if (!first_ && peek() != ',') {
            fail("expected a comma or the end of the object");
            return std::nullopt;
        }
        at_ += first_ ? 0u : 1u;
        first_ = false;
        skip_space();
        const std::uint64_t column_of_key = column();
        if (peek() != '"') {
            fail("expected a key in quotes");
            return std::nullopt;
        }
        const std::optional<std::string_view> key = text();
        if (key && std::find(keys_.begin(), keys_.end(), *key) != keys_.end()) {
            fail_at(column_of_key, fmt::format("the key {:.80} is there twice", *key));
            return std::nullopt;
        }
        skip_space();
        if (key && peek() != ':') {
            fail("expected a colon after the key");
        }
        ++at_;
        skip_space();
        if (failed()) {
            return std::nullopt;
        }
        keys_.push_back(*key);
        return key;
    }
    skip_space();
    if (at_ != text_.size()) {
        fail("expected the end of the line after the object");
    }
    return std::nullopt;
}

LineCursor::Shape LineCursor::shape() const {
    switch (peek()) {
        case '"': return Shape::text;
        case '[': return Shape::array;
        case '{': return Shape::object;
        case '-': return Shape::number;
        default: return is_digit(peek()) ? Shape::number : Shape::word;
    }
}

std::optional<std::uint64_t> LineCursor::number() {
    const std::size_t begin = at_;
    std::uint64_t number = 0;
    for (; is_digit(peek()); ++at_) {
        const auto digit = static_cast<std::uint64_t>(peek() - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            fail_at(begin + 1, "the number does not fit 64 bits");
            return std::nullopt;
        }
        number = number * 10 + digit;
    }
    if (at_ == begin) {
        fail(peek() == '-' ? "expected a number that is not negative" : "expected a number");
        return std::nullopt;
    }
    if (text_[begin] == '0' && at_ != begin + 1) {
        fail_at(begin + 1, "a number does not begin with 0");
        return std::nullopt;
    }
    if (peek() == '.' || peek() == 'e' || peek() == 'E') {
        fail("only whole numbers are read");
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t> LineCursor::signed_number() {
    const std::uint64_t begin = column();
    const bool negative = peek() == '-';
    at_ += negative ? 1u : 0u;
    const std::optional<std::uint64_t> size = number();
    if (!size) {
        return std::nullopt;
    }
    if (*size > static_cast<std::uint64_t>(INT64_MAX)) {
        fail_at(begin, "the number does not fit 63 bits");
        return std::nullopt;
    }
    const auto value = static_cast<std::int64_t>(*size);
    return negative ? -value : value;
}

std::optional<std::string_view> LineCursor::text() {
    if (peek() != '"') {
        fail("expected a text in quotes");
        return std::nullopt;
    }
    std::size_t end = at_ + 1;
    for (; end < text_.size(); ++end) {
        const auto c = static_cast<unsigned char>(text_[end]);
        if (c == '"') {
            const std::string_view plain = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return plain;
        }
        if (c < 0x20 || c >= 0x80 || c == '\\') {
            break;
        }
    }
    const std::optional<JsonValue> decoded = any();
    if (!decoded) {
        return std::nullopt;
    }
    LEDGER_ASSERT(decoded->text() != nullptr);
    decoded_.push_back(std::make_unique<std::string>(*decoded->text()));
    return *decoded_.back();
}

std::optional<bool> LineCursor::boolean() {
    for (const bool truth : {true, false}) {
        const std::string_view word = truth ? "true" : "false";
        if (text_.substr(at_, word.size()) == word) {
            at_ += word.size();
            return truth;
        }
    }
    fail("expected true or false");
    return std::nullopt;
}

bool LineCursor::null() {
    if (text_.substr(at_, 4) != "null") {
        return false;
    }
    at_ += 4;
    return true;
}

// How long the value is, if it is well formed; else to the end of the line.
std::size_t LineCursor::extent() const {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = at_; i < text_.size(); ++i) {
        const char c = text_[i];
        if (quoted) {
            i += c == '\\' ? 1u : 0u;
            quoted = c != '"';
            if (!quoted && depth == 0) {
                return i + 1 - at_;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}' || (c == ',' && depth == 0)) {
            if (depth == 0) {
                return i - at_;
            }
            depth -= c == ',' ? 0u : 1u;
            if (depth == 0) {
                return i + 1 - at_;
            }
        }
    }
    return text_.size() - at_;
}

std::optional<JsonValue> LineCursor::any() {
    const std::size_t length = extent();
    const Place place = place_of(column());
    Result<JsonValue> value = parse_json(text_.substr(at_, length), {}, place.line, place.column);
    if (!value) {
        error_ = error_ ? error_ : std::optional(value.error());
        return std::nullopt;
    }
    at_ += length;
    return std::move(*value);
}

bool LineCursor::begin_array() {
    if (peek() != '[') {
        fail("expected an array");
        return false;
    }
    ++at_;
    skip_space();
    if (peek() == ']') {
        ++at_;
        return false;
    }
    return true;
}

bool LineCursor::next_element() {
    if (failed()) {
        return false;
    }
    skip_space();
    if (peek() == ']') {
        ++at_;
        return false;
    }
    if (peek() != ',') {
        fail("expected a comma or the end of the array");
        return false;
    }
    ++at_;
    skip_space();
    return true;
}

}  // namespace ledger::check
