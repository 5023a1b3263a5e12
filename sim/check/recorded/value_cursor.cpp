#include "sim/check/recorded/value_cursor.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ledger::check {

Error error_at(std::string_view text, std::uint64_t offset, std::string_view what) {
    const std::string_view before = text.substr(0, std::min<std::uint64_t>(offset, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto line_end = before.rfind('\n');
    const std::uint64_t column =
        line_end == std::string_view::npos ? before.size() + 1 : before.size() - line_end;
    return failure(
        Errc::malformed_history, fmt::format("line {}, column {}: {}", line, column, what));
}

std::uint64_t LineCounter::line_of(std::uint64_t offset) {
    while (at_ < offset) {
        const void* end = std::memchr(text_.data() + at_, '\n', offset - at_);
        if (end == nullptr) {
            break;
        }
        at_ = static_cast<std::uint64_t>(static_cast<const char*>(end) - text_.data()) + 1;
        ++line_;
    }
    at_ = std::max(at_, offset);
    return line_;
}

Error ValueCursor::expected(std::string_view what) const {
    const int c = peek();
    if (c < 0) {
        return wrong(fmt::format("expected {}, found the end of the text", what));
    }
    return wrong(c > 32 && c < 127
                     ? fmt::format("expected {}, found {}", what, static_cast<char>(c))
                     : fmt::format("expected {}, found the byte 0x{:02x}", what, c));
}

Error ValueCursor::open_ended(std::string_view what, std::uint64_t began) const {
    const Error where = wrong_at(began, "");
    return wrong(fmt::format("expected the end of the {} that began in {}", what,
        std::string_view(where.place).substr(0, where.place.size() - 2)));
}

Result<std::uint32_t> ValueCursor::hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
        const int c = peek();
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return expected("four hex digits");
        }
        code = code * 16 + static_cast<std::uint32_t>(digit);
        skip(1);
    }
    return code;
}

Result<void> ValueCursor::unicode_escape(std::string& out) {
    LEDGER_TRY(std::uint32_t code, hex4());
    const bool high = code >= 0xd800 && code < 0xdc00;
    if (high && peek() == '\\' && peek(1) == 'u') {
        const std::uint64_t second_at = at_;
        skip(2);
        LEDGER_TRY(const std::uint32_t low, hex4());
        if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else {
            at_ = second_at;
        }
    }
    // Half a pair names no character.
    if (code >= 0xd800 && code < 0xe000) {
        out += utf8_replacement;
    } else {
        append_utf8(out, code);
    }
    return {};
}

Value number_value(std::string_view digits) {
    std::int64_t number = 0;
    const std::string_view plain = digits.substr(digits.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
    if (error == std::errc{} && end == plain.data() + plain.size()) {
        return Value(number);
    }
    return Value(ValueText{std::string(digits), ValueText::Sort::number});
}

const Value* doubled_key(const ValueMap& map) {
    constexpr std::uint64_t few = 16;
    if (map.size() <= few) {
        for (auto a = map.begin(); a != map.end(); ++a) {
            for (auto b = map.begin(); b != a; ++b) {
                if (a->first == b->first) {
                    return &a->first;
                }
            }
        }
        return nullptr;
    }
    std::vector<const Value*> keys;
    for (const auto& [key, value] : map) {
        keys.push_back(&key);
    }
    // Equal keys are only looked for, never told apart.
    std::sort(keys.begin(), keys.end(), [](auto a, auto b) { return less(*a, *b); });
    const auto twin =
        std::adjacent_find(keys.begin(), keys.end(), [](auto a, auto b) { return *a == *b; });
    return twin == keys.end() ? nullptr : *twin;
}

}  // namespace ledger::check
