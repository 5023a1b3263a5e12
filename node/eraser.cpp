#include "node/eraser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::node {

void Eraser::wanted(Instant now, Index index) {
    due_.insert(index);
    begin_at_ = std::min(begin_at_, now + limits_.erase_delay);
}

void Eraser::restored(Instant now) {
    walk_ = Index{1};
    begin_at_ = std::min(begin_at_, now + limits_.erase_delay);
}

void Eraser::stored(Ticket ticket) {
    if (storing_ <= ticket) {
        storing_ = {};
    }
}

bool Eraser::full() const {
    return kept_.size() >= limits_.erase_entries_max || kept_bytes_ >= limits_.erase_bytes_max;
}

void Eraser::refill(const StateMachine& machine) {
    while (walk_ != Index{} && due_.size() < limits_.erase_entries_max) {
        const Index index = machine.erased_from(walk_);
        walk_ = index == Index{} ? Index{} : index.next();
        if (index != Index{}) {
            LEDGER_SOMETIMES(true, "node.erase.wanted_by_restored_state");
            due_.insert(index);
        }
    }
}

void Eraser::sort_out(const Extent& durable) {
    while (!due_.empty() && *due_.begin() < durable.first) {
        due_.erase(due_.begin());  // gone with the log
    }
    while (!due_.empty() && *due_.rbegin() > durable.last) {
        later_.push_back(*due_.rbegin());
        due_.erase(std::prev(due_.end()));
    }
}

std::optional<Eraser::Extent> Eraser::next(
    Instant now, const Extent& durable, const StateMachine& machine) {
    if (reading_ || storing_ != Ticket{} || full() || (!under_way_ && now < begin_at_)) {
        return std::nullopt;
    }
    under_way_ = true;
    do {
        refill(machine);
        sort_out(durable);
    } while (due_.empty() && walk_ != Index{});
    if (due_.empty()) {
        under_way_ = false;
        begin_at_ = later_.empty() ? never : now + limits_.erase_delay;
        due_.insert(later_.begin(), later_.end());
        later_.clear();
        return std::nullopt;
    }
    asked_ = {*due_.begin(), *due_.begin()};
    for (auto at = std::next(due_.begin());
         at != due_.end() && *at == asked_.last.next() && !one_by_one_; ++at) {
        asked_.last = *at;
    }
    return asked_;
}

void Eraser::read(std::span<const EntryRef> found, Index damaged, const StateMachine& machine) {
    LEDGER_ASSERT(reading_);
    reading_ = false;
    one_by_one_ = found.empty();
    if (found.empty()) {
        // What is damaged is repaired by a copy, which is stored in the form in which it is to stay. But
        // the read may have failed for another reason: it is looked at again, later.
        LEDGER_SOMETIMES(true, "node.erase.cannot_be_read");
        const auto look_again = [this](Index index) {
            if (due_.erase(index) > 0) {
                later_.push_back(index);
            }
        };
        look_again(damaged);
        if (asked_.first == asked_.last) {
            look_again(asked_.first);
        }
        return;
    }
    for (const EntryRef& entry : found) {
        if (due_.count(entry.index) == 0) {
            continue;
        }
        EntryRef stays = entry;
        stays.handle = machine.as_it_stays(entry.index, entry.handle);
        stays.bytes = stays.handle ? stays.handle->size() : 0;
        LEDGER_SOMETIMES(stays.bytes == entry.bytes, "node.erase.done_before");
        if (stays.bytes < entry.bytes || stays.handle.erasure() != entry.handle.erasure()) {
            kept(stays);
        } else {
            passed(entry.index);
        }
    }
}

void Eraser::kept(const EntryRef& entry) {
    EntryRef& place = kept_[entry.index];  // what was to be kept of it before was no less
    kept_bytes_ += entry.bytes;
    kept_bytes_ -= place.bytes;
    place = entry;
    due_.erase(entry.index);
}

std::vector<EntryRef> Eraser::take() {
    const bool more = under_way_ && !full();
    if (kept_.empty() || more || storing_ != Ticket{}) {
        return {};
    }
    std::vector<EntryRef> entries;
    entries.reserve(kept_.size());
    for (auto& [index, entry] : kept_) {
        entries.push_back(std::move(entry));
    }
    kept_.clear();
    kept_bytes_ = 0;
    return entries;
}

Instant Eraser::deadline() const {
    return reading_ || storing_ != Ticket{} || under_way_ ? never : begin_at_;
}

}  // namespace ledger::node
