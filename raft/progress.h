#pragma once
// Progress: what the leader knows about one follower's log, and what is on its way there.

#include <array>
#include <cstdint>
#include <optional>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"

namespace ledger::raft {

class StateWords;

inline constexpr std::uint32_t inflight_messages_capacity = 32;
// Rounds of catching up before the leader gives a learner up, until the next change or leader.
inline constexpr std::uint32_t catch_up_rounds_max = 10;

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

    void describe(StateWords& out) const;  // see Raft::describe()
    void restart_clock(Instant at);        // all of them were sent then

  private:
    std::array<Sent, inflight_messages_capacity> ring_{};
    std::uint32_t begin_ = 0;
    std::uint32_t count_ = 0;
    std::uint64_t bytes_ = 0;  // Invariant: the sum over the ring
};

//            accepted
//   probe ------------> replicate      probe: one request at a time, until a common entry is
//     ^  \                  |                 found; next moves back with every rejection
//     |   \ gone from log   |          replicate: requests leave ahead of their answers
//     |    v                |          snapshot: what is missing was cut away; nothing is sent but
//     |   snapshot <--------+                   the offer of a cut, until it arrived or the
//     |       |             |                   follower reached the log by another way
//     +-------+-------------+
//      arrived; rejected, link lost, unanswered
struct Progress {
    // Thesis §4.2.1: a learner has caught up when it got everything that the leader had at the
    // start of a round in less than an election timeout.
    struct CatchUp {
        Index until;  // 0 = not begun
        Instant since;
        std::uint32_t rounds = 0;  // ended, all of them too slow
        // It stays a learner until the next change or leader.
        bool given_up() const { return rounds == catch_up_rounds_max; }
    };
    // Removed by the configuration at `index`; gets it and its commitment before it is forgotten.
    struct Leaving {
        Index index;
        std::uint64_t told_round = 0;  // the first round that says so; 0 = not yet
        Instant until;                 // forgotten then, told or not
    };
    enum class State : std::uint8_t { probe = 1, replicate = 2, snapshot = 3 };
    struct Range {
        Index first;
        Index last;
    };

    NodeId node;
    bool witness = false;  // as the configuration says; a member's never changes
    Index added;  // by the configuration at this index, in this term; 0 = it was there before
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
    std::optional<Instant> promised;  // when the newest answered heartbeat had left
    Instant nudged;                 // replicate: last empty request that asked for news
    std::optional<Range> loading;   // entries asked for with Ready::loads
    Incarnation incarnation;        // of the last message
    Incarnation addressee;          // whom the newest configuration with it as member meant
    bool trimmed = false;           // it said that its log lacks erasable parts
    bool crowded = false;           // it said last that it has no space for commands
    CatchUp catch_up;
    std::optional<Leaving> leaving;
    InflightWindow inflight;
    LogId offered;         // snapshot: the cut that shall help
    bool sending = false;  // snapshot: the caller was asked to send it

    // The follower holds everything up to `index`. Late and repeated answers are harmless.
    // True if this was news.
    bool acknowledged(Index index);
    void become_replicate();
    // Looks for a common entry again, the next request being number `sequence`.
    void become_probe(Index from, std::uint64_t sequence);
    // Waits for the cut `offered`, which ends before `next`.
    void become_snapshot(LogId cut, std::uint64_t sequence);
    // Sends nothing before a heartbeat later than `round` has been answered.
    void wait_for_heartbeat(std::uint64_t round);
    void answered_round(std::uint64_t round);
};

}  // namespace ledger::raft
