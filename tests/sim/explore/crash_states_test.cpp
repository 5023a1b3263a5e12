#include "sim/explore/crash_states.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "tests/log/sample.h"

namespace ledger::sim {
namespace {

constexpr std::uint64_t sector = image_sector_bytes;

// A disk, what is done to it, and the states that follow.
struct Bench {
    SectorImage image;
    BlockArena arena;
    OperationLog record;
    RecordingDisk disk{image, arena, record};
    std::vector<const Block*> garbage;

    Bench() {
        Block& block = arena.make(zero_block());
        block.bytes.fill(std::byte{0xee});
        block.seal();
        garbage.push_back(&block);
    }
    // What was done so far is on the disk.
    void settle() {
        image.settle();
        record.clear();
    }
    void write(const std::string& name, std::uint64_t first_sector, const std::string& letters) {
        ByteVector data;
        for (const char letter : letters) {
            data.insert(data.end(), sector, static_cast<std::byte>(letter));
        }
        REQUIRE((*disk.open(name))->write(first_sector * sector, data));
    }
    void sync(const std::string& name) { REQUIRE((*disk.open(name))->sync()); }

    using Visit = std::function<void(const CrashPlace& place)>;
    void visit(const CrashRange& range, const Visit& visit) {
        struct Visitor final : CrashVisitor {
            explicit Visitor(const Visit& each) : each_(each) {}
            bool visit(const CrashPlace& place) override {
                each_(place);
                return true;
            }
            const Visit& each_;
        };
        image.rollback(0);
        const Hash128 before = image.hash();
        Visitor visitor(visit);
        CrashStates(image, garbage).visit_all(record, range, visitor);
        CHECK(image.hash() == before);
    }
    // One letter for each sector ('.' = zeros, '#' = garbage), "-" for no file.
    std::string show(const std::string& name) {
        const FileNumber file = image.file_of(image.name_number(name));
        std::string text;
        for (std::uint64_t at = 0; file != no_file && at < image.size(file); at += sector) {
            std::byte first{};
            image.read(file, at, {&first, 1});
            text += first == std::byte{0}      ? '.'
                    : first == std::byte{0xee} ? '#'
                                               : static_cast<char>(first);
        }
        return file == no_file ? "-" : text;
    }
    // How often each content of a file is seen at the last point.
    std::map<std::string, std::uint64_t> at_end(const std::string& name, std::uint32_t torn_max) {
        std::map<std::string, std::uint64_t> seen;
        const std::uint64_t end = record.operations.size();
        visit({.torn_max = torn_max, .point_first = end, .point_last = end},
            [&](const CrashPlace&) { ++seen[show(name)]; });
        return seen;
    }
};

std::set<std::string> keys(const std::map<std::string, std::uint64_t>& counts) {
    std::set<std::string> all;
    for (const auto& [key, count] : counts) {
        all.insert(key);
    }
    return all;
}

}  // namespace

TEST_CASE("crash states: a write is lost, whole, or torn in every way", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, "abc");
    bench.settle();
    SECTION("over old bytes") {
        bench.write("f", 0, "ABC");
        CHECK(keys(bench.at_end("f", 0)) == std::set<std::string>{"abc", "ABC"});
        const auto torn = keys(bench.at_end("f", 1));
        for (const char* state : {"Abc", "ABc", "abC", "aBC", "AbC", "aBc", "A..", "AB.", "..C",
                 ".BC", "A.C", ".B.", "...", "A##", "AB#", "##C", "#BC", "A#C", "#B#", "###"}) {
            CHECK(torn.contains(state));
        }
        CHECK(torn.size() == 22);
    }
    SECTION("behind the end, with the new length and without") {
        bench.write("f", 3, "XYZ");
        const auto torn = keys(bench.at_end("f", 1));
        for (const char* state : {"abc", "abcX", "abcXY", "abcXYZ", "abcX..", "abc.Y", "abc#Y",
                 "abc.Y.", "abcX.Z", "abcX#Z", "abc##Z", "abc...", "abc###", "abcXY#"}) {
            CHECK(torn.contains(state));
        }
        for (const std::string& state : torn) {
            CHECK(state.starts_with("abc"));
        }
    }
}

TEST_CASE("crash states: fates are different, and torn ones come last", "[explore]") {
    for (std::uint32_t sectors = 1; sectors <= torn_sectors_max; ++sectors) {
        for (const bool grows : {false, true}) {
            const std::vector<Fate> fates = write_fates(sectors, grows);
            const std::uint64_t all = (std::uint64_t{1} << sectors) - 1;
            REQUIRE(fates.front().reached == all);
            REQUIRE(!fates.front().is_torn);
            std::set<std::tuple<std::uint64_t, Fate::Rest, bool>> seen;
            std::set<std::uint64_t> patterns;
            for (const Fate& fate : fates) {
                REQUIRE(seen.emplace(fate.reached, fate.rest, fate.whole_size).second);
                REQUIRE(fate.is_torn == (fate.reached != all));
                patterns.insert(fate.reached);
            }
            for (std::uint32_t i = 0; i < sectors; ++i) {
                const std::uint64_t prefix = (std::uint64_t{1} << i) - 1;
                REQUIRE(patterns.contains(prefix));
                REQUIRE(patterns.contains(all & ~prefix));
                REQUIRE(patterns.contains(all & ~(std::uint64_t{1} << i)));
            }
        }
    }
}

