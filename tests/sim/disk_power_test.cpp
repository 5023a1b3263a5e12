// Tests of sim/disk_power.cpp: names, several files and whole lives over power failures.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/hash128.h"
#include "tests/sim/disk_sample.h"

namespace ledger::sim {

TEST_CASE("disk: a crash that loses everything leaves the last synced state", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("safe"));
    REQUIRE(ok(file->write(4, as_bytes(" and not safe"))));
    made(disk, "b");
    SeededChoices choices(1);
    const CrashReport report = disk.crash(choices, lose_everything);
    REQUIRE(content(disk, "a") == "safe");
    REQUIRE(disk.list("")->size() == 1);
    REQUIRE(report.lost_bytes == 13);
    REQUIRE(report.lost_entries == 1);
    REQUIRE(report.operations == 2);
    REQUIRE(disk.last_crash_lost_bytes());
    REQUIRE(disk.faults().of(Fault::disk_lost_write).fired == 1);
    REQUIRE(disk.faults().of(Fault::disk_lost_directory_entry).fired == 1);
}

TEST_CASE("disk: a crash of the process alone keeps the page cache", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("safe"));
    REQUIRE(ok(file->write(4, as_bytes(" too"))));
    REQUIRE(ok(disk.rename("a", "b")));
    SeededChoices choices(1);
    const CrashReport report = disk.crash(choices, keep_everything);
    REQUIRE(content(disk, "b") == "safe too");
    REQUIRE(report.lost_bytes == 0);
    REQUIRE(report.lost_entries == 0);
    REQUIRE_FALSE(disk.last_crash_lost_bytes());
}

TEST_CASE("disk: syncing a file does not make its name durable, nor the other way", "[disk]") {
    SeededChoices choices(1);
    Disk nameless(node);
    auto file = made(nameless, "a");
    REQUIRE(ok(file->write(0, as_bytes("data"))));
    REQUIRE(ok(file->sync()));
    const CrashReport report = nameless.crash(choices, lose_everything);
    REQUIRE(nameless.open("a").error().code == log::Errc::not_found);
    REQUIRE(report.lost_bytes == 4);

    Disk empty(node);
    auto other = made(empty, "a");
    REQUIRE(ok(other->write(0, as_bytes("data"))));
    REQUIRE(ok(empty.sync_directory("")));
    empty.crash(choices, lose_everything);
    REQUIRE(content(empty, "a").empty());
}

TEST_CASE("disk: a removal that was not synced can come back", "[disk]") {
    Disk disk(node);
    synced(disk, "a", as_bytes("back"));
    REQUIRE(ok(disk.remove("a")));
    Script choices({{Site::disk_crash_directory, {strikes}}});
    disk.crash(choices, CrashProfile{});
    REQUIRE(content(disk, "a") == "back");
    REQUIRE(disk.faults().of(Fault::disk_lost_directory_entry).fired == 1);
    REQUIRE(disk.faults().of(Fault::disk_lost_directory_entry).consumed == 1);
}

TEST_CASE("disk: a rename that was not synced leaves the old name, the new one or both", "[disk]") {
    const auto after = [](std::vector<std::uint64_t> answers) {
        Disk disk(node);
        synced(disk, "old", as_bytes("moved"));
        synced(disk, "new", as_bytes("replaced"));
        REQUIRE(ok(disk.rename("old", "new")));
        Script choices({{Site::disk_crash_directory, std::move(answers)}});
        disk.crash(choices, CrashProfile{});
        std::map<std::string, std::string> files;
        for (const std::string& name : disk.durable_files()) {
            files[name] = content(disk, name);
        }
        REQUIRE(
            disk.faults().of(Fault::disk_rename_undone).fired == (files.contains("old") ? 1u : 0u));
        return files;
    };
    using Files = std::map<std::string, std::string>;
    REQUIRE(after({0}) == Files{{"new", "moved"}});
    REQUIRE(after({strikes, 0}) == Files{{"old", "moved"}, {"new", "replaced"}});
    REQUIRE(after({strikes, 1}) == Files{{"old", "moved"}, {"new", "moved"}});
}

