#include "log/state/command.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "log/base/assert.h"
#include "log/base/sha256.h"
#include "log/state/command_layout.h"
#include "log/state/command_view.h"
#include "log/state/erasable.h"

// Envelope, little-endian, nothing between the fields:
//
//   offset  size  field
//        0     1  version = 1
//        1     1  command kind: 1 append, 2 register session (which ends here), 3 redact
//        2     8  session; 0 = none
//       10     8  sequence
//       18     8  acknowledged through; inside a session below the sequence
//
//   redact, known as of feature version 3 (Ledger::knows_redact):
//       26     4  number of positions P, 1..1024
//       30   8 P  positions, ascending, then nothing
//
//   append:
//       26     4  number of streams S <= 4096
//       30     4  number of events E <= 4096
//       34     .  S streams, then E events, then nothing
//
//   stream:  0     1  expected kind: 1 any, 2 no stream, 3 exists, 4 exact
//            1     8  expected revision; 0 unless exact
//            9     2  size of name, 1..1024
//           11     .  name; no two streams of a command have the same
//
//   event:   0     4  place of its stream, from 0
//            4    16  event id: high 8, low 8
//           20     4  size of payload <= 1 MiB
//           24    32  commitment: SHA-256(salt, payload)
//           56     2  size of type <= 256
//           58     4  size of metadata <= 64 KiB
//           62     .  type, metadata
//
// Erasable part of an append: for each event in order salt (high 8, low 8) and payload. It is never
// empty if there are events, so an empty one says that it was destroyed. Of a body that is partly
// erased (EntryBody::erasure):
//
//        0     .  bitmap over the E events, ceil(E / 8) bytes, lowest bit first: set = destroyed;
//                 at least one bit is set and at least one is not, the bits behind the last are 0
//        .     .  for each event that is left in order salt (high 8, low 8) and payload

namespace ledger::state {
namespace {

class StateCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.state"; }
    std::string message(int number) const override {
        switch (static_cast<Errc>(number)) {
            case Errc::malformed: return "malformed bytes";
            case Errc::unsupported_version: return "version is not supported";
            case Errc::beyond_limit: return "beyond a limit";
            case Errc::wrong_commitment: return "payload does not match its commitment";
            case Errc::erased: return "payloads were destroyed";
            case Errc::expired: return "expired";
            case Errc::restoring: return "being restored";
        }
        return "unknown";
    }
};

// Stores fields one after another into memory that is known to be large enough.
class Cursor {
  public:
    explicit Cursor(std::byte* at) : at_(at) {}
    template <typename Integer>
    void integer(Integer value) {
        store_little_endian(at_, value);
        at_ += sizeof(Integer);
    }
    void bytes(ByteSpan data) {
        if (!data.empty()) {
            std::memcpy(at_, data.data(), data.size());
            at_ += data.size();
        }
    }
    const std::byte* at() const { return at_; }

