#pragma once
// MediaSample: replicas whose disks are written by the production storage, and harms to them.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "log/cut_store.h"
#include "log/scan.h"
#include "log/storage.h"
#include "sim/disk.h"
#include "sim/media_map.h"
#include "tests/log/sample.h"
#include "tests/sim/disk_sample.h"

namespace ledger::sim {

inline const std::string sample_directory = log::sample_options().directory;

inline log::Identity identity_of(std::uint32_t number) {
    log::Identity identity = log::sample_identity();
    identity.node = NodeId{number};
    return identity;
}

// One node's disk, its storage, and what it must hold.
struct Replica {
    explicit Replica(std::uint32_t number, std::uint64_t segment_bytes = 8192)
        : identity(identity_of(number)), options(log::sample_options(segment_bytes)),
          disk(NodeId{number}) {
        REQUIRE(log::format(disk, options, identity));
        open();
    }
    void open() {
        auto opened = log::open(disk, options, identity);
        REQUIRE(opened);
        storage = std::move(opened->storage);
    }
    void store(const log::Group& group) {
        REQUIRE(storage->write(group));
        REQUIRE(storage->sync());
        twin.apply(group);
    }
    void append(std::uint64_t seed, std::uint64_t count, std::size_t bytes = 300) {
        store(twin.group(seed, count, bytes));
    }
    void seal() { store({.entries = {}, .commit = twin.last()}); }
    void crash(ChoiceSource& choices, const CrashProfile& how) {
        storage.reset();
        disk.crash(choices, how);
        open();
    }
    // A complete cut of three chunks; equal for equal numbers.
    void keep_cut(std::uint64_t index) {
        auto cuts = log::CutStore::open(disk, options, identity);
        REQUIRE(cuts.has_value());
        log::CutManifest manifest{.id = {Term{1}, Index{index}}, .chunks = {}};
        for (std::uint32_t part = 0; part < 3; ++part) {
            const ByteVector chunk(1000 + part, std::byte(index));
            REQUIRE(cuts->write(manifest.id, part, chunk).has_value());
            manifest.chunks.push_back(sha256(chunk));
            manifest.bytes += chunk.size();
        }
        REQUIRE(cuts->complete(manifest).has_value());
    }

    log::Identity identity;
    log::Options options;
    Disk disk;
    std::unique_ptr<log::Storage> storage;
    log::TwinLog twin;
};

// So many bytes that cannot be read.
inline Harm::Place unreadable(std::uint32_t number, std::uint64_t from, std::uint64_t bytes) {
    return {number, from, from + bytes, {}};
}

inline Harm harm_of(const Harm::Place& place) {
    return {.fault = place.bytes.empty() ? Fault::disk_sector_error : Fault::disk_bit_rot,
        .places = {place}};
}

// Everything that can be harmed begins with another byte than this one.
inline Harm::Place first_byte(std::uint32_t number, ByteRange range) {
    return {number, range.from, range.from + 1, ByteVector(1, std::byte{0xee})};
}

inline MediaMap map_of(Replica& replica) {
    MediaMap map(replica.identity, sample_directory);
    map.refresh(replica.disk);
    return map;
}

// What a node can read of its log, by the format alone: the indexes of intact records.
inline std::set<Index> readable(Replica& replica) {
    std::set<Index> found;
    const auto names = replica.disk.list(sample_directory);
    REQUIRE(ok(names));
    for (const std::string& name : *names) {
        const auto id = log::parse_segment_name(name);
        if (!id) {
            continue;
        }
        auto file = replica.disk.open(log::path_in(sample_directory, name));
        REQUIRE(ok(file));
        ByteVector bytes(static_cast<std::size_t>(*(*file)->size()));
        for (std::uint64_t at = 0; at < bytes.size(); at += log::sector_bytes) {
            const auto sector = std::span(bytes).subspan(static_cast<std::size_t>(at),
                std::min<std::size_t>(log::sector_bytes, bytes.size() - at));
            static_cast<void>((*file)->read(at, sector));  // what cannot be read stays zero
        }
        for (const log::ScannedGroup& group : log::scan_groups(bytes, *id)) {
            for (const log::Slot& slot : group.slots) {
                if (slot.record.damage == log::Damage::none &&
                    !slot.record.header.is_truncation()) {
                    found.insert(slot.record.header.index);
                }
            }
        }
    }
    return found;
}

}  // namespace ledger::sim
