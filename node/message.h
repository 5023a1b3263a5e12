#pragma once
// Message: what travels between nodes, and between clients and nodes, as values.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "node/features.h"
#include "raft/membership.h"
#include "raft/message.h"
#include "raft/ready.h"

namespace ledger::node {

// The version of the peer and client protocol that this build speaks.
inline constexpr std::uint32_t protocol_version = 1;

// The parts of a cut on their way: 0 is its manifest, then the chunks from 1 (log/cut.h).
// To the leader that offered the cut: send this part. Not answered by a node that does not offer it.
struct CutRequest {
    LogId cut;
    std::uint32_t part = 0;
    friend bool operator==(const CutRequest&, const CutRequest&) = default;
};
struct CutPart {
    LogId cut;
    std::uint32_t part = 0;
    ByteVector bytes;
    friend bool operator==(const CutPart&, const CutPart&) = default;
};

// To all members: send a copy of this entry of mine, which is damaged on my disk, or which I lost in
// doubt (storage reference 3.3). Who gets it adopts `term` before it answers, and answers in words that
// only count in that term: so whoever never had the entry will not get it any more from an older leader.
struct FetchEntry {
    Term term;
    LogId entry;
    std::uint32_t crc = 0;  // of its envelope; 0 = unknown
    friend bool operator==(const FetchEntry&, const FetchEntry&) = default;
};
enum class FetchResult : std::uint8_t {
    have = 1,       // here is a copy
    never_had = 2,  // neither here, nor damaged here, nor lost
    faulty = 3,     // it may have been here
    compacted = 4,  // committed, and below a cut: gone from the log
    known = 5,      // it exists: a witness stored it, and has less of it than the asker needs
};
constexpr bool known_fetch_result(std::uint8_t number) {
    return number >= static_cast<std::uint8_t>(FetchResult::have) &&
           number <= static_cast<std::uint8_t>(FetchResult::known);
}
struct FetchedEntry {
    Term term;    // the sender's
    LogId entry;  // that was asked for
    FetchResult result = FetchResult::faulty;
    LogId cut;                    // of compacted: the newest one here
    std::optional<EntryRef> copy; // of have
    bool whole = false;           // of have: the copy lacks only what was to be erased everywhere
    friend bool operator==(const FetchedEntry&, const FetchedEntry&) = default;
};

// Raft's own messages, and the bytes of cuts and damaged entries that travel beside them.
using PeerBody =
    std::variant<raft::Message, CutRequest, CutPart, FetchEntry, FetchedEntry>;

// One message between two members. Frames also carry cluster and protocol version; a node drops
// what is not meant for it.
struct PeerMessage {
    ClusterId cluster;
    GroupId group;
    NodeId from;
    NodeId to;
    PeerBody body;
    Incarnation incarnation;  // of the sender's disk, 0 = it does not say
    Feature features = Feature::base;  // the newest version that the sender knows
    friend bool operator==(const PeerMessage&, const PeerMessage&) = default;
};
// The Raft message of this kind that `message` is; null if it is something else.
template <typename M>
const M* raft_message(const PeerMessage& message) {
    const auto* raft = std::get_if<raft::Message>(&message.body);
    return raft == nullptr ? nullptr : std::get_if<M>(raft);
}

// The first frame of a peer's connection: who it is, and where it takes connections itself, on the
// address that this one comes from. So nodes learn of a new one that was given their addresses.
struct PeerHello {
    ClusterId cluster;
    NodeId from;
    NodeId to;
    std::uint16_t port = 0;
    friend bool operator==(const PeerHello&, const PeerHello&) = default;
};

// A command of the state machine, encoded by the client: it becomes the body of a log entry.
struct Command {
    EntryHandle body;
};
bool operator==(const Command& a, const Command& b);

// Which state answers a query. The numbers are also those of the wire and of recordings.
enum class ReadLevel : std::uint8_t {
    linearizable = 0,  // at least everything that was acknowledged before the query came
    applied = 1,       // whatever the node has applied: committed, perhaps old; on any node, at once
    anywhere = 2,      // linearizable, on any node: a follower asks the leader how far it has to be
};
constexpr bool known_read_level(std::uint8_t number) {
    return number <= static_cast<std::uint8_t>(ReadLevel::anywhere);
}

// A question to the state machine, in its own encoding.
struct Query {
    ByteVector question;
    ReadLevel level = ReadLevel::linearizable;
    friend bool operator==(const Query&, const Query&) = default;
};

// How does this one node stand? Answered at once in every role, from what the node itself knows.
struct StatusQuery {
    friend bool operator==(const StatusQuery&, const StatusQuery&) = default;
};

// Send all events from `from` on, and then every one that is committed. The id of this request
// names the subscription in all that follows. Served by any node, from what it has applied.
struct Subscribe {
    bool now = false;           // from the end of what this node has applied, instead of `from`
    Position from;
    std::string stream;         // events of this stream alone; empty = all
    std::uint64_t window = 0;   // bytes of pages (wire_size) that may be under way; a Grant adds more
    friend bool operator==(const Subscribe&, const Subscribe&) = default;
};
// So many bytes of pages have been taken; as many more may come. Not answered.
struct Grant {
    RequestId subscription;
    std::uint64_t bytes = 0;
    friend bool operator==(const Grant&, const Grant&) = default;
};
// Answered by the subscription's end.
struct Unsubscribe {
    RequestId subscription;
    friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

// What a change does to `ChangeMembership::node`. The numbers are those of the wire and of recordings.
enum class MembershipVerb : std::uint8_t {
    add_learner = 1,   // gets the log, does not vote
    add_voter = 2,     // the same, and votes as soon as it has caught up
    add_witness = 3,   // the same, but it keeps envelopes and no payloads, and never leads
    remove = 4,
    replace = 5,       // as add_voter; the voter `replaced` leaves in the same change
    promote = 6,       // a learner votes as soon as it has caught up
    set_priority = 7,  // who of the voters shall rather lead
};
constexpr bool known_membership_verb(std::uint8_t number) {
    return number >= static_cast<std::uint8_t>(MembershipVerb::add_learner) &&
           number <= static_cast<std::uint8_t>(MembershipVerb::set_priority);
}

// Leads the cluster to another membership; node/membership.h says to which. Answered when its first
// configuration is committed: what follows by itself (catching up, promotion, the end of a joint
// phase) shows in the status.
struct ChangeMembership {
    MembershipVerb verb = MembershipVerb::add_learner;
    NodeId node;
    NodeId replaced;            // of replace
    std::uint8_t priority = 0;  // of set_priority
    friend bool operator==(const ChangeMembership&, const ChangeMembership&) = default;
};
// Hands leadership to `target`, or with 0 to the best successor. Answered when that has begun.
struct TransferLeadership {
    NodeId target;
    friend bool operator==(const TransferLeadership&, const TransferLeadership&) = default;
};

// Put the newest feature version in force that all members know, but none beyond `most`. Applied
// when it is, Refused in words if somebody lags or nothing is newer.
struct Finalise {
    Feature most{UINT32_MAX};
    friend bool operator==(const Finalise&, const Finalise&) = default;
};

struct ClientRequest {
    RequestId id;
    std::variant<Command, Query, StatusQuery, Subscribe, Grant, Unsubscribe, ChangeMembership,
        TransferLeadership, Finalise>
        operation;
    friend bool operator==(const ClientRequest&, const ClientRequest&) = default;
};

// The command was applied; `outcome` is what the state machine said, in its own encoding.
struct Applied {
    Index index;
    ByteVector outcome;
    friend bool operator==(const Applied&, const Applied&) = default;
};
// The question was answered from a state that had applied `index`.
struct Answered {
    Index index;
    ByteVector answer;
    friend bool operator==(const Answered&, const Answered&) = default;
};
// Definite: not executed here; try `leader` (0 = unknown).
struct Redirect {
    NodeId leader;
    friend bool operator==(const Redirect&, const Redirect&) = default;
};
// Definite: refused before sequencing; try again after a pause.
struct Overloaded {
    Duration retry_after;
    bool disk_full = false;  // a leader without space for commands, or too few voters with any
    friend bool operator==(const Overloaded&, const Overloaded&) = default;
};
// Definite: malformed or beyond a limit; do not retry.
struct Refused {
    std::string reason;
    friend bool operator==(const Refused&, const Refused&) = default;
};
// The command or change entered the log but its leader lost office: it may or may not take effect.
// A command is retried with the same session and sequence.
struct Indeterminate {
    friend bool operator==(const Indeterminate&, const Indeterminate&) = default;
};

// The first configuration of a change is committed, at this index; it is in force.
struct MembershipChanged {
    Index index;
    friend bool operator==(const MembershipChanged&, const MembershipChanged&) = default;
};
// `target` has been asked to lead, or leads already. The status says whether it does.
struct LeadershipMoves {
    NodeId target;
    friend bool operator==(const LeadershipMoves&, const LeadershipMoves&) = default;
};

// One member of the configuration in force.
struct MemberStatus {
    raft::Member member;
    bool voter = false;
    bool outgoing = false;  // votes until the joint phase ends
    bool learner = false;   // a node that is both becomes a learner then
    // What a leader knows, of itself too; 0 and false from everybody else.
    Index match;            // everything up to here is on its disk
    bool answers = false;   // it did within the last minimum election timeout
    // Of a learner to be promoted: rounds of catching up, all of them too slow. After
    // raft::catch_up_rounds_max it is given up, until somebody asks for its promotion again.
    std::uint8_t rounds = 0;
    // Its disk took entries without payloads, as a witness: it will not be promoted to hold data.
    bool trimmed = false;
    friend bool operator==(const MemberStatus&, const MemberStatus&) = default;
};

// One node's own view; others may be ahead of it.
struct StatusAnswer {
    NodeId node;
    ClusterId cluster;
    raft::Role role = raft::Role::follower;
    Term term;
    NodeId leader;    // of that term; 0 = unknown
    Index last;       // of its log
    Index durable;    // on its own disk
    Index commit;
    Index applied;
    Position length;  // events, as of `applied`
    Digest chain;     // entry hash at `applied`
    Incarnation incarnation;    // of its disk, 0 = it has none
    NodeId transfer_target;     // as leader: who shall follow it; 0 = nobody
    Index configuration_index;  // of the entry that holds the configuration; 0 = given at boot
    std::uint64_t faulty = 0;   // entries known to be damaged on its disk, and not yet mended
    bool crowded = false;       // its disk has no space for commands
    Index repair_blocked;       // the first of them of which nobody gave a copy so far; 0 = none
    std::vector<MemberStatus> members;  // ascending; empty = it has not learnt its place yet
    Feature features = Feature::base;  // the newest version that it knows
    Feature active = Feature::base;    // in force, as of `applied`
    friend bool operator==(const StatusAnswer&, const StatusAnswer&) = default;
};

// The next committed events of a subscription, in order, without a gap; the reply has its id.
struct Page {
    Position next;           // every event of the subscription below has been sent now
    bool caught_up = false;  // nothing further was applied there when this was sent
    ByteVector answer;       // state::Answer; empty = no events
    friend bool operator==(const Page&, const Page&) = default;
};
// Nothing more comes of this subscription from this node.
struct Ended {
    std::string reason;
    friend bool operator==(const Ended&, const Ended&) = default;
};

struct ClientReply {
    RequestId id;
    std::variant<Applied, Answered, Redirect, Overloaded, Refused, Indeterminate, StatusAnswer,
        Page, Ended, MembershipChanged, LeadershipMoves>
        outcome;
    friend bool operator==(const ClientReply&, const ClientReply&) = default;
};

}  // namespace ledger::node
