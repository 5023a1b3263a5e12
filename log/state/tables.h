#pragma once
// Tables: everything the ledger remembers that grows, and where its state stands.

#include <cstdint>
#include <optional>

#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "log/state/positions.h"
#include "log/state/redactions.h"
#include "log/state/sessions.h"
#include "log/state/streams.h"

namespace ledger::state {

// The part of the state that does not grow.
struct Standing {
    Index applied;
    Digest chain;             // entry hash at `applied`
    Hash128 digest;           // of everything decided so far
    Index retained_index;     // entries up to here may be gone
    Position retained;        // the first event above; length() if there is none
    bool knows_redact = false;  // as of a feature entry: commands of this kind are executed
};

struct Tables {
    explicit Tables(const SessionLimits& limits) : sessions(limits) {}

    Streams streams;
    Positions positions;
    Sessions sessions;
    Redactions redactions;
    // Events whose place in `positions` and `streams` comes after the past that is still to come.
    std::optional<Positions> recent;

    // The number of events that there ever were.
    Position length() const { return recent ? recent->length() : positions.length(); }
};

}  // namespace ledger::state
