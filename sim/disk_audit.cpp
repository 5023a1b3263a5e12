#include "sim/disk_audit.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/hard_state_file.h"
#include "log/record.h"

namespace ledger::sim {
namespace {

ByteSpan behind(ByteSpan bytes, std::uint64_t offset) {
    return bytes.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes.size())));
}

}  // namespace

void DiskAudit::synced(const Disk& disk) {
    if (!started_ || !follow(disk)) {
        reset_after_crash(disk);
    }
}

void DiskAudit::reset_after_crash(const Disk& disk) {
    started_ = true;
    changes_seen_ = disk.changes();
    segments_.clear();
    entries_.clear();
    first_ = Index{1};
    read_hard_state(disk);
    find_segments(disk);
    for (Segment& segment : segments_) {
        read_segment(disk, segment);
    }
}

// Reads what changed since the last call; false if that cannot be told, or if bytes that were
// read before have changed.
bool DiskAudit::follow(const Disk& disk) {
    LEDGER_ASSERT(changes_seen_ <= disk.changes());
    for (; changes_seen_ < disk.changes(); ++changes_seen_) {
        const std::optional<DurableChange> change = disk.change(changes_seen_);
        if (!change) {
            return false;
        }
        const SegmentId oldest = oldest_;
        if (change->number == 0) {
            read_hard_state(disk);
            if (oldest_ != oldest && !drop_front()) {
                return false;
            }
            const std::size_t known = segments_.size();
            find_segments(disk);
            for (std::size_t i = known; i < segments_.size(); ++i) {
                read_segment(disk, segments_[i]);
            }
            if (segments_.size() < known) {
                return false;
            }
        } else if (change->number == hard_state_number_) {
            read_hard_state(disk);
            if (oldest_ != oldest && !drop_front()) {
                return false;
            }
        } else if (Segment* segment = segment_of(change->number)) {
            if (change->from < segment->at) {
                return false;
            }
            read_segment(disk, *segment);
        }
    }
    return true;
}

// The log begins with another segment than before; false if it is not one that continued the log.
bool DiskAudit::drop_front() {
    const auto kept = std::find_if(segments_.begin(), segments_.end(),
        [this](const Segment& segment) { return segment.id == oldest_; });
    if (kept == segments_.end() || kept->at == 0 || kept->begin > last().next()) {
        return false;
    }
    LEDGER_ASSERT(kept->begin >= first_);
    entries_.erase(entries_.begin(),
        entries_.begin() + static_cast<std::ptrdiff_t>(kept->begin - first_));
    first_ = kept->begin;
    segments_.erase(segments_.begin(), kept);
    return true;
}

// Adds new segments behind the known ones. A segment that is gone, or that is not the newest,
// leaves fewer segments than before: the caller then begins anew.
void DiskAudit::find_segments(const Disk& disk) {
    std::vector<Segment> found;
    const std::string prefix = directory_.empty() ? "" : directory_ + "/";
    for (const std::string& name : disk.durable_files()) {
        if (!name.starts_with(prefix)) {
            continue;
        }
        const auto id = log::parse_segment_name(name.substr(prefix.size()));
        if (id && *id >= oldest_) {
            found.push_back({*id, name, disk.durable_number(name)});
        }
    }
    std::sort(
        found.begin(), found.end(), [](const Segment& a, const Segment& b) { return a.id < b.id; });
    const auto same = [](const Segment& a, const Segment& b) { return a.number == b.number; };
    const bool extends = segments_.size() <= found.size() &&
                         std::equal(segments_.begin(), segments_.end(), found.begin(), same);
    if (!extends) {
        segments_.clear();
        return;
    }
    const auto news = found.begin() + static_cast<std::ptrdiff_t>(segments_.size());
    segments_.insert(segments_.end(), news, found.end());
}

DiskAudit::Segment* DiskAudit::segment_of(std::uint32_t number) {
    const auto at = std::find_if(segments_.rbegin(), segments_.rend(),
        [number](const Segment& segment) { return segment.number == number; });
    return at == segments_.rend() ? nullptr : &*at;
}

void DiskAudit::read_hard_state(const Disk& disk) {
    const std::string name = log::path_in(directory_, "hard_state");
    hard_state_number_ = disk.durable_number(name);
    hard_state_.reset();
    oldest_ = SegmentId{};
    const ByteSpan bytes = disk.durable_view(name, scratch_);
    std::uint64_t newest = 0;
    for (std::uint64_t i = 0; i < log::hard_state_slots * log::hard_state_copies; ++i) {
        const std::uint64_t offset = i * log::hard_state_spacing;
        if (offset + log::hard_state_slot_bytes > bytes.size()) {
            continue;
        }
        const auto slot = log::decode_hard_state_slot(
            behind(bytes, offset).first(log::hard_state_slot_bytes), offset);
        const bool ours = slot && slot->identity.same_node(identity_);
        if (ours && (!hard_state_ || slot->generation > newest)) {
            newest = slot->generation;
            hard_state_ = slot->hard_state;
            oldest_ = slot->oldest;
        }
    }
}

void DiskAudit::read_segment(const Disk& disk, Segment& segment) {
    if (segment.at == 0 && &segment != segments_.data()) {
        // Now that something follows it, a group that is not whole may count in part.
        Segment& before = *(&segment - 1);
        const ByteSpan bytes = disk.durable_view(before.name, scratch_);
        while (before.at != 0 && read_group(bytes, before)) {
        }
    }
    const ByteSpan bytes = disk.durable_view(segment.name, scratch_);
    if (segment.at == 0 && !read_header(bytes, segment)) {
        return;
    }
    while (read_group(bytes, segment)) {
    }
}

