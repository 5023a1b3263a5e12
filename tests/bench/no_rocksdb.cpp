// The other half of group_log.h where RocksDB is not installed.

#include "tests/bench/group_log.h"

namespace ledger::bench {

std::unique_ptr<GroupLog> make_rocksdb(const std::string&, const GroupShape&) {
    return nullptr;
}

}  // namespace ledger::bench
