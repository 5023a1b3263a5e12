#include "sim/check/convergence.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

Convergence::Replica replica(std::uint32_t node, std::uint64_t applied, std::uint64_t mark = 0) {
    Hash128 digest;
    digest.add(mark);
    return {NodeId{node}, Index{applied}, digest, Position{applied}};
}

}  // namespace

TEST_CASE("convergence: equal replicas converge; one alone proves nothing", "[check]") {
    Convergence check;
    check.replica(replica(1, 5));
    SECTION("alone") {
        CHECK_FALSE(check.finish());
        CHECK(check.result().verdict == CheckResult::Verdict::idle);
    }
    SECTION("three") {
        check.replica(replica(2, 5));
        check.replica(replica(3, 5));
        CHECK_FALSE(check.finish());
        CHECK(check.result() == CheckResult{"convergence", CheckResult::Verdict::ok, 3});
    }
}

TEST_CASE("convergence: one that is behind is a matter of liveness", "[check]") {
    Convergence check;
    check.replica(replica(1, 5));
    check.replica(replica(2, 4));
    CHECK(check.finish() == "n2 has applied index 4 and n1 index 5: they did not converge");
    CHECK(check.kind() == Kind::liveness);
}

TEST_CASE("convergence: different states at the same index are a matter of safety", "[check]") {
    Convergence check;
    check.replica(replica(1, 5));
    check.replica(replica(2, 5, 1));
    const Finding finding = check.finish();
    REQUIRE(finding);
    CHECK(finding->find("n2 and n1 have applied everything up to index 5 and differ") !=
          std::string::npos);
    CHECK(check.kind() == Kind::safety);
}

}  // namespace ledger::check::test
