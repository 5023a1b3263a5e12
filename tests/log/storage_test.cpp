#include "log/storage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/examination.h"
#include "log/footer.h"
#include "log/log_map.h"
#include "log/posix_file_system.h"
#include "log/reader.h"
#include "log/scan.h"
#include "tests/log/failing_file_system.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"
#include "tests/log/temporary_directory.h"

namespace ledger::log {

namespace {

Opened must_open(FileSystem& files, const Options& options) {
    auto opened = open(files, options, sample_identity());
    if (!opened) {
        FAIL(opened.error().code.message() << ": " << opened.error().place);
    }
    return std::move(*opened);
}

void must_store(Storage& storage, TwinLog& twin, const Group& group) {
    REQUIRE(storage.write(group));
    REQUIRE(storage.sync());
    twin.apply(group);
}

void check_held(Storage& storage, const TwinLog& twin) {
    if (!twin.entries.empty()) {
        auto all = storage.read(twin.first(), twin.last(), UINT64_MAX);
        REQUIRE(all);
        REQUIRE(*all == twin.entries);
    }
}

void check_same(Opened& opened, const TwinLog& twin) {
    const Recovered& recovered = opened.recovered;
    CHECK(recovered.incarnation == sample_identity().incarnation);
    CHECK(recovered.hard_state == twin.hard_state);
    CHECK(recovered.previous == twin.start.id);
    CHECK(recovered.first == twin.first());
    REQUIRE(recovered.last == twin.last());
    CHECK(recovered.commit <= twin.commit);
    CHECK(recovered.commit >= twin.start.id.index);
    CHECK(recovered.last_cluster_time == twin.end().cluster_time);
    CHECK(recovered.last_wall_time == twin.end().wall_time);
    CHECK(recovered.commit_hash == twin.hash_at(recovered.commit));
    CHECK(recovered.configuration == twin.configuration_at(recovered.commit));
    REQUIRE(recovered.tail.size() == twin.last() - recovered.commit);
    for (std::uint64_t i = 0; i < recovered.tail.size(); ++i) {
        REQUIRE(recovered.tail[i] == twin.at(recovered.commit + i + 1));
    }
    check_held(*opened.storage, twin);
}

std::vector<std::string> segments_of(const MemoryFileSystem& files) {
    std::vector<std::string> segments = files.names();
    std::erase(segments, "wal/hard_state");
    return segments;
}

std::uint64_t size_of(MemoryFileSystem& files, const std::string& name) {
    const auto file = files.open(name);
    REQUIRE(file);
    return *(*file)->size();
}

SegmentHeader header_of(MemoryFileSystem& files, SegmentId segment) {
    const auto file = files.open("wal/" + segment_name(segment));
    REQUIRE(file);
    ByteVector sector(sector_bytes);
    REQUIRE((*file)->read(0, sector));
    const auto header = decode_segment_header(sector, {segment, 0});
    REQUIRE(header);
    return *header;
}

}  // namespace

TEST_CASE("storage: it agrees with a plain vector over any history", "[log]") {
    rc::prop("append, truncate, seal, vote, restart, discard, reopen, crash, read", [] {
        Options options = sample_options(*rc::gen::element(2048u, 8192u, 65536u));
        options.allocate_bytes = *rc::gen::element(0u, 16u << 10, 1u << 20);
        options.spare_segments = *rc::gen::inRange(0u, 3u);
        MemoryFileSystem files;
        REQUIRE(format(files, options, sample_identity()));
        TwinLog twin;
        Opened opened = must_open(files, options);
        const auto steps = *rc::gen::inRange<std::uint64_t>(1, 40);
        for (std::uint64_t step = 1; step <= steps; ++step) {
            const auto action = *rc::gen::inRange(0, 10);
            if (action == 0) {
                files.crash([] { return false; });
                opened = must_open(files, options);
                check_same(opened, twin);
                continue;
            }
            Group group;
            if (action == 1) {
                group.commit = twin.last();
                must_store(*opened.storage, twin, group);
                continue;
            }
            if (action == 7 && step % 2 == 0) {
                const Index upto{*rc::gen::inRange(
                    twin.start.id.index.value, twin.commit.value + 1)};
                REQUIRE(opened.storage->discard(upto));
                const Index first = opened.storage->published()->first();
                RC_ASSERT(first >= twin.first());
                RC_ASSERT(first <= std::max(upto.next(), twin.first()));
                twin.forget(first);
                check_held(*opened.storage, twin);
                continue;
            }
            const HardState before = twin.hard_state;
            if (action == 2 && step % 3 == 0) {
                twin.hard_state = {before.term.next(), NodeId{}};
                group = twin.restart(step,
                    Index{*rc::gen::inRange(twin.commit.value + 1, twin.last().value + 30)},
                    *rc::gen::inRange<std::uint64_t>(0, 4), 900);
                group.hard_state = twin.hard_state;
                twin.hard_state = before;
                must_store(*opened.storage, twin, group);
                continue;
            }
            if (action <= 3) {
                twin.hard_state = {before.term.next(), NodeId{static_cast<std::uint32_t>(action)}};
            }
            std::optional<Index> truncate_to;
            if (action >= 8) {
                truncate_to = Index{*rc::gen::inRange(twin.commit.value, twin.last().value + 1)};
            }
            group = twin.group(step, *rc::gen::inRange<std::uint64_t>(0, 6),
                *rc::gen::element<std::size_t>(0, 50, 2000), truncate_to);
            if (action <= 3) {
                group.hard_state = twin.hard_state;
                twin.hard_state = before;
            }
            const std::uint64_t end = truncate_to.value_or(twin.last()).value;
            group.commit = Index{*rc::gen::inRange(twin.commit.value, end + 1)};
            must_store(*opened.storage, twin, group);
        }
        opened = must_open(files, options);
        check_same(opened, twin);
    });
}

TEST_CASE("storage: small groups find zeros where they are written", "[log]") {
    MemoryFileSystem files;
    const Options options = {.directory = "wal", .segment_bytes = 64u << 10,
        .allocate_bytes = 16u << 10, .spare_segments = 0};
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    std::uint64_t size = 0;
    std::uint64_t changes = 0;
    std::uint64_t groups = 0;
    for (; segments_of(files).size() < 2; ++groups) {
        must_store(*opened.storage, twin, twin.group(groups, 1, 300));
        const std::uint64_t now = size_of(files, "wal/00000001.segment");
        changes += now != size ? 1u : 0u;
        size = now;
    }
    CHECK(groups > 55);
    CHECK(changes <= 6);  // four times 16 KiB, and the sealing
    const auto file = files.open("wal/00000001.segment");
    REQUIRE(file);
    const auto footer = read_footer(**file, SegmentId{1});
    REQUIRE(footer);
    CHECK(footer->has_value());  // nothing stands behind it
    opened = must_open(files, options);
    CHECK(opened.recovered.torn_bytes == 0);
    check_same(opened, twin);
}

TEST_CASE("storage: for a group that is large beside them no zeros are written", "[log]") {
    MemoryFileSystem files;
    const Options options = {.directory = "wal", .segment_bytes = 64u << 10,
        .allocate_bytes = 16u << 10, .spare_segments = 0};
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    Group group;
    group.entries.push_back(sample_entry(Index{1}, Term{0}, Digest{}, 1, 4000));
    must_store(*opened.storage, twin, group);
    CHECK(size_of(files, "wal/00000001.segment") < 8u << 10);
}

TEST_CASE("storage: the files of discarded segments become new ones", "[log]") {
    MemoryFileSystem files;
    const Options options = reusing_options(8192);
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    std::uint64_t step = 0;
    const auto grow = [&](std::size_t segments) {
        const SegmentId last = opened.storage->published()->segment_of(twin.last());
        while (opened.storage->published()->segment_of(twin.last()).value <
               last.value + segments) {
            must_store(*opened.storage, twin, twin.group(++step, 2, 900));
            twin.commit = twin.last();
        }
    };
    must_store(*opened.storage, twin, twin.group(++step, 2, 900));
    grow(4);
    REQUIRE(opened.storage->discard(twin.commit));
    twin.forget(opened.storage->published()->first());
    CHECK(segments_of(files) == std::vector<std::string>{"wal/00000001.spare",
                                    "wal/00000002.spare", "wal/00000005.segment"});
    CHECK_FALSE(header_of(files, SegmentId{5}).reused);
    grow(2);
    CHECK(segments_of(files) == std::vector<std::string>{"wal/00000005.segment",
                                    "wal/00000006.segment", "wal/00000007.segment"});
    CHECK(header_of(files, SegmentId{6}).reused);
    CHECK(header_of(files, SegmentId{7}).reused);
    check_held(*opened.storage, twin);
    const auto examined = examine(files, options.directory);
    REQUIRE(examined);
    CHECK(examined->findings.empty());

    SECTION("and read as before after a restart, old bytes in them or not") {
        files.crash([] { return false; });
        opened = must_open(files, options);
        CHECK(opened.recovered.torn_bytes == 0);
        check_same(opened, twin);
    }
    SECTION("an opening removes the spares: nobody knows what a crash made of them") {
        grow(1);
        REQUIRE(opened.storage->discard(twin.commit));
        twin.forget(opened.storage->published()->first());
        CHECK(segments_of(files).size() == 3);
        opened = must_open(files, options);
        CHECK(segments_of(files).size() == 1);
        check_same(opened, twin);
    }
}

TEST_CASE("storage: a discarded file that somebody else has is used for nothing else", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    const Options options = reusing_options(8192);
    REQUIRE(format(*files, options, sample_identity()));
    TwinLog twin;
    auto opened = open(*files, options, sample_identity());
    REQUIRE(opened);
    std::uint64_t step = 0;
    const auto grow_until = [&](SegmentId segment) {
        while (opened->storage->published()->last() == Index{0} ||
               opened->storage->published()->segment_of(twin.last()) < segment) {
            must_store(*opened->storage, twin, twin.group(++step, 2, 900));
            twin.commit = twin.last();
        }
    };
    grow_until(SegmentId{4});
    const std::string copied = root.path() + "/copy-of-2";
    std::filesystem::create_hard_link(root.path() + "/wal/00000002.segment", copied);
    const auto bytes_of_copy = [&] {
        std::ifstream in(copied, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string before = bytes_of_copy();
    REQUIRE(opened->storage->discard(twin.commit));
    twin.forget(opened->storage->published()->first());
    const auto names = files->list("wal");
    REQUIRE(names);
    CHECK(std::count(names->begin(), names->end(), "00000001.spare") == 1);
    CHECK(std::count(names->begin(), names->end(), "00000002.spare") == 0);
    CHECK(std::count(names->begin(), names->end(), "00000003.spare") == 1);
    grow_until(SegmentId{8});
    CHECK(bytes_of_copy() == before);
    check_held(*opened->storage, twin);
}

TEST_CASE("storage: where space is scarce there are no spares, and no zeros ahead", "[log]") {
    MemoryFileSystem disk;
    FailingFileSystem files(disk);
    Options options = reusing_options(8192);
    options.soft_limit_bytes = 64u << 10;
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    std::uint64_t step = 0;
    const auto grow_until = [&](SegmentId segment) {
        while (opened.storage->published()->last() == Index{0} ||
               opened.storage->published()->segment_of(twin.last()) < segment) {
            must_store(*opened.storage, twin, twin.group(++step, 2, 900));
            twin.commit = twin.last();
        }
    };
    grow_until(SegmentId{4});
    REQUIRE(opened.storage->discard(twin.commit));
    twin.forget(opened.storage->published()->first());
    REQUIRE(segments_of(disk).size() == 3);

    files.space = 40u << 10;
    must_store(*opened.storage, twin, twin.group(++step, 1, 100));
    CHECK(opened.storage->crowded());
    CHECK(segments_of(disk).size() == 1);
    grow_until(SegmentId{5});
    const std::uint64_t size = size_of(disk, "wal/00000005.segment");
    CHECK(size < 6000);
    REQUIRE(opened.storage->discard(twin.commit));
    twin.forget(opened.storage->published()->first());
    CHECK(segments_of(disk).size() == 1);

    files.space = UINT64_MAX;
    must_store(*opened.storage, twin, twin.group(++step, 1, 100));
    must_store(*opened.storage, twin, twin.group(++step, 1, 100));
    CHECK_FALSE(opened.storage->crowded());
    CHECK(size_of(disk, "wal/00000005.segment") == 8192);
    opened = must_open(files, options);
    check_same(opened, twin);
}

TEST_CASE("storage: a reader that holds a file that became another segment says so", "[log]") {
    MemoryFileSystem files;
    const Options options = reusing_options(8192);
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    Reader reader(files, options.directory);
    std::uint64_t step = 0;
    const auto grow = [&] {
        must_store(*opened.storage, twin, twin.group(++step, 2, 900));
        twin.commit = twin.last();
    };
    grow();
    const SharedMap old = opened.storage->published();
    REQUIRE(reader.read(*old, Index{1}, Index{2}, UINT64_MAX));
    while (opened.storage->published()->segment_of(twin.last()) < SegmentId{3}) {
        grow();
    }
    REQUIRE(opened.storage->discard(twin.commit));
    REQUIRE(segments_of(files).size() == 3);
    while (opened.storage->published()->segment_of(twin.last()) < SegmentId{6}) {
        grow();
    }
    const auto entries = reader.read(*old, Index{1}, Index{2}, UINT64_MAX);
    REQUIRE_FALSE(entries);
    CHECK(entries.error().code == make_error_code(Errc::not_found));
    CHECK(reader.damaged() == Index{});  // gone is not damaged
}

TEST_CASE("storage: what was synced is there after reopening", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(GENERATE(4096u, 16384u, 1u << 20));
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Opened opened = must_open(files, options);
    check_same(opened, twin);
    for (std::uint64_t i = 1; i <= 40; ++i) {
        twin.commit = twin.last();
        Group group = twin.group(i, i % 5, 300);
        if (i % 7 == 1) {
            group.hard_state = HardState{Term{i}, NodeId{1}};
            for (HashedEntry& hashed : group.entries) {
                hashed.entry.term = Term{i};
            }
            twin.hard_state = *group.hard_state;
            const auto entries = twin.group(i, i % 5, 300).entries;
            group.entries = entries;
        }
        must_store(*opened.storage, twin, group);
        if (i % 4 == 0) {
            opened = must_open(files, options);
            check_same(opened, twin);
        }
    }
    CHECK(opened.recovered.torn_bytes == 0);
}

TEST_CASE("storage: a read stops before its budget, never before one entry", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(16384);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    for (std::uint64_t i = 0; i < 30; ++i) {
        must_store(*opened.storage, twin, twin.group(i, 4, 900));
    }
    for (Index first{1}; first <= twin.last(); first = first + 7) {
        for (const std::uint64_t budget : {0u, 1u, 500u, 5000u, 30000u}) {
            auto read = opened.storage->read(first, twin.last(), budget);
            REQUIRE(read);
            REQUIRE(!read->empty());
            std::uint64_t bytes = 0;
            for (std::uint64_t i = 0; i < read->size(); ++i) {
                REQUIRE((*read)[i] == twin.entries[first.value - 1 + i]);
                bytes += (*read)[i].entry.bytes;
            }
            CHECK((bytes <= budget || read->size() == 1));
            const Index next = first + read->size();
            if (next <= twin.last()) {
                CHECK(bytes + twin.entries[next.value - 1].entry.bytes > budget);
            }
        }
    }
}

TEST_CASE("storage: an index that the log does not hold is out of range", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    const auto code_of = [&](std::uint64_t first) {
        auto read = opened.storage->read(Index{first}, Index{first + 1}, 100);
        return read ? boost::system::error_code{} : read.error().code;
    };
    CHECK(code_of(0) == Errc::out_of_range);
    CHECK(code_of(1) == Errc::out_of_range);
    TwinLog twin;
    must_store(*opened.storage, twin, twin.group(1, 3, 50));
    CHECK(!code_of(1));
    CHECK(!code_of(3));
    CHECK(code_of(4) == Errc::out_of_range);
    Group cut;
    cut.truncate_to = Index{1};
    must_store(*opened.storage, twin, cut);
    CHECK(code_of(2) == Errc::out_of_range);
}

TEST_CASE("storage: a group waits in memory for the hard state that it came with", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    must_store(*opened.storage, twin, twin.group(1, 3, 200));
    Group group = twin.group(2, 3, 200);
    group.hard_state = HardState{Term{1}, NodeId{2}};
    const std::uint64_t size = files.bytes("wal/00000001.segment").size();
    REQUIRE(opened.storage->write(group));
    CHECK(files.bytes("wal/00000001.segment").size() == size);
    CHECK(!opened.storage->read(twin.last().next(), twin.last().next(), UINT64_MAX));
    REQUIRE(opened.storage->sync());
    CHECK(files.bytes("wal/00000001.segment").size() > size);
    twin.apply(group);
    auto read = opened.storage->read(Index{1}, twin.last(), UINT64_MAX);
    REQUIRE(read);
    CHECK(*read == twin.entries);
}

TEST_CASE("storage: after a failed operation nothing more is accepted", "[log]") {
    for (std::uint64_t at = 0; at < 6; ++at) {
        MemoryFileSystem files;
        const Options options = sample_options();
        REQUIRE(format(files, options, sample_identity()));
        Opened opened = must_open(files, options);
        TwinLog twin;
        files.fail_after(at);
        Group group = twin.group(1, 2, 100);
        group.hard_state = HardState{Term{1}, NodeId{1}};
        const bool stored = opened.storage->write(group) && opened.storage->sync();
        if (stored) {
            continue;
        }
        files.fail_after(UINT64_MAX);
        const auto again = opened.storage->sync();
        REQUIRE(!again);
        CHECK(again.error().code == Errc::io_error);
        CHECK(!opened.storage->write(group));
    }
}

TEST_CASE("storage: one write and one flush per group, nothing read back", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(1u << 20);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    must_store(*opened.storage, twin, twin.group(0, 1, 100));
    const std::uint64_t reads = files.reads();
    for (std::uint64_t i = 1; i < 20; ++i) {
        const std::uint64_t before = files.steps();
        must_store(*opened.storage, twin, twin.group(i, i, 400));
        CHECK(files.steps() == before + 2);
        CHECK(files.reads() == reads);
    }
}

TEST_CASE("storage: an idle seal is written once and only when it says something", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    Group seal;
    must_store(*opened.storage, twin, seal);
    CHECK(!files.open("wal/00000001.segment"));
    must_store(*opened.storage, twin, twin.group(1, 2, 100));
    const std::uint64_t before = files.bytes("wal/00000001.segment").size();
    must_store(*opened.storage, twin, seal);
    CHECK(files.bytes("wal/00000001.segment").size() == before + 512);
    must_store(*opened.storage, twin, seal);
    CHECK(files.bytes("wal/00000001.segment").size() == before + 512);
    seal.commit = Index{2};
    must_store(*opened.storage, twin, seal);
    CHECK(files.bytes("wal/00000001.segment").size() == before + 1024);
    opened = must_open(files, options);
    CHECK(opened.recovered.commit == Index{2});
    CHECK(opened.recovered.tail.empty());
}

TEST_CASE("storage: a group larger than a segment still fits", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(2048);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    for (std::uint64_t i = 1; i < 5; ++i) {
        must_store(*opened.storage, twin, twin.group(i, 10, 3000));
    }
    opened = must_open(files, options);
    check_same(opened, twin);
    CHECK(files.image().size() == 5);
}

TEST_CASE("storage: truncation and new entries may reach back over segments", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(2048);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    for (std::uint64_t i = 1; i < 10; ++i) {
        must_store(*opened.storage, twin, twin.group(i, 3, 900));
    }
    for (const std::uint64_t to : {20u, 4u, 4u, 0u}) {
        must_store(*opened.storage, twin, twin.group(100 + to, 2, 900, Index{to}));
        opened = must_open(files, options);
        check_same(opened, twin);
    }
    must_store(*opened.storage, twin, twin.group(300, 20, 900));
    must_store(*opened.storage, twin, twin.group(301, 3, 900));
    opened = must_open(files, options);
    check_same(opened, twin);
}

TEST_CASE("storage: what a cut covers is discarded, segment by segment", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(2048);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        twin.commit = twin.last();
        must_store(*opened.storage, twin, twin.group(i, 2, 900));
    }
    const auto all = segments_of(files);
    REQUIRE(all.size() > 8);
    const SharedMap before = opened.storage->published();
    const Index last_of_third = [&] {
        Index index{1};
        while (before->segment_of(index.next()) <= SegmentId{3}) {
            ++index;
        }
        return index;
    }();
    // One entry short of the third segment's end: two go.
    REQUIRE(opened.storage->discard(last_of_third.previous()));
    CHECK(segments_of(files) == std::vector(all.begin() + 2, all.end()));
    const std::uint64_t steps = files.steps();
    REQUIRE(opened.storage->discard(last_of_third.previous()));
    CHECK(files.steps() == steps);  // nothing more to be had
    REQUIRE(opened.storage->discard(last_of_third));
    CHECK(segments_of(files) == std::vector(all.begin() + 3, all.end()));
    CHECK(opened.storage->published()->first() == last_of_third.next());
    twin.forget(last_of_third.next());
    const auto gone = opened.storage->read(last_of_third, twin.last(), UINT64_MAX);
    REQUIRE(!gone);
    CHECK(gone.error().code == Errc::out_of_range);
    opened = must_open(files, options);
    check_same(opened, twin);
    // The last segment stays, whatever it holds.
    twin.commit = twin.last();
    REQUIRE(opened.storage->discard(twin.commit));
    CHECK(segments_of(files) == std::vector<std::string>{all.back()});
    twin.forget(opened.storage->published()->first());
    REQUIRE(!twin.entries.empty());
    must_store(*opened.storage, twin, twin.group(30, 5, 900));
    opened = must_open(files, options);
    check_same(opened, twin);
}

TEST_CASE("storage: a segment whose truncation reaches back keeps those before it", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(4096);
    REQUIRE(format(files, options, sample_identity()));
    Opened opened = must_open(files, options);
    TwinLog twin;
    must_store(*opened.storage, twin, twin.group(1, 9, 900));
    must_store(*opened.storage, twin, twin.group(2, 9, 900));
    must_store(*opened.storage, twin, twin.group(3, 9, 900, Index{5}));
    REQUIRE(segments_of(files).size() == 3);
    const auto seal = [&] {
        Group group;
        group.commit = twin.last();
        must_store(*opened.storage, twin, group);
    };
    seal();
    // The first holds 1 to 5, the second nothing that is left, the third begins in the first.
    REQUIRE(opened.storage->discard(Index{10}));
    CHECK(segments_of(files).size() == 3);
    must_store(*opened.storage, twin, twin.group(4, 9, 900));
    seal();
    REQUIRE(opened.storage->discard(Index{14}));
    CHECK(segments_of(files).size() == 1);
    twin.forget(Index{15});
    opened = must_open(files, options);
    check_same(opened, twin);
}

TEST_CASE("storage: a directory is formatted once", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    auto opened = open(files, options, sample_identity());
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::not_found);
    REQUIRE(format(files, options, sample_identity()));
    const auto again = format(files, options, sample_identity());
    REQUIRE(!again);
    CHECK(again.error().code == Errc::already_exists);
}

TEST_CASE("storage: the incarnation of the disk is found, and need not be known", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options(2048);
    REQUIRE(format(files, options, sample_identity()));
    Identity asked = sample_identity();
    asked.incarnation = Incarnation{};
    TwinLog twin;
    for (std::uint64_t i = 1; i < 4; ++i) {
        auto opened = open(files, options, asked);
        REQUIRE(opened);
        CHECK(opened->recovered.incarnation == sample_identity().incarnation);
        must_store(*opened->storage, twin, twin.group(i, 3, 900));
    }
    // A segment of the same node from before its disk was formatted anew.
    MemoryFileSystem other;
    Identity later = sample_identity();
    ++later.incarnation.value;
    REQUIRE(format(other, options, later));
    REQUIRE(other.create("wal/00000001.segment"));
    other.bytes("wal/00000001.segment") = files.bytes("wal/00000001.segment");
    auto opened = open(other, options, asked);
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::wrong_identity);
    CHECK(opened.error().place.find("another disk of node 3") != std::string::npos);
}