  private:
    std::byte* at_;
};

struct BodySize {
    std::uint64_t envelope = command_header_bytes;
    std::uint64_t erasable = 0;
};

BodySize size_of(const Append& append) {
    BodySize size;
    size.envelope += append_header_bytes;
    for (const StreamCheck& check : append.streams) {
        size.envelope += stream_header_bytes + check.stream.size();
    }
    for (const NewEvent& event : append.events) {
        size.envelope += event_header_bytes + event.type.size() + event.metadata.size();
        size.erasable += salt_bytes + event.payload.size();
    }
    return size;
}

void write_stream(Cursor& out, const StreamCheck& check) {
    LEDGER_ASSERT(!check.stream.empty());
    LEDGER_ASSERT(check.stream.size() <= stream_name_bytes_max);
    const bool exact = check.expected.kind == Expected::Kind::exact;
    out.integer(static_cast<std::uint8_t>(check.expected.kind));
    out.integer(exact ? check.expected.revision.value : std::uint64_t{0});
    out.integer(static_cast<std::uint16_t>(check.stream.size()));
    out.bytes(as_bytes(check.stream));
}

// The salt and payload go first: the commitment is taken where they come to lie.
void write_event(Cursor& envelope, Cursor& erasable, const NewEvent& event) {
    LEDGER_ASSERT(event.type.size() <= event_type_bytes_max);
    LEDGER_ASSERT(event.metadata.size() <= metadata_bytes_max);
    LEDGER_ASSERT(event.payload.size() <= payload_bytes_max);
    const std::byte* committed = erasable.at();
    erasable.integer(event.salt.high);
    erasable.integer(event.salt.low);
    erasable.bytes(event.payload);
    const Digest commitment = sha256({committed, salt_bytes + event.payload.size()});
    envelope.integer(event.stream);
    envelope.integer(event.id.high);
    envelope.integer(event.id.low);
    envelope.integer(static_cast<std::uint32_t>(event.payload.size()));
    envelope.bytes(commitment.span());
    envelope.integer(static_cast<std::uint16_t>(event.type.size()));
    envelope.integer(static_cast<std::uint32_t>(event.metadata.size()));
    envelope.bytes(as_bytes(event.type));
    envelope.bytes(event.metadata);
}

Append copy_append(const AppendView& view, ByteSpan erasable) {
    Append append;
    append.session = view.session;
    append.sequence = view.sequence;
    append.acknowledged_through = view.acknowledged_through;
    append.streams.reserve(view.stream_count);
    for (StreamCursor streams(view); !streams.done();) {
        const StreamView stream = streams.next();
        append.streams.push_back({std::string(stream.name), stream.expected});
    }
    append.events.reserve(view.event_count);
    for (EventCursor events(view); !events.done();) {
        const EventView from = events.next();
        const std::byte* salt = erasable.data() + from.erasable_offset;
        NewEvent& event = append.events.emplace_back();
        event.stream = from.stream;
        event.id = from.id;
        event.type = std::string(from.type);
        event.metadata.assign(from.metadata.begin(), from.metadata.end());
        event.salt.high = load_little_endian<std::uint64_t>(salt);
        event.salt.low = load_little_endian<std::uint64_t>(salt + 8);
        event.payload.assign(salt + salt_bytes, salt + salt_bytes + from.payload_bytes);
    }
    LEDGER_ASSERT(append.events.size() == view.event_count);
    return append;
}

Result<void> check_names(const Append& append) {
    std::vector<std::string_view> names;
    names.reserve(append.streams.size());
    for (const StreamCheck& check : append.streams) {
        if (check.stream.empty()) {
            return failure(Errc::malformed, "a stream name is empty");
        }
        if (check.stream.size() > stream_name_bytes_max) {
            return failure(Errc::beyond_limit,
                "a stream name has " + std::to_string(check.stream.size()) + " bytes");
        }
        names.push_back(check.stream);
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
        return failure(Errc::malformed, "stream '" + std::string(*twice) + "' is named twice");
    }
    return {};
}

Result<void> check_event(const NewEvent& event, std::uint64_t place, std::uint64_t streams) {
    const std::string where = "event " + std::to_string(place) + ": ";
    if (event.stream >= streams) {
        return failure(Errc::malformed, where + "stream place " + std::to_string(event.stream));
    }
    if (event.type.size() > event_type_bytes_max) {
        return failure(
            Errc::beyond_limit, where + "type has " + std::to_string(event.type.size()) + " bytes");
    }
    if (event.metadata.size() > metadata_bytes_max) {
        return failure(Errc::beyond_limit,
            where + "metadata has " + std::to_string(event.metadata.size()) + " bytes");
    }
    if (event.payload.size() > payload_bytes_max) {
        return failure(Errc::beyond_limit,
            where + "payload has " + std::to_string(event.payload.size()) + " bytes");
    }
    return {};
}

template <typename Asked>
Result<void> check_key(const Asked& asked) {
    if (asked.session != SessionId{} && asked.sequence <= asked.acknowledged_through) {
        return failure(Errc::malformed, "sequence " + std::to_string(asked.sequence.value) +
                                            " is not above what it acknowledges");
    }
    return {};
}

template <typename Asked>
void write_head(Cursor& out, std::uint8_t kind, const Asked& asked) {
    out.integer(command_version);
    out.integer(kind);
    out.integer(asked.session.value);
    out.integer(asked.sequence.value);
    out.integer(asked.acknowledged_through.value);
}

EntryHandle encode_redact(const Redact& redact) {
    LEDGER_ASSERT(!redact.positions.empty());
    LEDGER_ASSERT(redact.positions.size() <= command_redactions_max);
    ByteVector envelope(command_header_bytes + redact_header_bytes +
                        redact.positions.size() * sizeof(std::uint64_t));
    Cursor out(envelope.data());
    write_head(out, redact_kind, redact);
    out.integer(static_cast<std::uint32_t>(redact.positions.size()));
    for (const Position position : redact.positions) {
        out.integer(position.value);
    }
    LEDGER_ASSERT(out.at() == envelope.data() + envelope.size());
    return EntryHandle::make(envelope, {});
}

Redact copy_redact(const RedactView& view) {
    Redact redact{view.session, view.sequence, view.acknowledged_through, {}};
    redact.positions.reserve(view.count);
    for (std::uint32_t place = 0; place < view.count; ++place) {
        redact.positions.push_back(view.position(place));
    }
    return redact;
}

// What no command but an append has.
Result<void> check_no_erasable(ByteSpan erasable) {
    return check_erasable(AppendView{}, Erasure::none, erasable);
}

}  // namespace

const boost::system::error_category& state_category() {
    static const StateCategory category;
    return category;
}

boost::system::error_code make_error_code(Errc errc) {
    return {static_cast<int>(errc), state_category()};
}

Result<void> check_command(const Command& command) {
    if (const auto* append = std::get_if<Append>(&command)) {
        return check_command(*append);
    }
    const auto* redact = std::get_if<Redact>(&command);
    return redact == nullptr ? Result<void>() : check_command(*redact);
}

