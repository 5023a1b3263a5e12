#pragma once
// Query: questions to the ledger and their answers, with the bytes of both.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/result.h"

namespace ledger::state {

// The most events that one answer holds; a larger count asks for this many.
inline constexpr std::uint32_t read_events_max = 4096;

enum class Direction : std::uint8_t { forward = 1, backward = 2 };

// Events `from`, `from`±1, ... at most `count`. Backward from a number beyond the end starts at
// the end; forward from there finds nothing.
struct ReadStream {
    std::string stream;
    Revision from;
    Direction direction = Direction::forward;
    std::uint32_t count = 0;
    friend bool operator==(const ReadStream&, const ReadStream&) = default;
};
struct ReadAll {
    Position from;
    Direction direction = Direction::forward;
    std::uint32_t count = 0;
    friend bool operator==(const ReadAll&, const ReadAll&) = default;
};
// A page of a subscription: the events at or after `from`, of one stream or of all (empty), at most
// `count`, and of no more entries than fit into bytes_max (one always fits).
struct Follow {
    Position from;
    std::string stream;
    std::uint32_t count = 0;
    std::uint64_t bytes_max = 0;
    friend bool operator==(const Follow&, const Follow&) = default;
};
using Query = std::variant<ReadStream, ReadAll, Follow>;

void encode_query(const Query& query, ByteVector& out);
Result<Query> decode_query(ByteSpan bytes);

// Where an event lies: the entry that holds it and its place among the entry's events.
struct EventLocation {
    Position position;
    Revision revision;
    Index index;
    std::uint32_t slot = 0;
    friend bool operator==(const EventLocation&, const EventLocation&) = default;
};

// What a query finds in the index: the events' bodies come from the log.
struct Located {
    Position length;             // of the whole ledger: the state that was asked
    bool stream_exists = false;  // if the query names a stream
    std::uint64_t stream_length = 0;
    bool end = false;  // nothing further in this direction
    std::vector<EventLocation> events;
    friend bool operator==(const Located&, const Located&) = default;
};

struct RecordedEvent {
    Position position;
    Revision revision;
    std::string stream;
    EventId id;
    std::string type;
    ByteVector metadata;
    ByteVector payload;
    bool erased = false;  // the payload was destroyed; everything else is intact
    friend bool operator==(const RecordedEvent&, const RecordedEvent&) = default;
};

struct Answer {
    Position length;
    bool stream_exists = false;
    std::uint64_t stream_length = 0;
    bool end = false;
    std::vector<RecordedEvent> events;
    friend bool operator==(const Answer&, const Answer&) = default;
};

// The event at `location` out of the body of its entry; malformed if the body has no such slot.
Result<RecordedEvent> extract_event(const EntryBody& body, const EventLocation& location);

void encode_answer(const Answer& answer, ByteVector& out);
Result<Answer> decode_answer(ByteSpan bytes);

// An answer without its events: for those who hand it on.
struct AnswerSummary {
    Position length;
    bool end = false;
    std::uint32_t events = 0;
    Position last;  // of the last event, if there is one
    friend bool operator==(const AnswerSummary&, const AnswerSummary&) = default;
};
// Refuses what decode_answer would; copies nothing.
Result<AnswerSummary> summarize_answer(ByteSpan bytes);

}  // namespace ledger::state
