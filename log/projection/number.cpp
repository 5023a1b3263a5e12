#include "log/projection/number.h"

#include <charconv>

#include "log/base/assert.h"

namespace ledger::projection {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// A JSON number, cut into its parts.
struct Parts {
    bool negative = false;
    std::string_view whole;
    std::string_view fraction;
    std::int32_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<std::int32_t> take_exponent(std::string_view& text) {
    const bool negative = take(text, '-');
    if (!negative) {
        take(text, '+');
    }
    const std::string_view digits = take_digits(text);
    std::int32_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc{} || end != digits.data() + digits.size() || size > 1000) {
        return std::nullopt;
    }
    return negative ? -size : size;
}

std::optional<Parts> parts_of(std::string_view text) {
    Parts parts;
    parts.negative = take(text, '-');
    parts.whole = take_digits(text);
    if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) {
        return std::nullopt;
    }
    if (take(text, '.')) {
        parts.fraction = take_digits(text);
        if (parts.fraction.empty()) {
            return std::nullopt;
        }
    }
    if (take(text, 'e') || take(text, 'E')) {
        const std::optional<std::int32_t> exponent = take_exponent(text);
        if (!exponent) {
            return std::nullopt;
        }
        parts.exponent = *exponent;
    }
    return text.empty() ? std::optional(parts) : std::nullopt;
}

}  // namespace

std::optional<Number> Number::parse(std::string_view text) {
    const std::optional<Parts> parts = parts_of(text);
    if (!parts) {
        return std::nullopt;
    }
    std::string digits(parts->whole);
    digits += parts->fraction;
    // The last digit stands for 10^-last; trailing zeros say nothing.
    std::int64_t last = static_cast<std::int64_t>(parts->fraction.size()) - parts->exponent;
    while (digits.size() > 1 && digits.back() == '0') {
        digits.pop_back();
        --last;
    }
    if (digits == "0") {
        return Number();
    }
    if (last > decimals) {
        return std::nullopt;
    }
    Number number;
    const auto append = [&number](std::int32_t digit) {
        return !__builtin_mul_overflow(number.units_, 10, &number.units_) &&
               !__builtin_add_overflow(number.units_, digit, &number.units_);
    };
    for (const char c : digits) {
        if (!append(c - '0')) {
            return std::nullopt;
        }
    }
    for (std::int64_t at = last; at < decimals; ++at) {
        if (!append(0)) {
            return std::nullopt;
        }
    }
    if (parts->negative) {
        number.units_ = -number.units_;
    }
    return number;
}

std::optional<Number> Number::plus(const Number& other) const {
    Number sum;
    if (__builtin_add_overflow(units_, other.units_, &sum.units_)) {
        return std::nullopt;
    }
    return sum;
}

std::string Number::text() const {
    __extension__ using Magnitude = unsigned __int128;
    Magnitude rest = units_ < 0 ? Magnitude{0} - static_cast<Magnitude>(units_)
                                : static_cast<Magnitude>(units_);
    std::string digits;  // from the last to the first
    bool meant = false;  // zeros at the end of the fraction are not
    for (std::int32_t place = 0; rest != 0 || place <= decimals; ++place) {
        const char digit = static_cast<char>('0' + static_cast<std::int32_t>(rest % 10));
        rest /= 10;
        if (place == decimals && meant) {
            digits.push_back('.');
        }
        meant = meant || digit != '0' || place >= decimals;
        if (meant) {
            digits.push_back(digit);
        }
    }
    if (units_ < 0) {
        digits.push_back('-');
    }
    return {digits.rbegin(), digits.rend()};
}

Number Number::of_halves(std::uint64_t high, std::uint64_t low) {
    __extension__ using Magnitude = unsigned __int128;
    Number number;
    number.units_ = static_cast<Units>(static_cast<Magnitude>(high) << 64 | low);
    return number;
}

}  // namespace ledger::projection
