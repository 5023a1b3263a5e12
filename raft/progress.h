#pragma once
// Progress: what the leader knows about one follower's log, and what is on its way there.

#include <array>
#include <cstdint>
#include <optional>

#include "log/base/ids.h"
#include "log/base/time.h"

namespace ledger::raft {

inline constexpr std::uint32_t inflight_messages_capacity = 32;

// The requests sent and not yet answered, oldest first: a ring of fixed size.
class InflightWindow {
  public:
    struct Sent {
        Index last;  // of the entries in the request
        std::uint64_t bytes = 0;
        std::uint64_t round = 0;  // the heartbeat round that was newest when it left
        Instant at;
    };

    bool empty() const { return count_ == 0; }
    std::uint32_t count() const { return count_; }
    std::uint64_t bytes() const { return bytes_; }
    // One message always fits into an empty window.
    bool full(std::uint32_t messages_max, std::uint64_t bytes_max) const {
        return count_ >= messages_max || (count_ > 0 && bytes_ >= bytes_max);
    }
    const Sent& oldest() const;
    void add(const Sent& sent);
    // Forgets requests whose entries end at or below `match`.
    void acknowledged(Index match);
    void clear();

  private:
    std::array<Sent, inflight_messages_capacity> ring_{};
    std::uint32_t begin_ = 0;
    std::uint32_t count_ = 0;
    std::uint64_t bytes_ = 0;  // Invariant: the sum over the ring
};

//            accepted
//   probe ------------> replicate      probe: one request at a time, until a common entry is
//     ^                     |                 found; next moves back with every rejection
//     +---------------------+          replicate: requests leave ahead of their answers
//      rejected, link lost, unanswered
struct Progress {
    enum class State : std::uint8_t { probe = 1, replicate = 2 };
    struct Range {
        Index first;
        Index last;
    };

    NodeId node;
    State state = State::probe;
    Index match;    // highest index known to be on the follower; grows within a term
    Index next{1};  // first index to send
    // Invariant: match < next. Raft fig. 2 (matchIndex, nextIndex).
    bool waiting = false;             // probe: a request is on its way, or was given up for lost
    bool retry = false;               // probe: repeated at the same place, so without entries
    std::uint64_t waiting_round = 0;  // the newest heartbeat round when it left
    std::uint64_t since = 0;  // rejections of requests before this number speak of another place
    std::uint64_t acked_round = 0;  // highest heartbeat round answered; grows
    Instant contact;                // last answer of this term
    Instant nudged;                 // replicate: last empty request that asked for news
    std::optional<Range> loading;   // entries asked for with Ready::loads
    InflightWindow inflight;

    // The follower holds everything up to `index`. Late and repeated answers are harmless.
    // True if this was news.
    bool acknowledged(Index index);
    void become_replicate();
    // Looks for a common entry again, the next request being number `sequence`.
    void become_probe(Index from, std::uint64_t sequence);
    // Sends nothing before a heartbeat later than `round` has been answered.
    void wait_for_heartbeat(std::uint64_t round);
    void answered_round(std::uint64_t round);
};

}  // namespace ledger::raft
