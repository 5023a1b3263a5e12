#include "node/cut_work.h"

#include <catch2/catch.hpp>

#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::node {
namespace {

const LogId id{Term{2}, Index{40}};

std::shared_ptr<const ByteVector> sample_chunk() {
    return std::make_shared<const ByteVector>(600, std::byte{7});
}

std::shared_ptr<const log::CutManifest> sample_manifest() {
    log::CutManifest manifest{.id = id,
        .cluster_time = {},
        .wall_time = {},
        .entry_hash = {},
        .configuration = {},
        .control = {},
        .chunks = {sha256(*sample_chunk())},
        .bytes = 600};
    return std::make_shared<const log::CutManifest>(std::move(manifest));
}

}  // namespace

TEST_CASE("cut_work: each kind of work does to the store what it says", "[node]") {
    log::MemoryFileSystem files;
    auto store = log::CutStore::open(files, {.directory = "wal"}, log::sample_identity());
    REQUIRE(store.has_value());
    const auto perform = [&](auto&& work) {
        const auto done = perform_on(*store, StoreCut{1, id, std::move(work)});
        REQUIRE(done.has_value());
        return *done;
    };
    CHECK(perform(StoreCut::Resume{sample_manifest()}) == 0);
    perform(StoreCut::Chunk{0, sample_chunk()});
    CHECK(perform(StoreCut::Resume{sample_manifest()}) == 1);
    CHECK(store->cuts().empty());
    perform(StoreCut::Complete{sample_manifest()});
    REQUIRE(store->cuts().size() == 1);
    CHECK(store->cuts()[0] == *sample_manifest());
    const auto removed =
        perform_on(*store, StoreCut{2, LogId{{}, Index{41}}, StoreCut::RemoveBefore{}});
    CHECK(removed.has_value());
    CHECK(store->cuts().empty());
}

}  // namespace ledger::node
