// Print set: what is in it stays in it, while it grows and when it is full.
#include "sim/explore/core/print_set.h"

#include <set>

#include <catch2/catch.hpp>

#include "log/base/choice.h"

namespace ledger::sim {
namespace {

Hash128 print(std::uint64_t number) {
    return {keyed_bits(1, Site::test_a, 0, number), keyed_bits(2, Site::test_a, 0, number)};
}

}  // namespace

TEST_CASE("print set: every print is new once", "[explore]") {
    PrintSet set(1ULL << 26);
    for (std::uint64_t round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            CHECK(set.insert(print(i)) == (round == 0));
        }
    }
    CHECK(set.size() == 100'000);
    CHECK(set.contains(print(99'999)));
    CHECK(!set.contains(print(100'000)));
    CHECK(set.insert(Hash128(0, 0)) == true);  // marks free places inside
    CHECK(set.insert(Hash128(0, 0)) == false);
}

TEST_CASE("print set: prints that differ in one half only are different", "[explore]") {
    PrintSet set(1ULL << 20);
    CHECK(set.insert(Hash128(7, 1)) == true);
    CHECK(set.insert(Hash128(7, 2)) == true);
    CHECK(set.insert(Hash128(8, 1)) == true);
    CHECK(set.insert(Hash128(7, 2)) == false);
}

TEST_CASE("print set: within its bytes, then it says that it is full", "[explore]") {
    constexpr std::uint64_t bytes = 1u << 20;
    PrintSet set(bytes);
    std::uint64_t count = 0;
    while (set.insert(print(count)).has_value()) {
        ++count;
        REQUIRE(set.bytes() <= bytes);
    }
    CHECK(count == bytes / 16 * 3 / 4);
    CHECK(set.full());
    CHECK(set.insert(print(0)) == false);  // what is known needs no room
    const std::vector<Hash128> all = set.take_sorted();
    CHECK(all.size() == count);
    CHECK(set.size() == 0);
    CHECK(std::is_sorted(all.begin(), all.end(), [](const Hash128& a, const Hash128& b) {
        return std::pair(a.high(), a.low()) < std::pair(b.high(), b.low());
    }));
    CHECK(set.insert(print(0)) == true);
}

}  // namespace ledger::sim
