#include "log/state/long_list.h"

#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace ledger::state {
namespace {

using Numbers = LongList<std::uint64_t>;

TEST_CASE("long list: items keep their numbers while the front goes", "[state]") {
    Numbers list(5);
    CHECK(list.empty());
    for (std::uint64_t number = 5; number < 5000; ++number) {
        list.push_back(number * 2);
        REQUIRE(list.end() == number + 1);
        REQUIRE(list.back() == number * 2);
    }
    CHECK(list.drop_before(3000));
    CHECK(list.first() <= 3000);
    CHECK(list.first() + Numbers::block_items > 3000);
    for (std::uint64_t number = list.first(); number < list.end(); ++number) {
        REQUIRE(list[number] == number * 2);
    }
    CHECK(list.find_first([](std::uint64_t item) { return item >= 8001; }) == 4001);
    CHECK(list.find_first([](std::uint64_t item) { return item >= 99999; }) == list.end());
    CHECK(list.drop_before(list.end()));
    CHECK(list.empty());
    CHECK(list.first() == 5000);
    list.push_back(1);
    CHECK(list[5000] == 1);
}

TEST_CASE("long list: one call gives back a bounded number of blocks", "[state]") {
    Numbers list;
    const std::uint64_t end = (2 * Numbers::blocks_per_drop + 3) * Numbers::block_items;
    for (std::uint64_t number = 0; number < end; ++number) {
        list.push_back(number);
    }
    CHECK_FALSE(list.drop_before(end));
    CHECK(list.first() == Numbers::blocks_per_drop * Numbers::block_items);
    CHECK(list[list.first()] == list.first());
    CHECK_FALSE(list.drop_before(end));
    CHECK(list.drop_before(end));
    CHECK(list.empty());
}

TEST_CASE("long list: it is a vector whose front is dropped", "[state]") {
    CHECK(rc::check([] {
        Numbers list;
        std::vector<std::uint64_t> twin;
        std::uint64_t dropped = 0;
        const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
            rc::gen::inRange<std::uint32_t>(0, 3000));
        for (const std::uint32_t step : steps) {
            for (std::uint32_t i = 0; i < step; ++i) {
                twin.push_back(twin.size() * 3);
                list.push_back(twin.back());
            }
            dropped += (twin.size() - dropped) * (step % 7) / 7;
            while (!list.drop_before(dropped)) {
            }
            RC_ASSERT(list.end() == twin.size());
            RC_ASSERT(list.first() <= dropped);
            const std::uint64_t wanted = step * 100;
            const auto found = list.find_first([&](std::uint64_t item) { return item >= wanted; });
            // In parentheses: the macro would evaluate both sides.
            RC_ASSERT((found == list.end() || list[found] >= wanted));
            RC_ASSERT((found == list.first() || list[found - 1] < wanted));
        }
        for (std::uint64_t number = list.first(); number < twin.size(); ++number) {
            RC_ASSERT(list[number] == twin[number]);
        }
    }));
}

}  // namespace
}  // namespace ledger::state
