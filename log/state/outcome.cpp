#include "log/state/outcome.h"

#include "log/base/assert.h"
#include "log/state/field_reader.h"

// Little-endian, nothing between the fields:
//
//   offset  size  field
//        0     1  version = 1
//        1     1  outcome kind: 1 appended, 2 conflict, 3 session expired, 4 sequence too old,
//                 5 mismatch, 6 session registered, 7 malformed, 8 limit reached, 9 redacted,
//                 10 no such events
//
//   appended:            2     8  first position
//                       10     8  cluster time
//                       18     8  wall time
//                       26     4  number of events
//                       30     4  number of runs of consecutive revisions
//                       34     .  runs, as long as possible: first revision 8, revisions 4 (>= 1)
//   conflict:            2     8  length of the ledger
//                       10     4  number of failed checks
//                       14     .  checks: expected kind 1, expected revision 8 (0 unless exact),
//                                 exists 1, actual revision 8 (0 unless it exists),
//                                 size of name 2, name
//   session registered:  2     8  session
//   limit reached:       2     1  bound: 1 streams, 2 redactions
//   redacted:            2     4  number of events that had not been before
//   no such events:      2     8  the first retained position
//                       10     8  length of the ledger
//                       18     4  number of positions P, 1..1024
//                       22   8 P  positions, ascending, below the one or not below the other
//   the others end after the kind.

namespace ledger::state {
namespace {

constexpr std::uint8_t outcome_version = 1;
constexpr std::uint32_t run_bytes = 12;
constexpr std::uint32_t failed_check_bytes_min = 20;

enum class Kind : std::uint8_t {
    appended = 1,
    conflict = 2,
    session_expired = 3,
    sequence_too_old = 4,
    mismatch = 5,
    session_registered = 6,
    malformed = 7,
    limit_reached = 8,
    redacted = 9,
    no_such_events = 10,
};

// Writes one alternative each, after version and kind.
class OutcomeEncoder {
  public:
    explicit OutcomeEncoder(ByteVector& out) : out_(out) {}

    void operator()(const Appended& appended);
    void operator()(const Conflict& conflict);
    void operator()(const SessionExpired&) { begin(Kind::session_expired); }
    void operator()(const SequenceTooOld&) { begin(Kind::sequence_too_old); }
    void operator()(const Mismatch&) { begin(Kind::mismatch); }
    void operator()(const SessionRegistered& registered) {
        begin(Kind::session_registered);
        out_.u64(registered.session.value);
    }
    void operator()(const Malformed&) { begin(Kind::malformed); }
    void operator()(const LimitReached& reached) {
        begin(Kind::limit_reached);
        out_.u8(static_cast<std::uint8_t>(reached.bound));
    }
    void operator()(const Redacted& redacted) {
        begin(Kind::redacted);
        out_.u32(redacted.events);
    }
    void operator()(const NoSuchEvents& missing);

  private:
    void begin(Kind kind) {
        out_.u8(outcome_version);
        out_.u8(static_cast<std::uint8_t>(kind));
    }

