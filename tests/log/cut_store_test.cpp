#include "log/cut_store.h"

#include <catch2/catch.hpp>

#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {
namespace {

const Options options{.directory = "wal"};

CutStore must_open(FileSystem& files) {
    auto opened = CutStore::open(files, options, sample_identity());
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

std::vector<ByteVector> sample_chunks(std::uint64_t index) {
    std::vector<ByteVector> chunks;
    for (std::size_t number = 0; number < 3; ++number) {
        chunks.emplace_back(300 * (number + 1), std::byte(index + number));
    }
    return chunks;
}

CutManifest manifest_of(std::uint64_t index, std::span<const ByteVector> chunks) {
    CutManifest manifest{.id = {Term{2}, Index{index}},
        .cluster_time = ClusterTime{5},
        .wall_time = WallTime{6},
        .entry_hash = sha256(as_bytes("entry")),
        .configuration = {std::byte{1}},
        .control = {},
        .chunks = {}};
    for (const ByteVector& chunk : chunks) {
        manifest.chunks.push_back(sha256(chunk));
        manifest.bytes += chunk.size();
    }
    return manifest;
}

CutManifest must_keep(CutStore& store, std::uint64_t index) {
    const std::vector<ByteVector> chunks = sample_chunks(index);
    const CutManifest manifest = manifest_of(index, chunks);
    for (std::uint32_t number = 0; number < chunks.size(); ++number) {
        REQUIRE(store.write(manifest.id, number, chunks[number]).has_value());
    }
    REQUIRE(store.complete(manifest).has_value());
    return manifest;
}

std::uint32_t resumed(CutStore& store, const CutManifest& manifest) {
    const Result<std::uint32_t> count = store.resume(manifest);
    REQUIRE(count.has_value());
    return *count;
}

}  // namespace

TEST_CASE("cut_store: what was completed is there again, chunk by chunk", "[log]") {
    MemoryFileSystem files;
    CutStore first = must_open(files);
    CHECK(first.cuts().empty());
    const CutManifest manifest = must_keep(first, 40);
    for (int life = 0; life < 2; ++life) {
        CutStore store = life == 0 ? std::move(first) : must_open(files);
        REQUIRE(store.cuts().size() == 1);
        CHECK(store.cuts()[0] == manifest);
        for (std::uint32_t number = 0; number < 3; ++number) {
            const auto chunk = store.read(manifest.id, number);
            REQUIRE(chunk.has_value());
            CHECK(*chunk == sample_chunks(40)[number]);
        }
        CHECK_FALSE(store.read(manifest.id, 3).has_value());
        CHECK_FALSE(store.read({Term{2}, Index{41}}, 0).has_value());
    }
}

TEST_CASE("cut_store: an empty state is a cut without chunks", "[log]") {
    MemoryFileSystem files;
    CutStore store = must_open(files);
    REQUIRE(store.complete(manifest_of(7, {})).has_value());
    CHECK(must_open(files).cuts().size() == 1);
}

TEST_CASE("cut_store: an unfinished cut is none, and goes on where it was", "[log]") {
    MemoryFileSystem files;
    const std::vector<ByteVector> chunks = sample_chunks(40);
    const CutManifest manifest = manifest_of(40, chunks);
    {
        CutStore store = must_open(files);
        REQUIRE(store.write(manifest.id, 0, chunks[0]).has_value());
        REQUIRE(store.write(manifest.id, 1, chunks[1]).has_value());
    }
    CutStore store = must_open(files);
    CHECK(store.cuts().empty());
    SECTION("all that is here is right") {
        CHECK(resumed(store, manifest) == 2);
        REQUIRE(store.write(manifest.id, 2, chunks[2]).has_value());
        REQUIRE(store.complete(manifest).has_value());
        CHECK(must_open(files).cuts().size() == 1);
    }
    SECTION("a later one is damaged") {
        files.bytes("wal/00000000000000000040.chunks")[600] ^= std::byte{1};
        CHECK(resumed(store, manifest) == 1);
        REQUIRE(store.write(manifest.id, 1, chunks[1]).has_value());
    }
    SECTION("another state was expected at that index") {
        CutManifest other = manifest;
        other.chunks[0] = sha256(as_bytes("another"));
        CHECK(resumed(store, other) == 0);
    }
    SECTION("another cut is begun") {
        must_keep(store, 50);
        CutStore again = must_open(files);
        CHECK(resumed(again, manifest) <= 2);
        CHECK(again.cuts().size() == 1);
    }
}

TEST_CASE("cut_store: a damaged chunk is named, a damaged manifest has a second copy", "[log]") {
    MemoryFileSystem files;
    CutManifest manifest;
    {
        CutStore store = must_open(files);
        manifest = must_keep(store, 40);
    }
    SECTION("a chunk") {
        files.bytes("wal/00000000000000000040.chunks")[550] ^= std::byte{0x40};
        CutStore store = must_open(files);
        const auto chunk = store.read(manifest.id, 1);
        REQUIRE_FALSE(chunk.has_value());
        CHECK(chunk.error().code == make_error_code(Errc::corrupt_record));
        CHECK(chunk.error().place.find("chunk 1 of the cut at index 40") != std::string::npos);
        CHECK(store.read(manifest.id, 0).has_value());
    }
    SECTION("any byte of the manifest file") {
        const ByteVector good = files.bytes("wal/00000000000000000040.cut");
        for (std::size_t at = 0; at < good.size(); at += 7) {
            files.bytes("wal/00000000000000000040.cut") = good;
            files.bytes("wal/00000000000000000040.cut")[at] ^= std::byte{1};
            const CutStore store = must_open(files);
            REQUIRE(store.cuts().size() == 1);
            CHECK(store.cuts()[0] == manifest);
        }
    }
    SECTION("both copies") {
        ByteVector& bytes = files.bytes("wal/00000000000000000040.cut");
        bytes[0] ^= std::byte{1};
        bytes[bytes.size() / 2] ^= std::byte{1};
        CHECK(must_open(files).cuts().empty());
    }
}

TEST_CASE("cut_store: older cuts go, newer ones stay", "[log]") {
    MemoryFileSystem files;
    CutStore store = must_open(files);
    must_keep(store, 40);
    must_keep(store, 50);
    must_keep(store, 60);
    REQUIRE(store.remove_before(Index{50}).has_value());
    CHECK(store.cuts().size() == 2);
    const CutStore again = must_open(files);
    REQUIRE(again.cuts().size() == 2);
    CHECK(again.cuts()[0].id.index == Index{50});
}

TEST_CASE("cut_store: cuts of another node are refused", "[log]") {
    MemoryFileSystem files;
    {
        CutStore store = must_open(files);
        must_keep(store, 40);
    }
    Identity other = sample_identity();
    other.node = NodeId{other.node.value + 1};
    const auto opened = CutStore::open(files, options, other);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == make_error_code(Errc::wrong_identity));
}

}  // namespace ledger::log
