#include "log/hard_state_file.h"

#include <cstring>
#include <optional>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/record.h"

namespace ledger::log {

// Slot, one sector, little-endian; at hard_state_offset(slot, copy):
//   0  u32 magic           4  u32 version      8  u64 cluster high   16  u64 cluster low
//  24  u32 node           28  u32 vote        32  u64 generation     40  u64 epoch
//  48  u64 segment max    56  u64 term        64  u64 commit
//  72  u64 incarnation    80  u64 oldest segment
//  88  u32 flags: 1 trimmed                  92  u32 zero             96  u64 newest segment
// 104  u32 crc32c(offset, bytes 0..103), zeros to 512
namespace {

constexpr std::uint32_t slot_magic = 0x73484c45;  // "ELHs"
constexpr std::uint32_t slot_version = 4;
constexpr std::uint64_t crc_offset = 104;
// Versions before: their checksum stands where the next field came later.
constexpr std::uint32_t slot_version_without_newest = 3;
constexpr std::uint64_t crc_offset_without_newest = 92;
constexpr std::uint32_t slot_version_without_flags = 2;
constexpr std::uint64_t crc_offset_without_flags = 88;
constexpr std::uint32_t flag_trimmed = 1;
const char* const temporary_name = "hard_state.temporary";

// The bytes that the checksum covers.
constexpr std::uint64_t checked_bytes(std::uint32_t version) {
    switch (version) {
        case slot_version_without_flags: return crc_offset_without_flags;
        case slot_version_without_newest: return crc_offset_without_newest;
        default: return crc_offset;
    }
}

Result<void> write_slot(File& file, const HardStateSlot& slot) {
    const std::uint64_t number = slot.generation % hard_state_slots;
    for (std::uint64_t copy = 0; copy < hard_state_copies; ++copy) {
        const std::uint64_t offset = hard_state_offset(number, copy);
        std::byte sector[hard_state_slot_bytes];
        encode_hard_state_slot(sector, slot, offset);
        LEDGER_CHECK(file.write(offset, sector));
    }
    return {};
}

Result<HardStateSlot> read_slot(File& file, std::uint64_t offset) {
    std::byte sector[hard_state_slot_bytes] = {};
    LEDGER_TRY(const std::uint64_t read, file.read(offset, sector));
    return decode_hard_state_slot(ByteSpan(sector).first(static_cast<std::size_t>(read)), offset);
}

// The newest of the intact copies.
Result<HardStateSlot> read_newest(File& file) {
    std::optional<HardStateSlot> newest;
    std::optional<Error> unsupported;
    for (std::uint64_t number = 0; number < hard_state_slots * hard_state_copies; ++number) {
        auto slot = read_slot(file, number * hard_state_spacing);
        if (!slot) {
            if (slot.error().code == Errc::unsupported) {
                unsupported = slot.error();
            }
            continue;
        }
        if (newest && newest->generation == slot->generation && *newest != *slot) {
            return failure(Errc::corrupt_record, "hard_state: two intact copies contradict");
        }
        if (!newest || slot->generation > newest->generation) {
            newest = *slot;
        }
    }
    if (unsupported) {
        return *unsupported;
    }
    if (!newest) {
        return failure(Errc::corrupt_record,
            "hard_state: no intact copy of term and vote; this node must rejoin, not restart");
    }
    return *newest;
}

}  // namespace

void encode_hard_state_slot(
    std::span<std::byte> out, const HardStateSlot& slot, std::uint64_t offset) {
    LEDGER_ASSERT(out.size() == hard_state_slot_bytes);
    std::byte* at = out.data();
    std::memset(at, 0, out.size());
    store_little_endian(at, slot_magic);
    store_little_endian(at + 4, slot_version);
    store_little_endian(at + 8, slot.identity.cluster.high);
    store_little_endian(at + 16, slot.identity.cluster.low);
    store_little_endian(at + 24, slot.identity.node.value);
    store_little_endian(at + 28, slot.hard_state.vote.value);
    store_little_endian(at + 32, slot.generation);
    store_little_endian(at + 40, slot.epoch);
    store_little_endian(at + 48, slot.segment_max.value);
    store_little_endian(at + 56, slot.hard_state.term.value);
    store_little_endian(at + 64, slot.commit.value);
    store_little_endian(at + 72, slot.identity.incarnation.value);
    store_little_endian(at + 80, slot.oldest.value);
    store_little_endian(at + 88, slot.hard_state.trimmed ? flag_trimmed : 0u);
    store_little_endian(at + 96, slot.newest.value);
    const std::uint32_t seed = location_crc({SegmentId{0}, offset});
    store_little_endian(at + crc_offset, crc32c({at, crc_offset}, seed));
}

Result<HardStateSlot> decode_hard_state_slot(ByteSpan sector, std::uint64_t offset) {
    const std::string place = "hard_state at byte " + std::to_string(offset);
    if (sector.size() != hard_state_slot_bytes) {
        return failure(Errc::corrupt_record, place + ": the file is too short");
    }
    ByteReader in(sector);
    const std::uint32_t magic = in.u32();
    const std::uint32_t version = in.u32();
    const std::uint64_t checked = checked_bytes(version);
    const auto crc = load_little_endian<std::uint32_t>(sector.data() + checked);
    const std::uint32_t seed = location_crc({SegmentId{0}, offset});
    if (magic != slot_magic ||
        crc != crc32c(sector.first(static_cast<std::size_t>(checked)), seed)) {
        return failure(Errc::corrupt_record, place);
    }
    if (version < slot_version_without_flags || version > slot_version) {
        return failure(Errc::unsupported, place + ": format version " + std::to_string(version));
    }
    HardStateSlot slot;
    slot.identity.cluster.high = in.u64();
    slot.identity.cluster.low = in.u64();
    slot.identity.node = NodeId{in.u32()};
    slot.hard_state.vote = NodeId{in.u32()};
    slot.generation = in.u64();
    slot.epoch = in.u64();
    slot.segment_max = SegmentId{in.u64()};
    slot.hard_state.term = Term{in.u64()};
    slot.commit = Index{in.u64()};
    slot.identity.incarnation = Incarnation{in.u64()};
    slot.oldest = SegmentId{in.u64()};
    const std::uint32_t flags = version > slot_version_without_flags ? in.u32() : 0;
    if ((flags & ~flag_trimmed) != 0) {
        return failure(Errc::corrupt_record, place + ": unknown flags");
    }
    if (version > slot_version_without_newest) {
        static_cast<void>(in.u32());
        slot.newest = SegmentId{in.u64()};
    }
    slot.hard_state.trimmed = (flags & flag_trimmed) != 0;
    LEDGER_ASSERT(in.ok());
    return slot;
}

HardStateFile::HardStateFile(std::unique_ptr<File> file, const HardStateSlot& current)
    : file_(std::move(file)), current_(current) {}

Result<void> HardStateFile::create(
    FileSystem& files, const std::string& directory, const Identity& identity) {
    const std::string temporary = path_in(directory, temporary_name);
    // A crash during an earlier attempt may have left one.
    if (auto removed = files.remove(temporary); !removed) {
        if (removed.error().code != Errc::not_found) {
            return removed.error();
        }
    }
    LEDGER_TRY(const auto file, files.create(temporary));
    HardStateSlot slot;
    slot.identity = identity;
    // Both slots from the start: a slot that cannot be read was lost, never "not yet written".
    for (slot.generation = 0; slot.generation < hard_state_slots; ++slot.generation) {
        LEDGER_CHECK(write_slot(*file, slot));
    }
    LEDGER_CHECK(file->sync());
    LEDGER_CHECK(files.rename(temporary, path_in(directory, hard_state_name)));
    return files.sync_directory(directory);
}

Result<HardStateFile> HardStateFile::open(
    FileSystem& files, const std::string& directory, const Identity& identity) {
    const std::string name = path_in(directory, hard_state_name);
    LEDGER_TRY(auto file, files.open(name));
    LEDGER_CHECK(file->sync());
    LEDGER_TRY(const HardStateSlot newest, read_newest(*file));
    if (!newest.identity.same_node(identity)) {
        return wrong_identity(name, newest.identity, identity);
    }
    return HardStateFile(std::move(file), newest);
}

Result<void> HardStateFile::write(HardStateSlot next) {
    LEDGER_ASSERT(next.identity == current_.identity);
    // Raft fig. 2: the term never goes back, and a vote is given once in a term.
    LEDGER_ASSERT(next.hard_state.term >= current_.hard_state.term);
    next.generation = current_.generation + 1;
    // Of two writes without a sync between them the first could be torn together with the second;
    // then neither slot would be intact.
    LEDGER_ASSERT(!dirty_);
    dirty_ = true;
    LEDGER_CHECK(write_slot(*file_, next));
    current_ = next;
    return {};
}

Result<void> HardStateFile::sync() {
    LEDGER_CHECK(file_->sync());
    dirty_ = false;
    return {};
}

}  // namespace ledger::log
