#include "sim/media_map.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/cut_store.h"
#include "log/footer.h"
#include "log/hard_state_file.h"
#include "log/record.h"

namespace ledger::sim {
namespace {

ByteSpan behind(ByteSpan bytes, std::uint64_t offset) {
    return bytes.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes.size())));
}

ByteRange range_of(const log::CutPlace& place) {
    return {place.offset, place.offset + place.bytes};
}

std::vector<ByteRange> ranges_of(const std::vector<log::CutPlace>& places) {
    std::vector<ByteRange> ranges;
    for (const log::CutPlace& place : places) {
        ranges.push_back(range_of(place));
    }
    return ranges;
}

bool whole(const log::CutFiles& cut) {
    const auto intact = [](const log::CutPlace& place) { return place.damage == nullptr; };
    return cut.manifest && cut.has_chunks &&
           cut.chunks.size() == cut.manifest->chunks.size() &&
           std::all_of(cut.copies.begin(), cut.copies.end(), intact) &&
           std::all_of(cut.chunks.begin(), cut.chunks.end(), intact);
}

}  // namespace

void MediaMap::refresh(Disk& disk) {
    const bool names = disk.take_names_changed();
    const SegmentId oldest = oldest_;
    if (names) {
        hard_state_number_ = disk.durable_number(log::path_in(directory_, log::hard_state_name));
    }
    const bool changed =
        hard_state_number_ != 0 && disk.take_change(hard_state_number_) != UINT64_MAX;
    if (changed || names) {
        read_hard_state(disk);
    }
    if (names || oldest_ != oldest) {
        list(disk);
    }
    for (MappedSegment& segment : segments_) {
        const std::uint64_t from = disk.take_change(segment.number);
        if (from != UINT64_MAX) {
            read_segment(disk, segment, from);
        }
    }
    read_cuts(disk);
    find_live();
}

void MediaMap::read_hard_state(Disk& disk) {
    const ByteSpan bytes =
        disk.durable_view(log::path_in(directory_, log::hard_state_name), scratch_);
    std::uint64_t generation = 0;
    oldest_ = SegmentId{};
    for (std::uint64_t slot = 0; slot < log::hard_state_slots; ++slot) {
        for (std::uint64_t copy = 0; copy < log::hard_state_copies; ++copy) {
            const std::uint64_t offset = log::hard_state_offset(slot, copy);
            if (offset + log::hard_state_slot_bytes > bytes.size()) {
                continue;
            }
            const auto read = log::decode_hard_state_slot(
                behind(bytes, offset).first(log::hard_state_slot_bytes), offset);
            if (read && read->identity.same_node(identity_) && read->generation > generation) {
                generation = read->generation;
                newest_slot_ = slot;
                oldest_ = read->oldest;
            }
        }
    }
}

std::array<ByteRange, 2> MediaMap::newest_hard_state() const {
    static_assert(log::hard_state_copies == 2);
    const auto copy = [this](std::uint64_t number) {
        const std::uint64_t offset = log::hard_state_offset(newest_slot_, number);
        return ByteRange{offset, offset + log::hard_state_slot_bytes};
    };
    return {copy(0), copy(1)};
}

std::array<ByteRange, 4> MediaMap::hard_state_copies() const {
    std::array<ByteRange, 4> copies;
    for (std::uint64_t i = 0; i < copies.size(); ++i) {
        const std::uint64_t offset =
            log::hard_state_offset(i % log::hard_state_slots, i / log::hard_state_slots);
        copies[i] = {offset, offset + log::hard_state_slot_bytes};
    }
    return copies;
}

void MediaMap::list(Disk& disk) {
    std::vector<MappedSegment> found;
    cut_names_.clear();
    const std::string prefix = directory_.empty() ? "" : directory_ + "/";
    for (const std::string& name : disk.durable_files()) {
        if (!name.starts_with(prefix)) {
            continue;
        }
        const std::string_view own = std::string_view(name).substr(prefix.size());
        if (const auto cut = log::cut_of_file(own)) {
            CutNames& names = cut_names(*cut);
            (own.ends_with(".cut") ? names.manifest : names.chunks) = name;
        }
        const auto id = log::parse_segment_name(own);
        if (!id || *id < oldest_) {
            continue;
        }
        MappedSegment& segment = found.emplace_back();
        segment.id = *id;
        segment.name = name;
        segment.number = disk.durable_number(name);
        const auto known = std::find_if(segments_.begin(), segments_.end(),
            [&](const MappedSegment& old) {
                return old.number == segment.number && old.id == segment.id;
            });
        if (known != segments_.end()) {
            segment = std::move(*known);
        } else {
            static_cast<void>(disk.take_change(segment.number));
            read_segment(disk, segment, 0);
        }
    }
    std::sort(found.begin(), found.end(),
        [](const MappedSegment& a, const MappedSegment& b) { return a.id < b.id; });
    segments_ = std::move(found);
    live_segment_ = SIZE_MAX;  // to be found anew
}

// Names come sorted, so that both files of one cut follow each other.
MediaMap::CutNames& MediaMap::cut_names(Index index) {
    if (cut_names_.empty() || cut_names_.back().index != index) {
        cut_names_.push_back({index, {}, {}});
    }
    return cut_names_.back();
}

