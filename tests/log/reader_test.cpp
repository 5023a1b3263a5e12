#include "log/reader.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/log/failing_file_system.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

// A log, what it should hold, and every map that it published, with what it held then.
struct Published {
    MemoryFileSystem files;
    Options options;
    TwinLog twin;
    Opened opened;
    std::vector<std::pair<SharedMap, std::vector<HashedEntry>>> maps;

    explicit Published(std::uint64_t segment_bytes) : options(sample_options(segment_bytes)) {
        REQUIRE(format(files, options, sample_identity()));
        auto made = open(files, options, sample_identity());
        REQUIRE(made);
        opened = std::move(*made);
        maps.emplace_back(opened.storage->published(), twin.entries);
    }
    void store(const Group& group) {
        REQUIRE(opened.storage->write(group));
        REQUIRE(opened.storage->sync());
        twin.apply(group);
        maps.emplace_back(opened.storage->published(), twin.entries);
    }
    Reader reader() { return Reader(files, options.directory); }
};

void random_group(Published& log, std::uint64_t step) {
    const Index last = log.twin.last();
    std::optional<Index> truncate_to;
    if (*rc::gen::inRange(0, 4) == 0) {
        truncate_to = Index{*rc::gen::inRange(log.twin.commit.value, last.value + 1)};
    }
    // A new leader overwrites in a new term.
    log.twin.hard_state.term = Term{step};
    Group group = log.twin.group(step, *rc::gen::inRange<std::uint64_t>(0, 30),
        *rc::gen::element<std::size_t>(0, 50, 700), truncate_to);
    group.hard_state = log.twin.hard_state;
    group.commit = Index{*rc::gen::inRange(
        log.twin.commit.value, truncate_to.value_or(last).value + 1)};
    log.store(group);
}

// What the map says, or an error; true = what it says.
bool reads_truly(Reader& reader, const SegmentMap& map, const std::vector<HashedEntry>& then) {
    const Index first{*rc::gen::inRange<std::uint64_t>(1, then.size() + 1)};
    const Index last{*rc::gen::inRange<std::uint64_t>(first.value, then.size() + 1)};
    const auto budget = *rc::gen::element<std::uint64_t>(1, 300, 5000, UINT64_MAX);
    const auto read = reader.read(map, first, last, budget);
    if (!read) {
        RC_ASSERT(read.error().code == make_error_code(Errc::faulty_entry) ||
                  read.error().code == make_error_code(Errc::not_found));
        return false;
    }
    RC_ASSERT(!read->empty());
    RC_ASSERT(read->size() <= last.next() - first);
    for (std::size_t i = 0; i < read->size(); ++i) {
        RC_ASSERT((*read)[i] == then[first.value - 1 + i]);
    }
    return true;
}

}  // namespace

TEST_CASE("reader: any map, however old, leads to the log of its time", "[log]") {
    rc::prop("append, truncate, seal, read through old and new maps", [] {
        Published log(*rc::gen::element(2048u, 8192u, 65536u));
        Reader reader = log.reader();
        const auto steps = *rc::gen::inRange<std::uint64_t>(1, 30);
        for (std::uint64_t step = 1; step <= steps; ++step) {
            random_group(log, step);
            const auto reads = *rc::gen::inRange(0, 4);
            for (int i = 0; i < reads; ++i) {
                const auto& [map, then] =
                    log.maps[*rc::gen::inRange<std::size_t>(0, log.maps.size())];
                RC_ASSERT(map->last() == Index{then.size()});
                if (!then.empty()) {
                    RC_ASSERT(reads_truly(reader, *map, then));
                }
            }
        }
    });
}

TEST_CASE("reader: damaged, exchanged and missing files give errors, never other bytes", "[log]") {
    rc::prop("harm any file, read through any map", [] {
        Published log(4096);
        Reader reader = log.reader();
        for (std::uint64_t step = 1; step <= 12; ++step) {
            random_group(log, step);
        }
        const std::vector<std::string> names = log.files.names();
        const std::string& harmed = names[*rc::gen::inRange<std::size_t>(0, names.size())];
        switch (*rc::gen::inRange(0, 4)) {
            case 0: REQUIRE(log.files.remove(harmed)); break;
            // As a recycled file is: another segment's bytes, whole and intact.
            case 1: log.files.bytes(harmed) = log.files.bytes(names.back()); break;
            case 2: log.files.bytes(harmed).resize(log.files.bytes(harmed).size() / 2); break;
            default:
                for (std::byte& byte : log.files.bytes(harmed)) {
                    byte ^= static_cast<std::byte>(*rc::gen::inRange(0, 30) == 0 ? 1 : 0);
                }
        }
        for (int i = 0; i < 10; ++i) {
            const auto& [map, then] =
                log.maps[*rc::gen::inRange<std::size_t>(0, log.maps.size())];
            if (!then.empty()) {
                reads_truly(reader, *map, then);
            }
        }
    });
}

