#include "sim/check/floors.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/history_generator.h"

namespace ledger::check::test {

TEST_CASE("floors: what ended at a moment is the floor of later calls only", "[check]") {
    Floors floors;
    CHECK(floors.before(100).rank == 0);
    CHECK(floors.raise(Floors::write_rank(2), 7, {}, 10));
    CHECK(floors.before(10).rank == 0);
    CHECK(floors.before(11).rank == 4);
    CHECK(floors.before(11).by == 7);
    CHECK(floors.now().version() == 2);
    CHECK_FALSE(floors.raise(Floors::write_rank(1), 8, {}, 20));
    CHECK(floors.now().by == 7);
}

TEST_CASE("floors: who only repeats its own floor is no witness", "[check]") {
    Floors floors;
    floors.raise(Floors::write_rank(2), 7, {}, 10);
    const Floors::Floor own = floors.before(20);
    CHECK_FALSE(floors.raise(Floors::observation_rank(2), 8, own, 30));
    CHECK(floors.now().rank == 5);
    CHECK(floors.now().by == 7);
    CHECK(floors.raise(Floors::observation_rank(3), 9, own, 30));
    CHECK(floors.now().by == 9);
}

TEST_CASE("floors: searched as if walked, over any number of steps", "[check]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Dice dice(seed);
        Floors floors;
        std::int64_t time = 0;
        std::uint64_t rank = 0;
        const std::uint64_t steps = dice(100);
        for (std::uint64_t i = 0; i < steps; ++i) {
            time += static_cast<std::int64_t>(dice(3));
            rank += 1 + dice(3);
            floors.raise(rank, i, {}, time);
        }
        for (std::int64_t at = -1; at <= time + 1; ++at) {
            Floors::Floor expected;
            for (const Floors::Step& step : floors.steps()) {
                expected = step.time < at ? step.floor : expected;
            }
            CHECK(floors.before(at).rank == expected.rank);
        }
        for (std::uint64_t version = 0; version <= rank / 2 + 1; ++version) {
            const Floors::Step* first = nullptr;
            for (const Floors::Step& step : floors.steps()) {
                first = first == nullptr && step.floor.version() >= version ? &step : first;
            }
            CHECK(floors.first_showing(version) == first);
        }
    }
}

}  // namespace ledger::check::test
