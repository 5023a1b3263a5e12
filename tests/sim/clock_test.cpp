#include "sim/clock.h"

#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger::sim {
namespace {

struct Shop {
    explicit Shop(ClockProfile with, std::uint64_t seed = 1)
        : profile(with), choices(seed), clock(NodeId{2}, profile, choices, faults) {}

    ClockProfile profile;
    SeededChoices choices;
    FaultCounts faults;
    NodeClock clock;
};

}  // namespace

TEST_CASE("clock: without skew and drift it shows the time since boot", "[sim]") {
    Shop shop({});
    shop.clock.boot(Instant{} + seconds(5));
    CHECK(shop.clock.local(Instant{} + seconds(7)) == Instant{} + seconds(2));
    CHECK(shop.clock.world(Instant{} + seconds(2)) == Instant{} + seconds(7));
    CHECK(shop.clock.world(never) == never);
    CHECK(shop.faults.of(Fault::clock_skew).fired == 0);
    CHECK(shop.faults.of(Fault::clock_drift).fired == 0);
}

TEST_CASE("clock: each boot and each node begins elsewhere, within the skew", "[sim]") {
    Shop shop({.skew = seconds(3600)});
    std::set<Instant> shown;
    for (int boot = 0; boot < 20; ++boot) {
        shop.clock.boot(Instant{} + seconds(boot));
        const Instant begin = shop.clock.local(Instant{} + seconds(boot));
        CHECK(begin <= Instant{} + seconds(3600));
        shown.insert(begin);
    }
    CHECK(shown.size() == 20);
    CHECK(shop.faults.of(Fault::clock_skew).fired == 20);
}

TEST_CASE("clock: the first moment that shows a reading is found, at every rate", "[sim]") {
    rc::prop("local and world are inverse", [] {
        const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1000);
        const auto drift = *rc::gen::element<PartsPerMillion>(0, 1, 10'000, 200'000, 600'000);
        Shop shop({.skew = seconds(30), .drift = drift}, seed);
        shop.clock.boot(Instant{} + seconds(1));
        const auto at = *rc::gen::inRange<std::int64_t>(1'000'000'000, 10'000'000'000'000);
        const Instant shown = shop.clock.local({at});
        RC_ASSERT(shop.clock.local({at + 1}) >= shown);
        const Instant first = shop.clock.world(shown);
        RC_ASSERT(first <= Instant{at});
        RC_ASSERT(shop.clock.local(first) >= shown);
        if (first > Instant{} + seconds(1)) {
            RC_ASSERT(shop.clock.local({first.nanoseconds - 1}) < shown);
        }
        const std::int64_t elapsed = at - 1'000'000'000;
        const std::int64_t gained = (shown - shop.clock.local(Instant{} + seconds(1))).nanoseconds;
        RC_ASSERT(gained <= elapsed + elapsed / 1'000'000 * drift + drift);
        RC_ASSERT(gained >= elapsed - elapsed / 1'000'000 * drift - drift);
    });
}

TEST_CASE("clock: a wall clock that was set is felt at the next look", "[sim]") {
    Shop shop({});
    const WallTime before = shop.clock.wall(Instant{} + seconds(1));
    shop.clock.set_wall(seconds(-100));
    CHECK(shop.faults.of(Fault::clock_jump).consumed == 0);
    const WallTime after = shop.clock.wall(Instant{} + seconds(2));
    CHECK(after.nanoseconds - before.nanoseconds == seconds(-99).nanoseconds);
    shop.clock.wall(Instant{} + seconds(3));
    CHECK(shop.faults.of(Fault::clock_jump).fired == 1);
    CHECK(shop.faults.of(Fault::clock_jump).consumed == 1);
}

}  // namespace ledger::sim
