#include "node/asio/ctl_moment.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::node::asio {
namespace {

std::string at(std::string_view text) {
    const Result<Moment> moment = parse_moment(text);
    if (!moment) {
        return "error: " + moment.error().place;
    }
    const auto* time = std::get_if<WallTime>(&*moment);
    return time != nullptr ? text_of(*time)
                           : "position " + std::to_string(std::get<Position>(*moment).value);
}

TEST_CASE("moment: a position or a date", "[ctl]") {
    CHECK(at("0") == "position 0");
    CHECK(at("18446744073709551615") == "position 18446744073709551615");
    CHECK(at("2026-11-30") == "2026-11-30T00:00:00.000Z");
    CHECK(at("2026-11-30T10:00:00Z") == "2026-11-30T10:00:00.000Z");
    CHECK(at("2026-11-30 10:00") == "2026-11-30T10:00:00.000Z");
    CHECK(at("2026-11-30T12:00:00.25+02:00") == "2026-11-30T10:00:00.250Z");
    CHECK(at("2026-01-01T00:30:00-01:00") == "2026-01-01T01:30:00.000Z");
    CHECK(at("2024-02-29T23:59:59.999999999Z") == "2024-02-29T23:59:59.999999999Z");
}

TEST_CASE("moment: anything else is an error that shows what was expected", "[ctl]") {
    for (const char* text : {"", "yesterday", "-1", "18446744073709551616", "2026-13-01", "2026-02-29",
             "2026-11-30T", "2026-11-30T25:00", "2026-11-30T10:60", "2026-11-30T10:00:61",
             "2026-11-30T10:00:00.", "2026-11-30T10:00:00.1234567890", "2026-11-30T10:00:00+2",
             "2026-11-30T10:00:00Zx", "1969-12-31", "2262-01-01"}) {
        CAPTURE(text);
        CHECK(at(text) == "error: expected a position or a date such as 2026-11-30T10:00:00Z, found '" +
                              std::string(text) + "'");
    }
}

TEST_CASE("moment: any time is written so that it is read again", "[ctl]") {
    rc::prop("time", [] {
        const WallTime time{*rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000'000'000)};
        const WallTime whole{time.nanoseconds - time.nanoseconds % 1'000'000};
        RC_ASSERT(std::get<WallTime>(*parse_moment(text_of(time))) == time);
        RC_ASSERT(std::get<WallTime>(*parse_moment(text_of(whole))) == whole);
    });
    rc::prop("any text", [](const std::string& text) {
        const Result<Moment> moment = parse_moment(text);
        RC_ASSERT(moment.has_value() || !moment.error().place.empty());
    });
}

}  // namespace
}  // namespace ledger::node::asio
