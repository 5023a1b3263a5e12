#pragma once
// ProposalQueue: commands that a leader has taken and not yet proposed. They go together: what one
// turn of the host brings, and what comes while as many entries are still on their way.

#include <cstdint>
#include <span>
#include <vector>

#include "log/base/entry.h"
#include "log/base/time.h"

namespace ledger::node {

class ProposalQueue {
  public:
    struct Asker {
        ClientId client;
        RequestId request;
    };

    // Nothing waits for earlier entries longer than `wait_max`.
    explicit ProposalQueue(Duration wait_max) : wait_max_(wait_max) {}

    bool empty() const { return entries_.empty(); }
    std::uint64_t size() const { return entries_.size(); }
    std::uint64_t bytes() const { return bytes_; }

    void add(Instant now, const Asker& asker, EntryHandle&& body);
    // The host has handed over all that it had at once.
    void turn_over() { turn_over_ = true; }

    // Whether they should be proposed now, while `uncommitted` entries are on their way.
    bool due(Instant now, std::uint64_t uncommitted) const;
    // When the queue wants to be asked again if nothing else happens. During a turn that is a
    // moment of this turn: at once, but after all that is there already.
    Instant deadline() const;

    // In order; entries without index, term and stamps. Valid until the next add() or clear().
    std::span<EntryRef> entries() { return entries_; }
    std::span<const Asker> askers() const { return askers_; }
    void clear();

  private:
    const Duration wait_max_;
    // Invariant: as many of one as of the other.
    std::vector<EntryRef> entries_;
    std::vector<Asker> askers_;
    std::uint64_t bytes_ = 0;
    bool turn_over_ = true;  // since the last add()
    Instant turn_began_;     // when the first of this turn came
    Instant first_at_;       // when the oldest of all came
};

}  // namespace ledger::node