Result<void> check_command(const Redact& redact) {
    LEDGER_CHECK(check_key(redact));
    if (redact.positions.empty() || redact.positions.size() > command_redactions_max) {
        return failure(
            Errc::beyond_limit, std::to_string(redact.positions.size()) + " positions");
    }
    const auto falls = std::adjacent_find(redact.positions.begin(), redact.positions.end(),
        [](Position before, Position after) { return after <= before; });
    if (falls != redact.positions.end()) {
        return failure(Errc::malformed,
            "position " + std::to_string(falls->value) + " is not below the next one");
    }
    return {};
}

Result<void> check_command(const Append& append) {
    LEDGER_CHECK(check_key(append));
    if (append.streams.size() > command_streams_max || append.events.size() > command_events_max) {
        return failure(Errc::beyond_limit, std::to_string(append.streams.size()) + " streams, " +
                                               std::to_string(append.events.size()) + " events");
    }
    LEDGER_CHECK(check_names(append));
    std::uint64_t place = 0;
    for (const NewEvent& event : append.events) {
        LEDGER_CHECK(check_event(event, place, append.streams.size()));
        ++place;
    }
    const BodySize size = size_of(append);
    if (size.envelope + size.erasable > entry_bytes_max) {
        return failure(Errc::beyond_limit,
            "command has " + std::to_string(size.envelope + size.erasable) + " bytes");
    }
    return {};
}

EntryHandle encode_command(const Append& append) {
    LEDGER_ASSERT(append.streams.size() <= command_streams_max);
    LEDGER_ASSERT(append.events.size() <= command_events_max);
    const BodySize size = size_of(append);
    LEDGER_ASSERT(size.envelope + size.erasable <= entry_bytes_max);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(size.envelope + size.erasable);
    std::byte* const erasable_at = buffer.get() + size.envelope;
    Cursor envelope(buffer.get());
    Cursor erasable(erasable_at);
    write_head(envelope, append_kind, append);
    envelope.integer(static_cast<std::uint32_t>(append.streams.size()));
    envelope.integer(static_cast<std::uint32_t>(append.events.size()));
    for (const StreamCheck& check : append.streams) {
        write_stream(envelope, check);
    }
    for (const NewEvent& event : append.events) {
        LEDGER_ASSERT(event.stream < append.streams.size());
        write_event(envelope, erasable, event);
    }
    LEDGER_ASSERT(envelope.at() == erasable_at);
    LEDGER_ASSERT(erasable.at() == erasable_at + size.erasable);
    return EntryHandle::make({buffer.get(), size.envelope}, {erasable_at, size.erasable});
}

EntryHandle encode_command(const Command& command) {
    if (const auto* append = std::get_if<Append>(&command)) {
        return encode_command(*append);
    }
    if (const auto* redact = std::get_if<Redact>(&command)) {
        return encode_redact(*redact);
    }
    LEDGER_ASSERT(std::holds_alternative<RegisterSession>(command));
    const std::byte envelope[] = {std::byte{command_version}, std::byte{register_session_kind}};
    return EntryHandle::make(envelope, {});
}

Result<Command> decode_command(ByteSpan envelope, ByteSpan erasable) {
    LEDGER_TRY(const CommandView view, view_command(envelope));
    if (const auto* append = std::get_if<AppendView>(&view)) {
        const bool gone = erasable.empty() && append->erasable_bytes > 0;
        if (gone) {
            return failure(Errc::erased, "erasable part at byte 0");
        }
        LEDGER_CHECK(check_erasable(*append, Erasure::none, erasable));
        return Command{copy_append(*append, erasable)};
    }
    LEDGER_CHECK(check_no_erasable(erasable));
    const auto* redact = std::get_if<RedactView>(&view);
    return redact != nullptr ? Command{copy_redact(*redact)} : Command{RegisterSession{}};
}

Result<Command> decode_command(const EntryBody& body) {
    if (body.erasure() != Erasure::none) {
        LEDGER_CHECK(verify_commitments(body));
    }
    return decode_command(body.envelope(), body.erasable());
}

Result<void> verify_commitments(const EntryBody& body) {
    LEDGER_TRY(const CommandView view, view_command(body.envelope()));
    const auto* append = std::get_if<AppendView>(&view);
    if (append == nullptr) {
        return check_no_erasable(body.erasable());
    }
    LEDGER_CHECK(check_erasable(*append, body.erasure(), body.erasable()));
    std::optional<std::uint32_t> missing;
    std::uint32_t place = 0;
    ErasableCursor payloads(*append, body);
    for (EventCursor events(*append); !events.done(); ++place) {
        const EventView event = events.next();
        const std::optional<ByteSpan> committed = payloads.next(event);
        if (!committed) {
            missing = missing.value_or(place);
            continue;
        }
        const Digest found = sha256(*committed);
        if (!std::equal(found.bytes.begin(), found.bytes.end(), event.commitment.begin())) {
            return failure(Errc::wrong_commitment, "event " + std::to_string(place));
        }
    }
    if (missing) {
        return failure(Errc::erased, "event " + std::to_string(*missing));
    }
    return {};
}

}  // namespace ledger::state
