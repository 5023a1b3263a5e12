#include "log/base/choice.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger {

TEST_CASE("choice: answers are the golden ones, on every build", "[base]") {
    // Every recorded seed and tape hangs on these values.
    CHECK(keyed_bits(0, Site::election_jitter, 0, 0) == 0x1ea26037323eb4af);
    CHECK(keyed_bits(7, Site::network_loss, 3, 1000) == 0x510715c54c0520bb);
    CHECK(keyed_bits(UINT64_MAX, Site::test_b, UINT64_MAX, UINT64_MAX) == 0x677dc09d873dbf58);
    SeededChoices choices(4711);
    CHECK(choices.choose(Site::disk_crash_keep, 2, 5, 1000) == 891);
}

TEST_CASE("choice: an answer depends on its own question only", "[base]") {
    SeededChoices asked_much(5);
    SeededChoices asked_once(5);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        asked_much.choose(Site::network_latency, i % 7, i, 100 + i);
    }
    CHECK(asked_much.choose(Site::workload_size, 1, 9, 1u << 20) ==
          asked_once.choose(Site::workload_size, 1, 9, 1u << 20));
}

TEST_CASE("choice: seed, site, entity and sequence all matter", "[base]") {
    std::set<std::uint64_t> answers;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const Site site : {Site::test_a, Site::test_b, Site::network_loss}) {
            for (std::uint64_t entity = 0; entity < 10; ++entity) {
                for (std::uint64_t sequence = 0; sequence < 30; ++sequence) {
                    answers.insert(keyed_bits(seed, site, entity, sequence));
                }
            }
        }
    }
    CHECK(answers.size() == 10 * 3 * 10 * 30);
}

TEST_CASE("choice: bounded stays in its domain and reaches all of it", "[base]") {
    rc::prop("below the domain", [](std::uint64_t bits) {
        const auto domain = *rc::gen::suchThat(
            rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t n) { return n > 0; });
        RC_ASSERT(bounded(bits, domain) < domain);
        RC_ASSERT(bounded(bits, 1) == 0);
    });
    CHECK(bounded(0, 10) == 0);
    CHECK(bounded(UINT64_MAX, 10) == 9);
    std::uint64_t counts[10] = {};
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        ++counts[bounded(keyed_bits(1, Site::test_a, 0, i), 10)];
    }
    for (std::uint64_t count : counts) {
        CHECK(count > 850);
        CHECK(count < 1150);
    }
}

TEST_CASE("choice: every site in use has a name of its own", "[base]") {
    std::set<std::string> names;
    std::uint64_t known = 0;
    for (std::uint32_t number = 0; number < 1000; ++number) {
        const std::string name(site_name(Site{number}));
        if (name != "unknown") {
            ++known;
            names.insert(name);
        }
    }
    CHECK(known >= 30);
    CHECK(names.size() == known);
}

}  // namespace ledger
