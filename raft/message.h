#pragma once
// Message: what Raft peers say to each other, one struct per message.

#include <cstdint>
#include <variant>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"

namespace ledger::raft {

// Every message carries `term`, the sender's current term. A reply echoes what it answers, and
// its receiver drops it when that no longer fits.

// Would you vote for me? Changes nothing durable on either side (thesis §9.6).
struct PreVoteRequest {
    Term term;
    Term proposed;              // the term the sender would campaign in: its own plus one
    LogId last;                 // the sender's last entry
    std::uint64_t attempt = 0;  // the sender's pre-vote round, echoed
    Incarnation addressee;      // whom the sender's configuration means; 0 = it does not know
    friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
};

struct PreVoteResponse {
    Term term;
    Term proposed;
    std::uint64_t attempt = 0;
    bool granted = false;
    // Not 0: the committed configuration of this index does not know you; stop campaigning.
    Index removed;
    friend bool operator==(const PreVoteResponse&, const PreVoteResponse&) = default;
};

// RequestVote (Raft fig. 2). Leaves only when the sender's own vote and log are durable.
struct VoteRequest {
    Term term;
    LogId last;
    bool transfer = false;  // campaign asked for by the leader: passes leader stickiness
    Incarnation addressee;  // whom the sender's configuration means; 0 = it does not know
    friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};

// A granted vote leaves only when it is durable.
struct VoteResponse {
    Term term;
    bool granted = false;
    friend bool operator==(const VoteResponse&, const VoteResponse&) = default;
};

// AppendEntries (Raft fig. 2). `entries` follow `previous` without a gap; empty = a probe.
struct AppendRequest {
    Term term;
    LogId previous;
    Index commit;                // the leader's
    std::uint64_t sequence = 0;  // the leader's numbering of requests in its term, echoed
    std::vector<EntryRef> entries;
    Incarnation addressee;       // the disk that the leader knows there; 0 = any
    bool trimmed = false;        // for a witness: entries without their erasable parts
    friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};

// accepted: the follower's log equals the leader's up to `match`, durably (the response waits).
// rejected: the log has no entry `previous`; `hint` is where the leader should look next.
struct AppendResponse {
    Term term;
    std::uint64_t sequence = 0;
    bool accepted = false;
    Index match;     // accepted: last index known equal
    Index previous;  // the request's
    LogId hint;      // rejected: the follower's last entry at or below `previous` whose term is
                     // not above the request's previous term
    bool trimmed = false;  // the follower's log is: it should not hold data
    bool crowded = false;  // it has no space for commands: an accepted request may have been taken
                           // up to `match` only
    friend bool operator==(const AppendResponse&, const AppendResponse&) = default;
};

// Proof of life: never queued behind data, answered without waiting for a disk.
struct Heartbeat {
    Term term;
    Index commit;             // at most what this follower is known to hold
    std::uint64_t round = 0;  // confirms reads and leadership; grows within a term
    friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatResponse {
    Term term;
    std::uint64_t round = 0;
    bool crowded = false;  // as in AppendResponse
    friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
};

// From the leader to the voter that shall follow it: campaign at once (thesis §3.10). Not answered;
// a lost one is repeated until the leader gives up.
struct TimeoutNow {
    Term term;
    friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

// From a follower or learner: an index for the reads that wait here (thesis §6.4). The leader
// answers when it has confirmed one, and not at all when it loses leadership before.
struct ReadRequest {
    Term term;
    std::uint64_t number = 0;  // the sender's, never used twice, echoed
    friend bool operator==(const ReadRequest&, const ReadRequest&) = default;
};

struct ReadResponse {
    Term term;
    std::uint64_t number = 0;
    Index index;
    friend bool operator==(const ReadResponse&, const ReadResponse&) = default;
};

// What the follower lacks is no longer in the leader's log; here is what stands in front of it (Raft
// §7, thesis §5). The bytes of the cut travel beside Raft, between the callers.
struct SnapshotOffer {
    Term term;
    LogId cut;                 // the last entry that it contains
    ClusterTime cluster_time;  // of that entry
    WallTime wall_time;
    EntryHandle configuration;  // body of the configuration in force there (configuration_body.h)
};
bool operator==(const SnapshotOffer& a, const SnapshotOffer& b);

// held: everything up to `cut` is here, durably. Else the cut is wanted.
struct SnapshotStatus {
    Term term;
    LogId cut;
    bool held = false;
    friend bool operator==(const SnapshotStatus&, const SnapshotStatus&) = default;
};

// A new message goes to the end: the place of each is its number in traces and recordings.
using Message = std::variant<PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse,
    AppendRequest, AppendResponse, Heartbeat, HeartbeatResponse, TimeoutNow,
    ReadRequest, ReadResponse, SnapshotOffer, SnapshotStatus>;

}  // namespace ledger::raft
