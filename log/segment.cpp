#include "log/segment.h"

#include <charconv>
#include <cstring>

#include "log/base/assert.h"
#include "log/base/crc32c.h"

namespace ledger::log {

// Segment header, one sector, twice (offsets 0 and 512):
//   0  u32 magic       4  u32 version     8  u64 cluster high  16  u64 cluster low
//  24  u32 node       28  u32 flags      32  u64 segment id    40  u64 previous segment id
//  48  u64 epoch      56  u64 first      64  u64 sync_index    72  u64 incarnation
//  of the entry before first:            80  u64 term          88  i64 cluster_time
//  96  i64 wall_time 104  32 bytes hash
// 136  u32 crc32c(segment id, offset, bytes 0..135), zeros to 512; flags: 1 = the file was reused
//
// Identity block, at a sector, as many sectors as it needs:
//   0  u32 magic       4  u32 names       8  u64 epoch         16  u64 group start
//  24  u64 base       32  u64 base hash64 40 u64 sync_index    48  u64 commit
//  56  u64 last       64  32 bytes last hash
//  96  u32 crc32c(names)                 100  u32 crc32c(segment id, offset, bytes 0..99)
// 104  names, 32 bytes each, zeros to the sector's end:
//   0  u64 index  8 u64 term  16 u32 envelope  20 u32 erasable (bytes)  24 u32 crc32c(envelope)
//  28  u8 kind   29 u8 flags  30 u16 zero
namespace {

constexpr std::uint32_t header_magic = 0x67534c45;  // "ELSg"
constexpr std::uint32_t block_magic = 0x64494c45;   // "ELId"
constexpr std::uint64_t header_crc_offset = 136;
constexpr std::uint64_t block_names_crc_offset = 96;
constexpr std::uint64_t block_crc_offset = 100;
constexpr std::uint64_t block_fixed_bytes = 104;
constexpr std::uint64_t name_bytes = 32;
constexpr std::uint32_t reused_flag = 1;
constexpr std::string_view name_suffix = ".segment";
constexpr std::string_view spare_suffix = ".spare";
constexpr std::size_t name_digits = 8;

Digest read_digest(ByteReader& in) {
    Digest digest;
    const ByteSpan bytes = in.bytes(digest.bytes.size());
    if (!bytes.empty()) {
        std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
    }
    return digest;
}

void store_header(std::byte* at, const SegmentHeader& header, std::uint64_t offset) {
    std::memset(at, 0, sector_bytes);
    store_little_endian(at, header_magic);
    store_little_endian(at + 4, segment_version);
    store_little_endian(at + 8, header.identity.cluster.high);
    store_little_endian(at + 16, header.identity.cluster.low);
    store_little_endian(at + 24, header.identity.node.value);
    store_little_endian(at + 28, header.reused ? reused_flag : 0u);
    store_little_endian(at + 32, header.segment.value);
    store_little_endian(at + 40, header.previous.value);
    store_little_endian(at + 48, header.epoch);
    store_little_endian(at + 56, header.first().value);
    store_little_endian(at + 64, header.sync_index.value);
    store_little_endian(at + 72, header.identity.incarnation.value);
    store_little_endian(at + 80, header.start.id.term.value);
    store_little_endian(at + 88, header.start.cluster_time.nanoseconds);
    store_little_endian(at + 96, header.start.wall_time.nanoseconds);
    const Digest& hash = header.start.hash;
    std::memcpy(at + 104, hash.bytes.data(), hash.bytes.size());
    const std::uint32_t seed = location_crc({header.segment, offset});
    store_little_endian(at + header_crc_offset, crc32c({at, header_crc_offset}, seed));
}

void store_name(std::byte* at, const EntryIdentity& name) {
    store_little_endian(at, name.index.value);
    store_little_endian(at + 8, name.term.value);
    store_little_endian(at + 16, name.envelope_bytes);
    store_little_endian(at + 20, name.erasable_bytes);
    store_little_endian(at + 24, name.envelope_crc);
    store_little_endian(at + 28, name.kind);
    store_little_endian(at + 29, name.flags);
    store_little_endian(at + 30, std::uint16_t{0});
}

std::string digits_of(SegmentId id) {
    std::string digits = std::to_string(id.value);
    if (digits.size() < name_digits) {
        digits.insert(0, name_digits - digits.size(), '0');
    }
    return digits;
}

EntryIdentity read_name(ByteReader& in) {
    EntryIdentity name;
    name.index = Index{in.u64()};
    name.term = Term{in.u64()};
    name.envelope_bytes = in.u32();
    name.erasable_bytes = in.u32();
    name.envelope_crc = in.u32();
    name.kind = in.u8();
    name.flags = in.u8();
    in.u16();
    return name;
}

}  // namespace

std::string segment_name(SegmentId id) {
    return digits_of(id) + std::string(name_suffix);
}

std::string spare_name(SegmentId id) {
    return digits_of(id) + std::string(spare_suffix);
}

bool is_spare_name(std::string_view name) {
    return name.ends_with(spare_suffix);
}

std::optional<SegmentId> parse_segment_name(std::string_view name) {
    if (!name.ends_with(name_suffix)) {
        return std::nullopt;
    }
    const std::string_view digits = name.substr(0, name.size() - name_suffix.size());
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size();
    if (!whole || number == 0 || segment_name(SegmentId{number}) != name) {
        return std::nullopt;
    }
    return SegmentId{number};
}

Result<void> remove_segments(FileSystem& files, const std::string& directory,
    const std::vector<SegmentId>& segments) {
    for (SegmentId id : segments) {
        LEDGER_CHECK(files.remove(path_in(directory, segment_name(id))));
    }
    return segments.empty() ? Result<void>{} : files.sync_directory(directory);
}

void encode_segment_header(std::span<std::byte> out, const SegmentHeader& header) {
    LEDGER_ASSERT(out.size() == segment_header_bytes);
    LEDGER_ASSERT(header.segment > header.previous);
    store_header(out.data(), header, 0);
    store_header(out.data() + sector_bytes, header, sector_bytes);
}

Result<SegmentHeader> decode_segment_header(ByteSpan sector, Location location) {
    const auto damaged = [&] {
        return failure(Errc::corrupt_record,
            "header of segment " + std::to_string(location.segment.value) + " at byte " +
                std::to_string(location.offset));
    };
    if (sector.size() < sector_bytes) {
        return damaged();
    }
    ByteReader in(sector);
    const std::uint32_t magic = in.u32();
    const std::uint32_t version = in.u32();
    const auto crc = load_little_endian<std::uint32_t>(sector.data() + header_crc_offset);
    const ByteSpan covered = sector.first(header_crc_offset);
    if (magic != header_magic || crc != crc32c(covered, location_crc(location))) {
        return damaged();
    }
    if (version != segment_version) {
        return failure(Errc::unsupported, "segment " + std::to_string(location.segment.value) +
                                              " has format version " + std::to_string(version));
    }
    SegmentHeader header;
    header.identity.cluster.high = in.u64();
    header.identity.cluster.low = in.u64();
    header.identity.node = NodeId{in.u32()};
    const std::uint32_t flags = in.u32();
    header.reused = flags == reused_flag;
    header.segment = SegmentId{in.u64()};
    header.previous = SegmentId{in.u64()};
    header.epoch = in.u64();
    const Index first{in.u64()};
    header.start.id.index = first.previous();
    header.sync_index = Index{in.u64()};
    header.identity.incarnation = Incarnation{in.u64()};
    header.start.id.term = Term{in.u64()};
    header.start.cluster_time = {in.i64()};
    header.start.wall_time = {in.i64()};
    header.start.hash = read_digest(in);
    const bool sensible = in.ok() && header.segment == location.segment &&
                          header.previous < header.segment && first > Index{0} && flags <= reused_flag &&
                          (first > Index{1} || header.start == LogStart{});
    if (!sensible) {
        return damaged();
    }
    return header;
}

EntryIdentity identity_of(const RecordHeader& header, std::uint32_t envelope_crc) {
    return {header.index, header.term, header.envelope_bytes, header.erasable_bytes, envelope_crc,
        header.kind, header.flags};
}

std::uint64_t identity_block_bytes(std::uint64_t names) {
    return sector_ceiling(block_fixed_bytes + names * name_bytes);
}

void encode_identity_block(
    std::span<std::byte> out, const IdentityBlock& block, Location location) {
    LEDGER_ASSERT(out.size() == identity_block_bytes(block.names.size()));
    LEDGER_ASSERT(location.offset % sector_bytes == 0 && block.group_start <= location.offset);
    LEDGER_ASSERT(block.commit <= block.sync_index && block.group_start >= segment_header_bytes);
    std::byte* at = out.data();
    store_little_endian(at, block_magic);
    store_little_endian(at + 4, static_cast<std::uint32_t>(block.names.size()));
    store_little_endian(at + 8, block.epoch);
    store_little_endian(at + 16, block.group_start);
    store_little_endian(at + 24, block.base.value);
    store_little_endian(at + 32, block.base_hash64);
    store_little_endian(at + 40, block.sync_index.value);
    store_little_endian(at + 48, block.commit.value);
    store_little_endian(at + 56, block.last.value);
    std::memcpy(at + 64, block.last_hash.bytes.data(), block.last_hash.bytes.size());
    std::byte* name_at = at + block_fixed_bytes;
    for (const EntryIdentity& name : block.names) {
        store_name(name_at, name);
        name_at += name_bytes;
    }
    std::memset(name_at, 0, static_cast<std::size_t>(at + out.size() - name_at));
    const ByteSpan names{at + block_fixed_bytes, name_at};
    store_little_endian(at + block_names_crc_offset, crc32c(names));
    const std::uint32_t seed = location_crc(location);
    store_little_endian(at + block_crc_offset, crc32c({at, block_crc_offset}, seed));
}

std::optional<IdentityBlock> decode_identity_block(ByteSpan bytes, Location location) {
    ByteReader in(bytes);
    if (in.u32() != block_magic || bytes.size() < sector_bytes) {
        return std::nullopt;
    }
    const auto crc = load_little_endian<std::uint32_t>(bytes.data() + block_crc_offset);
    if (crc != crc32c(bytes.first(block_crc_offset), location_crc(location))) {
        return std::nullopt;
    }
    const std::uint32_t count = in.u32();
    IdentityBlock block;
    block.epoch = in.u64();
    block.group_start = in.u64();
    block.base = Index{in.u64()};
    block.base_hash64 = in.u64();
    block.sync_index = Index{in.u64()};
    block.commit = Index{in.u64()};
    block.last = Index{in.u64()};
    block.last_hash = read_digest(in);
    const std::uint32_t names_crc = in.u32();
    in.u32();
    ByteReader names(in.bytes(std::uint64_t{count} * name_bytes));
    const bool sensible = in.ok() && block.group_start >= segment_header_bytes &&
                          block.group_start <= location.offset &&
                          block.group_start % sector_bytes == 0 &&
                          block.commit <= block.sync_index;
    if (!sensible) {
        return std::nullopt;
    }
    if (crc32c(bytes.subspan(block_fixed_bytes, std::size_t{count} * name_bytes)) != names_crc) {
        return std::nullopt;
    }
    block.names.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        block.names.push_back(read_name(names));
    }
    LEDGER_ASSERT(names.ok() && names.at_end());
    return block;
}

}  // namespace ledger::log
