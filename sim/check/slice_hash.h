#pragma once
// Slice hash: one number for a run of events; any slice of a known sequence compares in O(1).

#include <cstdint>
#include <vector>

#include "log/base/ids.h"

namespace ledger::check {

// A polynomial in slice_base over the digits of the ids, modulo the prime 2^61 - 1: the hash of
// [from, to) follows from the hashes of two prefixes.
inline constexpr std::uint64_t slice_prime = (std::uint64_t{1} << 61) - 1;
inline constexpr std::uint64_t slice_base = 0x0d1b54a32d192ed3ULL % slice_prime;

// The digit of one id; never 0, so that leading events count.
std::uint64_t slice_digit(const EventId& id);
// The hash of a slice and one more digit. The hash of nothing is 0.
std::uint64_t slice_extended(std::uint64_t hash, std::uint64_t digit);

// The prefixes of a sequence that grows at its end. 16 bytes for each element.
class SlicePrefixes {
  public:
    void push(std::uint64_t digit);
    std::uint64_t length() const { return prefixes_.size() - 1; }
    // Of elements [from, from + count), which must be there.
    std::uint64_t hash(std::uint64_t from, std::uint64_t count) const;

  private:
    std::vector<std::uint64_t> prefixes_ = {0};
    std::vector<std::uint64_t> powers_ = {1};  // of the base
};

}  // namespace ledger::check
