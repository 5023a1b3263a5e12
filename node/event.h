#pragma once
// Event: everything that can happen to a replica. The list of (time, node, event) is the trace.

#include <cstdint>
#include <variant>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "log/storage.h"
#include "node/message.h"

namespace ledger::node {

// The first event of a replica's life: what recovery found, and what the wall clock says.
struct Start {
    log::Recovered recovered;
    WallTime wall;
};
struct Message {
    PeerMessage message;
};
// The Store with this ticket, and all before it, are on the disk.
struct Stored {
    Ticket ticket;
};
struct StoreFailed {
    Ticket ticket;
};
// The answer to a Load; no entries if it failed.
struct Loaded {
    std::uint64_t request = 0;
    std::vector<HashedEntry> entries;
    bool failed = false;
};
// The moment named by the last WakeAt has come. It brings the wall clock along, which may have been
// set since: a leader hears it with every heartbeat.
struct Time {
    WallTime wall;
};
struct Client {
    ClientId client;
    ClientRequest request;
};
struct PeerUp {
    NodeId peer;
};
struct PeerDown {
    NodeId peer;
};

using Event =
    std::variant<Start, Message, Stored, StoreFailed, Loaded, Time, Client, PeerUp, PeerDown>;

}  // namespace ledger::node
