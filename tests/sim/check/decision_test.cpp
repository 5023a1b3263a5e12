#include "sim/check/decision.h"

#include <catch2/catch.hpp>

namespace ledger::check {

TEST_CASE("decision: a line names site, entity, sequence, alternatives and answer", "[check]") {
    CHECK(print_decision({Site::network_loss, std::uint64_t{1} << 32 | 3, 17, 2, 1}) ==
          "net.loss 1:3 17/2 = 1");
    CHECK(print_decision({Site::nemesis_target, 9, 3, 5, 4}) == "nemesis.target 9 3/5 = 4");
}

TEST_CASE("decision: kind answers are the first ones, but election timeouts differ", "[check]") {
    CHECK(kind_answer(Site::network_loss, 1, 1, 1'000'000) == 0);
    CHECK(kind_answer(Site::nemesis_action, 1, 1, 7) == 0);
    CHECK(kind_answer(Site::election_jitter, 1, 0, 1024) == 0);
    CHECK(kind_answer(Site::election_jitter, 2, 0, 1024) == 128);
    CHECK(kind_answer(Site::election_jitter, 3, 9, 1024) == 256);
    for (std::uint64_t node = 1; node <= 16; ++node) {
        CHECK(kind_answer(Site::election_jitter, node, 1, 1024) < 1024);
        CHECK(kind_answer(Site::election_jitter, node, 1, 1) == 0);
    }
}

TEST_CASE("decision: people are told what it means", "[check]") {
    const std::uint64_t link = std::uint64_t{1} << 32 | 3;
    const std::uint64_t client = std::uint64_t{1} << 63 | 4;
    CHECK(describe({Site::network_loss, link, 17, 2, 1}) == "message 17 from n1 to n3 is lost");
    CHECK(describe({Site::network_loss, client, 2, 2, 1}) == "message 2 of client 5 is lost");
    CHECK(describe({Site::election_jitter, 2, 3 << 16, 1024, 512}) ==
          "n2 waits for 50 % of its range with its election timeout in term 3");
    CHECK(describe({Site::disk_sync_latency, 2, 8, UINT64_MAX, UINT64_MAX / 4}) ==
          "n2: disk operation 8 takes 25 % of its range");
    // What has no words of its own is said as it is on the tape.
    CHECK(describe({Site::crash_cut, 2, 8, 4, 1}) == "node.crash.cut 2 8/4 = 1");
}

}  // namespace ledger::check
