#pragma once
// Shard: which seeds of a campaign a part of it runs, and which of them it has run.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/base/result.h"

namespace ledger::sim {

// Part `index` of `count` of the seeds first..last: every `count`-th one. So each part has all
// kinds of seeds, and a campaign without an end has parts without an end. Invariant: 1 <= index <=
// count <= shards_max, first <= last.
inline constexpr std::uint32_t shards_max = 1'000'000;
struct Shard {
    std::uint64_t first = 1;
    std::uint64_t last = UINT64_MAX;
    std::uint32_t index = 1;
    std::uint32_t count = 1;

    // How many they are; of all 2^64 seeds one less.
    std::uint64_t seeds() const;
    // Its seeds in order: position 0, 1, ... Precondition: position < seeds().
    std::uint64_t seed_at(std::uint64_t position) const;
    // Precondition: it is one of them.
    std::uint64_t position_of(std::uint64_t seed) const;
    friend bool operator==(const Shard&, const Shard&) = default;
};

struct ShardChoice {
    std::uint32_t index = 1;
    std::uint32_t count = 1;
    friend bool operator==(const ShardChoice&, const ShardChoice&) = default;
};
// "3/16", or "env": then both numbers are from the environment, the first of these that is there:
//   LEDGERSIM_SHARD (from 1), LEDGERSIM_SHARDS
//   SLURM_ARRAY_TASK_ID, _MIN, _STEP, _COUNT        an array of Slurm, whole
//   JOB_COMPLETION_INDEX (from 0), LEDGERSIM_SHARDS an indexed job of Kubernetes
// `variable` is null for one that is not set. Errors say what was expected and found.
using Environment = std::function<const char*(const char* name)>;
struct ShardWords {
    std::optional<ShardChoice> choice;
    std::string error;  // if there is none
};
ShardWords parse_shard(std::string_view text, const Environment& variable);

// Numbers, as ranges that are ascending and apart.
class SeedSet {
  public:
    // False, and nothing is added, if one of them is there already. Precondition: first <= last.
    bool add(std::uint64_t first, std::uint64_t last);
    bool add(std::uint64_t number) { return add(number, number); }
    bool contains(std::uint64_t number) const;
    std::uint64_t size() const { return size_; }
    const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges() const { return ranges_; }
    void clear() {
        ranges_.clear();
        size_ = 0;
    }

  private:
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // first and last
    std::uint64_t size_ = 0;
};

}  // namespace ledger::sim
