#pragma once
// GroupLog: something that takes groups of bodies and has them on the disk when it returns.

#include <cstdint>
#include <memory>
#include <string>

namespace ledger::bench {

// What one group is made of.
struct GroupShape {
    std::uint64_t body_bytes = 0;  // of each entry
    std::uint64_t entries = 0;
};

class GroupLog {
  public:
    virtual ~GroupLog() = default;
    // One more group, not yet on the disk; not part of what is measured.
    virtual void prepare() = 0;
    // Writes it, and flushes once.
    virtual void append() = 0;
    // Written to files since it was made.
    virtual std::uint64_t file_bytes() const = 0;
};

// RocksDB with default options and synchronous writes: one batch of puts is one group. Null in a
// build without it (package librocksdb-dev).
std::unique_ptr<GroupLog> make_rocksdb(const std::string& directory, const GroupShape& shape);

}  // namespace ledger::bench
