#include "sim/check/log_history/log_mode.h"

#include <charconv>

#include <fmt/format.h>

#include "sim/check/errc.h"

namespace ledger::check {
namespace {

struct Name {
    std::string_view text;
    std::uint16_t promises;
};

constexpr Name names[] = {
    {"linearizable", LogMode::linearizable},
    {"strict-serializable", LogMode::linearizable},
    {"lease", LogMode::linearizable},
    {"sequential", LogMode::sequential},
    {"strong-session-serializable", LogMode::sequential},
    {"monotonic-reads", LogMode::monotonic_reads},
    {"read-your-writes", LogMode::read_your_writes},
    {"monotonic-writes", LogMode::monotonic_writes},
    {"session", LogMode::monotonic_reads | LogMode::read_your_writes},
    {"consistent-prefix", LogMode::prefix},
    {"serializable", LogMode::prefix},
    {"snapshot-isolation", LogMode::prefix | LogMode::snapshot},
    {"any", LogMode::prefix},
    {"eventual", LogMode::prefix},
};

struct Unit {
    std::string_view text;
    std::uint64_t nanoseconds;
};
constexpr Unit units[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};

Error unknown_level(std::string_view text) {
    std::string known;
    for (const Name& name : names) {
        known += fmt::format("{}, ", name.text);
    }
    return failure(Errc::beyond_limit,
        fmt::format(
            "a log has no level {:.60}; there are {}bounded-staleness=5ms (or =100 records)", text,
            known));
}

Result<void> parse_bound(std::string_view text, LogMode& mode) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error == std::errc{} && unit.empty()) {
        mode.promises |= LogMode::bounded_records;
        mode.bound_records = number;
        return {};
    }
    for (const Unit& known : units) {
        if (error == std::errc{} && unit == known.text &&
            number <= static_cast<std::uint64_t>(INT64_MAX) / known.nanoseconds) {
            mode.promises |= LogMode::bounded_time;
            mode.bound_ns = number * known.nanoseconds;
            return {};
        }
    }
    return failure(Errc::beyond_limit,
        fmt::format(
            "bounded-staleness={:.40}: expected a time such as 5ms or a number of records", text));
}

Result<void> parse_one(std::string_view text, LogMode& mode) {
    for (const Name& name : names) {
        if (text == name.text) {
            mode.promises |= name.promises;
            return {};
        }
    }
    for (const std::string_view prefix : {"bounded-staleness=", "bounded_stale="}) {
        if (text.starts_with(prefix)) {
            return parse_bound(text.substr(prefix.size()), mode);
        }
    }
    return unknown_level(text);
}

}  // namespace

Result<LogMode> parse_log_mode(std::string_view text) {
    LogMode mode;
    mode.promises = 0;
    for (;;) {
        const std::size_t plus = text.find('+');
        LEDGER_CHECK(parse_one(text.substr(0, plus), mode));
        if (plus == std::string_view::npos) {
            return mode;
        }
        text.remove_prefix(plus + 1);
    }
}

}  // namespace ledger::check