TEST_CASE("crash states: every subset of what no sync has covered, at every point", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    REQUIRE(bench.disk.create("g"));
    bench.write("f", 0, "ab");
    bench.write("g", 0, "c");
    bench.settle();
    bench.write("f", 0, "A");
    bench.write("g", 0, "C");
    bench.sync("f");
    bench.write("f", 1, "B");
    std::map<std::uint64_t, std::set<std::string>> seen;
    bench.visit({.torn_max = 0}, [&](const CrashPlace& place) {
        const std::string state = bench.show("f") + bench.show("g");
        CHECK(seen[place.point].insert(state).second);
        CHECK(place.subset < std::uint64_t{1} << place.unsynced);
        CHECK(place.torn == 0);
    });
    CHECK(seen[0] == std::set<std::string>{"abc"});
    CHECK(seen[1] == std::set<std::string>{"abc", "Abc"});
    CHECK(seen[2] == std::set<std::string>{"abc", "Abc", "abC", "AbC"});
    CHECK(seen[3] == std::set<std::string>{"Abc", "AbC"});
    CHECK(seen[4] == std::set<std::string>{"Abc", "AbC", "ABc", "ABC"});
    std::set<std::string> one;
    bench.visit({.torn_max = 0, .point_first = 4, .point_last = 4, .subset = 2},
        [&](const CrashPlace&) { one.insert(bench.show("f") + bench.show("g")); });
    CHECK(one == std::set<std::string>{"ABc"});
}

TEST_CASE("crash states: two writes may be torn at once, three are not", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, "abc");
    bench.settle();
    for (std::uint64_t i = 0; i < 3; ++i) {
        bench.write("f", i, std::string(1, static_cast<char>('A' + i)));
    }
    const auto two = keys(bench.at_end("f", 2));
    CHECK(two.contains("#.C"));
    CHECK(two.contains(".b#"));
    CHECK(!two.contains("#.#"));
    CHECK(two.size() == 56);  // of 4 * 4 * 4
    CHECK(keys(bench.at_end("f", 3)).size() == 64);
}

TEST_CASE("crash states: too many tears are given up, subsets never", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, std::string(60, 'a'));
    bench.settle();
    for (std::uint64_t i = 0; i < 6; ++i) {
        bench.write("f", 10 * i, std::string(10, 'A'));
    }
    const auto count = [&](std::uint32_t torn_max) {
        std::uint64_t sum = 0;
        for (const auto& [state, times] : bench.at_end("f", torn_max)) {
            sum += times;
        }
        return sum;
    };
    const std::uint64_t torn = write_fates(10, false).size() - 1;
    CHECK(count(0) == 64);
    CHECK(count(1) == 64 + 6 * torn * 32);
    CHECK(15 * torn * torn * 16 > states_max);
    CHECK(count(2) == count(1));
}

TEST_CASE("crash states: names are as durable as their directory", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, "a");
    bench.settle();
    SECTION("a created file may be missing, whatever is in it") {
        REQUIRE(bench.disk.create("g"));
        bench.write("g", 0, "x");
        bench.sync("g");
        CHECK(keys(bench.at_end("g", 0)) == std::set<std::string>{"-", "x"});
        REQUIRE(bench.disk.sync_directory(""));
        CHECK(keys(bench.at_end("g", 0)) == std::set<std::string>{"x"});
    }
    SECTION("a removed one may be back") {
        REQUIRE(bench.disk.remove("f"));
        CHECK(keys(bench.at_end("f", 0)) == std::set<std::string>{"-", "a"});
    }
    SECTION("a renamed one has one name or both, never none") {
        REQUIRE(bench.disk.rename("f", "g"));
        std::set<std::string> seen;
        bench.visit({.torn_max = 1, .point_first = 1}, [&](const CrashPlace&) {
            seen.insert(bench.show("f") + bench.show("g"));
        });
        CHECK(seen == std::set<std::string>{"a-", "-a", "aa"});
    }
}

TEST_CASE("crash states: a truncation is lost, done, or done in part", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, "abcd");
    bench.settle();
    REQUIRE((*bench.disk.open("f"))->resize(sector));
    CHECK(keys(bench.at_end("f", 1)) == std::set<std::string>{"abcd", "a", "ab", "abc"});
    // Inside a sector it leaves zeros.
    bench.image.rollback(0);
    bench.settle();
    REQUIRE((*bench.disk.open("f"))->resize(2 * sector + 1));
    bench.visit({.torn_max = 0, .point_first = 1}, [&](const CrashPlace& place) {
        const FileNumber file = bench.image.file_of(bench.image.name_number("f"));
        std::byte behind{1};
        CHECK(bench.image.read(file, 2 * sector + 1, {&behind, 1}) == (place.subset == 1 ? 0 : 1));
        const Block& cut = bench.image.sector(file, 2);
        CHECK(cut.bytes[0] == std::byte{'c'});
        CHECK(cut.bytes[1] == (place.subset == 1 ? std::byte{0} : std::byte{'c'}));
    });
}

TEST_CASE("crash states: of more than twelve operations the oldest have arrived", "[explore]") {
    Bench bench;
    REQUIRE(bench.disk.create("f"));
    bench.write("f", 0, "................");
    bench.settle();
    for (std::uint64_t i = 0; i < 14; ++i) {
        bench.write("f", i, "x");
    }
    const auto seen = bench.at_end("f", 0);
    CHECK(seen.size() == 4096);
    for (const auto& [state, count] : seen) {
        REQUIRE(state.starts_with("xx"));
        REQUIRE(count == 1);
    }
}

}  // namespace ledger::sim
