#pragma once
// Ledger: the replicated state: an index over the log. Streams, sessions, positions, one digest.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/entry.h"
#include "log/base/hash128.h"
#include "log/state/command.h"
#include "log/state/command_view.h"
#include "log/state/outcome.h"
#include "log/state/positions.h"
#include "log/state/query.h"
#include "log/state/sessions.h"
#include "log/state/streams.h"

namespace ledger::state {

// Replicated bounds with their cost per unit; equal on all replicas.
struct Limits {
    std::uint32_t sessions_max = 65'536;               // about 100 bytes each, plus stored replies
    std::uint32_t stored_replies_max = 32;             // per session, about 100 bytes each
    std::uint32_t stored_reply_bytes_max = 64u << 10;  // per session; the newest is always kept
    std::uint32_t streams_max = 16'000'000;            // about 100 bytes each, plus 16 per event
};

class Ledger {
  public:
    explicit Ledger(const Limits& limits = {});

    // Applies the next entry in log order (every index once, from 1). Appends the encoded outcome
    // to `outcome`; nothing for entries that are no commands. `hash` is the entry's chain hash.
    void apply(const EntryRef& entry, const Digest& hash, ByteVector& outcome);

    // The events in the order of the query's direction; at most read_events_max.
    Located locate(const Query& query) const;

    Index applied() const { return applied_; }
    Position length() const { return positions_.length(); }  // number of events = the next position
    const Digest& chain() const { return chain_; }           // entry hash at applied()
    // A rolling digest of everything apply() decided: two replicas that applied the same log and
    // decided alike have the same value.
    const Hash128& digest() const { return digest_; }

  private:
    // What apply knows of one stream of the command in hand.
    struct Target {
        std::optional<StreamNumber> number;  // none: the stream does not exist
        bool written = false;                // has events in the command
    };

    void decide(const EntryRef& entry, ByteVector& outcome);
    void append(const EntryRef& entry, const AppendView& append, ByteVector& outcome);
    // Executes an append that is not a retry.
    void execute(const EntryRef& entry, const AppendView& append, ByteVector& outcome);
    // Fills targets_; every check that does not hold.
    std::vector<FailedCheck> check(const AppendView& append);
    // Marks the targets with events; whether the streams it creates fit.
    bool fits(const AppendView& append);
    void write(const EntryRef& entry, const AppendView& append, ByteVector& outcome);

    Located locate_stream(const ReadStream& query) const;
    Located locate_all(const ReadAll& query) const;
    Located locate_follow(const Follow& query) const;

    const Limits limits_;
    Index applied_;
    Digest chain_;
    Hash128 digest_;
    Streams streams_;
    Positions positions_;
    Sessions sessions_;
    // Memory of the command in hand, kept so that apply need not allocate; no state.
    std::vector<Target> targets_;
    Appended appended_;
};

}  // namespace ledger::state
