#include "sim/check/allowed_versions.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

// a b b | a | b: versions 0, 3, 4, 5.
Order sample() {
    Order order;
    push(order, {{1, "a"}, {2, "b"}, {3, "b"}});
    push(order, {{4, "a"}});
    push(order, {{5, "b"}});
    return order;
}

Explained explained(const Order& order, Call call, Answer answer) {
    Operation op = operation(1, 1, std::move(call));
    op.answer = std::move(answer);
    return explain(order, op);
}

constexpr auto backward = state::Direction::backward;

}  // namespace

TEST_CASE("allowed versions: the least one honours floor, bounds and hole", "[check]") {
    const Order order = sample();
    CHECK(AllowedVersions{}.least(order, 0) == 0u);
    CHECK(AllowedVersions{}.least(order, 1) == 3u);
    CHECK(AllowedVersions{.lowest = 4}.least(order, 1) == 4u);
    CHECK(AllowedVersions{.highest = 3}.least(order, 4) == std::nullopt);
    CHECK(AllowedVersions{.hole_first = 3, .hole_last = 4}.least(order, 1) == 5u);
    CHECK(
        AllowedVersions{.hole_first = 3, .hole_last = UINT64_MAX}.least(order, 1) == std::nullopt);
    CHECK(AllowedVersions::exactly(2).least(order, 0) == std::nullopt);
}

TEST_CASE("allowed versions: pages say how long the ledger was", "[check]") {
    const Order order = sample();
    SECTION("an end says it exactly") {
        const Explained at = explained(order, read_all(2), page({3, 4}, true));
        REQUIRE(at.is == Explained::Is::observation);
        CHECK(at.allowed.least(order, 0) == 4u);
        CHECK(at.allowed.highest < 5);
    }
    SECTION("an empty end says at most") {
        const Explained at = explained(order, read_all(4), page({}, true));
        CHECK(at.allowed.least(order, 0) == 0u);
        CHECK(at.allowed.least(order, 5) == std::nullopt);
    }
    SECTION("a full page says at least") {
        CHECK(
            explained(order, read_all(0, 3), page({1, 2, 3}, false)).allowed.least(order, 0) == 3u);
    }
    SECTION("a page cut off by its size says that more follows") {
        CHECK(
            explained(order, read_all(0, 9), page({1, 2, 3}, false)).allowed.least(order, 0) == 4u);
    }
    SECTION("backward from beyond the end says it exactly") {
        const Explained at = explained(order, read_all(9, 2, backward), page({4, 3}, false));
        CHECK(at.allowed.least(order, 0) == 4u);
        CHECK(at.allowed.least(order, 5) == std::nullopt);
    }
    SECTION("backward from inside says at least") {
        const Explained at = explained(order, read_all(2, 9, backward), page({3, 2, 1}, true));
        CHECK(at.allowed.least(order, 0) == 3u);
        CHECK(at.allowed.least(order, 5) == 5u);
    }
    SECTION("backward and empty says nothing was there") {
        CHECK(explained(order, read_all(2, 9, backward), page({}, true)).allowed.least(order, 1) ==
              std::nullopt);
    }
    SECTION("a stream's end holds until its next event") {
        const Explained at = explained(order, read_stream("b", 0), page({2, 3}, true));
        CHECK(at.allowed.least(order, 0) == 3u);
        CHECK(at.allowed.least(order, 4) == 4u);
        CHECK(at.allowed.least(order, 5) == std::nullopt);
    }
    SECTION("an unknown stream was always empty") {
        CHECK(explained(order, read_stream("c", 0), page({}, true)).allowed.least(order, 5) == 5u);
    }
}

TEST_CASE("allowed versions: pages that fit no version are wrong", "[check]") {
    const Order order = sample();
    const auto wrong = [&](Call call, Answer answer) {
        return explained(order, std::move(call), std::move(answer)).is == Explained::Is::wrong;
    };
    CHECK(wrong(read_all(0, 2), page({1, 2, 3}, false)));
    CHECK(wrong(read_all(0), page_at(5, {1, 2, 3}, true)));
    CHECK(wrong(read_all(0), page_at(6, {}, true)));
    CHECK(wrong(read_all(4), page({5, 6}, true)));
    CHECK(wrong(read_stream("a", 0), page({1, 2}, true)));
    CHECK(wrong(read_all(0, 9, backward), page_at(5, {1, 1}, true)));
    CHECK(wrong(read_all(2, 9, backward), page({3, 2, 1}, false)));
    CHECK(wrong(read_all(9, 9, backward), page({77}, false)));
    CHECK_FALSE(wrong(read_all(UINT64_MAX), page({}, true)));
}

TEST_CASE("allowed versions: conflicts without a length leave a hole or an interval", "[check]") {
    const Order order = sample();
    const AppendCall call = append_call({9}, {exact("a", 0)});
    SECTION("no detail: every version but those where the condition held") {
        const Explained at = explained(order, call, Conflicted{});
        REQUIRE(at.is == Explained::Is::observation);
        CHECK(at.allowed.least(order, 0) == 0u);
        CHECK(at.allowed.least(order, 1) == 4u);
    }
    SECTION("the actual revision: the versions that had it") {
        const Conflicted told{{{"a", call.streams[0].expected, true, Revision{1}}}, std::nullopt};
        CHECK(explained(order, call, told).allowed.least(order, 0) == 4u);
    }
    SECTION("a reason that is none") {
        const Conflicted told{{{"a", call.streams[0].expected, true, Revision{0}}}, std::nullopt};
        CHECK(explained(order, call, told).is == Explained::Is::wrong);
    }
    SECTION("a reason that nobody asked about") {
        const Conflicted told{{{"z", call.streams[0].expected, false, Revision{}}}, std::nullopt};
        CHECK(explained(order, call, told).is == Explained::Is::wrong);
    }
    SECTION("one of several conditions, nobody says which") {
        const AppendCall two = append_call({9}, {exact("a", 0), none("b")});
        CHECK(explained(order, two, Conflicted{}).is == Explained::Is::silent);
    }
}

TEST_CASE("allowed versions: a check without events is an observation", "[check]") {
    const Order order = sample();
    const AppendCall call = append_call({}, {exact("a", 0)});
    CHECK(explained(order, call, Acknowledged{Position{3}, {}}).is == Explained::Is::observation);
    CHECK(explained(order, call, Acknowledged{Position{4}, {}}).is == Explained::Is::wrong);
}

}  // namespace ledger::check::test
