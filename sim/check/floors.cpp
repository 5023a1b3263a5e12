#include "sim/check/floors.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::check {

Floors::Floor Floors::before(std::int64_t time) const {
    // Calls are recent: few operations have ended since.
    constexpr std::uint64_t near_steps = 8;
    std::uint64_t end = steps_.size();
    for (std::uint64_t i = 0; i < near_steps; ++i, --end) {
        if (end == 0) {
            return {};
        }
        if (steps_[end - 1].time < time) {
            return steps_[end - 1].floor;
        }
    }
    // Then in strides that double, and a search between the last two.
    std::uint64_t begin = end;
    for (std::uint64_t stride = near_steps; begin > 0 && steps_[begin - 1].time >= time;
        stride *= 2) {
        end = begin;
        begin -= std::min(begin, stride);
    }
    const auto at = std::partition_point(steps_.begin() + static_cast<std::int64_t>(begin),
        steps_.begin() + static_cast<std::int64_t>(end),
        [time](const Step& step) { return step.time < time; });
    return at == steps_.begin() ? Floor{} : (at - 1)->floor;
}

const Floors::Step* Floors::first_showing(std::uint64_t version) const {
    const auto at = std::partition_point(steps_.begin(), steps_.end(),
        [version](const Step& step) { return step.floor.version() < version; });
    return at == steps_.end() ? nullptr : &*at;
}

bool Floors::raise(std::uint64_t rank, std::uint64_t who, const Floor& own, std::int64_t time) {
    if (rank <= now().rank) {
        return false;
    }
    LEDGER_ASSERT(steps_.empty() || steps_.back().time <= time);
    const bool borrowed = own.rank != 0 && own.version() == rank / 2;
    steps_.push_back({time, {rank, borrowed ? own.by : who}});
    return !borrowed;
}

}  // namespace ledger::check