TEST_CASE("reader: a map shows what is synced and nothing else", "[log]") {
    Published log(1u << 20);
    log.store(log.twin.group(1, 5, 100));
    Reader reader = log.reader();
    Group group = log.twin.group(2, 3, 100, Index{2});
    REQUIRE(log.opened.storage->write(group));
    // The truncation is not durable either: the entries that it removes can still be read.
    const SharedMap before = log.opened.storage->published();
    CHECK(before->last() == Index{5});
    const auto old = reader.read(*before, Index{1}, Index{9}, UINT64_MAX);
    REQUIRE(old);
    CHECK(*old == log.twin.entries);
    REQUIRE(log.opened.storage->sync());
    log.twin.apply(group);
    const SharedMap after = log.opened.storage->published();
    const auto now = reader.read(*after, Index{1}, Index{9}, UINT64_MAX);
    REQUIRE(now);
    CHECK(*now == log.twin.entries);
    const auto beyond = reader.read(*after, Index{6}, Index{6}, UINT64_MAX);
    REQUIRE(!beyond);
    CHECK(beyond.error().code == Errc::out_of_range);
}

TEST_CASE("reader: maps of the time before a restart lead to errors", "[log]") {
    Published log(4096);
    for (std::uint64_t i = 0; i < 10; ++i) {
        log.store(log.twin.group(i, 3, 900));
    }
    const SharedMap before = log.opened.storage->published();
    Reader reader = log.reader();
    REQUIRE(reader.read(*before, Index{1}, Index{2}, UINT64_MAX));
    log.store(log.twin.restart(50, log.twin.last() + 7, 3, 900));
    Reader other = log.reader();
    for (Index index{1}; index <= before->last(); ++index) {
        const auto gone = other.read(*before, index, index, UINT64_MAX);
        REQUIRE(!gone);
        CHECK(gone.error().code == Errc::not_found);
    }
    const SharedMap now = log.opened.storage->published();
    CHECK(now->first() == log.twin.first());
    const auto below = reader.read(*now, Index{2}, Index{2}, UINT64_MAX);
    REQUIRE(!below);
    CHECK(below.error().code == Errc::out_of_range);
    const auto read = reader.read(*now, now->first(), now->last(), UINT64_MAX);
    REQUIRE(read);
    CHECK(*read == log.twin.entries);
}

TEST_CASE("reader: an older map finds what a discard left, and no damage elsewhere", "[log]") {
    Published log(4096);
    for (std::uint64_t i = 0; i < 20; ++i) {
        Group group = log.twin.group(i, 3, 900);
        group.commit = log.twin.last();
        log.store(group);
    }
    const SharedMap before = log.opened.storage->published();
    REQUIRE(log.opened.storage->discard(Index{30}));
    const SharedMap now = log.opened.storage->published();
    REQUIRE(now->first() > Index{20});
    Reader reader = log.reader();
    for (Index index{1}; index <= before->last(); ++index) {
        const auto read = reader.read(*before, index, index, UINT64_MAX);
        if (index >= now->first()) {
            REQUIRE(read);
            CHECK(read->front() == log.twin.at(index));
        } else {
            REQUIRE(!read);
            CHECK(read.error().code == Errc::not_found);
            CHECK(reader.read(*now, index, index, 1).error().code == Errc::out_of_range);
        }
    }
}

TEST_CASE("reader: groups that change no entry publish nothing new", "[log]") {
    Published log(1u << 20);
    log.store(log.twin.group(1, 5, 100));
    const SharedMap before = log.opened.storage->published();
    log.store(Group{.hard_state = HardState{Term{4}, NodeId{1}}});
    log.store(Group{.commit = Index{5}});
    CHECK(log.opened.storage->published() == before);
    log.store(Group{.truncate_to = Index{5}});
    CHECK(log.opened.storage->published() != before);
}

TEST_CASE("reader: reading on goes on where the last read ended, also by a newer map", "[log]") {
    Published log(1u << 20);
    for (std::uint64_t i = 0; i < 40; ++i) {
        log.store(log.twin.group(i, 10, 300));
    }
    Reader reader = log.reader();
    for (Index next{1}; next <= Index{390}; ++next) {
        const auto& [map, then] = log.maps[40 - next.value % 2];
        const std::uint64_t before = log.files.reads();
        const auto read = reader.read(*map, next, next, UINT64_MAX);
        REQUIRE(read);
        CHECK(read->front() == then[next.value - 1]);
        CHECK(log.files.reads() == before + 1);
    }
}

