#pragma once
// SealedPlaces: where the entries of a sealed segment lie, read from its footer when somebody asks.

#include "log/file_system.h"
#include "log/log_map.h"

namespace ledger::log {

// What `map` holds of the segment, which is not empty, in a map in which every entry of it is placed:
// one of its own, or `map` itself, which must outlive it, where the segment is not sealed. Where both copies of the footer are damaged the body is searched for the entries.
// Errors: out_of_range if the file is newer than the map, and has not all that the map holds;
// faulty_entry if neither footer nor body say where an entry lies, which is then `*lost`; else the
// device's.
Result<SharedMap> placed_segment(
    File& file, const SegmentMap& map, SegmentId segment, Index* lost = nullptr);

// The same, of the segment's file in this directory.
Result<SharedMap> placed_segment(
    FileSystem& files, const std::string& directory, const SegmentMap& map, SegmentId segment);

}  // namespace ledger::log
