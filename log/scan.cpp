#include "log/scan.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

struct FoundBlock {
    std::uint64_t offset = 0;
    IdentityBlock block;
};

class Scanner {
  public:
    Scanner(ByteSpan file, SegmentId segment) : file_(file), segment_(segment) {}

    std::vector<ScannedGroup> scan();

  private:
    ByteSpan from(std::uint64_t offset) const {
        return file_.subspan(
            static_cast<std::size_t>(std::min<std::uint64_t>(offset, file_.size())));
    }
    std::uint64_t walk(ScannedGroup& group) const;
    std::optional<FoundBlock> next_block(
        std::uint64_t from_sector, const ScannedGroup& group) const;
    void place_named(ScannedGroup& group, const FoundBlock& found) const;
    void note_strays(ScannedGroup& group, std::uint64_t from_offset) const;

    const ByteSpan file_;
    const SegmentId segment_;
};

std::vector<ScannedGroup> Scanner::scan() {
    std::vector<ScannedGroup> groups;
    std::uint64_t at = segment_header_bytes;
    while (at < file_.size()) {
        ScannedGroup& group = groups.emplace_back();
        group.start = at;
        const std::uint64_t walked = walk(group);
        std::optional<FoundBlock> found = next_block(sector_ceiling(walked), group);
        if (found && found->block.group_start == at) {
            place_named(group, *found);
        } else {
            group.end = found ? found->block.group_start : file_.size();
            if (!found && walked < file_.size()) {
                // Torn, rotten or never written: something unknown stands here.
                Slot& unknown = group.slots.emplace_back();
                unknown.offset = walked;
                unknown.end = file_.size();
                note_strays(group, walked);
            }
        }
        LEDGER_ASSERT(group.end > at);
        at = group.end;
    }
    return groups;
}

// Records one after the other as long as their headers are intact; returns where that ends.
std::uint64_t Scanner::walk(ScannedGroup& group) const {
    std::uint64_t at = group.start;
    while (at < file_.size()) {
        Slot slot;
        slot.record = decode_record(from(at), {segment_, at});
        if (slot.record.damage == Damage::header) {
            break;
        }
        slot.offset = at;
        slot.end = at + slot.record.bytes();
        at = slot.end;
        group.slots.push_back(std::move(slot));
    }
    return std::min<std::uint64_t>(at, file_.size());
}

// The first intact block that ends this group or a later one. What an opening writes lies behind
// all that earlier ones left: a block that is older than a record before it is stale, and whatever
// replaced it is lost.
std::optional<FoundBlock> Scanner::next_block(
    std::uint64_t from_sector, const ScannedGroup& group) const {
    std::uint64_t epoch = 0;
    for (const Slot& slot : group.slots) {
        epoch = std::max(epoch, slot.record.header.epoch);
    }
    for (std::uint64_t at = from_sector; at < file_.size(); at += sector_bytes) {
        std::optional<IdentityBlock> block = decode_identity_block(from(at), {segment_, at});
        if (block && block->group_start >= group.start && block->epoch >= epoch) {
            return FoundBlock{at, std::move(*block)};
        }
    }
    return std::nullopt;
}

// The names give the length of every record, damaged or not.
void Scanner::place_named(ScannedGroup& group, const FoundBlock& found) const {
    group.slots.clear();
    group.slots.reserve(found.block.names.size());
    std::uint64_t at = group.start;
    for (const EntryIdentity& name : found.block.names) {
        Slot& slot = group.slots.emplace_back();
        slot.offset = at;
        slot.name = name;
        slot.record = decode_record(from(at), {segment_, at});
        at += record_bytes(name.envelope_bytes, name.erasable_bytes);
        slot.end = at;
    }
    group.block = found.block;
    group.end = found.offset + identity_block_bytes(found.block.names.size());
}

void Scanner::note_strays(ScannedGroup& group, std::uint64_t from_offset) const {
    constexpr std::uint64_t step = record_alignment;
    for (std::uint64_t at = (from_offset + step - 1) / step * step; at < file_.size(); at += step) {
        const auto header = decode_record_header(from(at), {segment_, at});
        if (header) {
            group.stray_sync_index = std::max(group.stray_sync_index, header->sync_index);
        }
    }
}

}  // namespace

bool ScannedGroup::has_evidence() const {
    return block.has_value() || std::any_of(slots.begin(), slots.end(), [](const Slot& slot) {
        return slot.record.damage != Damage::header;
    });
}

Index ScannedGroup::sync_index() const {
    Index highest = block ? block->sync_index : stray_sync_index;
    for (const Slot& slot : slots) {
        if (slot.record.damage != Damage::header) {
            highest = std::max(highest, slot.record.header.sync_index);
        }
    }
    return highest;
}

std::vector<ScannedGroup> scan_groups(ByteSpan file, SegmentId segment) {
    return Scanner(file, segment).scan();
}

std::uint64_t written_end(
    ByteSpan file, const std::vector<ScannedGroup>& groups, bool reused) {
    std::uint64_t end = std::min<std::uint64_t>(segment_header_bytes, file.size());
    for (const ScannedGroup& group : groups) {
        end = group.block ? group.end : end;
        for (const Slot& slot : group.slots) {
            end = slot.record.damage != Damage::header ? std::max(end, slot.end) : end;
        }
    }
    if (!reused) {
        const auto last = std::find_if(file.rbegin(), file.rend(),
            [](std::byte byte) { return byte != std::byte{0}; });
        end = std::max(end, static_cast<std::uint64_t>(file.rend() - last));
    }
    return std::min<std::uint64_t>(end, file.size());
}

}  // namespace ledger::log