TEST_CASE("storage: erased entries are read without their erasable part", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    {
        Opened opened = must_open(files, options);
        must_store(*opened.storage, twin, twin.group(5, 1, 200));
    }
    // What a rewriter of the segment will do: the record and its identity in erased form.
    ByteVector& bytes = files.bytes("wal/00000001.segment");
    const auto groups = scan_groups(bytes, SegmentId{1});
    REQUIRE(groups.size() == 1);
    const Slot slot = groups[0].slots[0];
    const RecordHeader header = erased(slot.record.header);
    const ByteVector envelope(slot.record.envelope.begin(), slot.record.envelope.end());
    IdentityBlock block = *groups[0].block;
    bytes.resize(slot.offset);
    bytes.resize(slot.offset + record_bytes(envelope.size(), 0));
    const std::uint32_t crc = encode_record(
        std::span(bytes).subspan(slot.offset), header, {SegmentId{1}, slot.offset}, envelope, {});
    block.names[0] = identity_of(header, crc);
    const std::uint64_t block_at = sector_ceiling(bytes.size());
    bytes.resize(block_at + identity_block_bytes(1));
    encode_identity_block(std::span(bytes).subspan(block_at), block, {SegmentId{1}, block_at});

    Opened opened = must_open(files, options);
    auto read = opened.storage->read(Index{1}, Index{1}, UINT64_MAX);
    REQUIRE(read);
    CHECK(read->front().hash == twin.entries[0].hash);
    CHECK(read->front().entry.handle.erasable().empty());
    CHECK(read->front().entry.handle->envelope_size() == envelope.size());
}

TEST_CASE("storage: entries that come without their erasable part stay that way", "[log]") {
    MemoryFileSystem files;
    const Options options = sample_options();
    REQUIRE(format(files, options, sample_identity()));
    TwinLog twin;
    Group group = twin.group(5, 3, 200);
    for (HashedEntry& hashed : group.entries) {
        hashed.entry.handle = hashed.entry.handle.erased();
        hashed.entry.bytes = hashed.entry.handle ? hashed.entry.handle->size() : 0;
    }
    {
        Opened opened = must_open(files, options);
        must_store(*opened.storage, twin, group);
    }
    Opened opened = must_open(files, options);
    auto read = opened.storage->read(Index{1}, Index{3}, UINT64_MAX);
    REQUIRE(read);
    CHECK(*read == group.entries);
}

}  // namespace ledger::log
