#include "node/load_work.h"

#include <utility>

#include "log/base/assert.h"

namespace ledger::node {

Result<std::vector<HashedEntry>> perform_on(
    log::Reader& reader, const log::SegmentMap& map, const Load& load) {
    if (load.bytes_max != Load::alone || !map.holds(load.first)) {
        return reader.read(map, load.first, load.last, load.bytes_max, load.previous_hash);
    }
    LEDGER_ASSERT(load.first == load.last);
    LEDGER_TRY(EntryRef entry, reader.read_unchained(map, load.first));
    std::vector<HashedEntry> one;
    one.push_back({std::move(entry), {}});
    return one;
}

}  // namespace ledger::node
