#include "log/finding.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace ledger::log {

TEST_CASE("finding: it names condition, file, place and what it costs", "[log]") {
    Finding finding{.condition = Condition::unsealed,
        .place = FoundAt::record_envelope,
        .file = "00000003.segment",
        .offset = 5120,
        .bytes = 77,
        .segment = SegmentId{3},
        .index = Index{9},
        .why = "envelope damaged"};
    CHECK(finding.sector() == 10);
    CHECK(to_text(finding) ==
          "UNSEALED 00000003.segment byte 5120 (sector 10), 77 bytes, index 9, record envelope: "
          "envelope damaged");
    finding.condition = Condition::faulty;
    finding.place = FoundAt::footer_copy;
    finding.index.reset();
    finding.covered = true;
    finding.why = "the other copy stands";
    CHECK(to_text(finding) ==
          "FAULTY 00000003.segment byte 5120 (sector 10), 77 bytes, footer copy: the other copy "
          "stands (nothing is lost)");
}

TEST_CASE("finding: every condition and every place has a word of its own", "[log]") {
    CHECK(to_text(Condition::clean) == std::string("CLEAN"));
    CHECK(to_text(Condition::torn) == std::string("TORN"));
    std::vector<std::string> words;
    for (auto place = FoundAt::file; place <= FoundAt::promise;
         place = static_cast<FoundAt>(static_cast<std::uint8_t>(place) + 1)) {
        words.emplace_back(to_text(place));
        CHECK(words.back() != "unknown");
    }
    std::sort(words.begin(), words.end());
    CHECK(std::unique(words.begin(), words.end()) == words.end());
}

}  // namespace ledger::log
