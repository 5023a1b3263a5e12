#include "log/open_log.h"

#include <algorithm>
#include <iterator>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

std::vector<TermRun> runs_from(std::span<const TermRun> runs, Index first, Index last) {
    std::vector<TermRun> part;
    for (const TermRun& run : runs) {
        if (run.first > last) {
            break;
        }
        if (run.first <= first) {
            part.assign(1, {first, run.term});
        } else {
            part.push_back(run);
        }
    }
    return first > last ? std::vector<TermRun>{} : part;
}

}  // namespace

void append(OpenLog& log, std::uint64_t offset, const EntryIdentity& name, const Digest& hash) {
    append_unverified(log, offset, name, hash);
}

void append_unverified(OpenLog& log, std::uint64_t offset, const EntryIdentity& name,
    const std::optional<Digest>& hash) {
    LEDGER_ASSERT(log.active && !log.segments.empty());
    LEDGER_ASSERT(offset % record_alignment == 0 && offset / record_alignment <= UINT32_MAX);
    LEDGER_ASSERT(name.index == log.map.last().next());
    const auto units = static_cast<std::uint32_t>(offset / record_alignment);
    const FooterName named{units, name.envelope_bytes, name.erasable_bytes, name.envelope_crc};
    const Place place = place_of(log.segments.back().id, named);
    if (hash) {
        log.map.append(name.term, place, *hash);
    } else {
        log.map.append_unhashed(name.term, place);
    }
    log.active->names.push_back(named);
    if (name.kind == static_cast<std::uint8_t>(EntryKind::configuration)) {
        log.configurations.push_back(name.index);
    }
    LEDGER_ASSERT(log.active->names.size() == log.map.last().next() - log.active->first);
}

void note_faulty(OpenLog& log, const EntryIdentity& name) {
    LEDGER_ASSERT(log.map.holds(name.index));
    const auto at = std::lower_bound(log.faulty.begin(), log.faulty.end(), name.index,
        [](const EntryIdentity& known, Index index) { return known.index < index; });
    if (at == log.faulty.end() || at->index != name.index) {
        log.faulty.insert(at, name);
    }
}

namespace {

// What a truncation takes away from segments that are sealed, or from the active one.
void count_superseded(OpenLog& log, Index last) {
    const Index end = log.map.last();
    const Index active = log.active ? log.active->first : end.next();
    if (log.active) {
        for (Index index = std::max(last.next(), active); index <= end; ++index) {
            const FooterName& name = log.active->names[index - active];
            log.segments.back().dead.superseded +=
                record_bytes(name.envelope_bytes, name.erasable_bytes);
        }
    }
    if (last.next() >= active || last >= end) {
        return;
    }
    const SharedMap map = log.map.publish();
    for (Index index = last.next(); index < active;) {
        const SegmentId segment = map->segment_of(index);
        log.unweighed.push_back({segment, true});
        index = map->entries_in(segment).last.next();
    }
}

}  // namespace

void note_dead(OpenLog& log, std::uint64_t bytes) {
    LEDGER_ASSERT(!log.segments.empty());
    log.segments.back().dead.other += bytes;
}

void truncate(OpenLog& log, Index last, const Digest& hash) {
    LEDGER_ASSERT(!log.segments.empty());
    count_superseded(log, last);
    log.map.truncate(last, hash);
    while (!log.configurations.empty() && log.configurations.back() > last) {
        log.configurations.pop_back();
    }
    while (!log.faulty.empty() && log.faulty.back().index > last) {
        log.faulty.pop_back();
    }
    if (!log.active) {
        return;
    }
    ActiveSegment& active = *log.active;
    if (last.next() < active.first) {
        active.first = last.next();
        active.start_hash = hash;
    }
    active.names.resize(static_cast<std::size_t>(last.next() - active.first));
}

std::size_t count_discardable(OpenLog& log, Index upto) {
    const SharedMap map = log.map.publish();
    const auto lies_in = [&](Index index, const OpenSegment& segment) {
        return map->holds(index) && map->segment_of(index) == segment.id;
    };
    for (std::size_t count = log.segments.size(); count-- > 1;) {
        const OpenSegment& segment = log.segments[count];
        if (segment.begin <= upto.next() && segment.begin <= log.commit &&
            lies_in(segment.begin, segment) && !lies_in(segment.begin.previous(), segment)) {
            return count;
        }
    }
    return 0;
}

void discard_front(OpenLog& log, std::size_t segments) {
    LEDGER_ASSERT(segments < log.segments.size());
    const auto kept = log.segments.begin() + static_cast<std::ptrdiff_t>(segments);
    const Index first = kept->begin;
    log.map.discard(first);
    std::erase_if(log.configurations, [first](Index index) { return index < first; });
    std::erase_if(log.faulty, [first](const EntryIdentity& name) { return name.index < first; });
    std::erase_if(
        log.unweighed, [id = kept->id](const Unweighed& one) { return one.segment < id; });
    log.segments.erase(log.segments.begin(), kept);
    LEDGER_ASSERT(log.map.first() == log.segments.front().begin);
}

Footer footer_of(const OpenLog& log) {
    LEDGER_ASSERT(log.active && !log.segments.empty());
    const OpenSegment& segment = log.segments.back();
    Footer footer;
    footer.segment = segment.id;
    footer.epoch = log.epoch;
    footer.body_end = segment.end;
    footer.first = log.active->first;
    footer.last = log.map.last();
    footer.start_hash = log.active->start_hash;
    footer.last_hash = log.map.hash_at(footer.last);
    footer.sync_index = footer.last;
    footer.commit = log.commit;
    footer.terms = runs_from(log.map.terms(), footer.first, footer.last);
    footer.names = log.active->names;
    footer.marks = log.map.footer_marks(footer.first);
    footer.dead = segment.dead;
    std::copy_if(log.configurations.begin(), log.configurations.end(),
        std::back_inserter(footer.configurations),
        [&](Index index) { return index >= footer.first; });
    return footer;
}

}  // namespace ledger::log
