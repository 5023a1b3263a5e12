#include "log/state/query.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/state/command.h"
#include "log/state/field_reader.h"

// Little-endian, nothing between the fields:
//
//   query:   0     1  version = 1, or 2 if it ends with a filter
//            1     1  query kind: 1 stream, 2 all, 3 follow
//            2     8  from: revision or position
//           10     1  direction: 1 forward, 2 backward; follow: always 1
//           11     4  count
//           15     2  size of stream name, 1..1024 (stream only)
//           17     .  stream name
//           15     8  bytes_max (follow only)
//           23     2  size of stream name, 0..1024, 0 = all streams (follow only)
//           25     .  stream name
//            .     .  filter (version 2; not of follow): number of types 2 <= 64, each with size 2
//                     and bytes; size 2 and stream prefix
//
//   answer:  0     1  version = 1 or 2, as the query's
//            1     8  length of the ledger
//            9     1  stream exists: 0, 1
//           10     8  length of the stream
//           18     1  end: 0, 1
//           19     4  number of events <= 4096
//           23     .  events: position 8, revision 8, erased 1, event id 16 (high 8, low 8),
//                     size 2 and stream name, size 2 and type, size 4 and metadata,
//                     size 4 and payload (no bytes if erased); version 2: cluster time 8, wall
//                     time 8
//            .    16  next 8, first 8 (version 2)

