#pragma once
// Snapshotter: a replica's cuts (DESIGN section 4): made while it goes on, agreed upon, kept, sent to
// followers that lack what is gone, received, and taken up again after a restart.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/cut.h"
#include "log/storage.h"
#include "node/cut_entries.h"
#include "node/effect.h"
#include "node/event.h"
#include "node/limits.h"
#include "node/scrubber.h"
#include "node/state_machine.h"
#include "raft/raft.h"

namespace ledger::node {

class Snapshotter {
  public:
    // What one call may use. Effects are appended.
    struct Step {
        Instant now;
        raft::Raft& raft;
        std::vector<Effect>& effects;
        const PeerMessage& envelope;  // of messages to peers: who sends
        bool cuts_active = true;      // all members can read the entries that cuts need
        bool erasing = false;         // something in the log waits for its erasure
    };

    Snapshotter(const Limits& limits, StateMachine& machine) : limits_(limits), machine_(machine) {}

    // --- a life begins ---

    // The cuts on the disk, before Raft is made. failure() says if the log begins behind all of them.
    void boot(std::vector<log::CutManifest>&& cuts, const log::Recovered& recovered);
    // The cut from which this life begins, applied when restored() says so; null = from nothing.
    const log::CutManifest* boot_cut() const;
    // The cut in front of the log, for raft::Boot.
    std::optional<raft::Cut> cut_below_log() const;

    // --- what happens ---

    // Each entry that was applied, in order, `hash` being that of the chain.
    void applied(const Step& step, const HashedEntry& entry);
    void received(const Step& step, NodeId from, const CutRequest& request);
    void received(const Step& step, NodeId from, CutPart&& part);
    void stored(const Step& step, const CutStored& done);
    void loaded(const Step& step, const ChunkLoaded& done);
    void peer_down(NodeId peer);
    // Raft wants this cut to be sent, or says that one will come, or has restarted its log after one.
    void wanted(const Step& step, const raft::SnapshotWanted& wanted);
    void offered(const Step& step, const raft::SnapshotOffered& offered);
    // An entry that is needed here is damaged, and `from` has it in this cut only: the state shall be
    // taken from there.
    void pull(const Step& step, NodeId from, LogId cut);
    // Returns where the log goes on; the state follows chunk by chunk.
    log::LogStart restart(const raft::Cut& cut);
    // The same for the state alone: the log stays, damaged below the cut. Returns its entry's hash.
    const Digest& restore_from(LogId cut);
    // The log's new beginning is on the disk. Until then the old log and its cuts may be needed.
    void restart_stored() { restart_pending_ = false; }

    // --- scrubbing ---

    // The first chunk at or behind this place of the cuts here; nothing behind the last one, nor while
    // the state is being read from one.
    std::optional<CutChunk> chunk_from(const CutChunk& place) const;
    // Reads it, and has it mended if it cannot be read. One at a time.
    void scrub(const Step& step, const CutChunk& chunk);
    // Once after each: the bytes of the chunk, 0 if it could not be read.
    std::optional<std::uint64_t> scrubbed();

    // --- what follows from it ---

    // Next steps of everything that is under way, and what a leader proposes. Raft may have something
    // for the caller afterwards.
    void work(const Step& step);
    // When work() should be called if nothing else happens.
    Instant deadline() const;
    // The state is being read from a cut: nothing can be applied.
    bool restoring() const { return restoring_ && !restoring_->front; }
    // The same, or its past still is: nothing can be answered, nor applied that needs it.
    bool lacks_past() const { return restoring_.has_value(); }
    // It has more to do at once, without anything else happening.
    bool is_busy() const { return restoring_ && restoring_->settling; }
    // Once after the cut turned out to be unreadable though entries had been applied to what was read
    // of it: restored() will come again, with an earlier index.
    bool fell_back() { return std::exchange(fell_back_, false); }
    // It cannot go on: a chunk of that cut is damaged.
    bool waits_for_chunk() const;
    bool lacks_chunk_of(LogId cut) const {
        return waits_for_chunk() && restoring_->manifest->id == cut;
    }
    // Once after each restoration: the index that the state has applied now.
    std::optional<Index> restored();
    // Of the chain there.
    const Digest& hash_at_restored() const { return restored_hash_; }
    // Not empty: the replica must not go on, and why.
    const std::string& failure() const { return failure_; }

    const CutControl& control() const { return control_; }
    // The newest cut here that has the agreed root, or came from a leader; 0 = none.
    Index verified() const { return verified_; }

  private:
    using SharedManifest = std::shared_ptr<const log::CutManifest>;

