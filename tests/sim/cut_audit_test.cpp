#include "sim/cut_audit.h"

#include <catch2/catch.hpp>

#include "log/cut_store.h"
#include "tests/log/sample.h"

namespace ledger::sim {
namespace {

const log::Identity identity = log::sample_identity();
const log::Options options = log::sample_options();

log::CutStore opened(Disk& disk) {
    Result<log::CutStore> store = log::CutStore::open(disk, options, identity);
    REQUIRE(store.has_value());
    return std::move(*store);
}

log::CutManifest keep(log::CutStore& store, std::uint64_t index, bool complete = true) {
    log::CutManifest manifest{.id = {Term{1}, Index{index}}, .chunks = {}};
    for (std::uint32_t number = 0; number < 3; ++number) {
        const ByteVector chunk(1000 + number, std::byte(index));
        REQUIRE(store.write(manifest.id, number, chunk).has_value());
        manifest.chunks.push_back(sha256(chunk));
        manifest.bytes += chunk.size();
    }
    if (complete) {
        REQUIRE(store.complete(manifest).has_value());
    }
    return manifest;
}

}  // namespace

TEST_CASE("cut_audit: only complete cuts count, by the root of what is there", "[sim]") {
    Disk disk(identity.node);
    REQUIRE(disk.make_directory(options.directory).has_value());
    CHECK(whole_cuts(disk, options, identity).empty());
    log::CutStore store = opened(disk);
    const log::CutManifest first = keep(store, 10);
    const log::CutManifest second = keep(store, 20);
    keep(store, 30, false);
    const std::vector<WholeCut> cuts = whole_cuts(disk, options, identity);
    REQUIRE(cuts.size() == 2);
    CHECK(cuts[0].id == first.id);
    CHECK(cuts[0].root == first.root());
    CHECK(cuts[1].root == second.root());
    REQUIRE(store.remove_before(Index{20}).has_value());
    CHECK(whole_cuts(disk, options, identity).size() == 1);
}

TEST_CASE("cut_audit: a damaged chunk or manifest is no whole cut", "[sim]") {
    Disk disk(identity.node);
    REQUIRE(disk.make_directory(options.directory).has_value());
    log::CutStore store = opened(disk);
    keep(store, 10);
    const DiskImage image = disk.snapshot();
    std::uint64_t damaged = 0;
    for (std::size_t file = 0; file < image.files.size(); ++file) {
        DiskImage other = image;
        // Both copies of a manifest, or the middle of the chunks.
        for (std::size_t at = 60; at < other.files[file].bytes.size(); at += 512) {
            other.files[file].bytes[at] ^= std::byte{1};
        }
        Disk broken(identity.node);
        broken.restore(other);
        CHECK(whole_cuts(broken, options, identity).empty());
        ++damaged;
    }
    CHECK(damaged == 2);
}

}  // namespace ledger::sim
