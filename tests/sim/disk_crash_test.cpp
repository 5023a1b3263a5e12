#include "sim/disk_crash.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/sim/disk_sample.h"

namespace ledger::sim {
namespace {

// One step against a file, drawn by RapidCheck.
struct Step {
    int kind = 0;  // 0-5 write, 6 resize, 7 sync
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
    return out << step.kind << ':' << step.offset << '+' << step.bytes;
}

rc::Gen<std::vector<Step>> steps() {
    return rc::gen::container<std::vector<Step>>(
        rc::gen::build<Step>(rc::gen::set(&Step::kind, rc::gen::inRange(0, 8)),
            rc::gen::set(&Step::offset, rc::gen::inRange<std::uint64_t>(0, 3000)),
            rc::gen::set(&Step::bytes, rc::gen::inRange<std::uint64_t>(0, 2000))));
}

// The dumb twin of one file: every state since the last sync, in full.
struct Twin {
    std::vector<std::string> states{""};
    std::vector<bool> touched;  // by something that is not synced

    void touch(std::uint64_t from, std::uint64_t to) {
        touched.resize(std::max<std::uint64_t>(touched.size(), to));
        std::fill(touched.begin() + static_cast<std::ptrdiff_t>(from),
            touched.begin() + static_cast<std::ptrdiff_t>(to), true);
    }
    void write(std::uint64_t offset, const std::string& data) {
        std::string next = states.back();
        touch(std::min<std::uint64_t>(offset, next.size()), offset + data.size());
        next.resize(std::max<std::uint64_t>(next.size(), offset + data.size()));
        next.replace(offset, data.size(), data);
        states.push_back(next);
    }
    void resize(std::uint64_t bytes) {
        std::string next = states.back();
        const auto [low, high] = std::minmax<std::uint64_t>({next.size(), bytes});
        touch(low, high);
        next.resize(bytes);
        states.push_back(next);
    }
    void sync() {
        states.erase(states.begin(), states.end() - 1);
        touched.clear();
    }
};

// Applies the steps to the file and to its twin; every written byte tells which step wrote it.
Twin play(log::File& file, const std::vector<Step>& played) {
    Twin twin;
    char letter = 'a';
    for (const Step& step : played) {
        if (step.kind == 7) {
            RC_ASSERT(ok(file.sync()));
            twin.sync();
        } else if (step.kind == 6) {
            RC_ASSERT(ok(file.resize(step.offset)));
            twin.resize(step.offset);
        } else if (step.bytes > 0) {
            const std::string data(step.bytes, letter);
            RC_ASSERT(ok(file.write(step.offset, as_bytes(data))));
            twin.write(step.offset, data);
        }
        letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    }
    return twin;
}

// The part of `state` in one sector, with zeros where it ends, up to `size`.
std::string sector_of(const std::string& state, std::uint64_t sector, std::uint64_t size) {
    const std::uint64_t from = sector * sector_bytes;
    std::string part = from < state.size() ? state.substr(from, sector_bytes) : "";
    part.resize(std::min(sector_bytes, size - from));
    return part;
}

}  // namespace

TEST_CASE("disk: the sectors of one write survive one by one", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(2048, 'o'));
    REQUIRE(ok(file->write(0, filled(2048, 'n'))));
    // Torn; then sector by sector: kept, lost, kept, lost.
    Script choices({{Site::disk_crash_keep, {strikes, 0, strikes, 0, strikes}}});
    disk.crash(choices, CrashProfile{.tear = 0, .split_size = 0});
    const std::string found = content(disk, "a");
    REQUIRE(found.substr(0, 512) == std::string(512, 'n'));
    REQUIRE(found.substr(512, 512) == std::string(512, 'o'));
    REQUIRE(found.substr(1024, 512) == std::string(512, 'n'));
    REQUIRE(found.substr(1536, 512) == std::string(512, 'o'));
    const FaultCount& torn = disk.faults().of(Fault::disk_torn_write);
    REQUIRE(torn.fired == 1);
    REQUIRE(torn.consumed == 1);
    REQUIRE(disk.last_crash().lost_bytes == 1024);
}

TEST_CASE(
    "disk: a lost sector of a torn write may hold garbage, but only where it wrote", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(1024, 'o'));
    REQUIRE(ok(file->write(100, filled(600, 'n'))));
    Script choices(
        {{Site::disk_crash_keep, {strikes, strikes, 0}}, {Site::disk_garbage, {strikes, 77}}});
    disk.crash(choices, CrashProfile{.split_size = 0});
    const std::string found = content(disk, "a");
    REQUIRE(found.substr(0, 100) == std::string(100, 'o'));
    REQUIRE(found.substr(100, 412) != std::string(412, 'o'));
    REQUIRE(found.substr(100, 412) != std::string(412, 'n'));
    REQUIRE(found.substr(512, 188) == std::string(188, 'n'));
    REQUIRE(found.substr(700) == std::string(324, 'o'));
    REQUIRE(disk.faults().of(Fault::disk_garbage_sector).fired == 1);
}

