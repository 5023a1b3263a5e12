#include "sim/check/answers.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr ClientId one{11};
constexpr ClientId two{12};

Instant ms(std::int64_t at) {
    return Instant{} + milliseconds(at);
}

// Calm from 100 ms on, looked at after 500 ms, and answers take 300 ms at most.
Finding end(Answers& check) {
    return check.finish({.calm = ms(100), .now = ms(500), .within = milliseconds(300)});
}

}  // namespace

TEST_CASE("answers: what is answered is not owed", "[check]") {
    Answers check;
    check.asked({n1, one, RequestId{7}, ms(1)});
    check.asked({n1, two, RequestId{7}, ms(2)});
    check.answered(n1, two, RequestId{7});
    check.answered(n1, one, RequestId{7});
    CHECK_FALSE(end(check));
    CHECK(check.result().name == "answers");
    CHECK(check.result().verdict == CheckResult::Verdict::ok);
    CHECK(check.result().examined == 2);
}

TEST_CASE("answers: a forgotten request is named", "[check]") {
    Answers check;
    check.asked({n1, one, RequestId{7}, ms(50)});
    SECTION("nobody answered") {}
    SECTION("another node did") {
        check.answered(n2, one, RequestId{7});
    }
    SECTION("over another connection") {
        check.answered(n1, two, RequestId{7});
    }
    SECTION("one of two of the same number") {
        check.asked({n1, one, RequestId{7}, ms(51)});
        check.answered(n1, one, RequestId{7});
        const Finding found = end(check);
        REQUIRE(found);
        CHECK(found->find("n1 was asked at 51ms") == 0);
        return;
    }
    const Finding found = end(check);
    REQUIRE(found);
    INFO(*found);
    CHECK(*found ==
          "n1 was asked at 50ms (request 7 of connection 11), has been up and connected "
          "since, and has not answered 450ms later, 400ms of them without any fault");
    CHECK(check.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE(
    "answers: nobody waits for a node that went down, or over a closed connection", "[check]") {
    Answers check;
    check.asked({n1, one, RequestId{7}, ms(50)});
    check.asked({n2, one, RequestId{8}, ms(50)});
    check.ends(n1);
    REQUIRE(end(check));
    check.closed(n2, two);
    REQUIRE(end(check));
    check.closed(n2, one);
    CHECK_FALSE(end(check));
}

TEST_CASE("answers: what was asked a moment ago, or in trouble, may still be owed", "[check]") {
    Answers check;
    check.asked({n1, one, RequestId{7}, ms(200)});
    CHECK_FALSE(end(check));
    CHECK_FALSE(check.finish({.calm = ms(300), .now = ms(550), .within = milliseconds(300)}));
    CHECK(check.finish({.calm = ms(100), .now = ms(501), .within = milliseconds(300)}));
}

}  // namespace ledger::check::test
