#include "sim/program/shard.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && at == end && !text.empty() ? std::optional(value) : std::nullopt;
}

ShardWords choose(std::optional<std::uint64_t> index, std::optional<std::uint64_t> count,
    const std::string& found) {
    if (!index || !count || *index < 1 || *index > *count || *count > shards_max) {
        return {.choice = std::nullopt,
            .error = fmt::format(
                "expected I/N with 1 <= I <= N <= {}, or env, found {}", shards_max, found)};
    }
    return {.choice =
                ShardChoice{static_cast<std::uint32_t>(*index), static_cast<std::uint32_t>(*count)},
        .error = {}};
}

ShardWords from_environment(const Environment& variable) {
    std::string found;
    const auto value = [&](const char* name) {
        const char* text = variable(name);
        found += fmt::format("{}{}={}", found.empty() ? "" : " ", name, text ? text : "(not set)");
        return number(text ? text : "");
    };
    if (variable("LEDGERSIM_SHARD") != nullptr) {
        const auto index = value("LEDGERSIM_SHARD");
        const auto count = value("LEDGERSIM_SHARDS");
        return choose(index, count, found);
    }
    if (variable("SLURM_ARRAY_TASK_ID") != nullptr) {
        const auto id = value("SLURM_ARRAY_TASK_ID");
        const auto count = value("SLURM_ARRAY_TASK_COUNT");
        const auto least = value("SLURM_ARRAY_TASK_MIN");
        // Slurm names no step where it is 1.
        const bool stepless = variable("SLURM_ARRAY_TASK_STEP") == nullptr;
        const auto step =
            stepless ? std::optional<std::uint64_t>(1) : value("SLURM_ARRAY_TASK_STEP");
        const bool whole =
            id && least && step && *step > 0 && *id >= *least && (*id - *least) % *step == 0;
        return choose(
            whole ? std::optional((*id - *least) / *step + 1) : std::nullopt, count, found);
    }
    if (variable("JOB_COMPLETION_INDEX") != nullptr) {
        const auto index = value("JOB_COMPLETION_INDEX");
        const auto count = value("LEDGERSIM_SHARDS");
        return choose(index ? std::optional(*index + 1) : std::nullopt, count, found);
    }
    return {.choice = std::nullopt,
        .error =
            "env: neither LEDGERSIM_SHARD nor SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"};
}

}  // namespace

std::uint64_t Shard::seeds() const {
    LEDGER_ASSERT(1 <= index && index <= count);
    LEDGER_ASSERT(first <= last);
    const std::uint64_t span = last - first;
    if (span < index - 1) {
        return 0;
    }
    const std::uint64_t further = (span - (index - 1)) / count;
    return further == UINT64_MAX ? further : further + 1;
}

std::uint64_t Shard::seed_at(std::uint64_t position) const {
    LEDGER_ASSERT(position < seeds());
    return first + (index - 1) + position * count;
}

std::uint64_t Shard::position_of(std::uint64_t seed) const {
    LEDGER_ASSERT(first <= seed && seed <= last);
    LEDGER_ASSERT((seed - first) % count == index - 1);
    return (seed - first) / count;
}

ShardWords parse_shard(std::string_view text, const Environment& variable) {
    if (text == "env") {
        return from_environment(variable);
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    return choose(number(text.substr(0, slash)),
        number(text.substr(std::min(slash + 1, text.size()))), std::string(text));
}

bool SeedSet::add(std::uint64_t first, std::uint64_t last) {
    LEDGER_ASSERT(first <= last);
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), first,
        [](std::uint64_t value, const auto& range) { return value < range.first; });
    const bool overlaps = (after != ranges_.begin() && std::prev(after)->second >= first) ||
                          (after != ranges_.end() && after->first <= last);
    if (overlaps) {
        return false;
    }
    size_ += last - first + 1;
    const bool joins_before = after != ranges_.begin() && std::prev(after)->second + 1 == first;
    const bool joins_after = after != ranges_.end() && after->first == last + 1;
    if (joins_before && joins_after) {
        std::prev(after)->second = after->second;
        ranges_.erase(after);
    } else if (joins_before) {
        std::prev(after)->second = last;
    } else if (joins_after) {
        after->first = first;
    } else {
        ranges_.insert(after, {first, last});
    }
    return true;
}

bool SeedSet::contains(std::uint64_t number) const {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), number,
        [](std::uint64_t value, const auto& range) { return value < range.first; });
    return after != ranges_.begin() && std::prev(after)->second >= number;
}

}  // namespace ledger::sim
