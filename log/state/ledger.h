#pragma once
// Ledger: the replicated state: an index over the log. Streams, sessions, positions, one digest.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/entry.h"
#include "log/base/hash128.h"
#include "log/base/result.h"
#include "log/state/command.h"
#include "log/state/command_view.h"
#include "log/state/emission.h"
#include "log/state/outcome.h"
#include "log/state/query.h"
#include "log/state/restoration.h"
#include "log/state/tables.h"

namespace ledger::state {

// Replicated bounds with their cost per unit; equal on all replicas.
struct Limits {
    std::uint32_t sessions_max = 65'536;               // about 100 bytes each, plus stored replies
    std::uint32_t stored_replies_max = 32;             // per session, about 100 bytes each
    std::uint32_t stored_reply_bytes_max = 64u << 10;  // per session; the newest is always kept
    // About 136 bytes each beside its name, plus 20 per event.
    std::uint32_t streams_max = 16'000'000;
    // Redacted events, and repetitions of commands in the log, above the retained point: about 130
    // bytes each, 2 for a further event of the same entry. Beyond, a redaction is LimitReached, and
    // repetitions are not noted: redaction does not reach their payloads.
    std::uint32_t redactions_max = 1'000'000;
    // Commands of kind redact are known from the first entry on, not as of a feature entry.
    bool knows_redact = false;

    SessionLimits sessions() const {
        return {.sessions_max = sessions_max,
            .stored_replies_max = stored_replies_max,
            .stored_reply_bytes_max = stored_reply_bytes_max};
    }
};

class Ledger {
  public:
    explicit Ledger(const Limits& limits = {});
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // Applies the next entry in log order (every index once, from 1). Appends the encoded outcome
    // to `outcome`; nothing for entries that are no commands. `hash` is the entry's chain hash.
    void apply(const EntryRef& entry, const Digest& hash, ByteVector& outcome);

    // The events in the order of the query's direction; at most read_events_max. Reading backward
    // ends at the retained point without saying `end`; a query that begins below it has Errc::expired.
    Result<Located> locate(const Query& query) const;

    // Fixes the state as it is now, while apply() goes on; thaw() must come before the next one.
    void freeze();
    // Appends the next part of the frozen state (the bytes are in cut_records.cpp), which is a
    // function of that state and of `bytes_max` alone: at most so many bytes, at least 16. False
    // if nothing is left.
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out);
    // The frozen state is no longer needed.
    void thaw();

    // The state becomes empty, to be filled with the chunks of a frozen one, in order. Until
    // may_apply() nothing may be applied, until end_restore() and settle() no query is answered. After
    // an error only another begin_restore() helps.
    void begin_restore();
    // The state is empty and may be applied to.
    void abandon_restore();
    Result<void> restore_chunk(ByteSpan chunk);
    Result<void> end_restore();
    // A bounded part of what is left to do after that; true if there is more.
    bool settle();
    // What is not yet here is the past alone: which entries hold which events. Entries may be applied
    // but for those that need it. It may be retained from and frozen when all of it is here.
    bool may_apply() const { return !restoration_ || serving_; }
    bool is_whole() const { return !restoration_ && !tables_.recent; }
    bool needs_past(const EntryRef& entry) const;

    // Entries up to `upto`, which has been applied, may be gone from the log.
    void retain(Index upto);

    // The feature version (an entry of kind feature, its body a little-endian u32) as of which
    // commands of kind redact are executed; before, they are Malformed, as builds have it that do
    // not know them.
    static constexpr std::uint32_t redact_version = 3;
    bool knows_redact() const { return standing_.knows_redact; }
    // Entries, ascending, of which the last apply() wants more erased than before.
    std::span<const Index> just_redacted() const { return just_redacted_; }
    // The first entry at or above `from` of which something may have to be erased.
    std::optional<Index> redacted_from(Index from) const {
        return tables_.redactions.next(from);
    }
    // The body of the entry as it is to stay from now on: without what is redacted of it.
    EntryHandle without_redacted(Index entry, const EntryHandle& body) const;

    Index applied() const { return standing_.applied; }
    // Number of events that there ever were = the next position.
    Position length() const { return tables_.length(); }
    Position retained() const { return standing_.retained; }       // the first that can be read
    const Digest& chain() const { return standing_.chain; }  // entry hash at applied()
    // A rolling digest of everything apply() decided: two replicas that applied the same log and
    // decided alike have the same value.
    const Hash128& digest() const { return standing_.digest; }

  private:
    // What apply knows of one stream of the command in hand.
    struct Target {
        std::optional<StreamNumber> number;  // none: the stream does not exist
        bool written = false;                // has events in the command
    };

    void decide(const EntryRef& entry, ByteVector& outcome);
    // Executes the command, an append or a redaction, unless it is a retry.
    template <typename View>
    Sessions::Verdict once(const EntryRef& entry, const View& command, ByteVector& outcome);
    void execute(const EntryRef& entry, const AppendView& append, ByteVector& outcome);
    void execute(const EntryRef& entry, const RedactView& redact, ByteVector& outcome);
    void note_version(const EntryRef& entry);
    // An append that wrote nothing because an earlier entry is, or may be, the same.
    void note_copy(const EntryRef& entry, const AppendView& append, Sessions::Verdict verdict,
        ByteSpan outcome);
    void redact_all(const EntryRef& entry, const AppendView& append);
    void redact(Index entry, Slot slot);
    Standing initial() const;
    // Fills targets_; every check that does not hold.
    std::vector<FailedCheck> check(const AppendView& append);
    // Marks the targets with events; whether the streams it creates fit.
    bool fits(const AppendView& append);
    void write(const EntryRef& entry, const AppendView& append, ByteVector& outcome);

    Result<Located> locate_stream(const ReadStream& query) const;
    Result<Located> locate_all(const ReadAll& query) const;
    Result<Located> locate_follow(const Follow& query) const;

    Error expired() const;
    void settle(std::uint64_t steps);
    // Frees a bounded part of what is no longer needed.
    void sweep(std::uint64_t steps);

    const Limits limits_;
    Standing standing_;
    Tables tables_;
    std::optional<Emission> emission_;        // of the frozen state
    std::optional<Restoration> restoration_;  // between begin_restore() and end_restore()
    bool serving_ = false;                    // it has brought enough to go on with
    std::vector<Tables> discarded_;           // of states that were replaced; freed step by step
    bool dropping_ = false;                   // positions below the retained point may be there
    // Memory of the command in hand, kept so that apply need not allocate; no state.
    std::vector<Target> targets_;
    Appended appended_;
    std::vector<Index> just_redacted_;
};

}  // namespace ledger::state