TEST_CASE("disk: a later write can survive an earlier one, in one file or over two", "[disk]") {
    Disk disk(node);
    auto a = synced(disk, "a", filled(1024, 'o'));
    auto b = synced(disk, "b", filled(512, 'o'));
    REQUIRE(ok(a->write(0, filled(512, '1'))));
    REQUIRE(ok(a->write(512, filled(512, '2'))));
    REQUIRE(ok(b->write(0, filled(512, '3'))));
    // Per write: whole or torn?, survives? The first is lost, the others stay.
    Script choices({{Site::disk_crash_keep, {0, strikes}}});
    disk.crash(choices, CrashProfile{.split_size = 0});
    REQUIRE(content(disk, "a") == std::string(512, 'o') + std::string(512, '2'));
    REQUIRE(content(disk, "b") == std::string(512, '3'));
    REQUIRE(disk.faults().of(Fault::disk_lost_write).fired == 1);
    REQUIRE(disk.faults().of(Fault::disk_reordered_write).fired == 2);
    REQUIRE(disk.faults().of(Fault::disk_reordered_write).consumed == 2);
}

TEST_CASE("disk: the length may reach the disk before the data, or after it", "[disk]") {
    const auto crashed = [](std::map<Site, std::vector<std::uint64_t>> answers, Fault fault) {
        Disk disk(node);
        auto file = synced(disk, "a", as_bytes("base"));
        REQUIRE(ok(file->write(4, filled(100, 'n'))));
        Script choices(std::move(answers));
        disk.crash(choices, CrashProfile{});
        const std::string found = content(disk, "a");
        REQUIRE(disk.faults().of(fault).fired == 1);
        REQUIRE(disk.faults().of(fault).consumed == 1);
        return found;
    };
    const std::string long_file =
        crashed({{Site::disk_crash_keep, {0, strikes}}, {Site::disk_crash_size, {strikes, 0}}},
            Fault::disk_size_before_data);
    REQUIRE(long_file == "base" + std::string(100, '\0'));
    const std::string short_file =
        crashed({{Site::disk_crash_size, {strikes, 1}}}, Fault::disk_data_before_size);
    REQUIRE(short_file == "base");
}

TEST_CASE("disk: sectors that were never written may hold garbage", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("base"));
    REQUIRE(ok(file->resize(2048)));
    Script choices({{Site::disk_garbage, {strikes, 5}}});
    disk.crash(choices, CrashProfile{.split_size = 0});
    const std::string found = content(disk, "a");
    REQUIRE(found.substr(0, 512) == "base" + std::string(508, '\0'));
    REQUIRE(found.substr(512) != std::string(1536, '\0'));
}

TEST_CASE("disk: reads and the durable image follow a dumb twin", "[disk]") {
    rc::prop("same bytes", [] {
        Disk disk(node);
        auto file = disk.create("f");
        RC_ASSERT(ok(disk.sync_directory("")));
        const Twin twin = play(**file, *steps());
        RC_ASSERT(text(disk.durable("f")) == twin.states.front());
        ByteVector bytes(*(*file)->size());
        RC_ASSERT(*(*file)->read(0, bytes) == bytes.size());
        RC_ASSERT(text(bytes) == twin.states.back());
    });
}

TEST_CASE(
    "disk: after a crash what was synced stands and the rest is old or new per sector", "[disk]") {
    rc::prop("no other bytes", [](std::uint64_t seed, bool garbage) {
        Disk disk(node);
        auto file = disk.create("f");
        RC_ASSERT(ok(disk.sync_directory("")));
        const Twin twin = play(**file, *steps());
        SeededChoices choices(seed);
        disk.crash(choices, CrashProfile{.tear = garbage ? 500'000u : 0u});
        const std::string found = text(disk.durable("f"));
        const std::string& durable = twin.states.front();
        std::uint64_t longest = 0;
        std::uint64_t shortest = UINT64_MAX;
        for (const std::string& state : twin.states) {
            longest = std::max<std::uint64_t>(longest, state.size());
            shortest = std::min<std::uint64_t>(shortest, state.size());
        }
        RC_ASSERT(found.size() >= shortest);
        RC_ASSERT(found.size() <= longest);
        for (std::uint64_t i = 0; i < durable.size(); ++i) {
            const bool touched = i < twin.touched.size() && twin.touched[i];
            const bool stands = touched || (i < found.size() && found[i] == durable[i]);
            RC_ASSERT(stands);
        }
        for (std::uint64_t s = 0; !garbage && s * sector_bytes < found.size(); ++s) {
            const std::string sector = sector_of(found, s, found.size());
            RC_ASSERT(
                std::any_of(twin.states.begin(), twin.states.end(), [&](const std::string& state) {
                    return sector_of(state, s, found.size()) == sector;
                }));
        }
    });
}

TEST_CASE("disk: cutting operations off is as if they had not been issued", "[disk]") {
    rc::prop("a prefix", [](std::uint64_t seed) {
        Disk disk(node);
        auto file = disk.create("f");
        RC_ASSERT(ok(disk.sync_directory("")));
        const Twin twin = play(**file, *steps());
        SeededChoices choices(seed);
        const std::uint64_t cut =
            choices.choose(Site::test_a, 0, 0, disk.unsynced_operations() + 1);
        disk.crash_after_operations(cut);
        disk.crash(choices, keep_everything);
        // Resizes to the same length are no operations, so states may repeat.
        std::vector<std::string> states = twin.states;
        states.erase(std::unique(states.begin(), states.end()), states.end());
        RC_ASSERT(std::find(states.begin(), states.end(), text(disk.durable("f"))) != states.end());
        const bool fits = cut > 0 || text(disk.durable("f")) == states.front();
        RC_ASSERT(fits);
    });
}

}  // namespace ledger::sim