TEST_CASE("disk: operations that were not issued leave no trace", "[disk]") {
    Disk disk(node);
    auto a = synced(disk, "a", {});
    auto b = synced(disk, "b", {});
    REQUIRE(ok(a->write(0, as_bytes("1"))));
    REQUIRE(ok(b->write(0, as_bytes("2"))));
    made(disk, "c");
    REQUIRE(ok(a->write(1, as_bytes("3"))));
    REQUIRE(disk.unsynced_operations() == 4);
    disk.crash_after_operations(2);
    SeededChoices choices(1);
    const CrashReport report = disk.crash(choices, keep_everything);
    REQUIRE(content(disk, "a") == "1");
    REQUIRE(content(disk, "b") == "2");
    REQUIRE_FALSE(ok(disk.open("c")));
    REQUIRE(report.operations == 2);
    REQUIRE(report.lost_bytes == 0);
}

TEST_CASE("disk: the power can fail between two operations", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", {});
    disk.power_off_after(2);
    REQUIRE(ok(file->write(0, as_bytes("12"))));
    REQUIRE(ok(file->sync()));
    REQUIRE_FALSE(disk.powered_off());
    REQUIRE_FALSE(ok(file->write(2, as_bytes("34"))));
    REQUIRE(disk.powered_off());
    REQUIRE_FALSE(ok(file->sync()));
    REQUIRE_FALSE(ok(disk.open("a")));
    SeededChoices choices(1);
    disk.crash(choices, keep_everything);
    REQUIRE_FALSE(disk.powered_off());
    REQUIRE(content(disk, "a") == "12");
}

TEST_CASE("disk: a power failure that was called off does not strike", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", {});
    disk.power_off_after(0);
    disk.keep_power();
    REQUIRE(ok(file->write(0, as_bytes("1"))));
}

TEST_CASE("disk: after a crash synced names stand and unsynced ones are old or new", "[disk]") {
    std::uint64_t harmed = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SeededChoices choices(seed);
        std::uint64_t asked = 0;
        const auto draw = [&](std::uint64_t domain) {
            return choices.choose(Site::test_b, 0, ++asked, domain);
        };
        Disk disk(node);
        using Names = std::map<std::string, std::string>;  // name to content
        std::vector<Names> states{{}};                     // since the last sync_directory
        char content_of_next = 'A';
        for (std::uint64_t step = 0; step < 12; ++step) {
            const std::string name(1, static_cast<char>('a' + draw(4)));
            const std::string other(1, static_cast<char>('a' + draw(4)));
            Names next = states.back();
            const std::uint64_t action = draw(8);
            if (action == 0) {
                REQUIRE(ok(disk.sync_directory("")));
                states.assign(1, next);
                continue;
            }
            if (action < 4 && !next.contains(name)) {
                const std::string bytes(1, content_of_next++);
                auto file = made(disk, name);
                REQUIRE(ok(file->write(0, as_bytes(bytes))));
                REQUIRE(ok(file->sync()));
                next[name] = bytes;
            } else if (action < 6 && next.contains(name)) {
                REQUIRE(ok(disk.remove(name)));
                next.erase(name);
            } else if (next.contains(name) && name != other) {
                REQUIRE(ok(disk.rename(name, other)));
                next[other] = next[name];
                next.erase(name);
            }
            states.push_back(next);
        }
        disk.crash(choices, CrashProfile{});
        harmed += disk.last_crash().lost_entries;
        for (std::string name = "a"; name <= "d"; ++name[0]) {
            const std::string found = text(disk.durable(name));  // "" = no such file
            const auto had = [&](const Names& names) {
                const auto at = names.find(name);
                return (at == names.end() ? "" : at->second) == found;
            };
            REQUIRE(std::any_of(states.begin(), states.end(), had));
        }
        for (const auto& [name, bytes] : states.front()) {
            const auto under_some_name = [&](const Names& names) {
                return std::any_of(names.begin(), names.end(),
                    [&](const auto& entry) { return entry.second == bytes; });
            };
            if (!std::all_of(states.begin(), states.end(), under_some_name)) {
                continue;  // removed or replaced on the way
            }
            const std::vector<std::string> names = disk.durable_files();
            REQUIRE(std::any_of(names.begin(), names.end(),
                [&](const std::string& each) { return text(disk.durable(each)) == bytes; }));
        }
    }
    REQUIRE(harmed > 1000);
}

