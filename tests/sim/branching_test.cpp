#include "sim/branching.h"

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

TEST_CASE("until its first branch a run is that of its engine, then that of the newest branch") {
    SeededChoices engine(1);
    SeededChoices second(2);
    SeededChoices third(3);
    BranchingChoices choices(engine, {{10, 2}, {20, 3}});
    const auto same = [&](SeededChoices& as) {
        for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) {
            if (choices.choose(Site::test_a, 7, sequence, 1'000'000) !=
                    as.choose(Site::test_a, 7, sequence, 1'000'000) ||
                choices.strikes(Site::test_b, 7, sequence, 500'000) !=
                    as.strikes(Site::test_b, 7, sequence, 500'000)) {
                return false;
            }
        }
        return true;
    };
    CHECK(same(engine));
    choices.at(9);
    CHECK(same(engine));
    choices.at(10);
    CHECK(same(second));
    CHECK_FALSE(same(engine));
    choices.at(25);
    CHECK(same(third));
}

TEST_CASE("branches that were passed at once leave the last one") {
    SeededChoices engine(1);
    SeededChoices third(3);
    BranchingChoices choices(engine, {{10, 2}, {20, 3}});
    choices.at(1000);
    CHECK(choices.choose(Site::test_a, 1, 1, 1u << 30) == third.choose(Site::test_a, 1, 1, 1u << 30));
}

}  // namespace
}  // namespace ledger::sim
