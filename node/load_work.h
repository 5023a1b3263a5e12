#pragma once
// LoadWork: carries out a Load, on whatever thread a host has for reading.

#include <vector>

#include "log/reader.h"
#include "node/effect.h"

namespace ledger::node {

// What Loaded::entries reports; the hash of an entry that is read alone is zero. Errors are those of
// the reader, which says what is damaged.
Result<std::vector<HashedEntry>> perform_on(
    log::Reader& reader, const log::SegmentMap& map, const Load& load);

}  // namespace ledger::node
