#include "log/state/command_view.h"

#include <algorithm>
#include <vector>

#include "log/base/assert.h"
#include "log/state/command_layout.h"
#include "log/state/field_reader.h"

namespace ledger::state {
namespace {

bool valid_expected_kind(std::uint8_t number) {
    return number >= static_cast<std::uint8_t>(Expected::Kind::any) &&
           number <= static_cast<std::uint8_t>(Expected::Kind::exact);
}

// Pairwise for the usual few, sorted for many.
bool any_name_twice(const AppendView& append) {
    constexpr std::uint32_t pairwise_max = 8;
    if (append.stream_count <= pairwise_max) {
        std::string_view names[pairwise_max];
        std::uint32_t count = 0;
        for (StreamCursor streams(append); !streams.done(); ++count) {
            names[count] = streams.next().name;
            if (std::find(names, names + count, names[count]) != names + count) {
                return true;
            }
        }
        return false;
    }
    std::vector<std::string_view> names;
    names.reserve(append.stream_count);
    for (StreamCursor streams(append); !streams.done();) {
        names.push_back(streams.next().name);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void check_stream(FieldReader& in) {
    const std::uint8_t kind = in.u8("expected kind");
    in.require(valid_expected_kind(kind), Errc::malformed, "expected kind");
    const std::uint64_t revision = in.u64("expected revision");
    const bool exact = kind == static_cast<std::uint8_t>(Expected::Kind::exact);
    in.require(exact || revision == 0, Errc::malformed, "expected revision");
    const std::string_view name = in.text(stream_name_bytes_max, "stream name");
    in.require(!name.empty(), Errc::malformed, "stream name");
}

void check_event(FieldReader& in, AppendView& append) {
    const std::uint32_t place = in.u32("stream place");
    in.require(place < append.stream_count, Errc::malformed, "stream place");
    in.bytes(16, "event id");
    const std::uint32_t payload = in.u32("payload length");
    in.require(payload <= payload_bytes_max, Errc::beyond_limit, "payload length");
    in.bytes(32, "commitment");
    const std::uint16_t type = in.u16("event type length");
    in.require(type <= event_type_bytes_max, Errc::beyond_limit, "event type length");
    const std::uint32_t metadata = in.u32("metadata length");
    in.require(metadata <= metadata_bytes_max, Errc::beyond_limit, "metadata length");
    in.bytes(type, "event type");
    in.bytes(metadata, "metadata");
    append.erasable_bytes += salt_bytes + payload;
}

// What makes a command exactly once: of an append and of a redaction alike.
template <typename View>
void read_key(FieldReader& in, View& view) {
    view.session = SessionId{in.u64("session")};
    view.sequence = Sequence{in.u64("sequence")};
    view.acknowledged_through = Sequence{in.u64("acknowledged through")};
    in.require(view.session == SessionId{} || view.acknowledged_through < view.sequence,
        Errc::malformed, "acknowledged through");
}

CommandView check_append(FieldReader& in, ByteSpan envelope) {
    AppendView append;
    read_key(in, append);
    append.stream_count = in.u32("stream count");
    in.require(append.stream_count <= command_streams_max, Errc::beyond_limit, "stream count");
    append.event_count = in.u32("event count");
    in.require(append.event_count <= command_events_max, Errc::beyond_limit, "event count");
    const std::uint64_t streams_at = in.offset();
    for (std::uint32_t i = 0; i < append.stream_count && in.ok(); ++i) {
        check_stream(in);
    }
    const std::uint64_t events_at = in.offset();
    for (std::uint32_t i = 0; i < append.event_count && in.ok(); ++i) {
        check_event(in, append);
    }
    in.finish();
    if (in.ok()) {
        append.stream_bytes = envelope.subspan(streams_at, events_at - streams_at);
        append.event_bytes = envelope.subspan(events_at);
        in.require(!any_name_twice(append), Errc::malformed, "stream named twice; message ends");
        const std::uint64_t body_bytes = envelope.size() + append.erasable_bytes;
        in.require(body_bytes <= entry_bytes_max, Errc::beyond_limit, "size of body; message ends");
    }
    return append;
}

CommandView check_redact(FieldReader& in, ByteSpan envelope) {
    RedactView redact;
    read_key(in, redact);
    redact.count = in.u32("position count");
    in.require(redact.count >= 1, Errc::malformed, "position count");
    in.require(redact.count <= command_redactions_max, Errc::beyond_limit, "position count");
    const std::uint64_t positions_at = in.offset();
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < redact.count && in.ok(); ++i) {
        const std::uint64_t position = in.u64("position");
        in.require(i == 0 || position > before, Errc::malformed, "position");
        before = position;
    }
    in.finish();
    if (in.ok()) {
        redact.position_bytes = envelope.subspan(positions_at);
    }
    return redact;
}

}  // namespace

Result<CommandView> view_command(ByteSpan envelope) {
    FieldReader in(envelope);
    in.version(command_version);
    const std::uint8_t kind = in.u8("command kind");
    CommandView command;
    if (kind == append_kind) {
        command = check_append(in, envelope);
    } else if (kind == redact_kind) {
        command = check_redact(in, envelope);
    } else {
        in.require(kind == register_session_kind, Errc::malformed, "command kind");
        in.finish();
    }
    if (!in.ok()) {
        return in.error();
    }
    return command;
}

bool is_redact(ByteSpan envelope) {
    return envelope.size() >= command_header_bytes &&
           envelope[0] == std::byte{command_version} && envelope[1] == std::byte{redact_kind};
}

Position RedactView::position(std::uint32_t place) const {
    LEDGER_ASSERT(place < count);
    return Position{load_little_endian<std::uint64_t>(
        position_bytes.data() + std::size_t{place} * sizeof(std::uint64_t))};
}

StreamView StreamCursor::next() {
    LEDGER_ASSERT(rest_.size() >= stream_header_bytes);
    const std::byte* at = rest_.data();
    StreamView stream;
    stream.expected.kind = static_cast<Expected::Kind>(load_little_endian<std::uint8_t>(at));
    stream.expected.revision = Revision{load_little_endian<std::uint64_t>(at + 1)};
    const auto name_bytes = load_little_endian<std::uint16_t>(at + 9);
    stream.name = as_text(rest_.subspan(stream_header_bytes, name_bytes));
    rest_ = rest_.subspan(stream_header_bytes + name_bytes);
    return stream;
}

EventView EventCursor::next() {
    LEDGER_ASSERT(rest_.size() >= event_header_bytes);
    const std::byte* at = rest_.data();
    EventView event;
    event.stream = load_little_endian<std::uint32_t>(at);
    event.id.high = load_little_endian<std::uint64_t>(at + 4);
    event.id.low = load_little_endian<std::uint64_t>(at + 12);
    event.payload_bytes = load_little_endian<std::uint32_t>(at + 20);
    event.commitment = rest_.subspan(24, 32);
    const auto type_bytes = load_little_endian<std::uint16_t>(at + 56);
    const auto metadata_bytes = load_little_endian<std::uint32_t>(at + 58);
    event.type = as_text(rest_.subspan(event_header_bytes, type_bytes));
    event.metadata = rest_.subspan(event_header_bytes + type_bytes, metadata_bytes);
    event.erasable_offset = erasable_offset_;
    erasable_offset_ += salt_bytes + event.payload_bytes;
    rest_ = rest_.subspan(event_header_bytes + type_bytes + metadata_bytes);
    return event;
}

}  // namespace ledger::state