bool DiskAudit::read_header(ByteSpan bytes, Segment& segment) {
    for (std::uint64_t offset = 0; offset < log::segment_header_bytes;
        offset += log::sector_bytes) {
        const auto header = log::decode_segment_header(behind(bytes, offset), {segment.id, offset});
        const bool counts = header && header->identity.same_node(identity_) &&
                            (!header->restarts() || segment.id == oldest_);
        if (!counts) {
            continue;
        }
        if (entries_.empty() && segments_.front().id == segment.id) {
            first_ = header->first();
        }
        // A segment that does not continue the log adds nothing to it. One that begins earlier was begun
        // when what a crash had left behind its begin was given up.
        if (header->first() <= last().next() && header->first() >= first_) {
            entries_.resize(static_cast<std::size_t>(header->first() - first_));
            segment.begin = header->first();
            segment.at = log::segment_header_bytes;
            return true;
        }
    }
    return false;
}

// A group is records, padding to the sector, and the identity block that names them.
bool DiskAudit::read_group(ByteSpan bytes, Segment& segment) {
    if (segment.part_of_after) {
        entries_.resize(static_cast<std::size_t>(segment.part_of_after->next() - first_));
        segment.part_of_after.reset();
    }
    std::uint64_t at = segment.at;
    collect_records(bytes, segment, at);
    at = log::sector_ceiling(at);
    const auto block = log::decode_identity_block(behind(bytes, at), {segment.id, at});
    if (!block || block->group_start != segment.at || !continues(*block)) {
        return read_damaged_group(bytes, segment, at);
    }
    for (const Record& record : group_) {
        append(record);
    }
    LEDGER_ASSERT(last() == block->last);
    segment.at = at + log::identity_block_bytes(block->names.size());
    return true;
}

// Of the last one of all, what stands before the damage.
bool DiskAudit::read_damaged_group(ByteSpan bytes, Segment& segment, std::uint64_t at) {
    std::optional<log::IdentityBlock> block;
    bool followed = segments_.back().id != segment.id;
    std::uint64_t end = 0;
    for (; at < bytes.size() && (!block || !followed); at += log::sector_bytes) {
        auto found = log::decode_identity_block(behind(bytes, at), {segment.id, at});
        if (found && !block && found->group_start == segment.at) {
            block = std::move(found);
            end = at + log::identity_block_bytes(block->names.size());
        } else if (found) {
            followed = true;
        }
    }
    if (!block) {
        return false;
    }
    group_.clear();
    std::uint64_t offset = segment.at;
    for (const log::EntryIdentity& name : block->names) {
        const log::RecordView view =
            log::decode_record(behind(bytes, offset), {segment.id, offset});
        const bool whole = view.damage == log::Damage::none &&
                           log::identity_of(view.header, view.envelope_crc) == name;
        group_.push_back({name, whole ? std::optional(sha256(view.envelope)) : std::nullopt});
        offset += log::record_bytes(name.envelope_bytes, name.erasable_bytes);
    }
    if (!continues(*block)) {
        return false;
    }
    if (!followed) {
        segment.part_of_after = block->base;
    }
    for (const Record& record : group_) {
        // A truncation is known by its name.
        if (!followed && !record.envelope && !record.identity.is_truncation()) {
            return false;
        }
        append(record);
    }
    segment.at = end;
    return true;
}

void DiskAudit::collect_records(ByteSpan bytes, const Segment& segment, std::uint64_t& at) {
    group_.clear();
    while (at < bytes.size()) {
        const log::RecordView view = log::decode_record(behind(bytes, at), {segment.id, at});
        if (view.damage != log::Damage::none) {
            return;
        }
        ++examined_;
        group_.push_back({log::identity_of(view.header, view.envelope_crc), sha256(view.envelope)});
        at += view.bytes();
    }
}

// The records are those that the block names, and they follow on the log as read so far.
bool DiskAudit::continues(const log::IdentityBlock& block) const {
    if (block.base != last() || block.names.size() != group_.size()) {
        return false;
    }
    Index end = block.base;
    for (std::size_t i = 0; i < group_.size(); ++i) {
        const log::EntryIdentity& identity = group_[i].identity;
        if (identity != block.names[i]) {
            return false;
        }
        const bool fits = identity.is_truncation()
                              ? identity.index <= end && identity.index.next() >= first_
                              : identity.index == end.next();
        if (!fits) {
            return false;
        }
        end = identity.index;
    }
    return end == block.last;
}

void DiskAudit::append(const Record& record) {
    if (record.identity.is_truncation()) {
        entries_.resize(static_cast<std::size_t>(record.identity.index.next() - first_));
    } else {
        entries_.push_back({record.identity.term, record.envelope});
    }
}

bool DiskAudit::holds(Index index, Term term, const Digest& envelope) const {
    if (!holds(index)) {
        return false;
    }
    const Entry& entry = entries_[static_cast<std::size_t>(index - first_)];
    return entry.term == term && entry.envelope == envelope;
}

Term DiskAudit::term(Index index) const {
    LEDGER_ASSERT(holds(index));
    return entries_[static_cast<std::size_t>(index - first_)].term;
}

}  // namespace ledger::sim
