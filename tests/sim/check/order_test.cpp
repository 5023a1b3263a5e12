#include "sim/check/order.h"

#include <catch2/catch.hpp>

#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {

TEST_CASE("order: versions are the ends of appends", "[check]") {
    Order order;
    CHECK(order.is_version(0));
    CHECK(order.version_from(1) == std::nullopt);
    push(order, {{1, "a"}, {2, "b"}, {3, "a"}});
    push(order, {{4, "b"}});
    CHECK(order.length() == 4);
    CHECK(order.is_version(0));
    CHECK_FALSE(order.is_version(1));
    CHECK(order.version_from(1) == 3u);
    CHECK(order.is_version(3));
    CHECK(order.is_version(4));
    CHECK_FALSE(order.is_version(5));
}

TEST_CASE("order: streams have their own numbering and their own past", "[check]") {
    Order order;
    push(order, {{1, "a"}, {2, "b"}, {3, "a"}});
    push(order, {{4, "a"}});
    const StreamNumber a = order.stream("a");
    CHECK(order.name(a) == "a");
    CHECK(order.stream_length(a) == 3);
    CHECK(order.position_of(a, Revision{1}) == Position{2});
    CHECK(order.event(Position{2}).revision == Revision{1});
    CHECK(order.stream_length_at(a, 0) == 0);
    CHECK(order.stream_length_at(a, 3) == 2);
    CHECK(order.stream_length_at(a, 4) == 3);
    CHECK(order.version_with(a, 0) == 0u);
    CHECK(order.version_with(a, 1) == 3u);
    CHECK(order.version_with(a, 3) == 4u);
    CHECK(order.version_with(a, 4) == std::nullopt);
    CHECK(order.find_stream("c") == std::nullopt);
    CHECK(order.find(event(4)) == Position{3});
    CHECK(order.find(event(9)) == std::nullopt);
    CHECK(order.append_of(Position{3}).index == Index{2});
}

}  // namespace ledger::check::test