namespace {

// A log-like life: appends in groups, new files, a rename; a crash in the middle of it, then
// everything is read.
void live_and_crash(Disk& disk, SeededChoices& choices, std::uint64_t life) {
    const std::uint64_t entity = life;
    std::uint64_t asked = 0;
    const auto draw = [&](std::uint64_t domain) {
        return choices.choose(Site::test_a, entity, ++asked, domain);
    };
    const std::string name = "segment" + std::to_string(life);
    auto file = made(disk, name);
    const std::uint64_t groups = draw(6);
    std::uint64_t end = 0;
    for (std::uint64_t group = 0; group < groups; ++group) {
        const std::uint64_t writes = 1 + draw(3);
        for (std::uint64_t write = 0; write < writes; ++write) {
            const std::uint64_t bytes = 100 + draw(5000);
            REQUIRE(ok(file->write(end, filled(bytes, static_cast<char>('a' + draw(26))))));
            end += bytes;
        }
        if (group + 1 < groups) {
            REQUIRE(ok(file->sync()));
            REQUIRE(ok(disk.sync_directory("")));
        }
    }
    const std::string temporary = "temporary" + std::to_string(life);
    made(disk, temporary);
    REQUIRE(ok(disk.rename(temporary, "current")));
    disk.crash(choices, CrashProfile{});
    for (const std::string& each : *disk.list("")) {
        content(disk, each);
    }
}

}  // namespace

TEST_CASE("disk: every kind of crash fault fires and is felt", "[disk]") {
    FaultCounts faults;
    std::uint64_t crashes_with_loss = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Disk disk(node);
        SeededChoices choices(seed);
        for (std::uint64_t life = 0; life < 5; ++life) {
            live_and_crash(disk, choices, life);
            crashes_with_loss += disk.last_crash_lost_bytes() ? 1u : 0u;
        }
        faults.add(disk.faults());
    }
    for (Fault fault : {Fault::disk_lost_write, Fault::disk_reordered_write, Fault::disk_torn_write,
             Fault::disk_size_before_data, Fault::disk_data_before_size,
             Fault::disk_lost_directory_entry, Fault::disk_rename_undone,
             Fault::disk_garbage_sector}) {
        INFO(fault_name(fault));
        REQUIRE(faults.of(fault).fired >= 100);
        REQUIRE(faults.of(fault).consumed >= 50);
        REQUIRE(faults.of(fault).consumed <= faults.of(fault).fired);
    }
    REQUIRE(crashes_with_loss >= 300);
}

TEST_CASE("disk: the same seed leaves the same image, on every compiler", "[disk]") {
    const auto lives = [](std::uint64_t first_seed) {
        Hash128 all;
        for (std::uint64_t seed = first_seed; seed < first_seed + 20; ++seed) {
            Disk disk(node);
            SeededChoices choices(seed);
            for (std::uint64_t life = 0; life < 5; ++life) {
                live_and_crash(disk, choices, life);
            }
            all.add(disk.hash().high());
            all.add(disk.hash().low());
        }
        return all;
    };
    REQUIRE(lives(0) == lives(0));
    REQUIRE(lives(0) != lives(20));
    // Changes with the fault model or the bytes of a hash, and with nothing else.
    REQUIRE(lives(0).high() == 17751506790928777197u);
    REQUIRE(lives(0).low() == 12966565765355732912u);
}

}  // namespace ledger::sim
