#pragma once
// Log history: what clients asked of an event log and were told, in the compact form that is
// judged.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/ids.h"
#include "log/state/command.h"
#include "log/state/outcome.h"
#include "sim/check/log_history/log_mode.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

enum class LogKind : std::uint8_t {
    append = 1,   // with or without records, conditions, a read set (a transaction)
    read,         // a page of the log or of one stream, or pages of several streams at once
    tail,         // the length of the log
    subscribe,    // a subscription begins or is resumed; failed with `truncated`: S13
    deliver,      // records, a bookmark or both, handed to a subscriber
    ack,          // a subscriber has dealt with a position, and all before it unless in a group
    nack,         // a subscriber wants a position again
    unsubscribe,  // the subscription ended, or its subscriber died
    caught_up,    // the subscription went from the past to what is new
    retain,       // from its return on, records below `from` may be gone
    quiescent,    // from its call on nothing is under way any more
};
std::string_view to_text(LogKind kind);

// One line. Records, streams, sessions and so on are numbers given in the order of appearance.
struct LogOperation {
    static constexpr std::uint64_t none = UINT64_MAX;
    static constexpr std::uint32_t none32 = UINT32_MAX;
    static constexpr std::int64_t never = INT64_MAX;  // no return

    enum Flag : std::uint16_t {
        hashed = 1,      // the records are known as {n, hash} only
        end = 2,         // nothing follows in this direction, says the answer
        not_end = 4,     // something follows, says the answer; neither: it does not say
        backward = 8,    // read
        conflict = 16,   // failed because a condition did not hold
        truncated = 32,  // failed because what was asked for may be gone
        partial = 64,    // failed because some of its records are stored and some are not
        stored = 128,  // append: its session stores the answer, so a conflict is final for its key
        in_group = 256,  // subscribe: a member of a consumer group
    };

    std::uint64_t id = 0;  // "op" of the line
    // When, for the order of events: steps if the history has them, else nanoseconds. Intervals
    // are closed: equal times are concurrent.
    std::int64_t called = 0;
    std::int64_t returned = never;
    std::int64_t called_ns = 0;
    std::int64_t returned_ns = never;
    // read: the first number asked for. deliver, ack, nack: the position. subscribe: the start.
    // retain: the first position kept.
    std::uint64_t from = none;
    // read: at most so many records. subscribe: the checkpoint that it resumes from.
    std::uint64_t max = none;
    // append: where its first record stands. read: position of its first record. subscribe,
    // truncated: the first position that is kept.
    std::uint64_t position = none;
    // The length of the log that the answer was given at. deliver: the bookmark.
    std::uint64_t length = none;
    // append: the length that it asked for. deliver: the number of the handing-over that it was
    // part of. read: the length of the stream, as the answer says it. subscribe in a group: the
    // time in ns after which what was not acknowledged may be handed out again.
    std::uint64_t expected = none;
    std::uint32_t records = 0;  // place in LogHistory::records; hashed: in LogHistory::hashes
    std::uint32_t count = 0;    // of records
    std::uint32_t client = 0;
    std::uint32_t session = 0;
    std::uint32_t stream = 0;        // 0 = the whole log
    std::uint32_t logical = none32;  // append: shared by all of its attempts
    std::uint32_t subscription = none32;
    std::uint32_t details = 0;  // 0 = none
    std::uint32_t line = 0;
    std::uint32_t node = 0;  // 0 = not known
    std::uint16_t flags = 0;
    std::uint16_t attempt = 1;
    LogKind kind = LogKind::append;
    Outcome outcome = Outcome::unknown;
    std::uint8_t mode = 0;  // 0 = the level of the judgement

    bool has(Flag flag) const { return (flags & flag) != 0; }
    bool ok() const { return outcome == Outcome::ok; }
    friend bool operator==(const LogOperation&, const LogOperation&) = default;
};

// A page of one stream, of a read of several or of a transaction's read set.
struct LogPart {
    std::uint32_t stream = 0;
    std::uint64_t from = 0;
    std::uint64_t max = LogOperation::none;
    std::uint32_t records = 0;
    std::uint32_t count = 0;
    bool ends = false;
    friend bool operator==(const LogPart&, const LogPart&) = default;
};

// Fail if one of these streams has an event after position `after` (none: any event at all).
struct LogCondition {
    std::vector<std::uint32_t> streams;
    std::uint64_t after = LogOperation::none;
    friend bool operator==(const LogCondition&, const LogCondition&) = default;
};

// What few lines have.
struct LogDetails {
    std::vector<state::StreamCheck> checks;     // append: streams and what they must look like
    std::vector<std::uint32_t> record_streams;  // append: of each record; empty = all in `stream`
    std::vector<std::uint64_t> revisions;       // append, ok: of each record; empty = not said
    std::vector<state::FailedCheck> failed;     // conflict: the checks that failed
    std::vector<LogPart> parts;                 // read of several streams; read set of an append
    std::vector<LogCondition> conditions;
    // conflict: the events in its way, as {position, record}.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> in_the_way;
    std::string filter;    // subscribe: streams that begin so
    std::string group;     // subscribe
    std::string error;     // as it was recorded
    bool ordered = false;  // subscribe in a group: records of a stream in their order
    friend bool operator==(const LogDetails&, const LogDetails&) = default;
};

struct LogHistory {
    std::vector<LogOperation> operations;  // in the order of the lines
    std::vector<std::uint32_t> records;
    std::vector<std::uint64_t> hashes;
    std::vector<LogDetails> details = {LogDetails{}};  // [0] is nobody's
    std::vector<LogMode> modes = {LogMode{}};          // [0] is nobody's
    std::vector<EventId> record_ids;                   // by record number
    std::vector<std::string> record_names;    // by EventId::low of those whose high is named_record
    std::vector<std::string> streams = {""};  // by number
    std::vector<std::string> subscriptions;
    std::vector<std::string> nodes = {""};
    std::vector<std::int64_t> clients;
    std::vector<std::string> keys;  // by logical append; empty = it had none
    std::uint32_t sessions = 0;
    bool has_steps = false;
    bool has_streams = false;
    bool has_slices = false;              // hashed ones
    std::vector<Annotation> annotations;  // from and to are times here

    // EventId::high of ids that are neither integers nor 32 hexadecimal digits.
    static constexpr std::uint64_t named_record = UINT64_MAX;

    std::string record_name(std::uint32_t record) const;
    // Memory of all tables.
    std::uint64_t bytes() const;
};

}  // namespace ledger::check
