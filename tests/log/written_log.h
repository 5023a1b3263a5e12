#pragma once
// WrittenLog: a small log with everything in it, and its files as they are looked at.

#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "log/cut_store.h"
#include "log/examination.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

inline constexpr std::uint64_t segment_bytes = 4096;

inline std::string in_wal(const std::string& name) {
    return path_in(sample_options().directory, name);
}

struct Written {
    MemoryFileSystem files;
    TwinLog twin;
};

inline void store(Storage& storage, TwinLog& twin, const Group& group) {
    REQUIRE(storage.write(group));
    REQUIRE(storage.sync());
    twin.apply(group);
}

inline void keep_cut(Written& written, Index index) {
    auto opened = CutStore::open(written.files, sample_options(), sample_identity());
    REQUIRE(opened.has_value());
    CutManifest manifest{.id = {Term{1}, index},
        .cluster_time = {5},
        .wall_time = {6},
        .entry_hash = written.twin.hash_at(index),
        .configuration = {std::byte{1}},
        .control = {},
        .chunks = {}};
    for (std::uint32_t number = 0; number < 3; ++number) {
        const ByteVector chunk(300 * (number + 1), std::byte{7});
        REQUIRE(opened->write(manifest.id, number, chunk).has_value());
        manifest.chunks.push_back(sha256(chunk));
        manifest.bytes += chunk.size();
    }
    REQUIRE(opened->complete(manifest).has_value());
}

// Several segments, a truncation, two openings, a cut; the last group has a seal or none.
inline Written write_log(bool sealed) {
    Written written;
    const Options options = sample_options(segment_bytes);
    REQUIRE(format(written.files, options, sample_identity()));
    TwinLog& twin = written.twin;
    for (std::uint64_t life = 0; life < 2; ++life) {
        auto opened = open(written.files, options, sample_identity());
        REQUIRE(opened);
        Group term;
        term.hard_state = HardState{twin.hard_state.term.next(), NodeId{2}};
        store(*opened->storage, twin, term);
        for (std::uint64_t i = 0; i < 7; ++i) {
            std::optional<Index> truncate_to;
            if (i == 5) {
                truncate_to = twin.last() - 2;
            }
            Group group = twin.group(life * 100 + i, 3, 1200, truncate_to);
            group.commit = twin.last().value > 3 ? twin.last() - 3 : Index{0};
            store(*opened->storage, twin, group);
        }
        // The last group is not the first one of its segment, for which there is a witness.
        for (std::uint64_t i = 7; i < 9 && life > 0; ++i) {
            store(*opened->storage, twin, twin.group(life * 100 + i, 2, 100));
        }
        if (sealed || life == 0) {
            Group seal;
            seal.commit = twin.last();
            store(*opened->storage, twin, seal);
        }
    }
    keep_cut(written, Index{4});
    return written;
}

// The same bytes in other files: a MemoryFileSystem shares them when it is copied.
inline MemoryFileSystem copy_of(const std::map<std::string, ByteVector>& image) {
    MemoryFileSystem files;
    for (const auto& [name, bytes] : image) {
        REQUIRE(files.create(name));
        files.bytes(name) = bytes;
    }
    return files;
}

inline Examination must_examine(FileSystem& files, const Watch& watch = {}) {
    auto examined = examine(files, sample_options().directory, watch);
    REQUIRE(examined);
    return std::move(*examined);
}

}  // namespace ledger::log
