#pragma once
// CrashStates: every image that a crash may leave of a disk and a list of operations: each crash
// point, each subset of the operations that no sync has covered, each way to tear them.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/explore/sector_image.h"
#include "sim/explore/recording_disk.h"

namespace ledger::sim {

// Subsets are taken of the newest so many un-synced operations; older ones have arrived whole.
inline constexpr std::uint32_t unsynced_max = 12;
// A crash point with more states than this gets fewer operations torn at once; subsets stay whole.
inline constexpr std::uint64_t states_max = 100'000;
// Sectors of one write whose patterns are tried; those behind them share the fate of the last one.
inline constexpr std::uint32_t torn_sectors_max = 63;

// What becomes of one un-synced operation. For a write: the sectors in `reached` are as they were
// written, what the others hold is told by `rest`, and a file that the write makes longer ends
// either where the write does (`whole_size`) or behind the last sector that reached the disk. A
// truncation that is torn leaves `kept` sectors behind its new end, a rename both names.
struct Fate {
    enum class Rest : std::uint8_t { old, zeros, garbage };

    std::uint64_t reached = 0;  // bit i = sector i
    Rest rest = Rest::old;
    bool whole_size = true;
    bool is_torn = false;  // neither lost nor whole
    std::uint32_t kept = 0;
};

// Of a write of so many sectors: lost, whole, then the torn ones: every prefix, every suffix, all
// but one and just one sector, each over what was there, over zeros and over garbage; and if the
// file grows, with its new length and without.
std::vector<Fate> write_fates(std::uint32_t sectors, bool grows);

// A state by its way.
struct CrashPlace {
    std::uint64_t point = 0;      // so many operations had been issued
    std::uint64_t unsynced = 0;   // of these, not covered by a sync
    std::uint64_t subset = 0;     // bit i: un-synced operation i is there, if only in part
    std::uint64_t torn = 0;       // bit i: it is torn
};

class CrashVisitor {
  public:
    virtual ~CrashVisitor() = default;
    // The image is in the state; it may be changed if it is rolled back. False = no more states.
    virtual bool visit(const CrashPlace& place) = 0;
};

// Which states are visited.
struct CrashRange {
    std::uint32_t torn_max = unsynced_max;  // operations that are torn at once
    // Only these, if given.
    std::uint64_t point_first = 0;
    std::uint64_t point_last = UINT64_MAX;
    std::uint64_t subset = UINT64_MAX;  // UINT64_MAX = all
};

class CrashStates {
  public:
    // `image` is durable, as it was before the first operation, and is so again afterwards.
    // `garbage`: sealed blocks of random content, at least one.
    CrashStates(SectorImage& image, const std::vector<const Block*>& garbage);

    void visit_all(const OperationLog& log, const CrashRange& range, CrashVisitor& visitor);

  private:
    void issue(const RecordedOperation& operation, std::uint32_t number);
    void arrive(const RecordedOperation& operation);
    void visit_point(std::uint64_t point);
    std::uint32_t torn_at_once(std::uint32_t first);
    void choose(std::uint32_t at, std::uint32_t torn_left);
    void apply(const RecordedOperation& operation, const Fate& fate, std::uint32_t number);
    void apply_write(const RecordedOperation& operation, const Fate& fate, std::uint32_t number);
    void apply_resize(const RecordedOperation& operation, const Fate& fate);
    const std::vector<Fate>& fates_of(const RecordedOperation& operation);

    SectorImage& image_;
    const std::vector<const Block*>& garbage_;
    const OperationLog* log_ = nullptr;
    const CrashRange* range_ = nullptr;
    CrashVisitor* visitor_ = nullptr;
    std::vector<std::uint32_t> unsynced_;  // numbers of operations
    CrashPlace place_;
    bool ended_ = false;
    std::vector<std::vector<Fate>> writes_;  // by 2 * sectors + grows, made when asked for
    std::vector<std::vector<Fate>> truncations_;  // by the sectors that go
};

}  // namespace ledger::sim
