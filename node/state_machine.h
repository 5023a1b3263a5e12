#pragma once
// StateMachine: the seam between replication and what is replicated. The ledger is the default;
// users bring their own. Everything is a pure function of the applied entries: no clock, no
// entropy, no I/O; time comes from the entries' stamps.

#include <cstdint>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/sha256.h"

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
    // Applies the next committed entry; called once per index, in order, from 1. Appends the
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
};

}  // namespace ledger::node
