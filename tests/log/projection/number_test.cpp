#include "log/projection/number.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::projection {
namespace {

std::string respelled(const char* text) {
    const std::optional<Number> number = Number::parse(text);
    return number ? number->text() : "none";
}

TEST_CASE("number: decimals are what they say, in whatever way they are written", "[projection]") {
    CHECK(respelled("0") == "0");
    CHECK(respelled("-0.00") == "0");
    CHECK(respelled("12.50") == "12.5");
    CHECK(respelled("-3") == "-3");
    CHECK(respelled("1e3") == "1000");
    CHECK(respelled("1.25e-2") == "0.0125");
    CHECK(respelled("1200E-2") == "12");
    CHECK(respelled("0.000000000000000001") == "0.000000000000000001");
    CHECK(respelled("18446744073709551615") == "18446744073709551615");
    CHECK(respelled("170141183460469231731") == "170141183460469231731");
    CHECK(respelled("0e999") == "0");
}

TEST_CASE("number: what would be rounded, or is no JSON number, is none", "[projection]") {
    for (const char* text : {"", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN",
             "0.0000000000000000001", "170141183460469231732", "1e21", "1e1001", "1e99999999999"}) {
        CAPTURE(text);
        CHECK(respelled(text) == "none");
    }
}

TEST_CASE("number: a tenth ten times is one", "[projection]") {
    Number sum;
    for (int i = 0; i < 10; ++i) {
        sum = *sum.plus(*Number::parse("0.1"));
    }
    CHECK(sum == Number(1));
    CHECK_FALSE(Number::parse("170141183460469231731")->plus(Number(1)).has_value());
}

TEST_CASE("number: adds and orders as whole numbers do, and its text and bytes lead back to it",
    "[projection]") {
    rc::prop("whole", [](std::int64_t a, std::int64_t b) {
        a /= 2;
        b /= 2;
        const Number left = *Number::parse(std::to_string(a));
        const Number right = *Number::parse(std::to_string(b));
        RC_ASSERT(left.plus(right)->text() == std::to_string(a + b));
        RC_ASSERT((left < right) == (a < b));
        RC_ASSERT((left == right) == (a == b));
        RC_ASSERT(Number::of_halves(left.high(), left.low()) == left);
    });
    rc::prop("any halves", [](std::uint64_t high, std::uint64_t low) {
        const Number number = Number::of_halves(high, low);
        const std::optional<Number> back = Number::parse(number.text());
        // The least of all has no opposite, so it is not read.
        const bool least = high == 1ull << 63 && low == 0;
        RC_ASSERT((back.has_value() ? *back == number : least));
    });
}

}  // namespace
}  // namespace ledger::projection
