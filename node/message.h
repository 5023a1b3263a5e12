#pragma once
// Message: what travels between nodes, and between clients and nodes, as values.

#include <cstdint>
#include <string>
#include <variant>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "raft/message.h"
#include "raft/ready.h"

namespace ledger::node {

// The version of the peer and client protocol that this build speaks.
inline constexpr std::uint32_t protocol_version = 1;

// One message between two members. Frames also carry cluster and protocol version; a node drops
// what is not meant for it.
struct PeerMessage {
    ClusterId cluster;
    GroupId group;
    NodeId from;
    NodeId to;
    raft::Message body;
    friend bool operator==(const PeerMessage&, const PeerMessage&) = default;
};

// A command of the state machine, encoded by the client: it becomes the body of a log entry.
struct Command {
    EntryHandle body;
};

// A question to the state machine, in its own encoding, answered linearizably.
struct Query {
    ByteVector question;
};

// How does this one node stand? Answered at once in every role, from what the node itself knows.
struct StatusQuery {
    friend bool operator==(const StatusQuery&, const StatusQuery&) = default;
};

struct ClientRequest {
    RequestId id;
    std::variant<Command, Query, StatusQuery> operation;
};
bool operator==(const ClientRequest& a, const ClientRequest& b);

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
    friend bool operator==(const Overloaded&, const Overloaded&) = default;
};
// Definite: malformed or beyond a limit; do not retry.
struct Refused {
    std::string reason;
    friend bool operator==(const Refused&, const Refused&) = default;
};
// The command entered the log but its leader lost office: it may or may not take effect. Retry
// with the same session and sequence.
struct Indeterminate {
    friend bool operator==(const Indeterminate&, const Indeterminate&) = default;
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
    friend bool operator==(const StatusAnswer&, const StatusAnswer&) = default;
};

struct ClientReply {
    RequestId id;
    std::variant<Applied, Answered, Redirect, Overloaded, Refused, Indeterminate, StatusAnswer>
        outcome;
    friend bool operator==(const ClientReply&, const ClientReply&) = default;
};

}  // namespace ledger::node