TEST_CASE("reader: an entry before a truncation is read without what was cut off", "[log]") {
    Published log(1u << 20);
    log.store(log.twin.group(1, 3, 100));
    for (std::uint64_t i = 2; i < 40; ++i) {
        log.store(log.twin.group(i, 3, 5000, i == 2 ? std::nullopt : std::optional(Index{3})));
    }
    log.store(log.twin.group(50, 0, 0, Index{3}));
    const Place last = place_in(log.files, *log.opened.storage->published(), Index{3});
    CHECK(last.end - last.offset < 2048);
}

TEST_CASE("reader: a bad sector in the middle of many entries costs what lies in it", "[log]") {
    Published log(1u << 20);
    for (std::uint64_t step = 0; step < 4; ++step) {
        log.store(log.twin.group(step, 20, 700));
    }
    const SegmentMap& map = *log.maps.back().first;
    FailingFileSystem files(log.files);
    Reader reader(files, "wal");
    const std::string name = "wal/" + segment_name(map.segment_of(Index{40}));
    const std::uint64_t sector = place_in(log.files, map, Index{40}).offset / sector_bytes;
    files.bad_sectors[name] = {sector};
    std::vector<Index> lost;
    for (Index index{1}; index <= log.twin.last(); ++index) {
        const Place place = place_in(log.files, map, index);
        const bool hit = place.offset < (sector + 1) * sector_bytes &&
                         place.end > sector * sector_bytes;
        const auto alone = reader.read_unchained(map, index);
        REQUIRE(alone.has_value() == !hit);
        REQUIRE(reader.damaged() == (hit ? index : Index{}));
        if (hit) {
            lost.push_back(index);
        }
    }
    REQUIRE(lost.size() < 10);
    // A read ends in front of it, and then says what is wrong.
    const auto before = reader.read(map, Index{1}, log.twin.last(), UINT64_MAX);
    REQUIRE(before);
    CHECK(before->back().entry.index == lost.front().previous());
    const auto at = reader.read(map, lost.front(), log.twin.last(), UINT64_MAX);
    REQUIRE_FALSE(at);
    CHECK(at.error().code == Errc::faulty_entry);
    CHECK(at.error().place.find("does not read") != std::string::npos);
    CHECK(reader.damaged() == lost.front());
}

TEST_CASE("reader: behind a damaged entry the chain is broken, not the entries", "[log]") {
    Published log(1u << 20);
    log.store(log.twin.group(1, 10, 700));
    const SegmentMap& map = *log.maps.back().first;
    const std::string name = "wal/" + segment_name(map.segment_of(Index{4}));
    log.files.bytes(name)[place_in(log.files, map, Index{4}).end - 9] ^= std::byte{1};
    Reader reader = log.reader();
    const auto chained = reader.read(map, Index{6}, Index{8}, UINT64_MAX);
    REQUIRE_FALSE(chained);
    CHECK(reader.damaged() == Index{4});  // where the chain comes from
    CHECK_FALSE(reader.hash_at(map, Index{5}));
    CHECK(reader.damaged() == Index{4});
    const auto alone = reader.read_unchained(map, Index{6});
    REQUIRE(alone);
    CHECK((*alone == log.twin.at(Index{6}).entry));
    CHECK(reader.damaged() == Index{});
    CHECK_FALSE(reader.read(map, log.twin.last().next(), log.twin.last().next(), UINT64_MAX));
    CHECK(reader.damaged() == Index{});  // out of range is no damage
}

TEST_CASE("reader: a file that was replaced under an open handle is found again", "[log]") {
    Published log(1u << 20);
    log.store(log.twin.group(1, 10, 700));
    const SegmentMap& map = *log.maps.back().first;
    const std::string file = segment_name(map.segment_of(Index{4}));
    const ByteVector whole = log.files.bytes("wal/" + file);
    Reader reader = log.reader();
    log.files.bytes("wal/" + file)[place_in(log.files, map, Index{4}).end - 9] ^= std::byte{1};
    REQUIRE(reader.read(map, Index{1}, Index{3}, UINT64_MAX));
    REQUIRE_FALSE(reader.read(map, Index{4}, Index{4}, UINT64_MAX));
    REQUIRE(reader.read(map, Index{5}, Index{5}, UINT64_MAX).has_value() == false);
    REQUIRE(reader.read(map, Index{1}, Index{3}, UINT64_MAX));  // its file is open again
    REQUIRE(replace_file(log.files, "wal", file, whole));
    const auto mended = reader.read(map, Index{4}, Index{10}, UINT64_MAX);
    REQUIRE(mended);
    CHECK(mended->front() == log.twin.at(Index{4}));
    CHECK(reader.damaged() == Index{});
}

}  // namespace ledger::log
