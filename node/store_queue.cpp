#include "node/store_queue.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::node {

void StoreQueue::reset(LogId last, const HardState& hard_state) {
    LEDGER_ASSERT(submitted_ == stored_);
    end_ = last;
    submitted_end_ = last.index;
    hard_state_ = hard_state;
}

void StoreQueue::set_hard_state(const HardState& hard_state) {
    LEDGER_ASSERT(hard_state.term >= hard_state_.term);
    hard_state_ = hard_state;
    pending_.hard_state = hard_state;
}

void StoreQueue::restart(const log::LogStart& start) {
    LEDGER_ASSERT(hard_state_.term >= start.id.term);
    LEDGER_SOMETIMES(!pending_.entries.empty(), "node.store.restart_drops_entries");
    pending_.restart = start;
    pending_.truncate_to.reset();
    pending_.entries.clear();
    pending_.repairs.clear();
    pending_.erasures.clear();
    pending_bytes_ = 0;
    end_ = start.id;
    submitted_end_ = start.id.index;
}

void StoreQueue::truncate(Index last_kept, Term term_of_last_kept, const Digest& hash) {
    LEDGER_ASSERT(last_kept < end_.index);
    while (!pending_.entries.empty() && pending_.entries.back().entry.index > last_kept) {
        pending_bytes_ -= pending_.entries.back().entry.bytes;
        pending_.entries.pop_back();
    }
    // Only what was handed to the disk needs a durable truncation.
    const Index disk_end = std::min(submitted_end_, pending_.truncate_to.value_or(submitted_end_));
    if (last_kept < disk_end) {
        LEDGER_ASSERT(pending_.entries.empty());
        pending_.truncate_to = last_kept;
        pending_.truncate_hash = hash;
    }
    LEDGER_SOMETIMES(last_kept >= disk_end, "node.store.truncated_before_the_disk_saw_it");
    end_ = {term_of_last_kept, last_kept};
}

void StoreQueue::append(HashedEntry&& entry) {
    LEDGER_ASSERT(entry.entry.index == end_.index.next());
    end_ = entry.entry.id();
    pending_bytes_ += entry.entry.bytes;
    pending_.entries.push_back(std::move(entry));
}

void StoreQueue::repair(const EntryRef& entry) {
    const auto at = std::find_if(pending_.repairs.begin(), pending_.repairs.end(),
        [&](const EntryRef& other) { return other.index >= entry.index; });
    pending_.repairs.insert(at, entry);
}

void StoreQueue::erase(std::vector<EntryRef>&& entries) {
    LEDGER_ASSERT(pending_.erasures.empty());
    pending_.erasures = std::move(entries);
}

void StoreQueue::replace_body(Index index, const EntryHandle& body) {
    const std::uint32_t bytes = body ? body->size() : 0;
    for (HashedEntry& entry : pending_.entries) {
        if (entry.entry.index == index) {
            LEDGER_SOMETIMES(true, "node.store.erased_before_the_disk_saw_it");
            pending_bytes_ = pending_bytes_ - entry.entry.bytes + bytes;
            entry.entry.handle = body;
            entry.entry.bytes = bytes;
        }
    }
    for (EntryRef& entry : pending_.repairs) {
        if (entry.index == index) {
            entry.handle = body;
            entry.bytes = bytes;
        }
    }
}

Ticket StoreQueue::everything() const {
    if (!pending_.seal_only()) {
        return submitted_.next();
    }
    return submitted_ == stored_ ? Ticket{} : submitted_;
}

bool StoreQueue::ready() const {
    return !pending_.seal_only() && submitted_ - stored_ < outstanding_max;
}

StoreQueue::Submitted StoreQueue::submit(Index commit) {
    LEDGER_ASSERT(submitted_ - stored_ < outstanding_max);
    ++submitted_;
    Slot& slot = slots_[submitted_.value % outstanding_max];
    std::swap(slot.group, pending_);
    slot.group.commit = std::min(commit, end_.index);
    slot.ends_with = {end_, hard_state_, slot.group.seal_only()};
    submitted_end_ = end_.index;
    pending_.hard_state.reset();
    pending_.restart.reset();
    pending_.truncate_to.reset();
    pending_.entries.clear();
    pending_.repairs.clear();
    pending_.erasures.clear();
    pending_bytes_ = 0;
    LEDGER_SOMETIMES(submitted_ - stored_ == outstanding_max, "node.store.two_outstanding");
    return {submitted_, &slot.group};
}

StoreQueue::Durable StoreQueue::stored(Ticket ticket) {
    LEDGER_ASSERT(ticket == stored_.next());
    LEDGER_ASSERT(ticket <= submitted_);
    stored_ = ticket;
    Slot& slot = slots_[ticket.value % outstanding_max];
    slot.group.entries.clear();
    slot.group.repairs.clear();
    slot.group.erasures.clear();
    return slot.ends_with;
}

}  // namespace ledger::node
