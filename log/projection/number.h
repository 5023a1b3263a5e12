#pragma once
// Number: an exact decimal, so that money and measures add up to what they say.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledger::projection {

// A multiple of 10^-18 whose magnitude is below 1.7 * 10^20. Nothing is ever rounded: what does not
// fit is no Number.
class Number {
  public:
    Number() = default;
    explicit Number(std::uint64_t whole) : units_(static_cast<Units>(whole) * units_per_whole) {}

    // The text of a JSON number, exponent included; nothing if it is none, or if it does not fit.
    static std::optional<Number> parse(std::string_view text);
    // Nothing if the sum does not fit.
    std::optional<Number> plus(const Number& other) const;
    // The shortest decimal: "12.5", "-3". It parses to the same number.
    std::string text() const;

    // The two halves, for bytes.
    std::uint64_t high() const { return static_cast<std::uint64_t>(units_ >> 64); }
    std::uint64_t low() const { return static_cast<std::uint64_t>(units_); }
    static Number of_halves(std::uint64_t high, std::uint64_t low);

    friend std::strong_ordering operator<=>(const Number& a, const Number& b) {
        return a.units_ < b.units_   ? std::strong_ordering::less
               : a.units_ > b.units_ ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    }
    friend bool operator==(const Number& a, const Number& b) { return a.units_ == b.units_; }

  private:
    __extension__ using Units = __int128;
    static constexpr std::int32_t decimals = 18;
    static constexpr std::uint64_t units_per_whole = 1'000'000'000'000'000'000u;

    Units units_ = 0;
};

}  // namespace ledger::projection
