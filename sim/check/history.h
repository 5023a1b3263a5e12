#pragma once
// History: what clients asked and what they were told, as the checkers and other tools read it.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "log/base/time.h"
#include "log/state/command.h"
#include "log/state/outcome.h"
#include "log/state/query.h"

namespace ledger::check {

// One attempt of one client, unique in a history. Retries are operations of their own.
using OperationId = Strong<struct OperationIdTag>;

// A moment: the number of the event orders, the time is for people.
struct When {
    std::uint64_t step = 0;
    Instant time;
    friend bool operator==(const When&, const When&) = default;
};

struct WrittenEvent {
    std::uint32_t stream = 0;  // place in AppendCall::streams
    EventId id;
    friend bool operator==(const WrittenEvent&, const WrittenEvent&) = default;
};

struct AppendCall {
    std::vector<state::StreamCheck> streams;
    std::vector<WrittenEvent> events;
    std::optional<std::uint64_t> expected_length;  // of the whole ledger; imported histories only
    friend bool operator==(const AppendCall&, const AppendCall&) = default;
};
// Asks only for the length of the ledger.
struct TailCall {
    friend bool operator==(const TailCall&, const TailCall&) = default;
};

using Call = std::variant<AppendCall, state::ReadStream, state::ReadAll, TailCall>;

// The append took effect: the claim of the reply.
struct Acknowledged {
    Position first;
    std::vector<Revision> revisions;  // of each event; empty = the reply does not say
    friend bool operator==(const Acknowledged&, const Acknowledged&) = default;
};
// A condition did not hold: nothing was or will be written by any attempt of this append.
struct Conflicted {
    std::vector<state::FailedCheck> checks;
    std::optional<std::uint64_t> at;  // the length at which it was judged, if the reply says it
    friend bool operator==(const Conflicted&, const Conflicted&) = default;
};
// This attempt never took and never will take effect; nothing is said of other attempts.
struct Refused {
    std::string why;
    friend bool operator==(const Refused&, const Refused&) = default;
};
// Time-out, lost connection: it may have taken effect at any time from the call on, or never.
struct Unknown {
    friend bool operator==(const Unknown&, const Unknown&) = default;
};
struct SeenEvent {
    Position position;
    Revision revision;
    EventId id;
    bool erased = false;  // without its payload
    friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};
struct ReadAnswer {
    std::optional<std::uint64_t> length;         // of the whole ledger, if the answer says it
    std::optional<std::uint64_t> stream_length;  // ReadStream only
    bool end = false;                            // nothing further in this direction
    std::vector<SeenEvent> events;               // in the order of the answer
    bool positions = true;                       // false: only the ids of `events` were reported
    friend bool operator==(const ReadAnswer&, const ReadAnswer&) = default;
};
struct Pending {
    friend bool operator==(const Pending&, const Pending&) = default;
};

using Answer = std::variant<Pending, Acknowledged, Conflicted, Refused, Unknown, ReadAnswer>;

struct Operation {
    OperationId id;
    ClientId client;
    NodeId node;        // asked; 0 = not known
    SessionId session;  // appends: retries carry the same (session, sequence); 0 = none
    Sequence sequence;
    std::uint32_t attempt = 1;
    When called;
    When returned;  // meaningless while pending
    Call call;
    Answer answer;
    friend bool operator==(const Operation&, const Operation&) = default;
};

// "client 3 (session 12, sequence 5) appended 2 events", "client 3 read stream orders from 4".
std::string describe(const Operation& operation);

// Keeps operations while they are pending, and the last `kept_max` of those that have ended.
class History {
  public:
    explicit History(std::uint64_t kept_max = 0) : kept_max_(kept_max) {}

    // A client asks. The reference is valid until ended(id) and one more call.
    const Operation& called(Operation operation);
    // The client was answered, or gave up (Unknown). Hand the result to the checkers. The
    // reference is valid until the next call of this object.
    const Operation& ended(OperationId id, When when, Answer answer);
    const Operation* pending(OperationId id) const;

    struct Counts {
        std::uint64_t ok = 0;
        std::uint64_t failed = 0;   // conflicts and refusals
        std::uint64_t unknown = 0;  // includes what is still pending at the end
    };
    Counts counts() const;
    std::uint64_t acknowledged_appends() const { return acknowledged_appends_; }

    // What is kept, ended ones first and in the order in which they ended, then pending ones in
    // the order of their ids.
    std::vector<const Operation*> operations() const;
    // One line per operation (reference: native schema). Slices of more than 16 events are
    // written as {n, hash}.
    std::string export_jsonl() const;

  private:
    std::uint64_t kept_max_;
    std::deque<Operation> ended_;
    Operation last_;
    std::vector<std::unique_ptr<Operation>> slots_;
    std::vector<std::uint32_t> free_;
    LookupTable<OperationId, std::uint32_t> open_;
    std::uint64_t ok_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t unknown_ = 0;
    std::uint64_t acknowledged_appends_ = 0;
};

// One JSON object without a line end.
std::string to_json(const Operation& operation);

class Order;
// A full read of the log as it is at the end of a run, by client 0, as one such object: it fixes
// where everything stands, what happened to unknown appends as well.
std::string final_read_json(const Order& order, OperationId id, When when);

// Polynomial hash of a slice modulo 2^61 - 1: any slice of a known sequence can be compared with
// it through prefix hashes in O(1).
std::uint64_t slice_hash(const std::vector<SeenEvent>& events);

}  // namespace ledger::check
