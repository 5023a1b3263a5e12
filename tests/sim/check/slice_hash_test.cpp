#include "sim/check/slice_hash.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {

TEST_CASE("slice hash: any slice follows from two prefixes", "[check]") {
    SlicePrefixes prefixes;
    for (std::uint64_t i = 0; i < 60; ++i) {
        prefixes.push(slice_digit(EventId{i % 3, i}));
    }
    CHECK(prefixes.length() == 60);
    for (std::uint64_t from = 0; from <= 60; ++from) {
        std::uint64_t hash = 0;
        for (std::uint64_t count = 0; from + count <= 60; ++count) {
            CHECK(prefixes.hash(from, count) == hash);
            CHECK(hash < slice_prime);
            hash = slice_extended(hash, slice_digit(EventId{(from + count) % 3, from + count}));
        }
    }
    CHECK(prefixes.hash(0, 2) != prefixes.hash(1, 2));
}

}  // namespace ledger::check::test
