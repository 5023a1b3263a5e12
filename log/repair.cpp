#include "log/repair.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/sometimes.h"
#include "log/footer.h"
#include "log/salvage.h"
#include "log/scan.h"
#include "log/sealed_places.h"

namespace ledger::log {

namespace {

class SegmentRepair {
  public:
    SegmentRepair(ByteVector& bytes, const SegmentMap& map, const SegmentEntries& live,
        std::span<const EntryRef* const> copies)
        : bytes_(bytes), map_(map), live_(live), copies_(copies), damaged_(bytes),
          groups_(scan_groups(damaged_, live.segment)),
          footers_(find_footers(damaged_, live.segment)) {}

    Result<Repaired> mend_entries();
    void restore_structure();

  private:
    // What one structure of the segment says of a record, whose own bytes are not needed for it.
    struct Claim {
        std::uint32_t envelope_bytes = 0;
        std::uint32_t erasable_bytes = 0;
        std::uint32_t envelope_crc = 0;
        std::uint64_t epoch = 0;
        Index sync_index;

        bool is_of_the_same(const Claim& other) const {
            return envelope_bytes == other.envelope_bytes &&
                   erasable_bytes == other.erasable_bytes && envelope_crc == other.envelope_crc;
        }
    };

    std::span<std::byte> at(std::uint64_t offset, std::uint64_t size) {
        return std::span(bytes_).subspan(
            static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
    }
    const EntryRef* copy_of(Index index) const;
    std::optional<EntryRef> read(Index index, const Digest& before) const;
    std::optional<Claim> claim_of_block(Index index) const;
    std::optional<Claim> claim_of_footer(Index index) const;
    void place_in_time(Claim& claim, Index index) const;
    std::optional<RecordHeader> header_at(Index index) const;
    Result<bool> write(const EntryRef& copy, const Digest& before);
    bool write_as(const Claim& claim, const EntryRef& copy, const Digest& before);
    void restore_header();
    void restore_blocks();
    std::optional<HashMark> restore_block(
        const ScannedGroup& group, std::uint64_t group_end, const HashMark& start);
    void restore_footers();

    ByteVector& bytes_;
    const SegmentMap& map_;
    const SegmentEntries& live_;
    const std::span<const EntryRef* const> copies_;
    const ByteVector damaged_;  // as it was: the slots point into it
    const std::vector<ScannedGroup> groups_;
    const std::optional<FooterCopies> footers_;
};

const EntryRef* SegmentRepair::copy_of(Index index) const {
    const auto found = std::find_if(copies_.begin(), copies_.end(),
        [index](const EntryRef* copy) { return copy->index == index; });
    return found == copies_.end() ? nullptr : *found;
}

// The entry, if it stands whole in its place and continues the chain.
std::optional<EntryRef> SegmentRepair::read(Index index, const Digest& before) const {
    const std::uint64_t offset = map_.place(index).offset;
    if (offset >= bytes_.size()) {
        return std::nullopt;
    }
    const RecordView view = decode_record(
        ByteSpan(bytes_).subspan(static_cast<std::size_t>(offset)), {live_.segment, offset});
    const bool whole = view.damage == Damage::none && !view.header.is_truncation() &&
                       view.header.index == index && view.header.term == map_.term_at(index) &&
                       view.header.prev_hash64 == before.truncated();
    return whole ? std::optional(entry_of(view)) : std::nullopt;
}

Result<Repaired> SegmentRepair::mend_entries() {
    Repaired done;
    const HashMark& start = map_.mark_at_or_before(live_.first.previous());
    std::optional<Digest> before;
    if (start.index == live_.first.previous()) {
        before = start.hash;
    }
    for (Index index = live_.first; index <= live_.last; ++index) {
        std::optional<EntryRef> entry = before ? read(index, *before) : std::nullopt;
        const EntryRef* const copy = copy_of(index);
        if (!entry && before && copy != nullptr) {
            LEDGER_TRY(const bool written, write(*copy, *before));
            entry = written ? read(index, *before) : std::nullopt;
            LEDGER_ASSERT(entry.has_value() == written);
            if (entry) {
                done.hashes.push_back({index, entry_hash(*before, *entry)});
            }
        }
        const HashMark& known = map_.mark_at_or_before(index);
        std::optional<Digest> hash;
        if (entry) {
            hash = entry_hash(*before, *entry);
        } else if (known.index == index) {
            hash = known.hash;
        }
        if (entry && known.index == index && known.hash != *hash) {
            return failure(Errc::corrupt_record, segment_name(live_.segment) + ": index " +
                                                     std::to_string(index.value) +
                                                     ": the copy offered has another hash");
        }
        if (before && !entry) {
            done.missing.push_back(index);
        }
        before = hash;
    }
    return done;
}

// Only if it means this entry: a stale block names what stood here before.
std::optional<SegmentRepair::Claim> SegmentRepair::claim_of_block(Index index) const {
    const std::uint64_t offset = map_.place(index).offset;
    for (const ScannedGroup& group : groups_) {
        for (const Slot& slot : group.slots) {
            if (slot.offset == offset && slot.name && group.block && slot.name->index == index &&
                slot.name->term == map_.term_at(index) && !slot.name->is_truncation()) {
                return Claim{slot.name->envelope_bytes, slot.name->erasable_bytes,
                    slot.name->envelope_crc, group.block->epoch, group.block->sync_index};
            }
        }
    }
    return std::nullopt;
}

std::optional<SegmentRepair::Claim> SegmentRepair::claim_of_footer(Index index) const {
    if (!footers_ || index < footers_->footer.first || index > footers_->footer.last) {
        return std::nullopt;
    }
    const FooterName& name = footers_->footer.names[index - footers_->footer.first];
    if (!place_of(live_.segment, name).begins_as(map_.place(index))) {
        return std::nullopt;
    }
    Claim claim{name.envelope_bytes, name.erasable_bytes, name.envelope_crc, 0, Index{}};
    place_in_time(claim, index);
    return claim;
}

// A footer does not say in which opening a record was written, nor with which sync_index. The
// records of a group follow each other and have both in common; a later group is of the same
// opening or a later one.
void SegmentRepair::place_in_time(Claim& claim, Index index) const {
    const std::uint64_t begin = map_.place(index).offset;
    const std::uint64_t end = begin + record_bytes(claim.envelope_bytes, claim.erasable_bytes);
    claim.epoch = footers_->footer.epoch;
    if (index > live_.first) {
        const auto before = header_at(index.previous());
        if (before && map_.place(index.previous()).offset +
                              record_bytes(before->envelope_bytes, before->erasable_bytes) ==
                          begin) {
            claim.epoch = before->epoch;
            claim.sync_index = before->sync_index;
            return;
        }
    }
    for (Index next = index.next(); next <= live_.last; ++next) {
        if (const auto after = header_at(next)) {
            claim.epoch = after->epoch;
            claim.sync_index = map_.place(next).offset == end ? after->sync_index : Index{};
            return;
        }
    }
}

std::optional<RecordHeader> SegmentRepair::header_at(Index index) const {
    const std::uint64_t offset = map_.place(index).offset;
    if (offset >= bytes_.size()) {
        return std::nullopt;
    }
    const auto header = decode_record_header(
        ByteSpan(bytes_).subspan(static_cast<std::size_t>(offset)), {live_.segment, offset});
    const bool means_it = header && !header->is_truncation() && header->index == index &&
                          header->term == map_.term_at(index);
    return means_it ? header : std::nullopt;
}

// The footer counts for more than a block: it was written last, it is there twice, and the map was
// made from it. False if the two contradict each other and the copy is not proven by what is left,
// or if nothing says what stood here: then another copy, or whoever looks after the node, has to.
Result<bool> SegmentRepair::write(const EntryRef& copy, const Digest& before) {
    const std::optional<Claim> block = claim_of_block(copy.index);
    const std::optional<Claim> footer = claim_of_footer(copy.index);
    const bool contradict = block && footer && !block->is_of_the_same(*footer);
    const HashMark& known = map_.mark_at_or_before(copy.index);
    const bool marked = known.index == copy.index;
    const bool proven = marked && known.hash == entry_hash(before, copy);
    const bool refuted = (marked && !proven) || copy.term != map_.term_at(copy.index);
    LEDGER_SOMETIMES(contradict, "log.repair_claims_contradict");
    if (!refuted) {
        const std::optional<Claim>& strongest = block && !contradict ? block : footer;
        if (strongest && write_as(*strongest, copy, before)) {
            return true;
        }
        if (contradict && proven && write_as(*block, copy, before)) {
            return true;
        }
    }
    if (!footer || contradict) {
        return false;
    }
    return failure(Errc::corrupt_record, segment_name(live_.segment) + " at byte " +
                                             std::to_string(map_.place(copy.index).offset) +
                                             ": another entry " +
                                             std::to_string(copy.index.value) +
                                             " stood here than the one offered");
}

// False, and nothing is written, if the copy is something else than the claim says.
bool SegmentRepair::write_as(const Claim& claim, const EntryRef& copy, const Digest& before) {
    const std::uint64_t offset = map_.place(copy.index).offset;
    // A witness has none of the erasable part, or it has been destroyed here.
    const bool trimmed = claim.erasable_bytes == 0;
    const ByteSpan envelope = copy.handle.envelope();
    const ByteSpan erasable = trimmed ? ByteSpan{} : copy.handle.erasable();
    const bool emptied = trimmed && !copy.handle.erasable().empty();
    const std::uint64_t size = record_bytes(envelope.size(), erasable.size());
    if (claim.envelope_bytes != envelope.size() || claim.erasable_bytes != erasable.size() ||
        claim.envelope_crc != crc32c(envelope) || offset + size > bytes_.size()) {
        return false;
    }
    RecordHeader header;
    header.kind = static_cast<std::uint8_t>(copy.kind);
    header.flags = erasure_flags(emptied ? Erasure::whole : copy.handle.erasure());
    header.epoch = claim.epoch;
    header.index = copy.index;
    header.term = copy.term;
    header.cluster_time = copy.cluster_time;
    header.wall_time = copy.wall_time;
    header.envelope_bytes = claim.envelope_bytes;
    header.erasable_bytes = claim.erasable_bytes;
    header.prev_hash64 = before.truncated();
    header.sync_index = claim.sync_index;
    encode_record(at(offset, size), header, {live_.segment, offset}, envelope, erasable);
    return true;
}

void SegmentRepair::restore_structure() {
    restore_header();
    restore_blocks();
    restore_footers();
}

void SegmentRepair::restore_header() {
    for (std::uint64_t offset = 0; offset < segment_header_bytes; offset += sector_bytes) {
        const auto header =
            decode_segment_header(at(offset, sector_bytes), {live_.segment, offset});
        if (header) {
            encode_segment_header(at(0, segment_header_bytes), *header);
            return;
        }
    }
}

// Group after group with the hash chain, from the header on.
void SegmentRepair::restore_blocks() {
    const ByteVector mended = bytes_;
    const auto header =
        decode_segment_header(ByteSpan(mended).first(sector_bytes), {live_.segment, 0});
    if (!header) {
        return;
    }
    const std::uint64_t body_end = footers_ ? footers_->footer.body_end : mended.size();
    std::optional<HashMark> end = HashMark{header->start.id.index, header->start.hash};
    for (const ScannedGroup& group : scan_groups(mended, live_.segment)) {
        if (group.block) {
            end = HashMark{group.block->last, group.block->last_hash};
        } else if (end && group.start < body_end) {
            end = restore_block(group, std::min(group.end, body_end), *end);
        }
    }
}

// Where the log ends after the group; nothing if its records do not say so.
std::optional<HashMark> SegmentRepair::restore_block(
    const ScannedGroup& group, std::uint64_t group_end, const HashMark& start) {
    IdentityBlock block;
    block.group_start = group.start;
    block.base = start.index;
    block.base_hash64 = start.hash.truncated();
    HashMark end = start;
    for (const Slot& slot : group.slots) {
        const RecordView& record = slot.record;
        if (record.damage == Damage::header) {
            break;  // behind the records, where the block stood
        }
        if (record.damage != Damage::none) {
            return std::nullopt;
        }
        if (record.header.is_truncation()) {
            end.index = record.header.index;
            std::copy(record.envelope.begin(), record.envelope.end(), end.hash.bytes.begin());
        } else if (record.header.index == end.index.next() &&
                   record.header.prev_hash64 == end.hash.truncated()) {
            end = {record.header.index, entry_hash(end.hash, entry_of(record))};
        } else {
            return std::nullopt;
        }
        block.epoch = record.header.epoch;
        block.sync_index = record.header.sync_index;
        block.names.push_back(identity_of(record.header, record.envelope_crc));
    }
    block.last = end.index;
    block.last_hash = end.hash;
    // Without records it was a seal. All of a sealed segment is durable.
    block.sync_index = block.names.empty() ? end.index : block.sync_index;
    const std::uint64_t records_end =
        block.names.empty() ? group.start : group.slots[block.names.size() - 1].end;
    const std::uint64_t offset = sector_ceiling(records_end);
    const std::uint64_t size = identity_block_bytes(block.names.size());
    if (offset + size != group_end || group_end > bytes_.size()) {
        return std::nullopt;  // more is missing
    }
    LEDGER_SOMETIMES(true, "log.block_restored");
    encode_identity_block(at(offset, size), block, {live_.segment, offset});
    return end;
}

void SegmentRepair::restore_footers() {
    if (!footers_) {
        return;
    }
    const ByteVector both = encode_footers(footers_->footer);
    if (footers_->footer.body_end + both.size() == bytes_.size()) {
        std::copy(both.begin(), both.end(),
            bytes_.begin() + static_cast<std::ptrdiff_t>(footers_->footer.body_end));
    }
}

}  // namespace

Result<Repaired> repair_segment(FileSystem& files, const std::string& directory,
    const SegmentMap& map, const SegmentEntries& live, std::span<const EntryRef* const> copies) {
    const std::string name = segment_name(live.segment);
    LEDGER_TRY(const auto file, files.open(path_in(directory, name)));
    Index lost;
    const auto placed = placed_segment(*file, map, live.segment, &lost);
    if (!placed && lost > Index{}) {
        return Repaired{.missing = {lost}, .hashes = {}};
    }
    LEDGER_TRY(const SharedMap at, placed);
    LEDGER_TRY(Salvaged whole, salvage(*file, opening_refusals_max));
    SegmentRepair repair(whole.bytes, *at, live, copies);
    LEDGER_TRY(Repaired done, repair.mend_entries());
    const bool nothing_to_do = done.hashes.empty() && whole.unreadable.empty();
    if (!done.missing.empty() || nothing_to_do) {
        LEDGER_SOMETIMES(!done.missing.empty(), "log.repair_needs_more");
        return done;
    }
    repair.restore_structure();
    LEDGER_SOMETIMES(true, "log.segment_repaired");
    LEDGER_CHECK(replace_file(files, directory, name, whole.bytes));
    return done;
}

}  // namespace ledger::log
