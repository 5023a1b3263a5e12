#include "sim/explore/cut_stage.h"

#include <catch2/catch.hpp>

#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::sim {
namespace {

KnownCut cut_at(std::uint64_t index) {
    KnownCut cut;
    cut.manifest.id = {Term{1}, Index{index}};
    for (std::uint64_t i = 0; i < 2; ++i) {
        cut.chunks.push_back(log::sample_bytes(index + i, 600));
        cut.manifest.chunks.push_back(sha256(cut.chunks.back()));
        cut.manifest.bytes += cut.chunks.back().size();
    }
    return cut;
}

const std::vector<KnownCut> known{cut_at(10), cut_at(20), cut_at(30)};

void keep(log::FileSystem& files, const KnownCut& cut) {
    auto store = log::CutStore::open(files, log::sample_options(), log::sample_identity());
    REQUIRE(store);
    for (std::uint32_t i = 0; i < cut.chunks.size(); ++i) {
        REQUIRE(store->write(cut.manifest.id, i, cut.chunks[i]));
    }
    REQUIRE(store->complete(cut.manifest));
}

FoundCuts look(log::FileSystem& files) {
    return look_at_cuts(files, log::sample_options(), log::sample_identity(), known);
}

}  // namespace

TEST_CASE("cut stage: looking finds what is complete and reads every chunk", "[explore]") {
    log::MemoryFileSystem files;
    CHECK(look(files).complete.empty());
    keep(files, known[0]);
    keep(files, known[2]);
    CHECK(look(files).complete == std::vector<CutNumber>{0, 2});
    CHECK(look(files).stranger.empty());
    SECTION("a chunk with other bytes") {
        files.bytes("wal/00000000000000000030.chunks")[100] ^= std::byte{1};
        CHECK(look(files).stranger.find("cannot be read") != std::string::npos);
    }
    SECTION("a cut that nobody wrote") {
        keep(files, cut_at(40));
        CHECK(look(files).stranger.find("never written") != std::string::npos);
    }
}

TEST_CASE("cut stage: what was promised is there, what was not is not", "[explore]") {
    const CutStage stage{.complete = {0, 1}};
    CHECK(explain(stage, {.complete = {0, 1}}, known) == "");
    CHECK(explain(stage, {.complete = {1}}, known).find("the cut at 10") != std::string::npos);
    CHECK(explain(stage, {.complete = {0, 1, 2}}, known).find("a cut at 30") != std::string::npos);
    CHECK(explain(stage, {.stranger = "no", .complete = {0, 1}}, known) == "no");
    const FoundCuts refused{.error = failure(log::Errc::io_error, "the place")};
    CHECK(explain(stage, refused, known).find("the place") != std::string::npos);
}

TEST_CASE("cut stage: a call under way is done or not", "[explore]") {
    const CutStage completing{.complete = {0}, .completing = 1};
    CHECK(explain(completing, {.complete = {0}}, known) == "");
    CHECK(explain(completing, {.complete = {0, 1}}, known) == "");
    CHECK(explain(completing, {.complete = {1}}, known) != "");
    const CutStage removing{.complete = {0, 1}, .removing = Index{20}};
    CHECK(explain(removing, {.complete = {0, 1}}, known) == "");
    CHECK(explain(removing, {.complete = {1}}, known) == "");
    CHECK(explain(removing, {.complete = {0}}, known) != "");
}

}  // namespace ledger::sim
