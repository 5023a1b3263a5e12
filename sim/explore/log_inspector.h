#pragma once
// LogInspector: says of an opened log what it holds, every entry compared with what was written.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/log_map.h"
#include "log/storage.h"
#include "sim/explore/sector_image.h"
#include "sim/explore/log_stage.h"

namespace ledger::sim {

// The entries that were ever handed to a storage, in every form that was.
class WrittenEntries {
  public:
    void add(const HashedEntry& entry);
    // A sentence, or empty if this very entry was written, or is what was to be left of one.
    std::string judge(const HashedEntry& found) const;

  private:
    std::vector<std::vector<HashedEntry>> by_index_;
};

// For one disk image in all its states. An entry that the opening did not read is read through the
// storage, but only once for the same bytes at the same place under the same map: reading is a
// function of these.
class LogInspector {
  public:
    LogInspector(const SectorImage& image, const WrittenEntries& written)
        : image_(image), written_(written) {}

    FoundLog look_at(Result<log::Opened>& opened);

  private:
    std::string read_rest(log::Opened& opened, std::vector<std::uint32_t>& left);
    Hash128 view_of(const log::SegmentMap& map, Index last);
    void add_file(Hash128& view, SegmentId segment);
    std::optional<NameNumber> segment_name(SegmentId segment);

    const SectorImage& image_;
    const WrittenEntries& written_;
    std::vector<NameNumber> segments_;           // by segment id
    // Those that were read and are as written, and what was found there as FoundLog::left.
    LookupTable<Hash128, std::uint32_t> views_;  // a number in lefts_
    std::vector<std::vector<std::uint32_t>> lefts_;
};

}  // namespace ledger::sim
