#pragma once
// Floors: the log kernel: the highest version that ended operations have shown, at every moment.

#include <cstdint>
#include <span>
#include <vector>

namespace ledger::check {

// The order of all writes is known, so an operation has a rank: the write that makes version v has
// 2v, an observation of v has 2v + 1. One number suffices, the highest rank that an ended operation
// has shown: it is the floor of everything called later. A write below its floor entered the past;
// an observation takes the least allowed version at or above its floor, and is stale if there is
// none. Sound and complete for a known order (checking.md 6.3): taking the least version is at or
// below what any other explanation takes.
class Floors {
  public:
    struct Floor {
        std::uint64_t rank = 0;
        std::uint64_t by = 0;  // who has shown it, as the caller numbers; meaningless at rank 0

        std::uint64_t version() const { return rank / 2; }
    };
    // The floor of what is called after `time`: intervals are closed, so at `time` it is not yet.
    struct Step {
        std::int64_t time = 0;
        Floor floor;
    };

    static constexpr std::uint64_t write_rank(std::uint64_t version) { return 2 * version; }
    static constexpr std::uint64_t observation_rank(std::uint64_t version) {
        return 2 * version + 1;
    }

    // So many steps may come: saves copying.
    void expect(std::uint64_t steps) { steps_.reserve(steps); }
    Floor now() const { return steps_.empty() ? Floor{} : steps_.back().floor; }
    // What operations that ended before `time` had shown.
    Floor before(std::int64_t time) const;
    // The first step that shows `version` or more; nullptr if none does.
    const Step* first_showing(std::uint64_t version) const;
    // Rising in rank, not falling in time.
    std::span<const Step> steps() const { return steps_; }

    // `who` ended at `time`, not before whoever was raised last, and has shown `rank`; `own` was
    // its floor. True if `who` is now named as the witness: an observation that took its version
    // only from its own floor is no evidence by itself, since what set that floor ended earlier
    // and shows as much.
    bool raise(std::uint64_t rank, std::uint64_t who, const Floor& own, std::int64_t time);

  private:
    std::vector<Step> steps_;  // at most two per version
};

}  // namespace ledger::check
