#pragma once
// Repair: gets damaged entries of the own log back from other members, and gives them copies of ours
// (DESIGN section 5; storage reference 3.2 and 3.3).
//
// FAULTY entries are part of the log; they are asked for until somebody has a copy. UNSEALED ones
// were left in doubt behind the end of the log by a crash; at boot, before anything else, others are
// asked for them once. Nothing here is cut on suspicion: that is Raft's, by Raft::never_had.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "node/effect.h"
#include "node/limits.h"
#include "node/message.h"
#include "raft/raft.h"

namespace ledger::node {

class Repair {
  public:
    // What one call may use. Effects are appended.
    struct Step {
        Instant now;
        raft::Raft& raft;
        std::vector<Effect>& effects;
        const PeerMessage& envelope;  // of messages to peers: who sends
    };

    Repair(const Limits& limits, Duration patience) : limits_(limits), patience_(patience) {}

    // What recovery found, before the first step.
    void boot(const log::Recovered& found, Instant now);

    // --- UNSEALED ---

    // False until it is known what becomes of the unsealed entries: until then this node neither
    // votes nor follows anybody.
    bool settled() const { return unsealed_.empty(); }
    // Tries to; Raft then holds what others had. At most one patience after the boot.
    void settle(const Step& step);

    // --- what happens ---

    // A read has shown that this entry of Raft's log is damaged.
    void found(const Step& step, Index index);
    // Answers, unless the entry has to be read first: then the caller reads it and calls answer().
    [[nodiscard]] bool received(const Step& step, NodeId from, const FetchEntry& asked);
    void answer(
        const Step& step, NodeId to, const FetchEntry& asked, std::span<const EntryRef> read);
    // An intact copy of a damaged entry, to be given to Raft and stored. Nothing if the answer has none
    // that fits, or the entry is not damaged (any more).
    [[nodiscard]] std::optional<EntryRef> received(
        const Step& step, NodeId from, const FetchedEntry& fetched);
    // A copy of it will be on the disk with this ticket.
    void mending(Index index, Ticket ticket);
    void stored(Instant now, Ticket ticket);

    // --- what follows from it ---

    // Asks for what is due.
    void work(const Step& step);
    // Answers leave once the term in which they are given is durable, as of `after`.
    void send_answers(const Step& step, Ticket after);
    // When work() or settle() should be called if nothing else happens.
    Instant deadline() const;

    // Entries up to here may be gone from every log: nobody needs them, and nobody may have them.
    void forget(Index upto);
    // Damaged, and no copy is on the disk yet.
    bool wants(Index index) const;
    std::uint64_t damaged() const { return wanted_.size(); }
    // The first damaged entry of which nobody that was asked gave a copy; 0 = none.
    Index blocked() const;

  private:
    struct Wanted {
        LogId id;
        std::optional<log::EntryIdentity> name;  // what its identity block says, if it is known
        Instant ask_at;
        std::uint32_t rounds = 0;  // of asking
        Ticket mending;            // 0 = no copy yet
    };
    struct Unsealed {
        log::EntryIdentity name;
        std::optional<EntryRef> copy;
        raft::NodeSet answered;
        bool existed = false;  // somebody knows that it did
    };
    struct Answer {
        NodeId to;
        FetchedEntry fetched;
    };

    Wanted* find(Index index);
    void ask(const Step& step, LogId id, std::uint32_t crc) const;
    void note_unsealed(NodeId from, const FetchedEntry& fetched);
    static bool fits(const log::EntryIdentity& name, const FetchedEntry& fetched);
    static bool complete(const Step& step, const FetchedEntry& fetched);
    static bool lacks_what_others_have(const Step& step, NodeId to, const EntryRef& entry);

    const Limits& limits_;
    const Duration patience_;
    std::vector<Wanted> wanted_;  // ascending
    // Whose copy was stored not long ago: should it still be damaged, asking does not hurry.
    struct Mended {
        Index index;
        Instant at;
    };
    std::vector<Mended> mended_;
    std::vector<Unsealed> unsealed_;  // until settled
    Instant settle_by_ = never;
    bool asked_unsealed_ = false;
    std::vector<LogId> lost_;  // existed here, but nothing of it is left
    std::vector<Answer> answers_;
};

}  // namespace ledger::node
