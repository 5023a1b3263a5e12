#pragma once
// DiskChoices: how likely each harm of a crash is, and the numbered questions that decide it.

#include <array>
#include <cstdint>

#include "log/base/choice.h"

namespace ledger::sim {

// The unit a device writes whole. What a crash tears, it tears between sectors, or between pages.
inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr std::uint64_t device_page_bytes = 4096;

// How a crash treats what was not synced. Each number is a chance in parts per million.
struct CrashProfile {
    std::uint32_t keep = 500'000;        // an unsynced sector, or resize, survives
    std::uint32_t tear = 300'000;        // a lost sector of a torn write, or a never-written
                                         // sector of a file that grew, becomes garbage
    std::uint32_t together = 600'000;    // the sectors of one write share one fate
    std::uint32_t split_size = 350'000;  // a file's length and its data part ways
    std::uint32_t lose_entry = 400'000;  // a directory operation does not survive
    bool whole_pages = false;            // the device writes pages of 4 KiB whole, not sectors

    friend bool operator==(const CrashProfile&, const CrashProfile&) = default;
};

// Nothing unsynced survives: the plainest power failure.
inline constexpr CrashProfile lose_everything{
    .keep = 0, .tear = 0, .together = 1'000'000, .split_size = 0, .lose_entry = 1'000'000};
// The page cache survives whole: a killed process on a machine that keeps running.
inline constexpr CrashProfile keep_everything{
    .keep = 1'000'000, .tear = 0, .together = 1'000'000, .split_size = 0, .lose_entry = 0};

// Asks an entity's questions about one crash and numbers them by site: what is asked about one crash
// moves no question about another.
class Questions {
  public:
    Questions(ChoiceSource& choices, std::uint64_t entity, std::uint64_t crash)
        : choices_(choices), entity_(entity), crash_(crash) {}

    std::uint64_t choose(Site site, std::uint64_t domain);
    // True with this chance; asks nothing when the answer is certain.
    bool strikes(Site site, std::uint32_t parts_per_million);

  private:
    std::uint64_t next(Site site);  // sequence number

    ChoiceSource& choices_;
    const std::uint64_t entity_;
    const std::uint64_t crash_;
    std::array<std::uint32_t, 10> asked_{};  // by site
};

}  // namespace ledger::sim
