#pragma once
// EntryMaker: entries, restarts and cuts with content by choice, for generated workloads.

#include <array>
#include <cstdint>
#include <vector>

#include "log/base/assert.h"
#include "log/base/choice.h"
#include "log/storage.h"
#include "sim/explore/cut_stage.h"

namespace ledger::sim {

// Numbered questions to the sites of the explorer, one counter for each of them.
class Dice {
  public:
    explicit Dice(ChoiceSource& choices) : choices_(choices) {}

    // In [0, domain).
    std::uint64_t below(Site site, std::uint64_t domain) {
        const std::size_t counter =
            static_cast<std::size_t>(site) - static_cast<std::size_t>(Site::explore_profile);
        LEDGER_ASSERT(counter < asked_.size());
        return choices_.choose(site, 0, asked_[counter]++, domain);
    }
    std::uint64_t between(Site site, std::uint64_t low, std::uint64_t high) {
        return low + below(site, high - low + 1);
    }
    bool strikes(Site site, std::uint64_t percent) { return below(site, 100) < percent; }

  private:
    ChoiceSource& choices_;
    std::array<std::uint64_t, 4> asked_{};
};

// The dice outlive it.
class EntryMaker {
  public:
    explicit EntryMaker(Dice& dice) : dice_(dice) {}

    // Some entries are configurations: an opening reads the newest, wherever it lies.
    bool configurations = false;

    ByteVector bytes(std::uint64_t count);
    // So many that follow `end`, each below `bytes_max`.
    std::vector<HashedEntry> entries(
        log::LogStart end, Term term, std::uint64_t count, std::uint64_t bytes_max);
    log::LogStart restart(LogId at);
    // Of 1 to `chunks_max` chunks.
    KnownCut cut(LogId at, std::uint64_t chunks_max);

  private:
    HashedEntry entry(const log::LogStart& end, Term term, std::uint64_t bytes_max);

    Dice& dice_;
};

}  // namespace ledger::sim
