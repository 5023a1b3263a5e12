#pragma once
// Record: one entry, or one truncation, as it lies in a segment file.

#include <cstdint>
#include <optional>
#include <span>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"

namespace ledger::log {

// Where bytes lie. Part of every checksum, so that what landed at another place does not verify.
struct Location {
    SegmentId segment;
    std::uint64_t offset = 0;
    friend bool operator==(const Location&, const Location&) = default;
};

// The checksum to begin with for a structure that belongs to this place.
std::uint32_t location_crc(Location location);

inline constexpr std::uint64_t record_header_bytes = 76;
inline constexpr std::uint64_t record_alignment = 8;

// The kind byte of a record is the EntryKind of its entry or this number: the log ends at `index`,
// whose full hash is the envelope. At one index the latest record in log order wins.
inline constexpr std::uint8_t truncate_kind = 128;
// The erasable part has been destroyed for good; the envelope and every proof stand.
inline constexpr std::uint8_t erased_flag = 1;
// Some of it has been: the erasable part is the shorter one that took its place. Never both flags.
inline constexpr std::uint8_t partly_erased_flag = 2;
// The flags of a record whose entry has lost so much, and back.
std::uint8_t erasure_flags(Erasure erasure);
Erasure erasure_of(std::uint8_t flags);

struct RecordHeader {
    std::uint8_t kind = 0;
    std::uint8_t flags = 0;
    std::uint64_t epoch = 0;  // number of the opening of the log that wrote the record
    Index index;
    Term term;
    ClusterTime cluster_time;
    WallTime wall_time;
    std::uint32_t envelope_bytes = 0;
    std::uint32_t erasable_bytes = 0;
    std::uint64_t prev_hash64 = 0;  // of the entry before; for a truncation, of the new last entry
    Index sync_index;               // durable when this record was written
    friend bool operator==(const RecordHeader&, const RecordHeader&) = default;

    bool is_truncation() const { return kind == truncate_kind; }
    Erasure erasure() const { return erasure_of(flags); }
    bool is_erased() const { return erasure() == Erasure::whole; }
};

// Bytes on disk, padding included.
std::uint64_t record_bytes(std::uint64_t envelope_bytes, std::uint64_t erasable_bytes);

// Fills `out`, whose size is record_bytes() of the two parts; their sizes are the header's. Returns
// the checksum of the envelope, which names the entry in identity blocks and footers.
std::uint32_t encode_record(std::span<std::byte> out, const RecordHeader& header, Location location,
    ByteSpan envelope, ByteSpan erasable);

// The durable erased form of a header: no erasable bytes, and a flag that says so.
RecordHeader erased(RecordHeader header);

// What an identity block says of one record.
struct EntryIdentity {
    Index index;
    Term term;
    std::uint32_t envelope_bytes = 0;
    std::uint32_t erasable_bytes = 0;
    std::uint32_t envelope_crc = 0;
    std::uint8_t kind = 0;
    std::uint8_t flags = 0;
    friend bool operator==(const EntryIdentity&, const EntryIdentity&) = default;

    bool is_truncation() const { return kind == truncate_kind; }
    Erasure erasure() const { return erasure_of(flags); }
};

enum class Damage : std::uint8_t {
    none,
    header,    // nothing is known, not even a length
    envelope,  // the header stands
    erasable,  // header and envelope stand
};

const char* to_text(Damage damage);

// Views into the bytes that were decoded. Parts beyond the damage are empty.
struct RecordView {
    Damage damage = Damage::header;
    RecordHeader header;
    ByteSpan envelope;
    ByteSpan erasable;
    std::uint32_t envelope_crc = 0;

    std::uint64_t bytes() const {
        return record_bytes(header.envelope_bytes, header.erasable_bytes);
    }
};

// The header at the beginning of `bytes`, if its checksum holds at this place and it makes sense.
std::optional<RecordHeader> decode_record_header(ByteSpan bytes, Location location);
// No length is believed before the header's checksum holds. `bytes` may extend beyond the record.
RecordView decode_record(ByteSpan bytes, Location location);

// The entry in a verified view; copies its body.
EntryRef entry_of(const RecordView& view);
// The same without its erasable part, whose bytes need not stand.
EntryRef envelope_of(const RecordView& view);

}  // namespace ledger::log