namespace ledger::state {
namespace {

constexpr std::uint8_t plain = 1;     // version of a query and of its answer
constexpr std::uint8_t detailed = 2;  // with a filter, with times
constexpr std::uint8_t stream_kind = 1;
constexpr std::uint8_t all_kind = 2;
constexpr std::uint8_t follow_kind = 3;
constexpr std::uint32_t recorded_event_bytes_min = 45;

struct QueryHeader {
    std::uint8_t version = plain;
    std::uint8_t kind = 0;
    std::uint64_t from = 0;
    Direction direction = Direction::forward;
    std::uint32_t count = 0;
};

void write_header(ByteWriter& out, const QueryHeader& header) {
    out.u8(header.version);
    out.u8(header.kind);
    out.u64(header.from);
    out.u8(static_cast<std::uint8_t>(header.direction));
    out.u32(header.count);
}

std::uint8_t read_version(FieldReader& in) {
    const std::uint8_t version = in.u8("version");
    in.require(version == plain || version == detailed, Errc::unsupported_version, "version");
    return version;
}

QueryHeader read_header(FieldReader& in) {
    QueryHeader header;
    header.version = read_version(in);
    header.kind = in.u8("query kind");
    in.require(
        header.kind >= stream_kind && header.kind <= follow_kind, Errc::malformed, "query kind");
    header.from = in.u64("from");
    const std::uint8_t direction = in.u8("direction");
    in.require(direction == static_cast<std::uint8_t>(Direction::forward) ||
                   direction == static_cast<std::uint8_t>(Direction::backward),
        Errc::malformed, "direction");
    header.direction = static_cast<Direction>(direction);
    header.count = in.u32("count");
    return header;
}

void write_text(ByteWriter& out, std::string_view text, std::uint32_t limit) {
    LEDGER_ASSERT(text.size() <= limit);
    out.u16(static_cast<std::uint16_t>(text.size()));
    out.bytes(as_bytes(text));
}

void write_filter(ByteWriter& out, const Filter& filter) {
    LEDGER_ASSERT(filter.types.size() <= filter_types_max);
    out.u16(static_cast<std::uint16_t>(filter.types.size()));
    for (const std::string& type : filter.types) {
        write_text(out, type, event_type_bytes_max);
    }
    write_text(out, filter.stream_prefix, stream_name_bytes_max);
}

Filter read_filter(FieldReader& in) {
    Filter filter;
    const std::uint16_t count = in.u16("number of types");
    in.require(count <= filter_types_max, Errc::beyond_limit, "number of types");
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
        filter.types.emplace_back(in.text(event_type_bytes_max, "event type"));
    }
    filter.stream_prefix = in.text(stream_name_bytes_max, "stream prefix");
    return filter;
}

void write_event(ByteWriter& out, const RecordedEvent& event) {
    LEDGER_ASSERT(event.metadata.size() <= metadata_bytes_max);
    LEDGER_ASSERT(event.payload.size() <= payload_bytes_max);
    LEDGER_ASSERT(!event.erased || event.payload.empty());
    out.u64(event.position.value);
    out.u64(event.revision.value);
    out.u8(event.erased ? 1 : 0);
    out.u64(event.id.high);
    out.u64(event.id.low);
    write_text(out, event.stream, stream_name_bytes_max);
    write_text(out, event.type, event_type_bytes_max);
    out.sized(event.metadata);
    out.sized(event.payload);
}

// An event of an answer where it lies.
struct SeenEvent {
    Position position;
    Revision revision;
    bool erased = false;
    EventId id;
    std::string_view stream;
    std::string_view type;
    ByteSpan metadata;
    ByteSpan payload;
    ClusterTime cluster_time;
    WallTime wall_time;
};

SeenEvent see_event(FieldReader& in, std::uint8_t version) {
    SeenEvent event;
    event.position = Position{in.u64("position")};
    event.revision = Revision{in.u64("revision")};
    event.erased = in.boolean("erased");
    event.id.high = in.u64("event id");
    event.id.low = in.u64("event id");
    event.stream = in.text(stream_name_bytes_max, "stream name");
    event.type = in.text(event_type_bytes_max, "event type");
    event.metadata = in.blob(metadata_bytes_max, "metadata");
    event.payload = in.blob(payload_bytes_max, "payload");
    in.require(!event.erased || event.payload.empty(), Errc::malformed, "payload");
    if (version == detailed) {
        event.cluster_time = ClusterTime{in.i64("cluster time")};
        event.wall_time = WallTime{in.i64("wall time")};
    }
    return event;
}

RecordedEvent copy_of(const SeenEvent& seen) {
    return {.position = seen.position,
        .revision = seen.revision,
        .stream = std::string(seen.stream),
        .id = seen.id,
        .type = std::string(seen.type),
        .metadata = ByteVector(seen.metadata.begin(), seen.metadata.end()),
        .payload = ByteVector(seen.payload.begin(), seen.payload.end()),
        .erased = seen.erased,
        .cluster_time = seen.cluster_time,
        .wall_time = seen.wall_time};
}

// Everything before the events; then `count` of them follow.
struct AnswerHeader {
    std::uint8_t version = plain;
    Answer answer;
    std::uint32_t count = 0;
};

AnswerHeader read_answer_header(FieldReader& in) {
    AnswerHeader header;
    header.version = read_version(in);
    header.answer.length = Position{in.u64("length of the ledger")};
    header.answer.stream_exists = in.boolean("stream exists");
    header.answer.stream_length = in.u64("length of the stream");
    header.answer.end = in.boolean("end");
    header.count = in.u32("number of events");
    in.require(header.count <= read_events_max, Errc::beyond_limit, "number of events");
    in.require(std::uint64_t{header.count} * recorded_event_bytes_min <= in.remaining(),
        Errc::malformed, "number of events");
    return header;
}

}  // namespace

bool passes(const Filter& filter, std::string_view stream, std::string_view type) {
    return stream.starts_with(filter.stream_prefix) &&
           (filter.types.empty() ||
               std::find(filter.types.begin(), filter.types.end(), type) != filter.types.end());
}

const Filter* filter_of(const Query& query) {
    const auto* stream = std::get_if<ReadStream>(&query);
    const auto* all = std::get_if<ReadAll>(&query);
    const std::optional<Filter>* filter = stream != nullptr ? &stream->filter
                                          : all != nullptr  ? &all->filter
                                                            : nullptr;
    return filter != nullptr && *filter ? &**filter : nullptr;
}

