#include "raft/message.h"

#include <catch2/catch.hpp>

#include "tests/raft/solo.h"

namespace ledger::raft {

TEST_CASE("message: offers are equal when their configurations have the same bytes", "[raft]") {
    const SnapshotOffer offer{Term{2}, {Term{1}, Index{9}}, ClusterTime{7}, WallTime{8},
        configuration_entry(voters_1_to(3)).handle};
    SnapshotOffer other = offer;
    other.configuration = configuration_entry(voters_1_to(3)).handle;
    CHECK(offer == other);
    other.configuration = configuration_entry(voters_1_to(4)).handle;
    CHECK_FALSE(offer == other);
    other = offer;
    other.cut.index = Index{10};
    CHECK_FALSE(offer == other);
    other = offer;
    other.wall_time = WallTime{9};
    CHECK_FALSE(offer == other);
}

}  // namespace ledger::raft
