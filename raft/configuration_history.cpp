#include "raft/configuration_history.h"

#include "log/base/assert.h"

namespace ledger::raft {

bool ConfigurationHistory::knows(Index index) const {
    if (index < oldest_index() || (index > gap_after_ && index < gap_before_)) {
        return false;
    }
    const Index known = in_force_at(index).index;
    return std::none_of(unreadable_.begin(), unreadable_.end(),
        [&](Index damaged) { return damaged <= index && damaged > known; });
}

void ConfigurationHistory::note_unreadable(Index index) {
    LEDGER_ASSERT(unreadable_.empty() || unreadable_.back() < index);
    unreadable_.push_back(index);
}

bool ConfigurationHistory::is_unreadable(Index index) const {
    return std::binary_search(unreadable_.begin(), unreadable_.end(), index);
}

void ConfigurationHistory::learn(Index index, const Configuration& configuration) {
    LEDGER_ASSERT(is_unreadable(index));
    std::erase(unreadable_, index);
    const auto after = std::find_if(all_.begin(), all_.end(),
        [index](const ConfigurationAt& one) { return one.index > index; });
    if (after != all_.begin()) {  // else nobody asks for it any more
        all_.insert(after, {index, configuration});
    }
}

void ConfigurationHistory::learn_in_force_at(Index index, const Configuration& configuration) {
    const auto end = std::upper_bound(unreadable_.begin(), unreadable_.end(), index);
    if (end != unreadable_.begin() && *(end - 1) > in_force_at(index).index) {
        learn(*(end - 1), configuration);
    }
}

const ConfigurationAt& ConfigurationHistory::in_force_at(Index index) const {
    std::size_t at = all_.size() - 1;
    while (all_[at].index > index) {
        LEDGER_ASSERT(at > 0);
        --at;
    }
    return all_[at];
}

std::vector<NodeId> ConfigurationHistory::members() const {
    std::vector<NodeId> found;
    for (const ConfigurationAt& one : all_) {
        for (const NodeId node : one.configuration.members()) {
            const auto at = std::lower_bound(found.begin(), found.end(), node);
            if (at == found.end() || *at != node) {
                found.insert(at, node);
            }
        }
    }
    return found;
}

bool ConfigurationHistory::is_member_of_any(NodeId node) const {
    return std::any_of(all_.begin(), all_.end(), [node](const ConfigurationAt& one) {
        return one.configuration.is_member(node);
    });
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
    std::erase_if(unreadable_, [last](Index index) { return index > last; });
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
    std::erase_if(unreadable_, [this](Index damaged) { return damaged < oldest_index(); });
    LEDGER_ASSERT(!all_.empty());
}

}  // namespace ledger::raft
