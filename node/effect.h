#pragma once
// Effect: what a replica wants done. Effects stand in the order in which they must begin; one
// that must wait for the disk names the ticket it waits for.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "log/cut.h"
#include "log/storage.h"
#include "node/message.h"
#include "raft/ready.h"

namespace ledger::node {

// Leaves when every Store up to `after` is on the disk; 0 = at once.
struct Send {
    Ticket after;
    PeerMessage message;
};
// Write and sync as one group, strictly after all earlier ones; then Stored{ticket}. The group
// belongs to the replica and stays unchanged until Stored{ticket} has been stepped.
struct Store {
    Ticket ticket;
    const log::Group* group = nullptr;
};
// Read entries [first, last], at most bytes_max (one entry always fits); then Loaded{request}.
struct Load {
    // As bytes_max: the one entry is believed by its own checksums, place and term. What stands before
    // it in the hash chain may be damaged.
    static constexpr std::uint64_t alone = 0;

    std::uint64_t request = 0;
    Index first;
    Index last;
    std::uint64_t bytes_max = 0;
    // The hash at the index before, if the replica knows it: then nothing in front need be readable.
    std::optional<Digest> previous_hash{};
};
// One piece of work on the node's cuts (log/cut_store.h); then CutStored{request}. Done in the order
// of the effects, by itself: the log's flushes do not wait for it, nor it for them.
struct StoreCut {
    struct Chunk {  // the next one of the unfinished cut; durable with Complete
        std::uint32_t number = 0;
        std::shared_ptr<const ByteVector> bytes;
    };
    struct Complete {
        std::shared_ptr<const log::CutManifest> manifest;
    };
    struct Resume {  // how much of this unfinished cut is here already?
        std::shared_ptr<const log::CutManifest> manifest;
    };
    struct RemoveBefore {  // complete cuts below `cut`
    };
    struct Mend {  // a chunk of a complete cut that is damaged
        std::uint32_t number = 0;
        std::shared_ptr<const ByteVector> bytes;
    };
    std::uint64_t request = 0;
    LogId cut;
    std::variant<Chunk, Complete, Resume, RemoveBefore, Mend> work;
};
// Read one chunk of a complete cut, numbered from 0; then ChunkLoaded{request}.
struct LoadChunk {
    std::uint64_t request = 0;
    LogId cut;
    std::uint32_t number = 0;
};
// What lies wholly at or below `upto` may leave the log's disk, in order with the Stores. Not
// answered.
struct Discard {
    Index upto;
    bool reuse = true;  // as Storage::discard
};
// Step Time at `deadline`; replaces the earlier one.
struct WakeAt {
    Instant deadline;
};
struct Reply {
    ClientId client;
    ClientReply reply;
};
// A role or term change, for people and checkers.
struct Trace {
    raft::Transition transition;
};
// The replica will not act again. It must be restarted, with a newer build if the log has entries
// that this one cannot read; else its disk failed.
struct Halt {
    std::string reason;
    bool too_old = false;
};
// The state has moved on: as of `applied` it counts `length` events. The last effect of its step
// but for WakeAt.
struct Advanced {
    Index applied;
    Position length;
};

using Effect = std::variant<Send, Store, Load, WakeAt, Reply, Trace, Halt, Advanced, StoreCut,
    LoadChunk, Discard>;

}  // namespace ledger::node
