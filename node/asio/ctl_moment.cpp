#include "node/asio/ctl_moment.h"

#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "node/asio/ctl_cluster.h"

namespace ledger::node::asio {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

// Reads a date from left to right.
class DateText {
  public:
    explicit DateText(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    // Exactly so many digits.
    std::optional<std::int32_t> digits(std::size_t count) {
        std::int32_t value = 0;
        const std::string_view part = rest_.substr(0, count);
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (part.size() != count || error != std::errc{} || end != part.data() + count ||
            part.front() == '-') {
            return std::nullopt;
        }
        rest_.remove_prefix(count);
        return value;
    }
    // The digits after a point, up to nine, as nanoseconds.
    std::optional<Nanoseconds> fraction() {
        std::int64_t value = 0;
        std::size_t count = 0;
        for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
            value = count < 9 ? value * 10 + (rest_.front() - '0') : value;
            rest_.remove_prefix(1);
        }
        for (std::size_t i = count; i < 9; ++i) {
            value *= 10;
        }
        return count == 0 || count > 9 ? std::nullopt : std::optional(Nanoseconds(value));
    }

  private:
    std::string_view rest_;
};

std::optional<std::chrono::sys_days> read_day(DateText& text) {
    const auto year = text.digits(4);
    if (!year || !text.take('-')) {
        return std::nullopt;
    }
    const auto month = text.digits(2);
    if (!month || !text.take('-')) {
        return std::nullopt;
    }
    const auto day = text.digits(2);
    if (!day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
        std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*day))};
    // What fits 64 bits of nanoseconds.
    return date.ok() && *year >= 1970 && *year < 2262 ? std::optional(std::chrono::sys_days(date))
                                                      : std::nullopt;
}

// "10:00", with seconds if `with_seconds`.
std::optional<Nanoseconds> read_clock(DateText& text, bool with_seconds) {
    const auto hour = text.digits(2);
    if (!hour || *hour > 23 || !text.take(':')) {
        return std::nullopt;
    }
    const auto minute = text.digits(2);
    if (!minute || *minute > 59) {
        return std::nullopt;
    }
    Nanoseconds clock = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
    if (!with_seconds || !text.take(':')) {
        return clock;
    }
    const auto second = text.digits(2);
    if (!second || *second > 59) {
        return std::nullopt;
    }
    clock += std::chrono::seconds(*second);
    if (text.take('.')) {
        const auto fraction = text.fraction();
        return fraction ? std::optional(clock + *fraction) : std::nullopt;
    }
    return clock;
}

// What is to be subtracted to be in UTC: "Z", "+02:00", or nothing.
std::optional<Nanoseconds> read_offset(DateText& text) {
    if (text.at_end() || text.take('Z')) {
        return Nanoseconds(0);
    }
    const bool west = text.take('-');
    if (!west && !text.take('+')) {
        return std::nullopt;
    }
    const auto offset = read_clock(text, false);
    return offset && west ? std::optional(-*offset) : offset;
}

std::optional<WallTime> read_date(std::string_view written) {
    DateText text(written);
    const auto day = read_day(text);
    if (!day) {
        return std::nullopt;
    }
    Nanoseconds since = day->time_since_epoch();
    if (text.take('T') || text.take(' ')) {
        const auto clock = read_clock(text, true);
        const auto offset = clock ? read_offset(text) : std::nullopt;
        if (!offset) {
            return std::nullopt;
        }
        since += *clock - *offset;
    }
    return text.at_end() ? std::optional(WallTime{since.count()}) : std::nullopt;
}

}  // namespace

Result<Moment> parse_moment(std::string_view text) {
    Position position;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, position.value);
    if (error == std::errc{} && stop == end) {
        return Moment(position);
    }
    if (const std::optional<WallTime> time = read_date(text)) {
        return Moment(*time);
    }
    return failure(CtlErrc::bad_input,
        fmt::format("expected a position or a date such as 2026-11-30T10:00:00Z, found '{:.60}'",
            text));
}

std::string text_of(WallTime time) {
    const std::chrono::sys_time<Nanoseconds> moment{Nanoseconds(time.nanoseconds)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(moment - day);
    const std::int64_t nanoseconds = clock.subseconds().count();
    const std::string fraction = nanoseconds % 1'000'000 == 0
                                     ? fmt::format("{:03}", nanoseconds / 1'000'000)
                                     : fmt::format("{:09}", nanoseconds);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count(), fraction);
}

}  // namespace ledger::node::asio
