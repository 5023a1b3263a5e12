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

// Calm from 100 ms on, when nothing is committed; looked at after 500 ms, and answers take 300 ms
// at most.
Finding end(Answers& check) {
    check.calms(ms(100), Index{});
    return check.finish(ms(500), milliseconds(300));
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
          "since, and has not answered 450ms later, 400ms of them without any fault or lag");
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
    CHECK(check.finish(ms(501), milliseconds(300)));
    check.calms(ms(250), Index{});
    CHECK_FALSE(check.finish(ms(550), milliseconds(300)));
}

// Seed 3385: a follower that catches up slowly answers a read once it has got there.
TEST_CASE("answers: a node that lags owes its answers from where it has caught up", "[check]") {
    Answers check;
    check.applied(n1, Index{20}, ms(1));
    check.asked({n1, one, RequestId{7}, ms(50), Index{60}});
    SECTION("with what was committed when calm began") {
        check.applied(n1, Index{60}, ms(90));
        check.calms(ms(100), Index{80});
        check.applied(n1, Index{79}, ms(300));
        check.applied(n1, Index{80}, ms(400));
    }
    SECTION("with what was committed when it was asked") {
        check.closed(n1, one);
        check.calms(ms(100), Index{60});
        check.asked({n1, one, RequestId{7}, ms(150), Index{80}});
        check.applied(n1, Index{79}, ms(300));
        check.applied(n1, Index{80}, ms(400));
    }
    SECTION("in another life, which begins anew") {
        check.applied(n1, Index{80}, ms(90));
        check.ends(n1);
        check.calms(ms(100), Index{60});
        check.asked({n1, one, RequestId{7}, ms(150), Index{80}});
        check.applied(n1, Index{80}, ms(400));
    }
    check.applied(n1, Index{90}, ms(450));
    CHECK_FALSE(check.finish(ms(700), milliseconds(300)));
    const Finding found = check.finish(ms(701), milliseconds(300));
    REQUIRE(found);
    CHECK(found->ends_with("301ms of them without any fault or lag"));
}

TEST_CASE("answers: what others lack, or was committed later, excuses nobody", "[check]") {
    Answers check;
    check.applied(n1, Index{80}, ms(1));
    check.asked({n1, one, RequestId{7}, ms(50), Index{60}});
    check.asked({n2, one, RequestId{8}, ms(400), Index{80}});
    check.calms(ms(100), Index{80});
    check.applied(n2, Index{80}, ms(490));
    check.applied(n1, Index{81}, ms(490));
    const Finding found = check.finish(ms(500), milliseconds(300));
    REQUIRE(found);
    CHECK(found->find("n1 was asked at 50ms") == 0);
}

// It was removed, say: then nothing that it could still wait for will come.
TEST_CASE("answers: a node that never catches up owes its answers as others do", "[check]") {
    Answers check;
    check.asked({n1, one, RequestId{7}, ms(50), Index{60}});
    check.calms(ms(100), Index{80});
    check.applied(n1, Index{79}, ms(400));
    CHECK(check.finish(ms(500), milliseconds(300)));
}

}  // namespace ledger::check::test