    struct Making {
        log::CutManifest manifest;
        std::uint64_t request = 0;  // under way; 0 = none
        bool frozen = true;         // more chunks to come
    };
    struct Held {
        SharedManifest manifest;
        Digest root;
    };
    struct Sending {
        NodeId peer;
        LogId cut;
        Instant heard;
        std::optional<std::uint32_t> part;  // asked for and not yet sent
        std::uint64_t request = 0;          // of the load that is under way; 0 = none
        bool pulled = false;                // asked for by the peer itself, not by Raft
    };
    struct Receiving {
        enum class Work : std::uint8_t { resume, chunk, complete };
        NodeId from;
        raft::Cut cut;
        SharedManifest manifest;    // null until it came
        std::uint32_t chunks = 0;   // that are here
        std::uint64_t request = 0;  // at the disk; 0 = none
        Work work = Work::resume;   // of that request
        bool complete = false;      // and durable
        Instant ask_at;             // for what comes next
        bool pulled = false;        // see pull()
    };
    // A chunk that could not be read, and is asked for.
    struct Mending {
        SharedManifest manifest;
        std::uint32_t number = 0;
        Instant ask_at;
        std::uint64_t request = 0;  // at the disk; 0 = none
    };
    struct Scrubbing {
        SharedManifest manifest;
        std::uint32_t number = 0;
        std::uint64_t request = 0;
    };
    struct Restoring {
        SharedManifest manifest;
        std::uint32_t chunks = 0;  // that the state has
        std::uint64_t request = 0;
        bool front = false;        // the state may be applied to; what follows is the past
        bool settling = false;     // all of it is there, but not in its place
    };

    const Held* held(LogId cut) const;
    void hold(const SharedManifest& manifest);
    void fail(std::string why);
    void without_space(const Step& step, const CutStored& done);
    template <typename Work>
    std::uint64_t store(const Step& step, LogId cut, Work&& work);
    std::uint64_t load(const Step& step, LogId cut, std::uint32_t number);
    void say(const Step& step, NodeId to, PeerBody&& body);

    // snapshotter.cpp
    void begin_from(Index upto);
    void compare(const Held& own);
    void verify(const Step& step);
    void remove_old(const Step& step);
    void discard(const Step& step);
    void freeze(const Step& step, const HashedEntry& entry);
    void make(const Step& step);
    void abandon_making();
    void propose(const Step& step);
    std::optional<LogId> propose_one(const Step& step, EntryRef&& entry);

    // snapshot_transfer.cpp
    void send(const Step& step);
    bool still_wanted(const Step& step, const Sending& sending) const;
    void send_part(const Step& step, Sending& sending, ByteVector&& bytes);
    void receive(const Step& step);
    void ask(const Step& step);
    void take_manifest(const Step& step, const CutPart& part);
    void take_chunk(const Step& step, CutPart&& part);
    void received_is_stored(const Step& step, const CutStored& done);
    void begin_restoring(const SharedManifest& manifest);
    void restore(const Step& step);
    bool begin_applying();
    void take_up(const Step& step, const ChunkLoaded& done);
    bool has_alternative() const;
    void another_cut();
    void mend(const Step& step);
    bool take_mended(const Step& step, const CutPart& part);
    void note_damaged(const Step& step, const SharedManifest& manifest, std::uint32_t number);
    void install_pulled(const Step& step);

    const Limits& limits_;
    StateMachine& machine_;
    std::string failure_;
    std::uint64_t requests_ = 0;

    Index applied_;
    CutControl control_;      // as of what was applied
    std::vector<Held> held_;  // complete and durable here, ascending
    Index log_begins_after_;  // at boot; what was before it is known from cuts only
    Index log_ends_;          // at boot
    Index verified_;
    Index discarded_;         // what Discard last said, or the log was restarted behind
    bool restart_pending_ = false;

    std::optional<Making> making_;
    std::vector<Sending> sending_;
    Instant send_at_;         // the rate of sending allows the next part
    std::optional<Receiving> receiving_;
    std::optional<Mending> mending_;
    std::optional<Scrubbing> scrubbing_;
    std::optional<std::uint64_t> scrubbed_;
    Digest restored_hash_;
    std::optional<Restoring> restoring_;
    std::optional<Index> restored_;
    bool fell_back_ = false;

    // What this node has proposed as leader and not yet seen applied.
    std::optional<LogId> proposed_cut_;
    std::optional<LogId> proposed_root_;
    std::optional<LogId> proposed_retain_;
};

template <typename Work>
std::uint64_t Snapshotter::store(const Step& step, LogId cut, Work&& work) {
    step.effects.emplace_back(StoreCut{++requests_, cut, std::forward<Work>(work)});
    return requests_;
}

}  // namespace ledger::node
