#pragma once
// StateMachine: the seam between replication and what is replicated. The ledger is the default;
// users bring their own. Everything is a pure function of the applied entries: no clock, no
// entropy, no I/O; time comes from the entries' stamps.

#include <cstdint>
#include <span>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/sha256.h"
#include "node/features.h"

namespace ledger::node {

// What an answer will be made of: decided at one moment, completed when the entries are there.
struct QueryPlan {
    ByteVector context;          // the machine's own notes
    std::vector<Index> entries;  // whose bodies answer() needs, in the order of need, each once
    // The question's own bound on their bytes, below Limits::answer_bytes_max; one always fits.
    std::uint64_t bytes_max = UINT64_MAX;
};

// Where a machine stands, for operators: compared across replicas at equal applied indexes.
struct Summary {
    Position length;  // what the machine counts: the ledger its events
    Digest chain;     // entry hash of the last applied entry
};

class StateMachine {
  public:
    virtual ~StateMachine() = default;

    // Is this body a command that may enter the log? Called by the leader before it proposes.
    virtual Result<void> admit(const EntryBody& body) const = 0;
    // Applies the next committed entry; called once per index, in order, from 1 or from the one
    // after a restored state. Appends the
    // outcome for the client to `outcome`. Entries that are no commands (no-op, membership) come
    // too. Whatever bytes were admitted once, by any version, must not abort.
    virtual void apply(const HashedEntry& entry, ByteVector& outcome) = 0;
    // Looks at the state as it is now.
    virtual Result<QueryPlan> query(ByteSpan question) const = 0;
    // Completes a plan from the first of the entries it named, in its order: from all of them, or
    // from as many as fit into an answer; then the answer says that there is more. Does not look
    // at the state.
    virtual Result<ByteVector> answer(
        const QueryPlan& plan, std::span<const EntryRef> entries) const = 0;
    // Equal on replicas that applied the same entries and decided alike.
    virtual Hash128 digest() const = 0;
    virtual Summary summary() const = 0;

    // Fixes the state as it is now; apply() goes on meanwhile. thaw() must come before the next
    // freeze(). No call of these, and no apply() between them, may take long: a few milliseconds.
    virtual void freeze() = 0;
    // Appends the next part of the frozen state, of at most `bytes_max` bytes (at least 16); false
    // if nothing is left. The parts are a function of the frozen state and of `bytes_max` alone:
    // equal on replicas whose digests are.
    virtual bool next_chunk(std::uint64_t bytes_max, ByteVector& out) = 0;
    // The frozen state is no longer needed; also before all of it was given.
    virtual void thaw() = 0;

    // The state becomes empty, whatever it was; what was frozen is thawed. Then come the parts of
    // a frozen state, in order, and the end: from then on this machine does what the frozen one
    // would. Meanwhile nothing is applied (but see has_front()), and queries are errors. Parts may be
    // any bytes; after an error only begin_restore() helps.
    virtual void begin_restore() = 0;
    // Between those two: no more will come, and entries are applied from the first one on.
    virtual void abandon_restore() = 0;
    virtual Result<void> restore_chunk(ByteSpan chunk) = 0;
    virtual Result<void> end_restore() = 0;

    // --- for machines that need not know all of the past to go on; others leave these alone ---

    // Between begin_restore() and end_restore(): entries may be applied from now on, though the parts
    // that are missing still come. Nothing is frozen, retained or asked before end_restore(), and
    // until settle() says that nothing is left to do.
    virtual bool has_front() const { return false; }
    // This entry cannot be applied before all of that.
    virtual bool needs_past(const EntryRef&) const { return false; }
    // After end_restore(): a bounded part of what is left to do; true if there is more.
    virtual bool settle() { return false; }

    // Entries up to `upto`, which has been applied, may be gone from the log: plans name them no
    // more, questions that need them are errors. Called at the same entry on all replicas.
    virtual void retain(Index upto) = 0;

    // --- for machines whose commands destroy what earlier ones brought; others leave these alone ---

    // Entries, ascending, of which the last apply() wants more destroyed than before.
    virtual std::span<const Index> just_erased() const { return {}; }
    // The first entry at or above `from` of which something may have to be destroyed; 0 = none.
    virtual Index erased_from(Index) const { return {}; }
    // The body of that entry as it is to stay from now on: the same envelope with less of the erasable
    // part, or itself if nothing (more) has to go. Nothing while a state is being restored.
    virtual EntryHandle as_it_stays(Index, const EntryHandle& body) const { return body; }
    // The feature version that whoever works with this state has to know.
    virtual Feature needed() const { return Feature::base; }
};

}  // namespace ledger::node
