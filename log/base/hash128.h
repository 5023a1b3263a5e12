#pragma once
// Hash128: the rolling hash of a run, over values field by field, never over raw memory.

#include <cstdint>

#include "log/base/bytes.h"

namespace ledger {

// Not cryptographic. Order matters; every add() depends on all before it. The value is the same
// on every compiler, build type and word size.
class Hash128 {
  public:
    Hash128() = default;
    // The hash that had this value: adding goes on from there.
    Hash128(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}

    void add(std::uint64_t value) {
        high_ = rotate(high_ ^ (value * 0x9e3779b97f4a7c15ULL), 27) * 0xbf58476d1ce4e5b9ULL + low_;
        low_ = rotate(low_ + (value ^ 0x94d049bb133111ebULL), 31) * 0xd6e8feb86659fd93ULL ^ high_;
    }
    // Length first, so that two fields cannot run into each other.
    void add_bytes(ByteSpan data) {
        add(static_cast<std::uint64_t>(data.size()));
        while (data.size() >= 8) {
            add(load_little_endian<std::uint64_t>(data.data()));
            data = data.subspan(8);
        }
        std::uint64_t rest = 0;
        for (std::byte b : data) {
            rest = (rest << 8) | static_cast<std::uint64_t>(b);
        }
        add(rest);
    }

    std::uint64_t high() const { return high_; }
    std::uint64_t low() const { return low_; }
    friend bool operator==(const Hash128&, const Hash128&) = default;

  private:
    static constexpr std::uint64_t rotate(std::uint64_t x, int by) {
        return (x << by) | (x >> (64 - by));
    }

    std::uint64_t high_ = 0x6a09e667f3bcc908ULL;
    std::uint64_t low_ = 0xbb67ae8584caa73bULL;
};

}  // namespace ledger
