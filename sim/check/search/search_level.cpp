#include "sim/check/search/search_level.h"

#include <charconv>

namespace ledger::check {
namespace {

struct LevelName {
    std::string_view name;
    SearchLevel::Kind kind;
};
constexpr std::string_view bounded = "bounded-staleness=";
constexpr LevelName names[] = {
    {"linearizable", SearchLevel::Kind::linearizable},
    {"sequential", SearchLevel::Kind::sequential},
    {"bounded-staleness=5ms", SearchLevel::Kind::bounded_staleness},
    {"monotonic-reads", SearchLevel::Kind::monotonic_reads},
    {"read-your-writes", SearchLevel::Kind::read_your_writes},
    {"session", SearchLevel::Kind::session},
    {"monotonic-writes", SearchLevel::Kind::monotonic_writes},
    {"consistent-prefix", SearchLevel::Kind::consistent_prefix},
    {"eventual", SearchLevel::Kind::eventual},
};

std::optional<std::int64_t> nanoseconds(std::string_view text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    constexpr std::int64_t number_max = 1'000'000'000;  // of seconds: more than thirty years
    if (error != std::errc{} || number < 0 || number > number_max) {
        return std::nullopt;
    }
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    if (unit == "ns") {
        return number;
    }
    if (unit == "us") {
        return number * 1'000;
    }
    if (unit == "ms") {
        return number * 1'000'000;
    }
    return unit == "s" ? std::optional(number * 1'000'000'000) : std::nullopt;
}

}  // namespace

std::optional<SearchLevel> search_level_of(std::string_view name) {
    if (name.starts_with(bounded)) {
        const auto time = nanoseconds(name.substr(bounded.size()));
        return time ? std::optional(SearchLevel{SearchLevel::Kind::bounded_staleness, *time})
                    : std::nullopt;
    }
    if (name == "monotonic-reads+read-your-writes" || name == "read-your-writes+monotonic-reads") {
        return SearchLevel{SearchLevel::Kind::session};
    }
    for (const LevelName& known : names) {
        if (known.name == name) {
            return SearchLevel{known.kind};
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> search_level_names() {
    std::vector<std::string_view> out;
    for (const LevelName& known : names) {
        out.push_back(known.name);
    }
    return out;
}

}  // namespace ledger::check
