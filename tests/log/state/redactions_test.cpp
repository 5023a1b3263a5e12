#include "log/state/redactions.h"

#include <catch2/catch.hpp>

namespace ledger::state {
namespace {

TEST_CASE("redactions: each slot counts once, copies count too", "[state]") {
    Redactions redactions;
    CHECK(redactions.add(Index{5}, 3));
    CHECK(redactions.add(Index{5}, 1));
    CHECK_FALSE(redactions.add(Index{5}, 3));
    redactions.add_copy(Index{5}, Index{8});
    redactions.add_copy(Index{7}, Index{9});
    CHECK(redactions.size() == 4);
    CHECK(redactions.records() == 2);
    CHECK(redactions.contains(Index{5}, 1));
    CHECK_FALSE(redactions.contains(Index{5}, 2));
    CHECK_FALSE(redactions.contains(Index{7}, 1));
    REQUIRE(redactions.find(Index{5}) != nullptr);
    CHECK(*redactions.find(Index{5}) == Redactions::Record{{1, 3}, {Index{8}}});
    CHECK(redactions.find(Index{6}) == nullptr);
}

TEST_CASE("redactions: a walk begins anywhere", "[state]") {
    Redactions redactions;
    redactions.add(Index{5}, 0);
    redactions.add(Index{9}, 0);
    CHECK(redactions.next({}) == Index{5});
    CHECK(redactions.next(Index{5}) == Index{5});
    CHECK(redactions.next(Index{6}) == Index{9});
    CHECK_FALSE(redactions.next(Index{10}));
}

TEST_CASE("redactions: dropping goes step by step from below, also while frozen", "[state]") {
    Redactions redactions;
    for (std::uint64_t index = 1; index <= 6; ++index) {
        redactions.add(Index{index}, 0);
        redactions.add(Index{index}, 7);
    }
    redactions.freeze();
    redactions.drop(Index{4}, 3);
    CHECK(redactions.size() == 6);
    CHECK(redactions.next({}) == Index{4});
    redactions.drop(Index{4}, 3);
    CHECK(redactions.next({}) == Index{5});
    redactions.add(Index{6}, 9);
    Redactions again;
    while (const auto item = redactions.next_frozen()) {
        again.restore(item->key, Redactions::Record(item->value));
    }
    redactions.thaw();
    CHECK(again.records() == 6);
    CHECK(again.size() == 12);
    CHECK_FALSE(again.contains(Index{6}, 9));
    while (!again.discard(2)) {
    }
    CHECK(again.size() == 0);
}

}  // namespace
}  // namespace ledger::state
