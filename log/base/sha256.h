#pragma once
// SHA-256 (FIPS 180-4): commitments, the entry hash chain and the Merkle tree.

#include <array>
#include <cstdint>

#include "log/base/bytes.h"

namespace ledger {

struct Digest {
    std::array<std::byte, 32> bytes{};

    // The first eight bytes as a little-endian number: the `prev_hash64` of a record.
    std::uint64_t truncated() const { return load_little_endian<std::uint64_t>(bytes.data()); }
    ByteSpan span() const { return bytes; }
    friend bool operator==(const Digest&, const Digest&) = default;
};

// Incremental hashing of bytes that do not lie together.
class Sha256 {
  public:
    Sha256();
    Sha256& update(ByteSpan data);
    Digest finish();

  private:
    std::array<std::uint32_t, 8> state_{};
    std::array<std::byte, 64> block_{};
    std::uint64_t length_ = 0;  // bytes so far
};

Digest sha256(ByteSpan data);

// Compresses `count` blocks of 64 bytes into `state` without special instructions; for the test.
void sha256_compress_portable(
    std::array<std::uint32_t, 8>& state, const std::byte* blocks, std::uint64_t count);

}  // namespace ledger