void MediaMap::read_segment(
    const Disk& disk, MappedSegment& segment, std::uint64_t changed_from) {
    segment.footers.clear();
    const bool all = changed_from < log::segment_header_bytes;
    while (!segment.groups.empty() && (all || changed_from < segment.groups.back().all.to)) {
        segment.records.resize(segment.groups.back().first_record);
        segment.groups.pop_back();
        live_segment_ = SIZE_MAX;
    }
    segment.end = all || segment.end == 0 ? 0
                  : segment.groups.empty() ? log::segment_header_bytes
                                           : segment.groups.back().all.to;
    const ByteSpan bytes = disk.durable_view(segment.name, scratch_);
    if (segment.end == 0) {
        read_header(bytes, segment);
    }
    while (segment.end != 0 && read_group(bytes, segment)) {
    }
    if (segment.end != 0 && segment.end < bytes.size()) {
        read_footers(bytes, segment);
    }
}

void MediaMap::read_header(ByteSpan bytes, MappedSegment& segment) {
    for (std::uint64_t offset = 0; offset < log::segment_header_bytes;
        offset += log::sector_bytes) {
        const auto header = log::decode_segment_header(behind(bytes, offset), {segment.id, offset});
        if (header && header->identity.same_node(identity_)) {
            segment.end = log::segment_header_bytes;
            return;
        }
    }
}

// Records, padding to the sector, and the identity block that names them.
bool MediaMap::read_group(ByteSpan bytes, MappedSegment& segment) {
    MappedGroup group{.all = {segment.end, segment.end},
        .block = {},
        .first_record = segment.records.size()};
    std::uint64_t at = segment.end;
    while (at < bytes.size()) {
        const log::RecordView view = log::decode_record(behind(bytes, at), {segment.id, at});
        if (view.damage != log::Damage::none) {
            break;
        }
        segment.records.push_back(
            {{at, at + view.bytes()}, log::identity_of(view.header, view.envelope_crc)});
        at += view.bytes();
    }
    at = log::sector_ceiling(at);
    const auto block = log::decode_identity_block(behind(bytes, at), {segment.id, at});
    group.records = segment.records.size() - group.first_record;
    if (!block || block->group_start != segment.end || block->names.size() != group.records) {
        segment.records.resize(group.first_record);
        return false;
    }
    group.block = {at, at + log::identity_block_bytes(group.records)};
    group.all.to = segment.end = group.block.to;
    segment.groups.push_back(group);
    return true;
}

void MediaMap::read_footers(ByteSpan bytes, MappedSegment& segment) {
    if (const auto copies = log::find_footers(bytes, segment.id)) {
        for (const std::uint64_t offset : copies->offsets) {
            segment.footers.push_back({offset, offset + copies->bytes});
        }
    }
}

// A cut that is known and whose files have not changed is still whole.
void MediaMap::read_cuts(Disk& disk) {
    std::vector<MappedCut> found;
    for (const CutNames& names : cut_names_) {
        const std::uint32_t manifest = disk.durable_number(names.manifest);
        const std::uint32_t chunks = disk.durable_number(names.chunks);
        if (manifest == 0 || chunks == 0) {
            continue;
        }
        const auto known = std::find_if(cuts_.begin(), cuts_.end(), [&](const MappedCut& cut) {
            return cut.manifest_number == manifest && cut.chunks_number == chunks;
        });
        const bool manifest_changed = disk.take_change(manifest) != UINT64_MAX;
        const bool chunks_changed = disk.take_change(chunks) != UINT64_MAX;
        if (known != cuts_.end() && !manifest_changed && !chunks_changed) {
            found.push_back(std::move(*known));
        } else if (auto cut = read_cut(disk, names)) {
            cut->manifest_number = manifest;
            cut->chunks_number = chunks;
            found.push_back(std::move(*cut));
        }
    }
    cuts_ = std::move(found);
}

// By the store's own judgement, on a disk that has nothing else.
std::optional<MappedCut> MediaMap::read_cut(const Disk& disk, const CutNames& names) const {
    DiskImage image{.files = {}, .directories = {directory_}};
    for (const std::string& name : {names.manifest, names.chunks}) {
        image.files.push_back({name, disk.durable(name)});
    }
    Disk copy(identity_.node);
    copy.restore(image);
    const Result<log::CutFiles> cut = log::look_at_cut(copy, directory_, names.index);
    if (!cut || !whole(*cut)) {
        return std::nullopt;
    }
    return MappedCut{.index = names.index,
        .root = cut->manifest->root(),
        .copies = ranges_of(cut->copies),
        .chunks = ranges_of(cut->chunks)};
}

// At one index the latest record in log order counts; a truncation ends the log; a gap begins it
// anew.
void MediaMap::find_live() {
    if (live_segment_ == SIZE_MAX) {
        live_segment_ = 0;
        live_record_ = 0;
        live_.clear();
        first_ = Index{1};
    }
    for (; live_segment_ < segments_.size(); ++live_segment_, live_record_ = 0) {
        const std::vector<MappedRecord>& records = segments_[live_segment_].records;
        for (; live_record_ < records.size(); ++live_record_) {
            const log::EntryIdentity& identity = records[live_record_].identity;
            const Index end = first_ + live_.size();  // the next index
            if (identity.is_truncation()) {
                const Index keep = std::clamp(identity.index.next(), first_, end);
                live_.resize(static_cast<std::size_t>(keep - first_));
                continue;
            }
            if (live_.empty() || identity.index > end || identity.index < first_) {
                live_.clear();
                first_ = identity.index;
            }
            const auto slot = static_cast<std::size_t>(identity.index - first_);
            live_.resize(std::max(live_.size(), slot + 1));
            live_[slot] = {live_segment_, live_record_};
        }
        if (live_segment_ + 1 == segments_.size()) {
            return;  // the last one may grow
        }
    }
}

std::optional<MediaMap::LiveEntry> MediaMap::live(Index index) const {
    if (index < first_ || index - first_ >= live_.size()) {
        return std::nullopt;
    }
    return live_[static_cast<std::size_t>(index - first_)];
}

}  // namespace ledger::sim
