#include "sim/check/verdict.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

constexpr std::string_view required[] = {"agreement", "durability"};

CheckResult result(std::string name, CheckResult::Verdict verdict) {
    return {std::move(name), verdict, verdict == CheckResult::Verdict::idle ? 0u : 1u};
}

}  // namespace

TEST_CASE("verdict: ok only if nothing is violated and what is required was examined", "[check]") {
    using Of = CheckResult::Verdict;
    std::vector<CheckResult> checks = {
        result("agreement", Of::ok), result("durability", Of::ok), result("chain", Of::idle)};
    CHECK(overall(checks, false, required) == Verdict::ok);
    CHECK(overall(checks, true, required) == Verdict::violated);
    checks[2].verdict = Of::violated;
    CHECK(overall(checks, false, required) == Verdict::violated);
    checks[2].verdict = Of::ok;
    checks[1].verdict = Of::idle;
    CHECK(overall(checks, false, required) == Verdict::inconclusive);
    CHECK(overall({}, false, required) == Verdict::inconclusive);
}

TEST_CASE("verdict: exit codes are the ones that are documented", "[check]") {
    CHECK(exit_code(Verdict::ok) == 0);
    CHECK(exit_code(Verdict::violated) == 1);
    CHECK(exit_code(Verdict::inconclusive) == 3);
    CHECK(to_text(Verdict::inconclusive) == "inconclusive");
    CHECK(to_text(Kind::determinism) == "determinism");
}

TEST_CASE("verdict: a tally is idle, ok or violated", "[check]") {
    Tally tally("sample");
    CHECK(tally.result() == CheckResult{"sample", CheckResult::Verdict::idle, 0});
    tally.examined(3);
    CHECK(tally.result() == CheckResult{"sample", CheckResult::Verdict::ok, 3});
    CHECK(tally.violated("broken") == "broken");
    CHECK(tally.result() == CheckResult{"sample", CheckResult::Verdict::violated, 3});
}

}  // namespace ledger::check::test
