#include "sim/check/guest.h"

#include <catch2/catch.hpp>

namespace ledger::check {
namespace {

Hash128 hash(std::uint64_t value) {
    Hash128 hash;
    hash.add(value);
    return hash;
}

TEST_CASE("replicas that come to the same state are compared and pass") {
    GuestAgreement agreement;
    CHECK(agreement.result().verdict == CheckResult::Verdict::idle);
    CHECK(agreement.wants(Index{1}));
    CHECK_FALSE(agreement.applied(NodeId{1}, Index{1}, hash(1), hash(2)));
    CHECK_FALSE(agreement.wants(Index{1}));
    CHECK(agreement.result().verdict == CheckResult::Verdict::idle);
    CHECK_FALSE(agreement.applied(NodeId{2}, Index{1}, hash(1), hash(2)));
    CHECK_FALSE(agreement.restored(NodeId{3}, Index{1}, hash(1)));
    CHECK(agreement.result().verdict == CheckResult::Verdict::ok);
    CHECK(agreement.result().examined == 2);
}

TEST_CASE("another state, another outcome and another cut are told apart") {
    GuestAgreement agreement;
    CHECK_FALSE(agreement.applied(NodeId{1}, Index{3}, hash(1), hash(2)));
    const Finding state = agreement.applied(NodeId{2}, Index{3}, hash(9), hash(2));
    REQUIRE(state);
    CHECK(state->find("after entry 3 the machine of n2") != std::string::npos);
    const Finding outcome = agreement.applied(NodeId{2}, Index{3}, hash(1), hash(9));
    REQUIRE(outcome);
    CHECK(outcome->find("beside the log") != std::string::npos);
    const Finding cut = agreement.restored(NodeId{2}, Index{3}, hash(9));
    REQUIRE(cut);
    CHECK(cut->find("a cut does not hold all of the state") != std::string::npos);
    CHECK(agreement.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE("a cut where nobody has been yet says nothing") {
    GuestAgreement agreement;
    CHECK_FALSE(agreement.restored(NodeId{2}, Index{8}, hash(9)));
    CHECK(agreement.result().verdict == CheckResult::Verdict::idle);
}

}  // namespace
}  // namespace ledger::check
