#pragma once
// Damage: what can happen to encoded bytes, and what a decoder must make of it.

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/bytes.h"

namespace ledger::state {

// Calls judge(bytes) for the given bytes cut at every length, with every bit flipped, with every
// four bytes in a row turned into the largest number, and with one byte too many.
template <typename Judge>
void for_each_damage(const ByteVector& bytes, Judge judge) {
    for (std::uint64_t size = 0; size < bytes.size(); ++size) {
        judge(ByteVector(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    }
    for (std::uint64_t bit = 0; bit < bytes.size() * 8; ++bit) {
        ByteVector flipped = bytes;
        flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        judge(flipped);
    }
    for (std::uint64_t at = 0; at + 4 <= bytes.size(); ++at) {
        ByteVector lying = bytes;
        store_little_endian(lying.data() + at, ~std::uint32_t{0});
        judge(lying);
    }
    ByteVector longer = bytes;
    longer.push_back(std::byte{0});
    judge(longer);
}

}  // namespace ledger::state
