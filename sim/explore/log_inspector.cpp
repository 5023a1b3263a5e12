#include "sim/explore/log_inspector.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/segment.h"

namespace ledger::sim {

void WrittenEntries::add(const HashedEntry& entry) {
    const std::uint64_t index = entry.entry.index.value;
    if (by_index_.size() <= index) {
        by_index_.resize(static_cast<std::size_t>(index) + 1);
    }
    by_index_[static_cast<std::size_t>(index)].push_back(entry);
}

std::string WrittenEntries::judge(const HashedEntry& found) const {
    const std::uint64_t index = found.entry.index.value;
    if (index < by_index_.size()) {
        bool known = false;
        for (const HashedEntry& written : by_index_[static_cast<std::size_t>(index)]) {
            if (written == found) {
                return {};
            }
            known = known || written.hash == found.hash;
        }
        if (known) {
            return fmt::format("entry {} has other bytes than were written", index);
        }
    }
    return fmt::format("an entry {} of term {} was found that was never written", index,
        found.entry.term);
}

namespace {

std::vector<LogId> ids_of(const std::vector<log::EntryIdentity>& names) {
    std::vector<LogId> ids;
    for (const log::EntryIdentity& name : names) {
        ids.push_back({name.term, name.index});
    }
    return ids;
}

}  // namespace

FoundLog LogInspector::look_at(Result<log::Opened>& opened) {
    FoundLog found;
    if (!opened) {
        found.error = opened.error();
        return found;
    }
    const log::Recovered& recovered = opened->recovered;
    found.hard_state = recovered.hard_state;
    found.previous = recovered.previous;
    found.first = recovered.first;
    found.last = recovered.last;
    found.commit = recovered.commit;
    found.commit_hash = recovered.commit_hash;
    found.last_hash =
        recovered.tail.empty() ? recovered.commit_hash : recovered.tail.back().hash;
    found.cluster_time = recovered.last_cluster_time;
    found.wall_time = recovered.last_wall_time;
    found.faulty = ids_of(recovered.faulty);
    found.unsealed = ids_of(recovered.unsealed);
    if (!found.faulty.empty()) {
        return found;  // their bytes are not there to be compared
    }
    if (recovered.last - recovered.commit != recovered.tail.size()) {
        found.stranger = fmt::format("the tail after {} should end at {} but has {} entries",
            recovered.commit, recovered.last, recovered.tail.size());
    }
    if (found.stranger.empty() && recovered.commit >= recovered.first) {
        found.stranger = read_rest(*opened, found.left);
    }
    for (const HashedEntry& entry : recovered.tail) {
        if (found.stranger.empty()) {
            found.stranger = written_.judge(entry);
        }
        found.left.push_back(static_cast<std::uint32_t>(entry.entry.handle.erasable().size()));
    }
    return found;
}

std::string LogInspector::read_rest(log::Opened& opened, std::vector<std::uint32_t>& left) {
    const Index first = opened.recovered.first;
    const Index last = opened.recovered.commit;
    const Hash128 view = view_of(*opened.storage->published(), last);
    if (const std::uint32_t* known = views_.find(view)) {
        left = lefts_[*known];
        return {};
    }
    auto entries = opened.storage->read(first, last, UINT64_MAX);
    if (!entries) {
        return fmt::format("an entry of the open log cannot be read: {}: {}",
            entries.error().code.message(), entries.error().place);
    }
    if (entries->size() != last.next() - first) {
        return fmt::format("of entries {} to {} only {} were read", first, last, entries->size());
    }
    for (const HashedEntry& entry : *entries) {
        if (std::string stranger = written_.judge(entry); !stranger.empty()) {
            return stranger;
        }
        left.push_back(static_cast<std::uint32_t>(entry.entry.handle.erasable().size()));
    }
    views_[view] = static_cast<std::uint32_t>(lefts_.size());
    lefts_.push_back(left);
    return {};
}

// All that reading [first, last] depends on.
Hash128 LogInspector::view_of(const log::SegmentMap& map, Index last) {
    Hash128 view;
    view.add(map.first().value);
    for (Index index = map.first(); index <= last; ++index) {
        view.add(map.term_at(index).value);
        if (!map.is_placed(index)) {
            // Where it lies the footer says: all of the file may matter.
            const SegmentId segment = map.segment_of(index);
            if (index == map.first() || map.segment_of(index.previous()) != segment) {
                add_file(view, segment);
            }
            continue;
        }
        const log::Place place = map.place(index);
        const log::HashMark& mark = map.mark_at_or_before(index);
        view.add(place.segment.value << 32 | place.offset);
        view.add(mark.index.value);
        view.add(mark.hash.truncated());
        const std::optional<NameNumber> name = segment_name(place.segment);
        const FileNumber file = name ? image_.file_of(*name) : no_file;
        if (file == no_file) {
            view.add(0);
            continue;
        }
        view.add(place.end);
        view.add(std::min(place.end, image_.size(file)));
        for (std::uint64_t sector = place.offset / image_sector_bytes;
             sector * image_sector_bytes < place.end; ++sector) {
            view.add(image_.sector(file, sector).hash.low());
        }
    }
    const log::HashMark& base = map.mark_at_or_before(map.first().previous());
    view.add(base.hash.truncated());
    return view;
}

void LogInspector::add_file(Hash128& view, SegmentId segment) {
    view.add(segment.value);
    const std::optional<NameNumber> name = segment_name(segment);
    const FileNumber file = name ? image_.file_of(*name) : no_file;
    if (file == no_file) {
        view.add(0);
        return;
    }
    view.add(image_.size(file));
    for (std::uint64_t sector = 0; sector * image_sector_bytes < image_.size(file); ++sector) {
        view.add(image_.sector(file, sector).hash.low());
    }
}

std::optional<NameNumber> LogInspector::segment_name(SegmentId segment) {
    constexpr NameNumber unknown = UINT32_MAX;
    if (segments_.size() <= segment.value) {
        segments_.resize(static_cast<std::size_t>(segment.value) + 1, unknown);
    }
    NameNumber& known = segments_[static_cast<std::size_t>(segment.value)];
    if (known == unknown) {
        known = image_.find_name(log::segment_name(segment)).value_or(unknown);
    }
    return known == unknown ? std::nullopt : std::optional<NameNumber>(known);
}

}  // namespace ledger::sim
