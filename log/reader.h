#pragma once
// Reader: entries of the open log, verified against every checksum and the hash chain.

#include <cstdint>
#include <vector>

#include "log/open_log.h"

namespace ledger::log {

class Reader {
  public:
    explicit Reader(const OpenLog& log) : log_(log) {}

    // As Storage::read.
    Result<std::vector<HashedEntry>> read(Index first, Index last, std::uint64_t bytes_max);
    // The full hash at an index of the log, or just before it.
    Result<Digest> hash_at(Index index);

    // The log was cut after `last`: nothing beyond may be remembered.
    void truncated(Index last);

  private:
    struct Chunk;

    Result<HashMark> start_for(Index first);
    Result<Chunk> load(Index from, Index to, std::uint64_t bytes_wanted) const;
    Result<HashedEntry> decode(const Chunk& chunk, Index index, const Digest& previous) const;

    const OpenLog& log_;
    HashMark cursor_;  // where the last read ended; index 0 = nowhere
};

}  // namespace ledger::log
