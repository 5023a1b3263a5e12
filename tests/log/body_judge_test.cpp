#include "log/body_judge.h"

#include <catch2/catch.hpp>

#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

// Two groups of three entries in one segment.
ByteVector two_groups() {
    MemoryFileSystem files;
    REQUIRE(format(files, sample_options(), sample_identity()));
    auto opened = open(files, sample_options(), sample_identity());
    REQUIRE(opened);
    TwinLog twin;
    for (std::uint64_t i = 1; i <= 2; ++i) {
        const Group group = twin.group(i, 3, 400);
        REQUIRE(opened->storage->write(group));
        REQUIRE(opened->storage->sync());
        twin.apply(group);
    }
    return files.bytes("wal/00000001.segment");
}

struct Judged {
    OpenLog log;
    std::optional<BodyJudge::Fault> fault;
    std::uint64_t keep = 0;
    std::optional<IdentityBlock> identity;
    std::vector<EntryIdentity> unsealed;
};

void judge(Judged& judged, ByteSpan bytes, const Outside& outside) {
    judged.log.segments.emplace_back().id = SegmentId{1};
    judged.log.active.emplace();
    judged.log.active->first = Index{1};
    const auto groups = scan_groups(bytes, SegmentId{1});
    BodyJudge judge(judged.log, outside, 1, groups);
    judged.fault = judge.judge();
    judged.keep = judge.keep();
    judged.identity = judge.identity();
    judged.unsealed = judge.unsealed();
}

}  // namespace

TEST_CASE("body judge: a last group that lost its block keeps its records", "[log]") {
    ByteVector bytes = two_groups();
    const auto groups = scan_groups(bytes, SegmentId{1});
    const std::uint64_t records_end = groups[1].slots.back().end;
    const IdentityBlock lost = *groups[1].block;
    bytes.resize(records_end);
    Judged judged;
    judge(judged, bytes, {});
    REQUIRE(!judged.fault);
    CHECK(judged.log.map.last() == Index{6});
    CHECK(judged.keep == records_end);
    REQUIRE(judged.identity);
    CHECK(*judged.identity == lost);  // nothing of it was committed
}

TEST_CASE("body judge: a bad record is unsealed, or faulty, as witnesses have it", "[log]") {
    ByteVector bytes = two_groups();
    const auto groups = scan_groups(bytes, SegmentId{1});
    const std::uint64_t bad = groups[1].slots[1].offset;
    bytes[bad + 20] ^= std::byte{1};
    {
        Judged judged;
        judge(judged, bytes, {});
        REQUIRE(!judged.fault);
        CHECK(judged.log.map.last() == Index{4});
        CHECK(judged.keep == bad);
        REQUIRE(judged.unsealed.size() == 2);
        CHECK(judged.unsealed[0] == groups[1].block->names[1]);
        CHECK(judged.unsealed[1] == groups[1].block->names[2]);
        CHECK(judged.log.faulty.empty());
    }
    Outside committed;
    committed.witness = Index{5};
    Outside followed;
    followed.later = true;
    for (const Outside& outside : {committed, followed}) {
        Judged judged;
        judge(judged, bytes, outside);
        REQUIRE(!judged.fault);
        CHECK(judged.unsealed.empty());
        CHECK(judged.log.map.last() == Index{6});
        REQUIRE(judged.log.faulty.size() == 1);
        CHECK(judged.log.faulty[0] == groups[1].block->names[1]);
        // The chain goes on where the block names it again.
        CHECK(judged.log.map.find_hash(Index{4}) != nullptr);
        CHECK(judged.log.map.find_hash(Index{5}) == nullptr);
        REQUIRE(judged.log.map.find_hash(Index{6}) != nullptr);
        CHECK(*judged.log.map.find_hash(Index{6}) == groups[1].block->last_hash);
    }
}

TEST_CASE("body judge: a bad record without its block is cut, or a fault", "[log]") {
    ByteVector bytes = two_groups();
    const auto groups = scan_groups(bytes, SegmentId{1});
    const std::uint64_t bad = groups[1].slots[1].offset;
    bytes[bad + 20] ^= std::byte{1};
    bytes.resize(groups[1].slots.back().end);
    Judged torn;
    judge(torn, bytes, {});
    REQUIRE(!torn.fault);
    CHECK(torn.log.map.last() == Index{4});
    CHECK(torn.unsealed.empty());
    REQUIRE(torn.identity);
    CHECK(torn.identity->names.size() == 1);
    Outside followed;
    followed.later = true;
    Judged lost;
    judge(lost, bytes, followed);
    REQUIRE(lost.fault);
    CHECK(lost.fault->offset == bad);
    CHECK(lost.fault->index == Index{5});
}

}  // namespace ledger::log
