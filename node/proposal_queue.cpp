#include "node/proposal_queue.h"

#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::node {

void ProposalQueue::add(Instant now, const Asker& asker, EntryHandle&& body) {
    LEDGER_ASSERT(body);
    LEDGER_ASSERT(entries_.size() == askers_.size());
    if (entries_.empty()) {
        first_at_ = now;
    }
    EntryRef& entry = entries_.emplace_back();
    entry.kind = EntryKind::command;
    entry.bytes = body->size();
    entry.handle = std::move(body);
    bytes_ += entry.bytes;
    askers_.push_back(asker);
    if (turn_over_) {
        turn_over_ = false;
        turn_began_ = now;
    }
}

// What is proposed alone costs as many messages, writes and flushes as what is proposed together,
// and those are most of what a command costs. So a smaller group waits for the one before it; as
// that commits, it goes. Under load two groups of about the same size take turns.
bool ProposalQueue::due(Instant now, std::uint64_t uncommitted) const {
    if (entries_.empty() || !turn_over_) {
        return false;
    }
    const bool late = now >= first_at_ + wait_max_;
    LEDGER_SOMETIMES(late && uncommitted > size(), "node.proposals.waited_long_enough");
    return uncommitted <= size() || late;
}

Instant ProposalQueue::deadline() const {
    if (entries_.empty()) {
        return never;
    }
    return turn_over_ ? first_at_ + wait_max_ : turn_began_;
}

void ProposalQueue::clear() {
    entries_.clear();
    askers_.clear();
    bytes_ = 0;
    turn_over_ = true;
}

}  // namespace ledger::node
