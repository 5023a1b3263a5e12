#include "sim/check/row.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

// Appends: [a], [b a], [a].
Order three_appends() {
    Order order;
    push(order, {{1, "a"}});
    push(order, {{2, "b"}, {3, "a"}});
    push(order, {{4, "a"}});
    return order;
}

}  // namespace

TEST_CASE("row: a stream has its events at versions of the whole ledger", "[check]") {
    const Order order = three_appends();
    const Row a(order, order.find_stream("a"));
    CHECK(a.length() == 3);
    CHECK(a.length_at(1) == 1);
    CHECK(a.length_at(3) == 2);
    CHECK(a.position(1) == Position{2});
    CHECK(a.versions(1, 1).lowest == 1);
    CHECK(a.versions(1, 1).highest == 2);
    CHECK(a.versions(2, 9).lowest == 3);
    CHECK(a.versions(2, 9).highest == UINT64_MAX);
    CHECK(Row(order, order.find_stream("none")).length() == 0);
    CHECK(Row(order).length() == 4);
}

TEST_CASE("row: what a page says of the length, by its size and its end", "[check]") {
    const Order order = three_appends();
    const Row all(order);
    const auto range = [&](const Page& page) {
        const AllowedVersions allowed = page_versions(all, page).allowed;
        return std::pair(allowed.lowest, allowed.highest);
    };
    using Range = std::pair<std::uint64_t, std::uint64_t>;
    Page page;
    page.count = 3;
    page.shown = 3;
    CHECK(range(page) == Range{3, UINT64_MAX});
    page.end = true;
    CHECK(range(page) == Range{3, 3});
    page.shown = 1;
    CHECK(range(page) == Range{1, 2});
    page.end = false;
    CHECK(range(page) == Range{3, UINT64_MAX});
    page = {.from = 1,
        .count = 3,
        .shown = 0,
        .end = true,
        .first = {},
        .length = {},
        .stream_length = {}};
    CHECK(range(page) == Range{0, 2});
    page.length = 1;
    CHECK(range(page) == Range{1, 1});
    page.length = 3;
    CHECK_FALSE(page_versions(all, page).wrong.empty());
}

}  // namespace ledger::check::test
