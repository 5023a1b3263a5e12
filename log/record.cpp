#include "log/record.h"

#include <cstring>

#include "log/base/assert.h"
#include "log/base/crc32c.h"

namespace ledger::log {

// Record, little-endian, at a multiple of 8:
//   0  u32 magic          4  u8 kind        5  u8 flags       6  u16 zero
//      flags: 1 = erased, 2 = partly erased
//   8  u64 epoch         16  u64 index     24  u64 term
//  32  i64 cluster_time  40  i64 wall_time 48  u32 envelope   52  u32 erasable (bytes)
//  56  u64 prev_hash64   64  u64 sync_index
//  72  u32 crc32c(segment id, offset, bytes 0..71)
//  76  envelope, u32 crc32c(envelope) ^ crc at 72, erasable part,
//      u32 crc32c(erasable part) ^ crc at 72, zeros to 8
// The crc at 72 binds the parts to their header: in a file that is used again a torn record may
// have the new header, and the tail of an old record of the same lengths at the same place.
namespace {

constexpr std::uint32_t record_magic = 0x63524c45;  // "ELRc"
constexpr std::uint64_t crc_offset = 72;
constexpr std::uint64_t crc_bytes = 4;

bool makes_sense(const RecordHeader& header, std::uint16_t reserved) {
    const std::uint64_t body = std::uint64_t{header.envelope_bytes} + header.erasable_bytes;
    constexpr std::uint8_t both = erased_flag | partly_erased_flag;
    if (reserved != 0 || header.flags >= both || body > entry_bytes_max) {
        return false;
    }
    if (header.is_truncation()) {
        return header.flags == 0 && header.envelope_bytes == sizeof(Digest) &&
               header.erasable_bytes == 0;
    }
    // A kind that only later builds know is an entry all the same: not ours to call it damaged.
    return header.kind > 0 && header.kind < truncate_kind && header.index > Index{0} &&
           (header.erasure() != Erasure::whole || header.erasable_bytes == 0) &&
           (header.erasure() != Erasure::part || header.erasable_bytes > 0);
}

void store_part(std::byte* to, ByteSpan part, std::uint32_t crc) {
    if (!part.empty()) {
        std::memcpy(to, part.data(), part.size());
    }
    store_little_endian(to + part.size(), crc);
}

}  // namespace

std::uint8_t erasure_flags(Erasure erasure) {
    switch (erasure) {
        case Erasure::none: return 0;
        case Erasure::part: return partly_erased_flag;
        case Erasure::whole: return erased_flag;
    }
    LEDGER_ASSERT(false);
    return 0;
}

Erasure erasure_of(std::uint8_t flags) {
    if ((flags & erased_flag) != 0) {
        return Erasure::whole;
    }
    return (flags & partly_erased_flag) != 0 ? Erasure::part : Erasure::none;
}

std::uint32_t location_crc(Location location) {
    std::byte place[16];
    store_little_endian(place, location.segment.value);
    store_little_endian(place + 8, location.offset);
    return crc32c(place);
}

std::uint64_t record_bytes(std::uint64_t envelope_bytes, std::uint64_t erasable_bytes) {
    const std::uint64_t bytes =
        record_header_bytes + envelope_bytes + erasable_bytes + 2 * crc_bytes;
    return (bytes + record_alignment - 1) / record_alignment * record_alignment;
}

std::uint32_t encode_record(std::span<std::byte> out, const RecordHeader& header, Location location,
    ByteSpan envelope, ByteSpan erasable) {
    LEDGER_ASSERT(header.envelope_bytes == envelope.size());
    LEDGER_ASSERT(header.erasable_bytes == erasable.size());
    LEDGER_ASSERT(out.size() == record_bytes(envelope.size(), erasable.size()));
    LEDGER_ASSERT(location.offset % record_alignment == 0 && makes_sense(header, 0));
    std::byte* at = out.data();
    store_little_endian(at, record_magic);
    store_little_endian(at + 4, header.kind);
    store_little_endian(at + 5, header.flags);
    store_little_endian(at + 6, std::uint16_t{0});
    store_little_endian(at + 8, header.epoch);
    store_little_endian(at + 16, header.index.value);
    store_little_endian(at + 24, header.term.value);
    store_little_endian(at + 32, static_cast<std::uint64_t>(header.cluster_time.nanoseconds));
    store_little_endian(at + 40, static_cast<std::uint64_t>(header.wall_time.nanoseconds));
    store_little_endian(at + 48, header.envelope_bytes);
    store_little_endian(at + 52, header.erasable_bytes);
    store_little_endian(at + 56, header.prev_hash64);
    store_little_endian(at + 64, header.sync_index.value);
    const std::uint32_t header_crc = crc32c({at, crc_offset}, location_crc(location));
    store_little_endian(at + crc_offset, header_crc);
    const std::uint32_t envelope_crc = crc32c(envelope);
    std::byte* parts = at + record_header_bytes;
    store_part(parts, envelope, envelope_crc ^ header_crc);
    store_part(parts + envelope.size() + crc_bytes, erasable, crc32c(erasable) ^ header_crc);
    std::byte* end = parts + envelope.size() + erasable.size() + 2 * crc_bytes;
    std::memset(end, 0, static_cast<std::size_t>(out.data() + out.size() - end));
    return envelope_crc;
}

RecordHeader erased(RecordHeader header) {
    LEDGER_ASSERT(!header.is_truncation());
    header.flags = erased_flag;
    header.erasable_bytes = 0;
    return header;
}

const char* to_text(Damage damage) {
    switch (damage) {
        case Damage::none: return "intact";
        case Damage::header: return "header damaged";
        case Damage::envelope: return "envelope damaged";
        case Damage::erasable: return "erasable part damaged";
    }
    return "unknown";
}

std::optional<RecordHeader> decode_record_header(ByteSpan bytes, Location location) {
    if (bytes.size() < record_header_bytes) {
        return std::nullopt;
    }
    const std::byte* at = bytes.data();
    if (load_little_endian<std::uint32_t>(at) != record_magic) {
        return std::nullopt;
    }
    const auto crc = load_little_endian<std::uint32_t>(at + crc_offset);
    if (crc != crc32c({at, crc_offset}, location_crc(location))) {
        return std::nullopt;
    }
    RecordHeader header;
    header.kind = load_little_endian<std::uint8_t>(at + 4);
    header.flags = load_little_endian<std::uint8_t>(at + 5);
    header.epoch = load_little_endian<std::uint64_t>(at + 8);
    header.index = Index{load_little_endian<std::uint64_t>(at + 16)};
    header.term = Term{load_little_endian<std::uint64_t>(at + 24)};
    header.cluster_time.nanoseconds =
        static_cast<std::int64_t>(load_little_endian<std::uint64_t>(at + 32));
    header.wall_time.nanoseconds =
        static_cast<std::int64_t>(load_little_endian<std::uint64_t>(at + 40));
    header.envelope_bytes = load_little_endian<std::uint32_t>(at + 48);
    header.erasable_bytes = load_little_endian<std::uint32_t>(at + 52);
    header.prev_hash64 = load_little_endian<std::uint64_t>(at + 56);
    header.sync_index = Index{load_little_endian<std::uint64_t>(at + 64)};
    if (!makes_sense(header, load_little_endian<std::uint16_t>(at + 6))) {
        return std::nullopt;
    }
    return header;
}

RecordView decode_record(ByteSpan bytes, Location location) {
    RecordView view;
    const std::optional<RecordHeader> header = decode_record_header(bytes, location);
    if (!header) {
        return view;
    }
    view.header = *header;
    view.damage = Damage::envelope;
    const auto header_crc = load_little_endian<std::uint32_t>(bytes.data() + crc_offset);
    ByteReader parts(bytes.subspan(record_header_bytes));
    const ByteSpan envelope = parts.bytes(header->envelope_bytes);
    const std::uint32_t envelope_crc = parts.u32() ^ header_crc;
    if (!parts.ok() || crc32c(envelope) != envelope_crc) {
        return view;
    }
    view.envelope = envelope;
    view.envelope_crc = envelope_crc;
    view.damage = Damage::erasable;
    const ByteSpan erasable = parts.bytes(header->erasable_bytes);
    const std::uint32_t erasable_crc = parts.u32() ^ header_crc;
    if (!parts.ok() || crc32c(erasable) != erasable_crc) {
        return view;
    }
    view.erasable = erasable;
    view.damage = Damage::none;
    return view;
}

namespace {

EntryRef without_body(const RecordView& view) {
    LEDGER_ASSERT(!view.header.is_truncation());
    EntryRef entry;
    entry.index = view.header.index;
    entry.term = view.header.term;
    entry.kind = static_cast<EntryKind>(view.header.kind);
    entry.bytes = static_cast<std::uint32_t>(view.envelope.size() + view.erasable.size());
    entry.cluster_time = view.header.cluster_time;
    entry.wall_time = view.header.wall_time;
    return entry;
}

}  // namespace

EntryRef entry_of(const RecordView& view) {
    LEDGER_ASSERT(view.damage == Damage::none);
    EntryRef entry = without_body(view);
    if (view.header.erasure() != Erasure::none || entry.bytes > 0) {
        entry.handle = EntryHandle::make(view.envelope, view.erasable, view.header.erasure());
    }
    return entry;
}

EntryRef envelope_of(const RecordView& view) {
    LEDGER_ASSERT(view.damage == Damage::none || view.damage == Damage::erasable);
    EntryRef entry = without_body(view);
    entry.bytes = static_cast<std::uint32_t>(view.envelope.size());
    entry.handle = EntryHandle::make_erased(view.envelope);
    return entry;
}

}  // namespace ledger::log
