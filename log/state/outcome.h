#pragma once
// Outcome: how the ledger answered a command, in the bytes that are stored for retries.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/ids.h"
#include "log/base/result.h"
#include "log/base/time.h"
#include "log/state/command.h"

namespace ledger::state {

// All checks held. `first`..`last` are the positions; with no events (a pure check) `last` is
// one before `first`, the position at which the checks held.
struct Appended {
    Position first;
    std::uint32_t events = 0;
    std::vector<Revision> revisions;  // of each event, in order
    ClusterTime cluster_time;
    WallTime wall_time;
    friend bool operator==(const Appended&, const Appended&) = default;
};

struct FailedCheck {
    std::string stream;
    Expected expected;
    bool exists = false;
    Revision actual;  // last revision, if it exists
    friend bool operator==(const FailedCheck&, const FailedCheck&) = default;
};
// Nothing was written; every check that failed is listed.
struct Conflict {
    std::vector<FailedCheck> checks;
    Position at;  // the length of the ledger when it was judged
    friend bool operator==(const Conflict&, const Conflict&) = default;
};
// Nothing was or ever will be written under this session.
struct SessionExpired {
    friend bool operator==(const SessionExpired&, const SessionExpired&) = default;
};
// The sequence lies at or below what the session acknowledged, or what the bound on stored replies
// pushed out: its reply is gone. Nothing was written now; whether it was before is not known here.
struct SequenceTooOld {
    friend bool operator==(const SequenceTooOld&, const SequenceTooOld&) = default;
};
// Same session and sequence, another command (by envelope digest). Nothing was written.
struct Mismatch {
    friend bool operator==(const Mismatch&, const Mismatch&) = default;
};
struct SessionRegistered {
    SessionId session;
    friend bool operator==(const SessionRegistered&, const SessionRegistered&) = default;
};
// The entry's bytes are no command that this version knows.
struct Malformed {
    friend bool operator==(const Malformed&, const Malformed&) = default;
};

// None of the events named has a payload any more. What is left on disks and in memories goes within
// a bound of each node's own (node/limits.h).
struct Redacted {
    std::uint32_t events = 0;  // those that had not been redacted before
    friend bool operator==(const Redacted&, const Redacted&) = default;
};
// Nothing was redacted: there are no events at these of the positions named. Below `retained` they
// have expired, from `length` on there is none yet.
struct NoSuchEvents {
    std::vector<Position> positions;  // ascending, at least one
    Position retained;
    Position length;
    friend bool operator==(const NoSuchEvents&, const NoSuchEvents&) = default;
};

// A replicated bound (Limits in log/state/ledger.h) leaves no room. Nothing was written.
enum class Bound : std::uint8_t { streams = 1, redactions = 2 };
struct LimitReached {
    Bound bound = Bound::streams;
    friend bool operator==(const LimitReached&, const LimitReached&) = default;
};

using Outcome = std::variant<Appended, Conflict, SessionExpired, SequenceTooOld, Mismatch,
    SessionRegistered, Malformed, LimitReached, Redacted, NoSuchEvents>;

// No encoded outcome is longer: a conflict of every stream that a command can name.
inline constexpr std::uint32_t outcome_bytes_max =
    14 + command_streams_max * (20 + stream_name_bytes_max);

void encode_outcome(const Outcome& outcome, ByteVector& out);
// The same bytes without a copy into the variant: apply's usual answer.
void encode_outcome(const Appended& appended, ByteVector& out);
// Errors name the byte offset and the field.
Result<Outcome> decode_outcome(ByteSpan bytes);

}  // namespace ledger::state
