#pragma once
// Query: questions to the ledger and their answers, with the bytes of both.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// Which of the events that a page looks at are wanted: those that meet all of it.
inline constexpr std::uint32_t filter_types_max = 64;
struct Filter {
    std::vector<std::string> types;  // any of these; none = every type
    std::string stream_prefix;       // streams whose names begin so
    friend bool operator==(const Filter&, const Filter&) = default;
};
bool passes(const Filter& filter, std::string_view stream, std::string_view type);

// Events `from`, `from`±1, ... at most `count`. Backward from a number beyond the end starts at
// the end; forward from there finds nothing.
struct ReadStream {
    std::string stream;
    Revision from;
    Direction direction = Direction::forward;
    std::uint32_t count = 0;  // looked at
    // Asks for an answer of version 2, which has times and Detail, and which begins, forward, at the
    // first event that is left, where version 1 would be Errc::expired. An empty one passes everything.
    std::optional<Filter> filter = std::nullopt;
    friend bool operator==(const ReadStream&, const ReadStream&) = default;
};
struct ReadAll {
    Position from;
    Direction direction = Direction::forward;
    std::uint32_t count = 0;
    std::optional<Filter> filter = std::nullopt;  // as in ReadStream
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
// What the answer has to pass; null: it is one of version 1.
const Filter* filter_of(const Query& query);

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
    std::uint64_t first = 0;  // the first number that can be read; lower ones have expired
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
    ClusterTime cluster_time = {};  // of its entry; 0 in an answer of version 1
    WallTime wall_time = {};
    friend bool operator==(const RecordedEvent&, const RecordedEvent&) = default;
};

// What an answer of version 2 says of its page, in revisions of the stream asked or in positions.
struct Detail {
    // Where the read goes on, whether what was looked at passed or not. Backward it may be one below
    // 0, which is UINT64_MAX; then `end` is true.
    std::uint64_t next = 0;
    std::uint64_t first = 0;  // that can be read; lower ones have expired
    friend bool operator==(const Detail&, const Detail&) = default;
};

struct Answer {
    Position length;
    bool stream_exists = false;
    std::uint64_t stream_length = 0;
    bool end = false;
    std::vector<RecordedEvent> events;
    std::optional<Detail> detail = std::nullopt;  // version 2
    friend bool operator==(const Answer&, const Answer&) = default;
};

// The event at `location` out of the body of its entry, without times; malformed if the body has no
// such slot.
Result<RecordedEvent> extract_event(const EntryBody& body, const EventLocation& location);
// The events of one entry, whose slots rise or fall, that pass; one walk over the entry. Appends them
// in the order of the locations, with the entry's times.
Result<void> extract_events(const EntryRef& entry, std::span<const EventLocation> locations,
    const Filter& filter, std::vector<RecordedEvent>& out);

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
