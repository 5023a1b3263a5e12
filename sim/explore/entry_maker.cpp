#include "sim/explore/entry_maker.h"

#include <algorithm>

namespace ledger::sim {
namespace {

constexpr std::uint64_t chunk_bytes_max = 1100;

}  // namespace

ByteVector EntryMaker::bytes(std::uint64_t count) {
    const std::uint64_t key = dice_.below(Site::explore_entry, UINT64_MAX);
    ByteVector bytes(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t word = keyed_bits(key, Site::explore_entry, 0, i / 8);
        bytes[static_cast<std::size_t>(i)] = static_cast<std::byte>(word >> (8 * (i % 8)));
    }
    return bytes;
}

// Envelopes are short, so that a boot is spent on more than their hashes.
HashedEntry EntryMaker::entry(const log::LogStart& end, Term term, std::uint64_t bytes_max) {
    HashedEntry hashed;
    EntryRef& entry = hashed.entry;
    entry.index = end.id.index.next();
    entry.term = term;
    entry.cluster_time = {end.cluster_time.nanoseconds + 1000};
    entry.wall_time = {end.wall_time.nanoseconds + 1000};
    const std::uint64_t size = dice_.below(Site::explore_entry, bytes_max);
    if (size > 7) {
        const bool configures = dice_.strikes(Site::explore_entry, configurations ? 11 : 0);
        entry.kind = configures ? EntryKind::configuration : EntryKind::command;
        const std::uint64_t envelope =
            std::min(size, dice_.between(Site::explore_entry, 8, 55));
        const ByteVector content = bytes(size);
        const ByteSpan front = ByteSpan(content).first(static_cast<std::size_t>(envelope));
        const ByteSpan back = ByteSpan(content).subspan(static_cast<std::size_t>(envelope));
        const bool erased = dice_.strikes(Site::explore_entry, 6);
        entry.handle = erased ? EntryHandle::make_erased(front) : EntryHandle::make(front, back);
        entry.bytes = entry.handle->size();
    }
    hashed.hash = entry_hash(end.hash, entry);
    return hashed;
}

std::vector<HashedEntry> EntryMaker::entries(
    log::LogStart end, Term term, std::uint64_t count, std::uint64_t bytes_max) {
    std::vector<HashedEntry> made;
    for (std::uint64_t i = 0; i < count; ++i) {
        made.push_back(entry(end, term, bytes_max));
        const EntryRef& last = made.back().entry;
        end = {last.id(), made.back().hash, last.cluster_time, last.wall_time};
    }
    return made;
}

log::LogStart EntryMaker::restart(LogId at) {
    const std::uint64_t time = dice_.below(Site::explore_entry, 1 << 30);
    return {at, sha256(bytes(9)), ClusterTime{static_cast<std::int64_t>(time)},
        WallTime{static_cast<std::int64_t>(2 * time)}};
}

KnownCut EntryMaker::cut(LogId at, std::uint64_t chunks_max) {
    KnownCut cut;
    cut.manifest.id = at;
    const std::uint64_t chunks = dice_.between(Site::explore_entry, 1, chunks_max);
    for (std::uint64_t i = 0; i < chunks; ++i) {
        const std::uint64_t size = dice_.between(Site::explore_entry, 1, chunk_bytes_max);
        cut.chunks.push_back(bytes(size));
        cut.manifest.chunks.push_back(sha256(cut.chunks.back()));
        cut.manifest.bytes += size;
    }
    return cut;
}

}  // namespace ledger::sim
