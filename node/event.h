#pragma once
// Event: everything that can happen to a replica. The list of (time, node, event) is the trace.

#include <cstdint>
#include <variant>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "log/cut.h"
#include "log/storage.h"
#include "node/message.h"

namespace ledger::node {

// The first event of a replica's life: what recovery found, and what the wall clock says.
struct Start {
    log::Recovered recovered;
    WallTime wall;
    std::vector<log::CutManifest> cuts;  // complete ones, ascending
};
struct Message {
    PeerMessage message;
};
// The Store with this ticket, and all before it, are on the disk.
struct Stored {
    Ticket ticket;
    std::vector<Index> damaged{};  // Storage::damaged()
    bool crowded = false;          // Storage::crowded()
};
struct StoreFailed {
    Ticket ticket;
};
// The answer to a Load; no entries if it failed.
struct Loaded {
    std::uint64_t request = 0;
    std::vector<HashedEntry> entries;
    bool failed = false;
    Index damaged{};  // the entry that could not be read, at or before the first one asked for; 0 =
                      // the load failed for another reason
};
// The StoreCut with this request is done. A node whose disk failed it does not go on, unless there
// was only no space.
struct CutStored {
    std::uint64_t request = 0;
    std::uint32_t chunks = 0;  // Resume: as many leading ones are here
    bool failed = false;
    bool no_space = false;     // why it failed; what there was of an unfinished cut is gone
};
// The answer to a LoadChunk; no bytes if it could not be read.
struct ChunkLoaded {
    std::uint64_t request = 0;
    ByteVector bytes;
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
    std::variant<Start, Message, Stored, StoreFailed, Loaded, Time, Client, PeerUp, PeerDown,
        CutStored, ChunkLoaded>;

}  // namespace ledger::node
