#include "sim/disk_audit.h"

#include <catch2/catch.hpp>

namespace ledger::sim {

TEST_CASE("disk audit: a disk that was never formatted holds nothing", "[disk]") {
    Disk disk(NodeId{1});
    DiskAudit audit({ClusterId{1, 2}, NodeId{1}});
    audit.synced(disk);
    REQUIRE(audit.last() == Index{0});
    REQUIRE_FALSE(audit.hard_state());
    REQUIRE_FALSE(audit.holds(Index{1}));
}

}  // namespace ledger::sim
