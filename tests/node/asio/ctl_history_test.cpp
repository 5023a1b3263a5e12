#include "node/asio/ctl_history.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/node/asio/ledger_in_memory.h"

namespace ledger::node::asio {
namespace {

std::vector<std::uint64_t> positions(CtlHistory& history, const CtlHistory::What& what) {
    std::vector<std::uint64_t> positions;
    const auto read = history.read(what, [&](const state::Answer& page) {
        for (const state::RecordedEvent& event : page.events) {
            positions.push_back(event.position.value);
        }
        return true;
    });
    REQUIRE(read.has_value());
    return positions;
}

projection::Projection counting(const char* definition) {
    return projection::Projection(*projection::parse_definition(definition));
}

TEST_CASE("history: pages of any size give every event once, in either direction", "[ctl]") {
    LedgerInMemory ledger;
    for (int i = 0; i < 7; ++i) {
        ledger.append(i % 2 == 0 ? "a-1" : "b-1", i < 4 ? "early" : "late", "{}");
    }
    CtlHistory history(ledger.ask());
    using V = std::vector<std::uint64_t>;
    for (const std::uint32_t page : {1u, 2u, 3u, 100u}) {
        for (const std::size_t fitting : {std::size_t{1}, std::size_t{100}}) {
            ledger.fit(fitting);
            CHECK(positions(history, {.page_events = page}) == V{0, 1, 2, 3, 4, 5, 6});
            CHECK(positions(history, {.from = UINT64_MAX,
                                         .direction = state::Direction::backward,
                                         .page_events = page}) == V{6, 5, 4, 3, 2, 1, 0});
            CHECK(positions(history, {.filter = {{"late"}, "a-"}, .page_events = page}) == V{4, 6});
            CHECK(positions(history, {.stream = "b-1", .from = 1, .page_events = page}) == V{3, 5});
            CHECK(positions(history, {.from = 2, .looked_at_max = 3, .page_events = page}) ==
                  V{2, 3, 4});
            CHECK(positions(history, {.stream = "none", .page_events = page}).empty());
        }
    }
    CHECK(history.length()->value == 7);
}

TEST_CASE("history: a date is the end of the events at or before it", "[ctl]") {
    rc::prop("date", [] {
        LedgerInMemory ledger;
        const auto count = *rc::gen::inRange<std::uint64_t>(0, 12);
        for (std::uint64_t i = 0; i < count; ++i) {
            ledger.append("s", "t", "{}");
        }
        const auto retained = *rc::gen::inRange<std::uint64_t>(0, count + 1);
        ledger.retain(Index{retained});
        CtlHistory history(ledger.ask());
        const auto index = *rc::gen::inRange<std::uint64_t>(retained, count + 2);
        const WallTime exact = LedgerInMemory::time_of(index);
        const std::uint64_t expected = std::min(index, count);
        RC_ASSERT(history.bound_of(exact)->value == expected);
        RC_ASSERT(history.bound_of(WallTime{exact.nanoseconds + 1})->value == expected);
        const auto at = *rc::gen::inRange<std::uint64_t>(0, 20);
        RC_ASSERT(history.bound_of(Position{at})->value == std::min(at + 1, count));
    });
}

TEST_CASE("history: a fold ends where it was told, and takes up where it ended", "[ctl]") {
    LedgerInMemory ledger;
    for (int i = 0; i < 10; ++i) {
        ledger.append(i % 2 == 0 ? "o-1" : "users", i % 3 == 0 ? "placed" : "paid",
            "{\"n\": " + std::to_string(i) + "}");
    }
    ledger.fit(2);
    for (const char* definition : {"count, sum .n by stream", "sum .n where type = placed",
             "sum .n where stream = users", "count where category = o and .n > 2",
             "count where stream ~ us"}) {
        CAPTURE(definition);
        for (std::uint64_t bound = 0; bound <= 10; ++bound) {
            CtlHistory history(ledger.ask());
            auto whole = counting(definition);
            REQUIRE(history.fold(whole, Position{bound}).has_value());
            CHECK(whole.standing().next == Position{bound});
            auto parts = counting(definition);
            REQUIRE(history.fold(parts, Position{bound / 2}).has_value());
            REQUIRE(history.fold(parts, Position{bound}).has_value());
            CHECK(bool(parts == whole));
            auto plain = counting(definition);
            for (std::uint64_t at = 0; at < bound; ++at) {
                const auto page = ledger.run(state::Query(
                    state::ReadAll{Position{at}, state::Direction::forward, 1, state::Filter{}}));
                REQUIRE(plain.apply(page.answer->events.front()).has_value());
            }
            CHECK(bool(plain == whole));
        }
    }
}

TEST_CASE("history: a fold says what has expired, and stops at an event that it cannot fold",
    "[ctl]") {
    LedgerInMemory ledger;
    ledger.append("s", "t", "{\"n\": 1}");
    ledger.append("s", "t", "{\"n\": 2}");
    ledger.append("s", "t", "{\"n\": \"three\"}");
    CtlHistory history(ledger.ask());
    auto state = counting("sum .n");
    REQUIRE(history.fold(state, Position{2}).has_value());
    CHECK(history.trimmed().empty());
    const auto failed = history.fold(state, Position{3});
    REQUIRE(failed.has_error());
    CHECK(failed.error().code == exit_check_failed);
    CHECK(failed.error().sentence.find("position 2 (s revision 2") != std::string::npos);
    ledger.retain(Index{1});
    auto late = counting("sum .n");
    REQUIRE(history.fold(late, Position{2}).has_value());
    CHECK(history.trimmed() == "the ledger begins at position 1");
    auto of_stream = counting("sum .n where stream = s");
    REQUIRE(history.fold(of_stream, Position{2}).has_value());
    CHECK(history.trimmed() == "the stream begins at revision 1");
}

TEST_CASE("history: what the cluster cannot do has its exit code", "[ctl]") {
    LedgerInMemory ledger;
    ledger.decide_fates([] { return LedgerInMemory::Fate::lost; });
    CtlHistory history(ledger.ask());
    CHECK(history.length().error().code == exit_indeterminate);
}

}  // namespace
}  // namespace ledger::node::asio