void encode_query(const Query& query, ByteVector& out) {
    ByteWriter writer(out);
    const Filter* filter = filter_of(query);
    const std::uint8_t version = filter == nullptr ? plain : detailed;
    if (const auto* stream = std::get_if<ReadStream>(&query)) {
        LEDGER_ASSERT(!stream->stream.empty());
        write_header(writer, {.version = version,
                                 .kind = stream_kind,
                                 .from = stream->from.value,
                                 .direction = stream->direction,
                                 .count = stream->count});
        write_text(writer, stream->stream, stream_name_bytes_max);
    } else if (const auto* follow = std::get_if<Follow>(&query)) {
        write_header(writer, {.version = version,
                                 .kind = follow_kind,
                                 .from = follow->from.value,
                                 .direction = Direction::forward,
                                 .count = follow->count});
        writer.u64(follow->bytes_max);
        write_text(writer, follow->stream, stream_name_bytes_max);
    } else {
        const auto* all = std::get_if<ReadAll>(&query);
        LEDGER_ASSERT(all != nullptr);
        write_header(writer, {.version = version,
                                 .kind = all_kind,
                                 .from = all->from.value,
                                 .direction = all->direction,
                                 .count = all->count});
    }
    if (filter != nullptr) {
        write_filter(writer, *filter);
    }
}

Result<Query> decode_query(ByteSpan bytes) {
    FieldReader in(bytes);
    const QueryHeader header = read_header(in);
    in.require(header.kind != follow_kind || header.version == plain, Errc::unsupported_version,
        "version of a follow");
    Query query;
    std::string stream;
    if (header.kind == stream_kind) {
        stream = in.text(stream_name_bytes_max, "stream name");
        in.require(!stream.empty(), Errc::malformed, "stream name");
    }
    std::optional<Filter> filter;
    if (header.version == detailed) {
        filter = read_filter(in);
    }
    if (header.kind == stream_kind) {
        query = ReadStream{std::move(stream), Revision{header.from}, header.direction, header.count,
            std::move(filter)};
    } else if (header.kind == all_kind) {
        query = ReadAll{Position{header.from}, header.direction, header.count, std::move(filter)};
    } else if (header.kind == follow_kind) {
        in.require(header.direction == Direction::forward, Errc::malformed, "direction");
        const std::uint64_t bytes_max = in.u64("bytes_max");
        const std::string_view name = in.text(stream_name_bytes_max, "stream name");
        query = Follow{Position{header.from}, std::string(name), header.count, bytes_max};
    }
    in.finish();
    if (!in.ok()) {
        return in.error();
    }
    return query;
}

void encode_answer(const Answer& answer, ByteVector& out) {
    LEDGER_ASSERT(answer.events.size() <= read_events_max);
    ByteWriter writer(out);
    writer.u8(answer.detail ? detailed : plain);
    writer.u64(answer.length.value);
    writer.u8(answer.stream_exists ? 1 : 0);
    writer.u64(answer.stream_length);
    writer.u8(answer.end ? 1 : 0);
    writer.u32(static_cast<std::uint32_t>(answer.events.size()));
    for (const RecordedEvent& event : answer.events) {
        write_event(writer, event);
        if (answer.detail) {
            writer.i64(event.cluster_time.nanoseconds);
            writer.i64(event.wall_time.nanoseconds);
        }
    }
    if (answer.detail) {
        writer.u64(answer.detail->next);
        writer.u64(answer.detail->first);
    }
}

Result<Answer> decode_answer(ByteSpan bytes) {
    FieldReader in(bytes);
    AnswerHeader header = read_answer_header(in);
    if (in.ok()) {
        header.answer.events.reserve(header.count);
    }
    for (std::uint32_t i = 0; i < header.count && in.ok(); ++i) {
        header.answer.events.push_back(copy_of(see_event(in, header.version)));
    }
    if (header.version == detailed) {
        header.answer.detail = Detail{.next = in.u64("next"), .first = in.u64("first")};
    }
    in.finish();
    if (!in.ok()) {
        return in.error();
    }
    return std::move(header.answer);
}

Result<AnswerSummary> summarize_answer(ByteSpan bytes) {
    FieldReader in(bytes);
    const AnswerHeader header = read_answer_header(in);
    AnswerSummary summary{.length = header.answer.length,
        .end = header.answer.end,
        .events = header.count,
        .last = {}};
    for (std::uint32_t i = 0; i < header.count && in.ok(); ++i) {
        summary.last = see_event(in, header.version).position;
    }
    if (header.version == detailed) {
        in.bytes(16, "detail");
    }
    in.finish();
    if (!in.ok()) {
        return in.error();
    }
    return summary;
}

}  // namespace ledger::state
