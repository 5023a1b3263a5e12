#include "sim/media_disk.h"

#include <algorithm>
#include <array>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

// Both copies of a segment's header.
constexpr std::array<ByteRange, 2> headers = {
    {{0, log::sector_bytes}, {log::sector_bytes, log::segment_header_bytes}}};

ByteRange range_of(const Harm::Place& place) {
    return {place.from, place.to};
}

bool touches(const ByteRange& a, const ByteRange& b) {
    return a.touches(b.from, b.to);
}

HarmVerdict worse(HarmVerdict a, HarmVerdict b) {
    return std::max(a, b);
}

// The groups of a segment that a range touches.
std::span<const MappedGroup> groups_in(const MappedSegment& segment, ByteRange range) {
    const auto first = std::partition_point(segment.groups.begin(), segment.groups.end(),
        [&](const MappedGroup& group) { return group.all.to <= range.from; });
    const auto last = std::partition_point(first, segment.groups.end(),
        [&](const MappedGroup& group) { return group.all.from < range.to; });
    return {first, last};
}

// Replicas differ in what of an entry's erasable part they still have.
bool same_entry(const log::EntryIdentity& a, const log::EntryIdentity& b) {
    return a.index == b.index && a.term == b.term && a.envelope_crc == b.envelope_crc;
}

std::span<const MappedRecord> records_of(const MappedSegment& segment, const MappedGroup& group) {
    return std::span(segment.records).subspan(group.first_record, group.records);
}

}  // namespace

bool MediaDisk::is_harmed(std::uint32_t number, ByteRange range) const {
    const auto planned = [&](const Harm::Place& place) {
        return place.number == number && touches(range_of(place), range);
    };
    const auto there = [&](const Overlay& overlay) {
        return range.touches(overlay.from, overlay.to);
    };
    const std::span<const Overlay> overlays = disk_->overlays(number);
    return std::any_of(planned_.begin(), planned_.end(), planned) ||
           std::any_of(overlays.begin(), overlays.end(), there);
}

bool MediaDisk::all_harmed(std::uint32_t number, std::span<const ByteRange> copies) const {
    return !copies.empty() && std::all_of(copies.begin(), copies.end(),
                                  [&](const ByteRange& copy) { return is_harmed(number, copy); });
}

HarmVerdict MediaDisk::judge(std::span<const Harm::Place> places) {
    planned_ = places;
    HarmVerdict verdict = HarmVerdict::allowed;
    bool in_log = false;
    for (const Harm::Place& place : places) {
        verdict = worse(verdict, judge_place(place));
        in_log = in_log || std::any_of(map_.segments().begin(), map_.segments().end(),
                               [&](const auto& each) { return each.number == place.number; });
    }
    if (in_log && verdict != HarmVerdict::refused) {
        verdict = worse(verdict, judge_end());
    }
    planned_ = {};
    return verdict;
}

// One of all copies: a crash may leave a single one of the newest slot, and take the other slot's, which
// was being written.
HarmVerdict MediaDisk::judge_hard_state(std::uint32_t number) const {
    std::uint64_t harmed = 0;
    for (const ByteRange& copy : map_.hard_state_copies()) {
        harmed += is_harmed(number, copy) ? 1u : 0u;
    }
    return harmed > 1 ? HarmVerdict::refused : HarmVerdict::allowed;
}

// What is not mapped is under way, or nobody knows what it means.
HarmVerdict MediaDisk::judge_place(const Harm::Place& place) const {
    if (place.number == map_.hard_state_number()) {
        return judge_hard_state(place.number);
    }
    for (const MappedSegment& segment : map_.segments()) {
        if (segment.number == place.number && segment.end != 0) {
            return judge_segment(segment, place);
        }
    }
    for (const MappedCut& cut : map_.cuts()) {
        if (place.number == cut.manifest_number) {
            return all_harmed(place.number, cut.copies) ? HarmVerdict::refused
                                                        : HarmVerdict::allowed;
        }
        if (place.number == cut.chunks_number) {
            return HarmVerdict::allowed;
        }
    }
    return HarmVerdict::refused;
}

HarmVerdict MediaDisk::judge_segment(
    const MappedSegment& segment, const Harm::Place& place) const {
    if (all_harmed(segment.number, headers) || all_harmed(segment.number, segment.footers)) {
        return HarmVerdict::refused;
    }
    for (const MappedGroup& group : groups_in(segment, range_of(place))) {
        if (!is_harmed(segment.number, group.block)) {
            continue;
        }
        if (harms_record(segment, group) || neighbour_harmed(segment, group)) {
            return HarmVerdict::refused;
        }
    }
    return HarmVerdict::allowed;
}

// A scan finds the records of a group behind the block before it, or by its own block.
bool MediaDisk::neighbour_harmed(
    const MappedSegment& segment, const MappedGroup& group) const {
    const auto at = static_cast<std::size_t>(&group - segment.groups.data());
    const bool before = at > 0 && is_harmed(segment.number, segment.groups[at - 1].block);
    return before || (at + 1 < segment.groups.size() &&
                         is_harmed(segment.number, segment.groups[at + 1].block));
}

