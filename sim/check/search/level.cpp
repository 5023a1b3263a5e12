#include "sim/check/search/level.h"

#include <charconv>

namespace ledger::check {
namespace {

struct LevelName {
    std::string_view name;
    Level::Kind kind;
};
constexpr std::string_view bounded = "bounded-staleness=";
constexpr LevelName names[] = {
    {"linearizable", Level::Kind::linearizable},
    {"sequential", Level::Kind::sequential},
    {"bounded-staleness=5ms", Level::Kind::bounded_staleness},
    {"monotonic-reads", Level::Kind::monotonic_reads},
    {"read-your-writes", Level::Kind::read_your_writes},
    {"monotonic-writes", Level::Kind::monotonic_writes},
    {"consistent-prefix", Level::Kind::consistent_prefix},
    {"eventual", Level::Kind::eventual},
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

std::optional<Level> level_of(std::string_view name) {
    if (name.starts_with(bounded)) {
        const auto time = nanoseconds(name.substr(bounded.size()));
        return time ? std::optional(Level{Level::Kind::bounded_staleness, *time}) : std::nullopt;
    }
    for (const LevelName& known : names) {
        if (known.name == name) {
            return Level{known.kind};
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> level_names() {
    std::vector<std::string_view> out;
    for (const LevelName& known : names) {
        out.push_back(known.name);
    }
    return out;
}

}  // namespace ledger::check
