#include "log/reader.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "log/base/assert.h"
#include "log/hard_state_file.h"
#include "log/sealed_places.h"

namespace ledger::log {

namespace {

// What one file read brings at most, unless a single record is larger.
constexpr std::uint64_t chunk_bytes_max = 256u << 10;
constexpr std::size_t open_files_max = 8;

}  // namespace

// Consecutive records of one segment.
struct Reader::Chunk {
    SegmentId segment;
    std::uint64_t offset = 0;
    Index last;    // the last index that lies in it whole
    SharedMap at;  // in which they are placed
    ByteVector bytes;
};

Result<Reader::OpenFile*> Reader::file_of(SegmentId segment) {
    const auto found = std::find_if(open_.begin(), open_.end(),
        [&](const OpenFile& open) { return open.segment == segment; });
    if (found != open_.end()) {
        std::rotate(found, found + 1, open_.end());
        return &open_.back();
    }
    LEDGER_TRY(auto file, files_.open(path_in(directory_, segment_name(segment))));
    if (open_.size() == open_files_max) {
        open_.erase(open_.begin());
    }
    open_.push_back({segment, std::move(file), nullptr});
    return &open_.back();
}

// The map, or what the footer of the entry's segment adds to it.
Result<SharedMap> Reader::placed(const SegmentMap& map, Index index) {
    if (map.is_placed(index)) {
        return SharedMap(SharedMap(), &map);
    }
    const SegmentId segment = map.segment_of(index);
    LEDGER_TRY(OpenFile* const open, file_of(segment));
    if (open->placed == nullptr || !open->placed->holds(index)) {
        auto found = placed_segment(*open->file, map, segment, &damaged_);
        outdated_ = !found && found.error().code == make_error_code(Errc::out_of_range);
        if (!found && !outdated_ && damaged_ == Index{}) {
            damaged_ = index;
            return failure(Errc::faulty_entry,
                segment_name(segment) + ": index " + std::to_string(index.value) +
                    ": the device does not read where it lies: " + found.error().place);
        }
        LEDGER_TRY(open->placed, std::move(found));
    }
    return open->placed;
}

Error Reader::faulty(const SegmentMap& at, Index index, const char* why) {
    damaged_ = index;
    const Place place = at.place(index);
    return failure(Errc::faulty_entry, "segment " + std::to_string(place.segment.value) +
                                           " at byte " + std::to_string(place.offset) +
                                           ": index " + std::to_string(index.value) + ": " + why);
}

Result<Reader::Chunk> Reader::load(
    const SegmentMap& map, Index from, Index to, std::uint64_t bytes_wanted) {
    LEDGER_ASSERT(from <= to);
    const std::uint64_t bytes_max = std::min(bytes_wanted, chunk_bytes_max);
    LEDGER_TRY(const SharedMap at, placed(map, from));
    const Place begin = at->place(from);
    Chunk chunk{begin.segment, begin.offset, from, at, {}};
    std::uint64_t end = begin.end;
    while (chunk.last < to && map.segment_of(chunk.last.next()) == begin.segment &&
           at->holds(chunk.last.next())) {
        const Place next = at->place(chunk.last.next());
        if (next.end - begin.offset > bytes_max) {
            break;
        }
        ++chunk.last;
        end = next.end;
    }
    LEDGER_TRY(OpenFile* const open, file_of(begin.segment));
    File* const file = open->file.get();
    chunk.bytes.resize(static_cast<std::size_t>(end - begin.offset));
    const Result<std::uint64_t> read = file->read(begin.offset, chunk.bytes);
    if (!read && chunk.last > from) {
        return load(map, from, from, bytes_wanted);  // the bad sector may lie in one of the others
    }
    if (!read) {
        return load_record_alone(*file, std::move(chunk));
    }
    chunk.bytes.resize(static_cast<std::size_t>(*read));
    return chunk;
}

// The sector that cannot be read may lie behind the record, where the group's block stands.
Result<Reader::Chunk> Reader::load_record_alone(File& file, Chunk&& chunk) {
    const Location location{chunk.segment, chunk.offset};
    for (std::uint64_t size = record_header_bytes; size <= chunk.bytes.size();) {
        chunk.bytes.resize(static_cast<std::size_t>(size));
        const Result<std::uint64_t> read = file.read(chunk.offset, chunk.bytes);
        const auto header = read ? decode_record_header(chunk.bytes, location) : std::nullopt;
        if (!header) {
            break;
        }
        const std::uint64_t whole = record_bytes(header->envelope_bytes, header->erasable_bytes);
        if (size == whole) {
            return std::move(chunk);
        }
        chunk.bytes.resize(static_cast<std::size_t>(std::max(whole, size)));
        size = whole;
    }
    return faulty(*chunk.at, chunk.last, "the device does not read it");
}

// What stands at the index's place, if every checksum holds and it is that entry.
Result<RecordView> Reader::view_of(const SegmentMap& map, const Chunk& chunk, Index index) {
    const std::uint64_t offset = chunk.at->place(index).offset;
    const std::uint64_t skip = offset - chunk.offset;
    if (skip >= chunk.bytes.size()) {
        return faulty(*chunk.at, index, "the file is too short");
    }
    const ByteSpan bytes = ByteSpan(chunk.bytes).subspan(static_cast<std::size_t>(skip));
    const RecordView view = decode_record(bytes, {chunk.segment, offset});
    if (view.damage != Damage::none) {
        return faulty(*chunk.at, index, to_text(view.damage));
    }
    if (view.header.is_truncation() || view.header.index != index ||
        view.header.term != map.term_at(index)) {
        return faulty(*chunk.at, index, "another record stands here");
    }
    return view;
}

Result<HashedEntry> Reader::decode(
    const SegmentMap& map, const Chunk& chunk, const HashMark& previous) {
    const Index index = previous.index.next();
    LEDGER_TRY(const RecordView view, view_of(map, chunk, index));
    if (view.header.prev_hash64 != previous.hash.truncated()) {
        return faulty(*chunk.at, index, "the hash chain does not continue");
    }
    HashedEntry hashed;
    hashed.entry = entry_of(view);
    hashed.hash = entry_hash(previous.hash, hashed.entry);
    const HashMark& mark = chunk.at->mark_at_or_before(index);
    if (mark.index == index && mark.hash != hashed.hash) {
        return faulty(*chunk.at, index, "the entry has another hash than the log remembers");
    }
    return hashed;
}

void Reader::remember(const SegmentMap& map, const SegmentMap& at, const HashMark& mark) {
    cursor_ = {mark, at.place(mark.index)};
    cursor_rewrites_ = map.rewrites();
}

Result<HashMark> Reader::start_for(const SegmentMap& map, Index first) {
    const Index wanted = first.previous();
    HashMark start = map.mark_at_or_before(wanted);
    if (start.index < wanted) {
        LEDGER_TRY(const SharedMap at, placed(map, wanted));
        start = at->mark_at_or_before(wanted);
    }
    const Index known = cursor_.mark.index;
    if (known > start.index && known <= wanted && cursor_rewrites_ == map.rewrites()) {
        LEDGER_TRY(const SharedMap at, placed(map, known));
        if (at->place(known).begins_as(cursor_.place)) {
            start = cursor_.mark;
        }
    }
    // Roll forward over the entries that lie between the known hash and the wanted one.
    while (start.index < wanted) {
        LEDGER_TRY(const Chunk chunk, load(map, start.index.next(), wanted, chunk_bytes_max));
        while (start.index < chunk.last) {
            LEDGER_TRY(const HashedEntry hashed, decode(map, chunk, start));
            start = {hashed.entry.index, hashed.hash};
        }
        remember(map, *chunk.at, start);
    }
    return start;
}

// No file stays open that was replaced before the map was made.
void Reader::follow(const SegmentMap& map) {
    if (map.rewrites() > rewrites_) {
        open_.clear();
        rewrites_ = map.rewrites();
    }
}

// The segment's file says that the entry is not where the map has it, or that another one is: then
// the file is newer.
bool Reader::lies_elsewhere(const SegmentMap& map, Index index) {
    const SegmentId segment = map.segment_of(index);
    const auto file = files_.open(path_in(directory_, segment_name(segment)));
    const auto footer =
        file ? read_footer(**file, segment) : Result<std::optional<Footer>>(file.error());
    if (!footer || !*footer) {
        return false;
    }
    const Footer& newer = **footer;
    if (index < newer.first || index > newer.last) {
        return true;
    }
    const auto after = std::upper_bound(newer.terms.begin(), newer.terms.end(), index,
        [](Index wanted, const TermRun& run) { return wanted < run.first; });
    LEDGER_ASSERT(after != newer.terms.begin());
    const Place there = place_of(segment, newer.names[index - newer.first]);
    // A map that has no place for it goes by this very footer.
    return std::prev(after)->term != map.term_at(index) ||
           (map.is_placed(index) && there.offset != map.place(index).offset);
}

// A file may have been replaced by one in which the damage is repaired.
template <typename Attempt>
auto Reader::with_fresh_files(const SegmentMap& map, Attempt&& attempt) {
    follow(map);
    outdated_ = false;
    damaged_ = {};
    const bool fresh = open_.empty();
    auto result = attempt();
    if (!result) {
        open_.clear();
    }
    if (!result && !fresh) {
        damaged_ = {};
        outdated_ = false;
        result = attempt();
        if (!result) {
            open_.clear();
        }
    }
    if (!result && damaged_ > Index{} && lies_elsewhere(map, damaged_)) {
        damaged_ = {};
        outdated_ = true;
    }
    return result;
}

Result<Digest> Reader::hash_at(const SegmentMap& map, Index index) {
    LEDGER_ASSERT(index.next() >= map.first() && index <= map.last());
    const auto mark = with_fresh_files(map, [&] { return start_for(map, index.next()); });
    if (!mark) {
        return mark.error();
    }
    return mark->hash;
}

Result<EntryRef> Reader::read_unchained(const SegmentMap& map, Index index) {
    LEDGER_ASSERT(map.holds(index));
    return with_fresh_files(map, [&]() -> Result<EntryRef> {
        LEDGER_TRY(const Chunk chunk, load(map, index, index, chunk_bytes_max));
        LEDGER_TRY(const RecordView view, view_of(map, chunk, index));
        return entry_of(view);
    });
}

Result<std::vector<HashedEntry>> Reader::read(const SegmentMap& map, Index first, Index last,
    std::uint64_t bytes_max, const std::optional<Digest>& previous_hash) {
    if (!map.holds(first) || last < first) {
        damaged_ = {};
        outdated_ = false;
        return failure(Errc::out_of_range,
            "index " + std::to_string(first.value) + ": the log holds " +
                std::to_string(map.first().value) + " to " + std::to_string(map.last().value));
    }
    return with_fresh_files(
        map, [&] {
            return read_held(map, first, std::min(last, map.last()), bytes_max, previous_hash);
        });
}

Result<std::vector<HashedEntry>> Reader::read_held(const SegmentMap& map, Index first, Index last,
    std::uint64_t bytes_max, const std::optional<Digest>& previous_hash) {
    HashMark previous;
    if (previous_hash) {
        previous = {first.previous(), *previous_hash};
    } else {
        LEDGER_TRY(previous, start_for(map, first));
    }
    std::vector<HashedEntry> entries;
    std::uint64_t bytes = 0;
    while (previous.index < last) {
        const std::uint64_t wanted = std::max<std::uint64_t>(bytes_max - bytes, 1);
        Result<Chunk> loaded = load(map, previous.index.next(), last, wanted);
        if (!loaded && !entries.empty()) {
            return entries;  // whoever asks for the next one learns what is wrong with it
        }
        LEDGER_TRY(const Chunk chunk, std::move(loaded));
        while (previous.index < chunk.last) {
            Result<HashedEntry> decoded = decode(map, chunk, previous);
            if (!decoded && !entries.empty()) {
                return entries;
            }
            LEDGER_TRY(HashedEntry hashed, std::move(decoded));
            const std::uint64_t more = hashed.entry.bytes;
            if (!entries.empty() && (bytes >= bytes_max || more > bytes_max - bytes)) {
                return entries;
            }
            bytes = std::min(bytes + more, std::max(bytes_max, bytes));
            previous = {hashed.entry.index, hashed.hash};
            entries.push_back(std::move(hashed));
            remember(map, *chunk.at, previous);
        }
    }
    return entries;
}

}  // namespace ledger::log