bool MediaDisk::harms_record(const MappedSegment& segment, const MappedGroup& group) const {
    const std::span<const MappedRecord> records = records_of(segment, group);
    return std::any_of(records.begin(), records.end(),
        [&](const MappedRecord& record) { return is_harmed(segment.number, record.place); });
}

// The last record that is harmed needs something intact behind it. If there never was anything, it
// is unsealed.
HarmVerdict MediaDisk::judge_end() const {
    for (std::size_t i = map_.segments().size(); i-- > 0;) {
        const MappedSegment& segment = map_.segments()[i];
        for (std::size_t k = segment.groups.size(); k-- > 0;) {
            const MappedGroup& group = segment.groups[k];
            if (!harms_record(segment, group)) {
                if (vouched_for(i, k, true)) {
                    return HarmVerdict::allowed;  // and so are all before
                }
                continue;
            }
            if (vouched_for(i, k, true)) {
                return HarmVerdict::allowed;
            }
            return vouched_for(i, k, false) ? HarmVerdict::refused : HarmVerdict::unsealed;
        }
    }
    return HarmVerdict::allowed;
}

// Behind this group stands a later block, a footer, or the header of a later segment.
bool MediaDisk::vouched_for(std::size_t segment, std::size_t group, bool intact) const {
    const auto counts = [&](std::uint32_t number, ByteRange range) {
        return !intact || !is_harmed(number, range);
    };
    const MappedSegment& here = map_.segments()[segment];
    for (std::size_t later = group + 1; later < here.groups.size(); ++later) {
        if (counts(here.number, here.groups[later].block)) {
            return true;
        }
    }
    for (const ByteRange& footer : here.footers) {
        if (counts(here.number, footer)) {
            return true;
        }
    }
    for (std::size_t later = segment + 1; later < map_.segments().size(); ++later) {
        const MappedSegment& next = map_.segments()[later];
        for (const ByteRange& header : headers) {
            if (next.end != 0 && counts(next.number, header)) {
                return true;
            }
        }
    }
    return false;
}

MediaDisk::Harmed MediaDisk::harmed_by(std::span<const Harm::Place> places) const {
    Harmed harmed;
    for (const Harm::Place& place : places) {
        collect(place.number, range_of(place), harmed);
    }
    return harmed;
}

MediaDisk::Harmed MediaDisk::harmed() const {
    Harmed harmed;
    const auto add = [&](std::uint32_t number) {
        for (const Overlay& overlay : disk_->overlays(number)) {
            collect(number, {overlay.from, overlay.to}, harmed);
        }
    };
    for (const MappedSegment& segment : map_.segments()) {
        add(segment.number);
    }
    for (const MappedCut& cut : map_.cuts()) {
        add(cut.chunks_number);
    }
    return harmed;
}

void MediaDisk::collect(std::uint32_t number, ByteRange range, Harmed& harmed) const {
    for (std::size_t i = 0; i < map_.segments().size(); ++i) {
        if (map_.segments()[i].number == number) {
            collect_entries(i, range, harmed);
        }
    }
    for (const MappedCut& cut : map_.cuts()) {
        for (std::size_t i = 0; cut.chunks_number == number && i < cut.chunks.size(); ++i) {
            if (touches(cut.chunks[i], range)) {
                harmed.chunks.push_back({cut.index, cut.root, i});
            }
        }
    }
}

// A record that a later truncation covers is no entry any more.
void MediaDisk::collect_entries(std::size_t segment, ByteRange range, Harmed& harmed) const {
    const MappedSegment& in = map_.segments()[segment];
    for (const MappedGroup& group : groups_in(in, range)) {
        for (const MappedRecord& record : records_of(in, group)) {
            const auto live = map_.live(record.identity.index);
            if (touches(record.place, range) && live && &map_.record(*live) == &record) {
                harmed.entries.push_back(record.identity);
            }
        }
    }
}

bool MediaDisk::holds(const log::EntryIdentity& entry) const {
    const auto at = map_.live(entry.index);
    if (at) {
        const MappedRecord& record = map_.record(*at);
        return same_entry(record.identity, entry) &&
               !is_harmed(map_.segments()[at->segment].number, record.place);
    }
    // Gone from here, committed, in a cut.
    return entry.index < map_.first() &&
           std::any_of(map_.cuts().begin(), map_.cuts().end(), [&](const MappedCut& cut) {
               return cut.index >= entry.index && is_whole(cut);
           });
}

bool MediaDisk::is_whole(const MappedCut& cut) const {
    return std::none_of(cut.chunks.begin(), cut.chunks.end(),
        [&](const ByteRange& chunk) { return is_harmed(cut.chunks_number, chunk); });
}

bool MediaDisk::holds(const Chunk& chunk) const {
    return std::any_of(map_.cuts().begin(), map_.cuts().end(), [&](const MappedCut& cut) {
        return cut.root == chunk.root && chunk.number < cut.chunks.size() &&
               !is_harmed(cut.chunks_number, cut.chunks[chunk.number]);
    });
}

}  // namespace ledger::sim
