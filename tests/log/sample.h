#pragma once
// Sample: entries, groups and a naive twin of the log for tests of the storage.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "log/sealed_places.h"
#include "log/storage.h"

// A failed check prints the error, never the value.
template <typename T>
struct Catch::StringMaker<ledger::Result<T>> {
    static std::string convert(const ledger::Result<T>& result) {
        return result ? "a value" : result.error().code.message() + ": " + result.error().place;
    }
};

namespace ledger::log {

inline Identity sample_identity() {
    return {{0x0123456789abcdef, 0xfedcba9876543210}, NodeId{3}, Incarnation{0x1122334455667788}};
}

inline Options sample_options(std::uint64_t segment_bytes = 64u << 10) {
    return {.directory = "wal", .segment_bytes = segment_bytes, .allocate_bytes = 0,
        .spare_segments = 0};
}

// The same with zeros written ahead and discarded segments used again.
inline Options reusing_options(std::uint64_t segment_bytes) {
    return {.directory = "wal", .segment_bytes = segment_bytes, .allocate_bytes = 64u << 10,
        .spare_segments = 2};
}

// Where an entry of the log in "wal" lies, sealed or not.
inline Place place_in(FileSystem& files, const SegmentMap& map, Index index) {
    const auto placed = placed_segment(files, "wal", map, map.segment_of(index));
    REQUIRE(placed.has_value());
    return (*placed)->place(index);
}

inline ByteVector sample_bytes(std::uint64_t seed, std::size_t count) {
    ByteVector bytes(count);
    for (std::size_t i = 0; i < count; ++i) {
        bytes[i] = static_cast<std::byte>(keyed_bits(seed, Site::test_a, 0, i));
    }
    return bytes;
}

// An entry that follows `previous`; `seed` chooses its kind and content, `bytes` its rough size.
inline HashedEntry sample_entry(
    Index index, Term term, const Digest& previous, std::uint64_t seed, std::size_t bytes) {
    HashedEntry hashed;
    EntryRef& entry = hashed.entry;
    entry.index = index;
    entry.term = term;
    entry.kind = bytes == 0        ? EntryKind::noop
                 : seed % 13 == 0 ? EntryKind::configuration
                                  : EntryKind::command;
    entry.cluster_time = {static_cast<std::int64_t>(index.value) * 1000};
    entry.wall_time = {static_cast<std::int64_t>(1'700'000'000 + index.value)};
    if (bytes > 0) {
        entry.handle = EntryHandle::make(
            sample_bytes(seed, bytes / 2 + 1), sample_bytes(seed + 1, bytes - bytes / 2));
        entry.bytes = entry.handle->size();
    }
    hashed.hash = entry_hash(previous, entry);
    return hashed;
}

// The log as a plain vector: what the storage must agree with.
struct TwinLog {
    HardState hard_state;
    LogStart start;                    // before the first entry
    std::vector<HashedEntry> entries;  // entries[0] has index first()
    Index commit;

    Index first() const { return start.id.index.next(); }
    Index last() const { return start.id.index + entries.size(); }
    const HashedEntry& at(Index index) const { return entries[index - first()]; }
    Digest hash_at(Index index) const {
        return index == start.id.index ? start.hash : at(index).hash;
    }
    // What a log that goes on after its last entry begins with.
    LogStart end() const {
        if (entries.empty()) {
            return start;
        }
        const EntryRef& entry = entries.back().entry;
        return {entry.id(), entries.back().hash, entry.cluster_time, entry.wall_time};
    }

    // The newest configuration at or below `commit_index`.
    std::optional<EntryRef> configuration_at(Index commit_index) const {
        for (Index index = commit_index; index >= first(); index = index.previous()) {
            if (at(index).entry.kind == EntryKind::configuration) {
                return at(index).entry;
            }
        }
        return std::nullopt;
    }

    // A group that appends `count` entries after truncating to `truncate_to`, if given.
    Group group(std::uint64_t seed, std::uint64_t count, std::size_t bytes,
        std::optional<Index> truncate_to = std::nullopt) const {
        Group group;
        group.truncate_to = truncate_to;
        group.commit = commit;
        Index last_index = truncate_to.value_or(last());
        Digest previous = hash_at(last_index);
        for (std::uint64_t i = 0; i < count; ++i) {
            group.entries.push_back(sample_entry(last_index.next(), hard_state.term, previous,
                seed * 1000 + i, bytes == 0 ? 0 : (seed * 7 + i * 13) % bytes));
            previous = group.entries.back().hash;
            ++last_index;
        }
        return group;
    }

    // Entries before `begin` are gone.
    void forget(Index begin) {
        if (begin > first()) {
            TwinLog gone = *this;
            gone.entries.resize(begin - first());
            start = gone.end();
            entries.erase(entries.begin(),
                entries.begin() + static_cast<std::ptrdiff_t>(gone.entries.size()));
        }
    }

    // The same behind a restart at `index`, which is beyond the commit.
    Group restart(
        std::uint64_t seed, Index index, std::uint64_t count, std::size_t bytes) const {
        TwinLog other;
        other.hard_state = hard_state;
        other.start = {{hard_state.term, index}, sha256(sample_bytes(seed, 9)),
            {static_cast<std::int64_t>(seed * 7)}, {static_cast<std::int64_t>(seed * 9)}};
        Group group = other.group(seed, count, bytes);
        group.restart = other.start;
        group.commit = other.start.id.index;
        return group;
    }

    void apply(const Group& group) {
        if (group.hard_state) {
            hard_state = *group.hard_state;
        }
        if (group.restart) {
            start = *group.restart;
            entries.clear();
            commit = start.id.index;
        }
        if (group.truncate_to) {
            entries.resize(*group.truncate_to - start.id.index);
        }
        entries.insert(entries.end(), group.entries.begin(), group.entries.end());
        commit = std::max(commit, std::min(group.commit, last()));
    }
};

}  // namespace ledger::log
