#include "node/asio/cluster_text.h"

#include <charconv>
#include <cstdint>

namespace ledger::node::asio {

namespace {

constexpr std::size_t half_digits = 16;

std::optional<std::uint64_t> parse_half(std::string_view digits) {
    std::uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return number;
}

}  // namespace

std::optional<ClusterId> parse_cluster(std::string_view text) {
    if (text.size() != 2 * half_digits) {
        return std::nullopt;
    }
    const auto high = parse_half(text.substr(0, half_digits));
    const auto low = parse_half(text.substr(half_digits));
    if (!high || !low || (*high == 0 && *low == 0)) {
        return std::nullopt;
    }
    return ClusterId{*high, *low};
}

}  // namespace ledger::node::asio