    ByteWriter out_;
};

// Calls emit(first revision, how many) for each maximal run of consecutive revisions.
template <typename Emit>
void for_each_run(const std::vector<Revision>& revisions, Emit emit) {
    std::uint32_t at = 0;
    while (at < revisions.size()) {
        std::uint32_t end = at + 1;
        while (end < revisions.size() && revisions[end] == revisions[end - 1].next()) {
            ++end;
        }
        emit(revisions[at], end - at);
        at = end;
    }
}

void OutcomeEncoder::operator()(const Appended& appended) {
    LEDGER_ASSERT(appended.events == appended.revisions.size());
    begin(Kind::appended);
    out_.u64(appended.first.value);
    out_.i64(appended.cluster_time.nanoseconds);
    out_.i64(appended.wall_time.nanoseconds);
    out_.u32(appended.events);
    std::uint32_t runs = 0;
    for_each_run(appended.revisions, [&runs](Revision, std::uint32_t) { ++runs; });
    out_.u32(runs);
    for_each_run(appended.revisions, [this](Revision first, std::uint32_t count) {
        out_.u64(first.value);
        out_.u32(count);
    });
}

void OutcomeEncoder::operator()(const Conflict& conflict) {
    LEDGER_ASSERT(conflict.checks.size() <= command_streams_max);
    begin(Kind::conflict);
    out_.u64(conflict.at.value);
    out_.u32(static_cast<std::uint32_t>(conflict.checks.size()));
    for (const FailedCheck& check : conflict.checks) {
        const bool exact = check.expected.kind == Expected::Kind::exact;
        LEDGER_ASSERT(check.stream.size() <= stream_name_bytes_max);
        out_.u8(static_cast<std::uint8_t>(check.expected.kind));
        out_.u64(exact ? check.expected.revision.value : 0);
        out_.u8(check.exists ? 1 : 0);
        out_.u64(check.exists ? check.actual.value : 0);
        out_.u16(static_cast<std::uint16_t>(check.stream.size()));
        out_.bytes(as_bytes(check.stream));
    }
}

void OutcomeEncoder::operator()(const NoSuchEvents& missing) {
    LEDGER_ASSERT(!missing.positions.empty());
    LEDGER_ASSERT(missing.positions.size() <= command_redactions_max);
    begin(Kind::no_such_events);
    out_.u64(missing.retained.value);
    out_.u64(missing.length.value);
    out_.u32(static_cast<std::uint32_t>(missing.positions.size()));
    for (const Position position : missing.positions) {
        LEDGER_ASSERT(position < missing.retained || position >= missing.length);
        out_.u64(position.value);
    }
}

Appended decode_appended(FieldReader& in) {
    Appended appended;
    appended.first = Position{in.u64("first position")};
    appended.cluster_time.nanoseconds = in.i64("cluster time");
    appended.wall_time.nanoseconds = in.i64("wall time");
    appended.events = in.u32("number of events");
    in.require(appended.events <= command_events_max, Errc::beyond_limit, "number of events");
    const std::uint32_t runs = in.u32("number of runs");
    in.require(
        std::uint64_t{runs} * run_bytes <= in.remaining(), Errc::malformed, "number of runs");
    for (std::uint32_t i = 0; i < runs && in.ok(); ++i) {
        const Revision first{in.u64("run revision")};
        // Two runs that could be one would be a second way to write the same outcome.
        const bool joins = i > 0 && first == appended.revisions.back().next();
        in.require(!joins, Errc::malformed, "run revision");
        const std::uint32_t count = in.u32("run length");
        const std::uint64_t left = appended.events - appended.revisions.size();
        in.require(count >= 1 && count <= left, Errc::malformed, "run length");
        in.require(first.value + count >= first.value, Errc::malformed, "run length");
        for (std::uint32_t k = 0; k < count && in.ok(); ++k) {
            appended.revisions.push_back(first + k);
        }
    }
    in.require(appended.revisions.size() == appended.events, Errc::malformed, "number of events");
    return appended;
}

FailedCheck decode_check(FieldReader& in) {
    FailedCheck check;
    const std::uint8_t kind = in.u8("expected kind");
    in.require(kind >= 1 && kind <= static_cast<std::uint8_t>(Expected::Kind::exact),
        Errc::malformed, "expected kind");
    check.expected.kind = static_cast<Expected::Kind>(kind);
    check.expected.revision = Revision{in.u64("expected revision")};
    in.require(
        check.expected.kind == Expected::Kind::exact || check.expected.revision == Revision{},
        Errc::malformed, "expected revision");
    check.exists = in.boolean("exists");
    check.actual = Revision{in.u64("actual revision")};
    in.require(check.exists || check.actual == Revision{}, Errc::malformed, "actual revision");
    check.stream = std::string(in.text(stream_name_bytes_max, "stream name"));
    return check;
}

Conflict decode_conflict(FieldReader& in) {
    Conflict conflict;
    conflict.at = Position{in.u64("length of the ledger")};
    const std::uint32_t count = in.u32("number of checks");
    in.require(count <= command_streams_max, Errc::beyond_limit, "number of checks");
    in.require(std::uint64_t{count} * failed_check_bytes_min <= in.remaining(), Errc::malformed,
        "number of checks");
    if (in.ok()) {
        conflict.checks.reserve(count);
    }
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        conflict.checks.push_back(decode_check(in));
    }
    return conflict;
}

LimitReached decode_limit_reached(FieldReader& in) {
    const std::uint8_t bound = in.u8("bound");
    in.require(bound == static_cast<std::uint8_t>(Bound::streams) ||
                   bound == static_cast<std::uint8_t>(Bound::redactions),
        Errc::malformed, "bound");
    return {static_cast<Bound>(bound)};
}

Redacted decode_redacted(FieldReader& in) {
    const Redacted redacted{in.u32("number of events")};
    in.require(
        redacted.events <= command_redactions_max, Errc::beyond_limit, "number of events");
    return redacted;
}

NoSuchEvents decode_no_such_events(FieldReader& in) {
    NoSuchEvents missing;
    missing.retained = Position{in.u64("retained position")};
    missing.length = Position{in.u64("length of the ledger")};
    in.require(missing.retained <= missing.length, Errc::malformed, "length of the ledger");
    const std::uint32_t count = in.u32("number of positions");
    in.require(count >= 1, Errc::malformed, "number of positions");
    in.require(count <= command_redactions_max, Errc::beyond_limit, "number of positions");
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        const Position position{in.u64("position")};
        in.require(i == 0 || position > missing.positions.back(), Errc::malformed, "position");
        in.require(position < missing.retained || position >= missing.length, Errc::malformed,
            "position");
        missing.positions.push_back(position);
    }
    return missing;
}

Outcome decode_alternative(FieldReader& in) {
    const std::uint8_t kind = in.u8("outcome kind");
    switch (static_cast<Kind>(kind)) {
        case Kind::appended: return decode_appended(in);
        case Kind::conflict: return decode_conflict(in);
        case Kind::session_expired: return SessionExpired{};
        case Kind::sequence_too_old: return SequenceTooOld{};
        case Kind::mismatch: return Mismatch{};
        case Kind::session_registered: return SessionRegistered{SessionId{in.u64("session")}};
        case Kind::malformed: return Malformed{};
        case Kind::limit_reached: return decode_limit_reached(in);
        case Kind::redacted: return decode_redacted(in);
        case Kind::no_such_events: return decode_no_such_events(in);
    }
    in.require(false, Errc::malformed, "outcome kind");
    return Malformed{};
}

}  // namespace

void encode_outcome(const Outcome& outcome, ByteVector& out) {
    std::visit(OutcomeEncoder(out), outcome);
}

void encode_outcome(const Appended& appended, ByteVector& out) {
    OutcomeEncoder encoder(out);
    encoder(appended);
}

Result<Outcome> decode_outcome(ByteSpan bytes) {
    FieldReader in(bytes);
    in.version(outcome_version);
    Outcome outcome = decode_alternative(in);
    in.finish();
    if (!in.ok()) {
        return in.error();
    }
    return outcome;
}

}  // namespace ledger::state
