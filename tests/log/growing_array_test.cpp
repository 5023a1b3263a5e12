#include "log/growing_array.h"

#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger::log {

namespace {

std::vector<std::uint64_t> items_of(std::span<const std::uint64_t> items) {
    return {items.begin(), items.end()};
}

}  // namespace

TEST_CASE("growing array: every view keeps what it was taken of", "[log]") {
    rc::prop("push, cut and look, against vectors", [] {
        GrowingArray<std::uint64_t> array;
        std::vector<std::uint64_t> twin;
        std::vector<std::pair<ArrayView<std::uint64_t>, std::vector<std::uint64_t>>> views;
        const auto steps = *rc::gen::inRange<std::uint64_t>(1, 200);
        for (std::uint64_t step = 0; step < steps; ++step) {
            const auto action = *rc::gen::inRange(0, 10);
            if (action == 0) {
                const auto size = *rc::gen::inRange<std::size_t>(0, twin.size() + 1);
                array.cut(size);
                twin.resize(size);
            } else if (action <= 2) {
                views.emplace_back(array.view(), twin);
            } else {
                array.push_back(step);
                twin.push_back(step);
            }
            RC_ASSERT(items_of(array.span()) == twin);
        }
        for (const auto& [view, then] : views) {
            RC_ASSERT(items_of(view.span()) == then);
            RC_ASSERT(view.size() == then.size());
        }
    });
}

TEST_CASE("growing array: appending moves nothing that a view shares, as a rule", "[log]") {
    GrowingArray<std::uint64_t> array;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        array.push_back(i);
    }
    const ArrayView<std::uint64_t> before = array.view();
    array.push_back(1000);
    CHECK(before.span().data() == array.span().data());
    array.cut(500);
    CHECK(before.span().data() == array.span().data());
    array.push_back(7);  // a place that `before` reads
    CHECK(before.span().data() != array.span().data());
    CHECK(before[500] == 500);
    CHECK(array[500] == 7);
}

}  // namespace ledger::log
