#include "log/base/edit_distance.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger {
namespace {

TEST_CASE("words are as far apart as letters have to be changed", "[base]") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("net.los", "net.loss") == 1);
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("abc", "cab") == 2);
}

TEST_CASE("the distance is the same both ways, and no way is longer than one over a third word",
    "[base]") {
    rc::prop("metric", [](const std::string& a, const std::string& b, const std::string& c) {
        RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
        RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
        RC_ASSERT(edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c));
    });
}

}  // namespace
}  // namespace ledger
