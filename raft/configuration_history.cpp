#include "raft/configuration_history.h"

#include "log/base/assert.h"

namespace ledger::raft {

bool ConfigurationHistory::knows(Index index) const {
    return index >= oldest_index() && !(index > gap_after_ && index < gap_before_);
}

const ConfigurationAt& ConfigurationHistory::in_force_at(Index index) const {
    std::size_t at = all_.size() - 1;
    while (all_[at].index > index) {
        LEDGER_ASSERT(at > 0);
        --at;
    }
    return all_[at];
}

std::uint64_t ConfigurationHistory::count_from(Index index) const {
    std::uint64_t count = 0;
    for (const ConfigurationAt& one : all_) {
        count += one.index >= index ? 1u : 0u;
    }
    return count;
}

void ConfigurationHistory::append(Index index, const Configuration& configuration) {
    LEDGER_ASSERT(index > current_index());
    all_.push_back({index, configuration});
}

void ConfigurationHistory::append_after_gap(Index index, const Configuration& configuration) {
    LEDGER_ASSERT(gap_before_ == Index{});  // a log has one, at most: at boot
    gap_after_ = current_index();
    gap_before_ = index;
    append(index, configuration);
}

bool ConfigurationHistory::truncate_to(Index last) {
    const std::size_t before = all_.size();
    LEDGER_ASSERT(all_.front().index <= last);
    LEDGER_ASSERT(last >= gap_before_);
    while (all_.back().index > last) {
        all_.pop_back();
    }
    return all_.size() < before;
}

void ConfigurationHistory::forget_before(Index index) {
    std::size_t kept = 0;
    while (kept + 1 < all_.size() && all_[kept + 1].index <= index) {
        ++kept;
    }
    all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(kept));
    LEDGER_ASSERT(!all_.empty());
}

}  // namespace ledger::raft
