#pragma once
// ReadQueue: reads that wait until a quorum has confirmed the leader (ReadIndex, thesis §6.4).

#include <cstdint>
#include <span>
#include <vector>

#include "log/base/assert.h"
#include "log/base/ids.h"
#include "raft/ready.h"

namespace ledger::raft {

// Reads in the order of arrival. A read is *gated* until the leader has committed an entry of its
// own term, then it has an index and the heartbeat round that will confirm it.
class ReadQueue {
  public:
    struct Waiting {
        ReadId id;                // of the caller, or the number of a peer's request
        Index index;              // commit when the read arrived, or when the gate opened
        std::uint64_t round = 0;  // 0 = gated
        NodeId from;              // the peer that asks; 0 = the own caller
    };

    bool empty() const { return waiting_.empty(); }
    std::uint64_t size() const { return waiting_.size(); }
    std::span<const Waiting> all() const { return waiting_; }

    void add_gated(ReadId id, NodeId from) {
        LEDGER_ASSERT(waiting_.empty() || waiting_.back().round == 0);
        waiting_.push_back({id, Index{}, 0, from});
    }
    void add(ReadId id, NodeId from, Index index, std::uint64_t round) {
        LEDGER_ASSERT(round > 0);
        LEDGER_ASSERT(waiting_.empty() || waiting_.back().round <= round);
        waiting_.push_back({id, index, round, from});
    }
    std::uint64_t count_from(NodeId from) const {
        std::uint64_t count = 0;
        for (const Waiting& read : waiting_) {
            count += read.from == from ? 1u : 0u;
        }
        return count;
    }
    bool contains(ReadId id, NodeId from) const {
        for (const Waiting& read : waiting_) {
            if (read.id == id && read.from == from) {
                return true;
            }
        }
        return false;
    }
    // The leader's first own commit: what the previous leader acknowledged is below it.
    void open_gate(Index commit, std::uint64_t round) {
        for (Waiting& read : waiting_) {
            LEDGER_ASSERT(read.round == 0);
            read.index = commit;
            read.round = round;
        }
    }

    // Some read needs a round later than `started`.
    bool needs_round_after(std::uint64_t started) const {
        return !waiting_.empty() && waiting_.back().round > started;
    }
    // Some read waits for a round that has been started.
    bool awaits_round(std::uint64_t started) const {
        return !waiting_.empty() && waiting_.front().round != 0 &&
               waiting_.front().round <= started;
    }
    // The reads, from the front, that a quorum's answer to `round` confirms.
    std::span<const Waiting> confirmed_by(std::uint64_t round) const {
        std::size_t count = 0;
        while (count < waiting_.size() && waiting_[count].round != 0 &&
               waiting_[count].round <= round) {
            ++count;
        }
        return {waiting_.data(), count};
    }
    void pop(std::uint64_t count) {
        LEDGER_ASSERT(count <= waiting_.size());
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }

  private:
    // Invariant: rounds do not decrease, and either all reads are gated or none is.
    std::vector<Waiting> waiting_;
};

}  // namespace ledger::raft
