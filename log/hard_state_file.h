#pragma once
// HardStateFile: term and vote in two slots, each kept twice; the smallest and most dangerous file.

#include <cstdint>
#include <memory>
#include <string>

#include "log/base/entry.h"
#include "log/file_system.h"
#include "log/storage.h"

namespace ledger::log {

// Everything that one slot holds.
struct HardStateSlot {
    Identity identity;
    std::uint64_t generation = 0;  // grows with each write; its parity chooses the slot
    std::uint64_t epoch = 0;       // openings of the log so far
    SegmentId segment_max;         // the greatest segment id used before this opening
    SegmentId oldest;  // the log begins with it, segments before it are gone; 0 = none is
    // Its first group is durable, and may have been acknowledged: it must be there, with what it
    // began with. 0 = not known of any. One before `oldest` says nothing any more.
    SegmentId newest;
    HardState hard_state;
    Index commit;  // durable and committed when written; a witness only
    friend bool operator==(const HardStateSlot&, const HardStateSlot&) = default;
};

inline constexpr char hard_state_name[] = "hard_state";
inline constexpr std::uint64_t hard_state_slots = 2;
inline constexpr std::uint64_t hard_state_copies = 2;
// Copies are a whole page apart, so that one bad sector or page takes only one of them.
inline constexpr std::uint64_t hard_state_spacing = 4096;
inline constexpr std::uint64_t hard_state_slot_bytes = 512;

constexpr std::uint64_t hard_state_offset(std::uint64_t slot, std::uint64_t copy) {
    return (copy * hard_state_slots + slot) * hard_state_spacing;
}

void encode_hard_state_slot(
    std::span<std::byte> out, const HardStateSlot& slot, std::uint64_t offset);
// Errors: corrupt_record, unsupported.
Result<HardStateSlot> decode_hard_state_slot(ByteSpan sector, std::uint64_t offset);

class HardStateFile {
  public:
    // Writes a whole new file: temporary, sync, rename, sync of the directory.
    static Result<void> create(FileSystem& files, const std::string& directory,
        const Identity& identity);
    // Reads the newest slot that is intact. Errors: not_found, corrupt_record (no slot is), or
    // wrong_identity. Makes what it read durable first: the page cache may hold what the disk
    // does not.
    static Result<HardStateFile> open(FileSystem& files, const std::string& directory,
        const Identity& identity);

    const HardStateSlot& current() const { return current_; }

    // Replaces the older slot. `next` keeps identity; its generation is given here.
    Result<void> write(HardStateSlot next);
    Result<void> sync();
    bool is_dirty() const { return dirty_; }

  private:
    HardStateFile(std::unique_ptr<File> file, const HardStateSlot& current);

    std::unique_ptr<File> file_;
    HardStateSlot current_;
    bool dirty_ = false;
};

}  // namespace ledger::log
