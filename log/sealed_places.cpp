#include "log/sealed_places.h"

#include <algorithm>
#include <string>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "log/salvage.h"
#include "log/scan.h"

namespace ledger::log {

namespace {

// What makes a map of one segment.
struct Parts {
    HashMark base;
    SegmentRun run;
    GrowingArray<std::uint32_t> places;
    GrowingArray<HashMark> marks;
    GrowingArray<TermRun> terms;

    SharedMap finish(std::uint64_t rewrites) {
        run.places = places.view();
        run.marks = marks.view();
        return std::make_shared<SegmentMap>(
            base, ArrayView<SegmentRun>{}, run, terms.view(), rewrites);
    }
};

Parts parts_of(const SegmentMap& map, const SegmentEntries& live) {
    Parts parts;
    parts.base = map.mark_at_or_before(live.first.previous());
    parts.run.segment = live.segment;
    parts.run.first = live.first;
    parts.run.last = live.last;
    return parts;
}

// A run that gets no more entries ends with a mark.
void mark_end(Parts& parts, const SegmentMap& map) {
    const HashMark& end = map.mark_at_or_before(parts.run.last);
    if (end.index == parts.run.last &&
        (parts.marks.empty() || parts.marks.back().index < end.index)) {
        parts.marks.push_back(end);
    }
}

// The footer is of what the map holds: of all of it, up to a later truncation.
bool is_of(const Footer& footer, const SegmentMap& map, const SegmentEntries& live) {
    const HashMark& before = map.mark_at_or_before(live.first.previous());
    if (footer.first != live.first || footer.last < live.last ||
        (before.index == live.first.previous() && before.hash != footer.start_hash)) {
        return false;
    }
    return std::all_of(footer.terms.begin(), footer.terms.end(), [&](const TermRun& run) {
        return run.first > live.last || map.term_at(run.first) == run.term;
    });
}

SharedMap from_footer(const Footer& footer, const SegmentMap& map, const SegmentEntries& live) {
    Parts parts = parts_of(map, live);
    parts.base = {live.first.previous(), footer.start_hash};
    const std::uint64_t count = live.last.next() - live.first;
    for (std::uint64_t i = 0; i < count; ++i) {
        parts.places.push_back(footer.names[i].place);
    }
    parts.run.end = place_of(live.segment, footer.names[count - 1]).end;
    for (const HashMark& mark : footer.marks) {
        if (mark.index <= live.last) {
            parts.marks.push_back(mark);
        }
    }
    mark_end(parts, map);
    for (const TermRun& run : footer.terms) {
        if (run.first <= live.last) {
            parts.terms.push_back(run);
        }
    }
    return parts.finish(map.rewrites());
}

// Where the body has each entry: its record, or its name in an identity block.
std::vector<Slot> slots_of(const std::vector<ScannedGroup>& groups, const SegmentMap& map,
    const SegmentEntries& live) {
    std::vector<Slot> slots(static_cast<std::size_t>(live.last.next() - live.first));
    for (const ScannedGroup& group : groups) {
        for (const Slot& slot : group.slots) {
            EntryIdentity name;
            if (slot.name) {
                name = *slot.name;
            } else if (slot.record.damage != Damage::header) {
                name = identity_of(slot.record.header, slot.record.envelope_crc);
            }
            if (name.index >= live.first && name.index <= live.last && !name.is_truncation() &&
                name.term == map.term_at(name.index)) {
                slots[static_cast<std::size_t>(name.index - live.first)] = slot;
            }
        }
    }
    return slots;
}

Result<SharedMap> from_body(
    File& file, const SegmentMap& map, const SegmentEntries& live, Index* lost) {
    LEDGER_SOMETIMES(true, "log.places_from_the_body");
    LEDGER_TRY(const Salvaged body, salvage(file, opening_refusals_max));
    const std::vector<Slot> slots =
        slots_of(scan_groups(body.bytes, live.segment), map, live);
    Parts parts = parts_of(map, live);
    for (Index index = live.first; index <= live.last; ++index) {
        const Slot& slot = slots[static_cast<std::size_t>(index - live.first)];
        if (slot.offset < std::max(parts.run.end, segment_header_bytes)) {
            if (lost != nullptr) {
                *lost = index;
            }
            return failure(Errc::faulty_entry,
                segment_name(live.segment) + ": index " + std::to_string(index.value) +
                    ": no footer stands, and the body does not say where it lies");
        }
        parts.places.push_back(static_cast<std::uint32_t>(slot.offset / record_alignment));
        parts.run.end = slot.end;
        const Term term = map.term_at(index);
        if (parts.terms.empty() || parts.terms.back().term != term) {
            parts.terms.push_back({index, term});
        }
    }
    mark_end(parts, map);
    return parts.finish(map.rewrites());
}

}  // namespace

Result<SharedMap> placed_segment(
    File& file, const SegmentMap& map, SegmentId segment, Index* lost) {
    const SegmentEntries live = map.entries_in(segment);
    LEDGER_ASSERT(!live.is_empty());
    if (map.is_placed(live.first)) {
        return SharedMap(SharedMap(), &map);
    }
    LEDGER_TRY(const auto footer, read_footer(file, segment));
    if (!footer) {
        return from_body(file, map, live, lost);
    }
    if (!is_of(*footer, map, live)) {
        return failure(
            Errc::out_of_range, segment_name(segment) + " is newer than the log's map");
    }
    return from_footer(*footer, map, live);
}

Result<SharedMap> placed_segment(
    FileSystem& files, const std::string& directory, const SegmentMap& map, SegmentId segment) {
    LEDGER_TRY(const auto file, files.open(path_in(directory, segment_name(segment))));
    return placed_segment(*file, map, segment);
}

}  // namespace ledger::log
