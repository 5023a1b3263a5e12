#include "sim/check/fingerprint.h"

#include <catch2/catch.hpp>

namespace ledger::check {
namespace {

std::string of(const std::string& sentence) {
    return fingerprint({.check = "durability", .kind = Kind::safety, .sentence = sentence});
}

}  // namespace

TEST_CASE("fingerprint: numbers, names of nodes and hashes make no difference", "[check]") {
    CHECK(of("n1 lacks entry 7 of term 3") == of("n12 lacks entry 481 of term 1"));
    CHECK(of("root 0f3a99c2d1, which is wrong") == of("root aa000000b1, which is wrong"));
    CHECK(of("n1 lacks entry 7") == "durability (safety): n# lacks entry #");
}

TEST_CASE("fingerprint: how many of a kind are named makes none", "[check]") {
    CHECK(of("n1 and n3 lack entry 7") == of("n2 lack entry 7"));
    CHECK(of("n1, n2, n3 lack entry 7") == of("n1, n3 lack entry 7"));
    CHECK(of("n1, n2 and n3 lack entry 7") == of("n1 lack entry 7"));
}

TEST_CASE("fingerprint: what stands in parentheses makes none", "[check]") {
    CHECK(of("no convergence (n1 down, n2 (of 3) applied 5)") == of("no convergence (n1 up)"));
    CHECK(of("no convergence (unclosed") == of("no convergence"));
}

TEST_CASE("fingerprint: another check, kind or sentence is another finding", "[check]") {
    CHECK(of("n1 lacks entry 7") != of("n1 holds entry 7"));
    CHECK(of("facade") != of("decade"));  // words of hexadecimal letters are words
    const Violation one{.check = "a", .kind = Kind::safety, .sentence = "x"};
    Violation other = one;
    other.check = "b";
    CHECK(fingerprint(one) != fingerprint(other));
    other = one;
    other.kind = Kind::crash;
    CHECK(fingerprint(one) != fingerprint(other));
}

}  // namespace ledger::check
