#include "log/reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "log/base/assert.h"

namespace ledger::log {

namespace {

// What one file read brings at most, unless a single record is larger.
constexpr std::uint64_t chunk_bytes_max = 256u << 10;

// The first byte behind the place of `index` that may belong to something else.
std::uint64_t end_of(const OpenLog& log, Index index) {
    const Place place = log.map.place(index);
    if (index < log.map.last()) {
        const Place next = log.map.place(index.next());
        if (next.segment == place.segment) {
            return next.offset();
        }
    }
    return log.segments[place.segment].end;
}

Result<std::uint64_t> read_at(
    const OpenSegment& segment, std::uint64_t offset, std::span<std::byte> into) {
    if (segment.waiting.empty() || offset + into.size() <= segment.waiting_offset) {
        return segment.file->read(offset, into);
    }
    if (offset < segment.waiting_offset) {
        // A chunk that reaches into the waiting group: its head is in the file.
        const auto head = static_cast<std::size_t>(segment.waiting_offset - offset);
        LEDGER_TRY(const std::uint64_t read, segment.file->read(offset, into.first(head)));
        if (read < head) {
            return read;
        }
        std::memcpy(into.data() + head, segment.waiting.data(), into.size() - head);
        return std::uint64_t{into.size()};
    }
    const auto from = static_cast<std::size_t>(offset - segment.waiting_offset);
    LEDGER_ASSERT(from + into.size() <= segment.waiting.size());
    std::memcpy(into.data(), segment.waiting.data() + from, into.size());
    return std::uint64_t{into.size()};
}

}  // namespace

struct Reader::Chunk {
    const OpenSegment* segment = nullptr;
    std::uint64_t offset = 0;
    Index last;  // the last index that lies in it whole
    ByteVector bytes;
};

Result<Reader::Chunk> Reader::load(Index from, Index to, std::uint64_t bytes_wanted) const {
    const Place begin = log_.map.place(from);
    const std::uint64_t bytes_max = std::min(bytes_wanted, chunk_bytes_max);
    Chunk chunk;
    chunk.segment = &log_.segments[begin.segment];
    chunk.offset = begin.offset();
    chunk.last = from;
    std::uint64_t end = end_of(log_, from);
    while (chunk.last < to && log_.map.place(chunk.last.next()).segment == begin.segment) {
        const std::uint64_t next_end = end_of(log_, chunk.last.next());
        if (next_end - chunk.offset > bytes_max) {
            break;
        }
        ++chunk.last;
        end = next_end;
    }
    LEDGER_ASSERT(end > chunk.offset);
    chunk.bytes.resize(static_cast<std::size_t>(end - chunk.offset));
    LEDGER_TRY(const std::uint64_t read, read_at(*chunk.segment, chunk.offset, chunk.bytes));
    chunk.bytes.resize(static_cast<std::size_t>(read));
    return chunk;
}

Result<HashedEntry> Reader::decode(
    const Chunk& chunk, Index index, const Digest& previous) const {
    const std::uint64_t offset = log_.map.place(index).offset();
    const auto faulty = [&](const char* why) {
        return failure(Errc::faulty_entry,
            "segment " + std::to_string(chunk.segment->id.value) + " at byte " +
                std::to_string(offset) + ": index " + std::to_string(index.value) + ": " + why);
    };
    const std::uint64_t skip = offset - chunk.offset;
    if (skip >= chunk.bytes.size()) {
        return faulty("the file is too short");
    }
    const ByteSpan bytes = ByteSpan(chunk.bytes).subspan(static_cast<std::size_t>(skip));
    const RecordView view = decode_record(bytes, {chunk.segment->id, offset});
    if (view.damage != Damage::none) {
        return faulty(to_text(view.damage));
    }
    if (view.header.is_truncation() || view.header.index != index) {
        return faulty("another record stands here");
    }
    if (view.header.prev_hash64 != previous.truncated()) {
        return faulty("the hash chain does not continue");
    }
    HashedEntry hashed;
    hashed.entry = entry_of(view);
    hashed.hash = entry_hash(previous, hashed.entry);
    const HashMark& mark = log_.map.mark_at_or_before(index);
    if (mark.index == index && mark.hash != hashed.hash) {
        return faulty("the entry has another hash than the log remembers");
    }
    return hashed;
}

Result<HashMark> Reader::start_for(Index first) {
    const Index wanted = first.previous();
    HashMark start = log_.map.mark_at_or_before(wanted);
    if (cursor_.index > start.index && cursor_.index <= wanted) {
        start = cursor_;
    }
    // Roll forward over the entries that lie between the known hash and the wanted one.
    while (start.index < wanted) {
        LEDGER_TRY(const Chunk chunk, load(start.index.next(), wanted, chunk_bytes_max));
        for (Index index = start.index.next(); index <= chunk.last; ++index) {
            LEDGER_TRY(const HashedEntry hashed, decode(chunk, index, start.hash));
            start = {index, hashed.hash};
        }
    }
    cursor_ = start;
    return start;
}

Result<Digest> Reader::hash_at(Index index) {
    LEDGER_ASSERT(index.next() >= log_.map.first() && index <= log_.map.last());
    LEDGER_TRY(const HashMark mark, start_for(index.next()));
    return mark.hash;
}

Result<std::vector<HashedEntry>> Reader::read(Index first, Index last, std::uint64_t bytes_max) {
    if (!log_.map.holds(first) || last < first) {
        return failure(Errc::out_of_range,
            "index " + std::to_string(first.value) + ": the log holds " +
                std::to_string(log_.map.first().value) + " to " +
                std::to_string(log_.map.last().value));
    }
    last = std::min(last, log_.map.last());
    LEDGER_TRY(HashMark previous, start_for(first));
    std::vector<HashedEntry> entries;
    std::uint64_t bytes = 0;
    while (previous.index < last) {
        const std::uint64_t wanted = std::max<std::uint64_t>(bytes_max - bytes, 1);
        LEDGER_TRY(const Chunk chunk, load(previous.index.next(), last, wanted));
        for (Index index = previous.index.next(); index <= chunk.last; ++index) {
            LEDGER_TRY(HashedEntry hashed, decode(chunk, index, previous.hash));
            const std::uint64_t more = hashed.entry.bytes;
            if (!entries.empty() && (bytes >= bytes_max || more > bytes_max - bytes)) {
                return entries;
            }
            bytes = std::min(bytes + more, std::max(bytes_max, bytes));
            previous = {index, hashed.hash};
            cursor_ = previous;
            entries.push_back(std::move(hashed));
        }
    }
    return entries;
}

void Reader::truncated(Index last) {
    if (cursor_.index > last) {
        cursor_ = {};
    }
}

}  // namespace ledger::log
