#include "node/asio/ctl_projection.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/node/asio/ledger_in_memory.h"

namespace ledger::node::asio {
namespace {

using projection::Projection;

projection::Definition defined(const char* text) {
    return *projection::parse_definition(text);
}

Projection from_scratch(LedgerInMemory& ledger, const char* definition, Position bound) {
    Projection state(defined(definition));
    CtlHistory history(ledger.ask());
    const auto folded = history.fold(state, bound);
    REQUIRE(folded.has_value());
    return state;
}

CtlProjectionRunner::Step step_of(CtlProjectionRunner& runner) {
    const auto step = runner.step(true);
    REQUIRE(step.has_value());
    return *step;
}

void append_some(LedgerInMemory& ledger, int count) {
    for (int i = 0; i < count; ++i) {
        ledger.append(i % 3 == 0 ? "o-1" : "o-2", "placed", "{\"n\": " + std::to_string(i) + "}");
    }
}

TEST_CASE("stored projection: names are plain and no words of definitions", "[ctl]") {
    for (const char* name : {"a", "revenue", "by_day-2"}) {
        CHECK(is_projection_name(name));
    }
    for (const char* name : {"", "count", "sum", "Revenue", "2x", "a b", "a.b", "$a"}) {
        CHECK_FALSE(is_projection_name(name));
    }
    CHECK_FALSE(is_projection_name(std::string(65, 'a')));
}

TEST_CASE("stored projection: it has to be defined, and the last definition counts", "[ctl]") {
    LedgerInMemory ledger;
    CtlProjection stored("revenue", ledger.ask());
    CHECK(stored.load().error().code == exit_not_found);
    REQUIRE(stored.define(defined("sum .n")).has_value());
    REQUIRE(stored.load().has_value());
    CHECK(text_of(stored.definition()) == "sum .n");
    append_some(ledger, 10);
    CtlProjectionRunner runner(stored, ledger.ask(), 4);
    while (!step_of(runner).at_end) {
    }
    REQUIRE(stored.define(defined("count by stream")).has_value());
    REQUIRE(stored.load().has_value());
    CHECK(text_of(stored.definition()) == "count by stream");
    CHECK(stored.nearest(Position{100})->standing().next == Position{});
    CtlHistory history(ledger.ask());
    CHECK(*projection_names(history) == std::vector<std::string>{"revenue"});
}

TEST_CASE("stored projection: a state at any position begins at the checkpoint before it", "[ctl]") {
    LedgerInMemory ledger;
    CtlProjection stored("sums", ledger.ask());
    const char* definition = "sum .n, set .n by stream";
    REQUIRE(stored.define(defined(definition)).has_value());
    append_some(ledger, 30);
    CtlProjectionRunner runner(stored, ledger.ask(), 7);
    while (!step_of(runner).at_end) {
    }
    REQUIRE(stored.load().has_value());
    for (std::uint64_t bound = 0; bound <= ledger.length().value; ++bound) {
        CAPTURE(bound);
        auto state = stored.nearest(Position{bound});
        REQUIRE(state.has_value());
        CHECK(state->standing().next.value <= bound);
        CHECK(bound - state->standing().next.value < 7 + 7);
        CtlHistory history(ledger.ask());
        REQUIRE(history.fold(*state, Position{bound}).has_value());
        CHECK(bool(*state == from_scratch(ledger, definition, Position{bound})));
    }
}

TEST_CASE("stored projection: a large state is kept in parts, and a redacted one is passed over",
    "[ctl]") {
    LedgerInMemory ledger;
    CtlProjection stored("texts", ledger.ask());
    REQUIRE(stored.define(defined("last .t by .k")).has_value());
    for (int i = 0; i < 300; ++i) {
        ledger.append("s", "t", "{\"k\": " + std::to_string(i) + ", \"t\": \"" +
                                    std::string(4000, static_cast<char>('a' + i % 26)) + "\"}");
    }
    CtlProjectionRunner runner(stored, ledger.ask(), 200);
    while (!step_of(runner).at_end) {
    }
    REQUIRE(stored.load().has_value());
    CHECK(stored.stream_length() >= 1 + 2 + 3);
    const auto last = stored.nearest(Position{UINT64_MAX});
    REQUIRE(last.has_value());
    CHECK(bool(*last == from_scratch(ledger, "last .t by .k", last->standing().next)));
    CHECK(last->groups().size() == 300);
    CHECK(*stored.forget() == stored.stream_length() - 1);
    CHECK(*stored.forget() == 0);
    CHECK(stored.nearest(Position{UINT64_MAX})->standing().next == Position{});
}

TEST_CASE("stored projection: with nothing new there is no new checkpoint", "[ctl]") {
    LedgerInMemory ledger;
    CtlProjection stored("counts", ledger.ask());
    REQUIRE(stored.define(defined("count")).has_value());
    append_some(ledger, 5);
    const auto run_once = [&] {
        CtlProjectionRunner runner(stored, ledger.ask(), 100);
        bool saved = false;
        for (bool at_end = false; !at_end;) {
            const auto step = runner.step(true);
            REQUIRE(step.has_value());
            at_end = step->at_end;
            saved = saved || step->saved;
        }
        return saved;
    };
    CHECK(run_once());
    CHECK_FALSE(run_once());
    CHECK_FALSE(run_once());
    append_some(ledger, 1);
    CHECK(run_once());
}

// Runners die anywhere, operations are lost before or after they were executed, and two runners work on
// the same projection: each checkpoint is what a fold from the beginning gives, and no position has two.
TEST_CASE("stored projection: checkpoints are right and made once, whoever dies on the way", "[ctl]") {
    rc::prop("crashes", [] {
        LedgerInMemory ledger;
        const char* definition = "count, sum .n, last .n by stream";
        CtlProjection first("p", ledger.ask());
        RC_ASSERT(first.define(defined(definition)).has_value());
        CtlProjection second("p", ledger.ask());
        const auto every = *rc::gen::inRange<std::uint64_t>(1, 6);
        std::optional<CtlProjectionRunner> runners[2];
        const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
            *rc::gen::inRange<std::size_t>(1, 40), rc::gen::arbitrary<std::uint32_t>());
        std::size_t draws = 0;
        for (const std::uint32_t step : steps) {
            append_some(ledger, static_cast<int>(step % 4));
            ledger.fit(1 + step / 4 % 3);
            const std::size_t who = step / 16 % 2;
            if (!runners[who] || step / 32 % 4 == 0) {
                runners[who].emplace(who == 0 ? first : second, ledger.ask(), every);
            }
            ledger.decide_fates([&, step] {
                using Fate = LedgerInMemory::Fate;
                const std::uint64_t fate = keyed_bits(step, Site{1}, ++draws, 0) % 16;
                return fate == 0 ? Fate::lost : fate == 1 ? Fate::executed_and_lost : Fate::done;
            });
            if (runners[who]->step(step / 128 % 2 == 0).has_error()) {
                runners[who].reset();  // a query was lost: the command would have ended
            }
            ledger.decide_fates({});
        }
        RC_ASSERT(first.load().has_value());
        std::optional<Position> last;
        CtlHistory history(ledger.ask());
        const auto read = history.read({.stream = projection_stream("p"), .from = 1},
            [&](const state::Answer& page) {
                for (const state::RecordedEvent& event : page.events) {
                    const auto state = Projection::decode(event.payload);
                    RC_ASSERT(state.has_value());
                    const Position next = state->standing().next;
                    RC_ASSERT((!last || next > *last));
                    last = next;
                    Projection whole(defined(definition));
                    CtlHistory again(ledger.ask());
                    RC_ASSERT(again.fold(whole, next).has_value());
                    RC_ASSERT(bool(whole == *state));
                }
                return true;
            });
        RC_ASSERT(read.has_value());
        CtlProjectionRunner runner(second, ledger.ask(), every);
        for (bool at_end = false; !at_end;) {
            at_end = step_of(runner).at_end;
        }
        RC_ASSERT(runner.projection() != nullptr);
        Projection whole(defined(definition));
        RC_ASSERT(history.fold(whole, runner.projection()->standing().next).has_value());
        RC_ASSERT(bool(whole == *runner.projection()));
    });
}

}  // namespace
}  // namespace ledger::node::asio
