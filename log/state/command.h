#pragma once
// Command: what clients ask of the ledger, in the bytes that are logged, hashed, sent and kept.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/result.h"

namespace ledger::state {

enum class Errc {
    malformed = 1,
    unsupported_version,
    beyond_limit,
    wrong_commitment,
    erased,     // payloads were destroyed; the envelope is intact
    expired,    // what was asked for lies below the retained point
    restoring,  // the state is not whole yet
};
const boost::system::error_category& state_category();
boost::system::error_code make_error_code(Errc errc);

// Limits of one command; one byte more is refused by decode_command.
inline constexpr std::uint32_t stream_name_bytes_max = 1024;
inline constexpr std::uint32_t event_type_bytes_max = 256;
inline constexpr std::uint32_t metadata_bytes_max = 64u << 10;
inline constexpr std::uint32_t payload_bytes_max = 1u << 20;
inline constexpr std::uint32_t command_events_max = 4096;
inline constexpr std::uint32_t command_streams_max = 4096;
inline constexpr std::uint32_t command_redactions_max = 1024;

// What a stream must look like for an append to take effect (no magic negative numbers).
struct Expected {
    enum class Kind : std::uint8_t { any = 1, no_stream = 2, exists = 3, exact = 4 };
    Kind kind = Kind::any;
    Revision revision;  // exact only: the revision of the stream's last event
    friend bool operator==(const Expected&, const Expected&) = default;
};

struct StreamCheck {
    std::string stream;
    Expected expected;
    friend bool operator==(const StreamCheck&, const StreamCheck&) = default;
};

// 16 bytes that keep a low-entropy payload from being guessed from its commitment.
struct Salt {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const Salt&, const Salt&) = default;
};

struct NewEvent {
    std::uint32_t stream = 0;  // place in `streams`
    EventId id;
    std::string type;
    ByteVector metadata;
    Salt salt;
    ByteVector payload;
    friend bool operator==(const NewEvent&, const NewEvent&) = default;
};

// One atomic append to one or several streams. Each stream is named once in `streams`; a stream
// without events is a pure check. Exactly once by (session, sequence); session 0 = no session:
// executed each time it is logged.
struct Append {
    SessionId session;
    Sequence sequence;
    Sequence acknowledged_through;  // replies up to here will not be asked for again
    std::vector<StreamCheck> streams;
    std::vector<NewEvent> events;  // in position order
    friend bool operator==(const Append&, const Append&) = default;
};

// Opens a session; the answer names it.
struct RegisterSession {
    friend bool operator==(const RegisterSession&, const RegisterSession&) = default;
};

// Destroys the payloads of events, all or none; everything else of them stays, proofs included.
// What is destroyed already stays so. Exactly once, as Append.
struct Redact {
    SessionId session;
    Sequence sequence;
    Sequence acknowledged_through;
    std::vector<Position> positions;  // ascending, at least one
    friend bool operator==(const Redact&, const Redact&) = default;
};

using Command = std::variant<Append, RegisterSession, Redact>;

// Whether encode_command takes this command: every limit above and entry_bytes_max, stream names
// that are neither empty nor repeated, places that exist, positions that ascend, and inside a session
// sequences from 1 with acknowledged_through below them. For input of users.
Result<void> check_command(const Command& command);
Result<void> check_command(const Append& append);
Result<void> check_command(const Redact& redact);
// Envelope and erasable part in one body. Asserts what check_command checks.
EntryHandle encode_command(const Command& command);
// The same without a copy into the variant.
EntryHandle encode_command(const Append& append);
// Errors name the byte offset and the field. Checks every limit, that stream places exist, that
// no stream is named twice, and that nothing follows. A body whose erasable part was destroyed
// gives Errc::erased, and so does one that lacks payloads.
Result<Command> decode_command(ByteSpan envelope, ByteSpan erasable);
Result<Command> decode_command(const EntryBody& body);
// Every payload of the body matches the commitment in the envelope: SHA-256(salt, payload).
// Admission calls it; apply relies on the envelope only. Errc::erased if all that is left matches,
// but not all of it is left.
Result<void> verify_commitments(const EntryBody& body);

}  // namespace ledger::state

template <>
struct boost::system::is_error_code_enum<ledger::state::Errc> : std::true_type {};
