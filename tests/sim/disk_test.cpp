#include "sim/disk.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "log/base/choice.h"

namespace ledger::sim {
namespace {

constexpr NodeId node{3};

// Catch2 would want to print a Result.
template <typename T>
bool ok(const Result<T>& result) {
    return static_cast<bool>(result);
}

std::string text(ByteSpan bytes) {
    return std::string(as_text(bytes));
}

ByteVector filled(std::uint64_t bytes, char with) {
    return ByteVector(bytes, static_cast<std::byte>(with));
}

std::unique_ptr<log::File> made(Disk& disk, const std::string& name) {
    auto file = disk.create(name);
    REQUIRE(ok(file));
    return std::move(*file);
}

std::unique_ptr<log::File> opened(Disk& disk, const std::string& name) {
    auto file = disk.open(name);
    REQUIRE(ok(file));
    return std::move(*file);
}

// A file whose name and whose content are durable.
std::unique_ptr<log::File> synced(Disk& disk, const std::string& name, ByteSpan content) {
    auto file = made(disk, name);
    REQUIRE(ok(file->write(0, content)));
    REQUIRE(ok(file->sync()));
    REQUIRE(ok(disk.sync_directory("")));
    return file;
}

std::string content(Disk& disk, const std::string& name) {
    auto file = opened(disk, name);
    ByteVector bytes(*file->size());
    REQUIRE(*file->read(0, bytes) == bytes.size());
    return text(bytes);
}

// Answers that a test wrote down, by site, in order; beyond them the harmless 0.
class Script final : public ChoiceSource {
  public:
    explicit Script(std::map<Site, std::vector<std::uint64_t>> answers)
        : answers_(std::move(answers)) {}
    std::uint64_t choose(
        Site site, std::uint64_t, std::uint64_t, std::uint64_t domain) override {
        std::vector<std::uint64_t>& queue = answers_[site];
        if (queue.empty()) {
            return 0;
        }
        const std::uint64_t answer = std::min(queue.front(), domain - 1);
        queue.erase(queue.begin());
        return answer;
    }

  private:
    std::map<Site, std::vector<std::uint64_t>> answers_;
};

constexpr std::uint64_t strikes = UINT64_MAX;  // the harmful end of every question

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
    return rc::gen::container<std::vector<Step>>(rc::gen::build<Step>(
        rc::gen::set(&Step::kind, rc::gen::inRange(0, 8)),
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

TEST_CASE("disk: what was written is read back, and counts as unsynced until the sync", "[disk]") {
    Disk disk(node);
    auto file = made(disk, "a");
    REQUIRE(ok(file->write(0, as_bytes("hello"))));
    REQUIRE(ok(file->write(10, as_bytes("world"))));
    REQUIRE(content(disk, "a") == std::string("hello\0\0\0\0\0world", 15));
    REQUIRE(disk.unsynced_bytes() == 10);
    REQUIRE(disk.unsynced_operations() == 3);
    REQUIRE(ok(file->sync()));
    REQUIRE(disk.unsynced_bytes() == 0);
    REQUIRE(disk.unsynced_operations() == 1);  // the name
    REQUIRE(ok(disk.sync_directory("")));
    REQUIRE(disk.unsynced_operations() == 0);
    REQUIRE(disk.durable("a").size() == 15);
}

TEST_CASE("disk: a read past the end is short", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("12345"));
    ByteVector into(4);
    REQUIRE(*file->read(3, into) == 2);
    REQUIRE(*file->read(5, into) == 0);
    REQUIRE(*file->read(99, into) == 0);
}

TEST_CASE("disk: names obey the contract of the file system", "[disk]") {
    Disk disk(node);
    REQUIRE(disk.open("x").error().code == log::Errc::not_found);
    REQUIRE(disk.create("d/x").error().code == log::Errc::not_found);
    REQUIRE(ok(disk.make_directory("d/e")));
    made(disk, "d/x");
    made(disk, "d/e/y");
    made(disk, "top");
    REQUIRE(disk.create("d/x").error().code == log::Errc::already_exists);
    REQUIRE(*disk.list("d") == std::vector<std::string>{"x"});
    REQUIRE(*disk.list("") == std::vector<std::string>{"top"});
    REQUIRE(disk.list("nowhere")->empty());
    REQUIRE(ok(disk.rename("d/x", "d/z")));
    REQUIRE(disk.rename("d/x", "d/z").error().code == log::Errc::not_found);
    REQUIRE(*disk.list("d") == std::vector<std::string>{"z"});
    REQUIRE(ok(disk.remove("d/z")));
    REQUIRE(disk.remove("d/z").error().code == log::Errc::not_found);
    REQUIRE(disk.list("d")->empty());
}

TEST_CASE("disk: a removed file stays readable through an open handle", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("still"));
    REQUIRE(ok(disk.remove("a")));
    REQUIRE(ok(disk.sync_directory("")));
    ByteVector into(5);
    REQUIRE(*file->read(0, into) == 5);
    REQUIRE(text(into) == "still");
    REQUIRE_FALSE(disk.durable_exists("a"));
}

TEST_CASE("disk: a resize cuts, and grows with zeros", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("abcdef"));
    REQUIRE(ok(file->resize(2)));
    REQUIRE(ok(file->resize(4)));
    REQUIRE(content(disk, "a") == std::string("ab\0\0", 4));
    REQUIRE(text(disk.durable("a")) == "abcdef");
    REQUIRE(ok(file->sync()));
    REQUIRE(text(disk.durable("a")) == std::string("ab\0\0", 4));
}

TEST_CASE("disk: the durable image is the page cache without what was not synced", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    REQUIRE(ok(file->write(2, as_bytes("xx"))));
    REQUIRE(ok(file->write(3, as_bytes("yyy"))));
    REQUIRE(ok(file->write(8, as_bytes("longer"))));
    REQUIRE(ok(file->resize(5)));
    REQUIRE(content(disk, "a") == "01xyy");
    REQUIRE(text(disk.durable("a")) == "0123456789");
    ByteVector part(3);
    REQUIRE(disk.read_durable("a", 7, part));
    REQUIRE(text(part) == "789");
    REQUIRE_FALSE(disk.read_durable("a", 8, part));
}

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
        REQUIRE(disk.faults().of(Fault::disk_rename_undone).fired ==
                (files.contains("old") ? 1u : 0u));
        return files;
    };
    using Files = std::map<std::string, std::string>;
    REQUIRE(after({0}) == Files{{"new", "moved"}});
    REQUIRE(after({strikes, 0}) == Files{{"old", "moved"}, {"new", "replaced"}});
    REQUIRE(after({strikes, 1}) == Files{{"old", "moved"}, {"new", "moved"}});
}

TEST_CASE("disk: a rename across directories is complete once both are synced", "[disk]") {
    Disk disk(node);
    REQUIRE(ok(disk.make_directory("from")));
    REQUIRE(ok(disk.make_directory("to")));
    auto file = made(disk, "from/a");
    REQUIRE(ok(disk.sync_directory("from")));
    REQUIRE(ok(disk.rename("from/a", "to/a")));
    REQUIRE(ok(disk.sync_directory("to")));
    REQUIRE(disk.durable_files() == std::vector<std::string>{"from/a", "to/a"});
    REQUIRE(ok(disk.remove("to/a")));
    REQUIRE(ok(disk.sync_directory("to")));
    REQUIRE(disk.durable_files() == std::vector<std::string>{"from/a"});
    REQUIRE(ok(disk.sync_directory("from")));
    REQUIRE(disk.durable_files().empty());
}

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

TEST_CASE("disk: a lost sector of a torn write may hold garbage, but only where it wrote",
    "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(1024, 'o'));
    REQUIRE(ok(file->write(100, filled(600, 'n'))));
    Script choices({{Site::disk_crash_keep, {strikes, strikes, 0}},
        {Site::disk_garbage, {strikes, 77}}});
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
    const std::string long_file = crashed(
        {{Site::disk_crash_keep, {0, strikes}}, {Site::disk_crash_size, {strikes, 0}}},
        Fault::disk_size_before_data);
    REQUIRE(long_file == "base" + std::string(100, '\0'));
    const std::string short_file = crashed(
        {{Site::disk_crash_size, {strikes, 1}}}, Fault::disk_data_before_size);
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

TEST_CASE("disk: a failed sync drops the pages and a later one does not bring them back",
    "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("old "));
    REQUIRE(ok(file->write(4, as_bytes("lost"))));
    disk.inject({.operation = DiskOperation::sync});
    REQUIRE(file->sync().error().code == log::Errc::io_error);
    REQUIRE(content(disk, "a") == "old lost");  // the page cache goes on serving it
    REQUIRE(ok(file->write(8, as_bytes(" new"))));
    REQUIRE(ok(file->sync()));
    REQUIRE(text(disk.durable("a")) == std::string("old \0\0\0\0 new", 12));
    SeededChoices choices(1);
    disk.crash(choices, keep_everything);
    REQUIRE(content(disk, "a") == std::string("old \0\0\0\0 new", 12));
}

TEST_CASE("disk: an injected error strikes the operation it was meant for", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("123"));
    disk.inject({.operation = DiskOperation::write, .after = 1, .bytes_done = 2});
    REQUIRE(ok(file->write(3, as_bytes("456"))));
    const auto failed = file->write(6, as_bytes("789"));
    REQUIRE(failed.error().code == log::Errc::io_error);
    REQUIRE(failed.error().place == "simulated disk of node 3, a: write failed");
    REQUIRE(content(disk, "a") == "12345678");
    disk.inject({.operation = DiskOperation::read, .error = log::Errc::permission_denied});
    REQUIRE(disk.open("a").error().code == log::Errc::permission_denied);
    REQUIRE(ok(disk.open("a")));
}

TEST_CASE("disk: a full disk refuses growth and nothing else", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(100, 'x'));
    disk.set_capacity(120);
    REQUIRE(ok(file->write(100, filled(20, 'y'))));
    REQUIRE(file->write(119, filled(2, 'z')).error().code == log::Errc::no_space);
    REQUIRE(file->resize(200).error().code == log::Errc::no_space);
    REQUIRE(ok(file->write(50, filled(20, 'z'))));
    REQUIRE(ok(file->resize(10)));
    REQUIRE(disk.used_bytes() == 10);
}

TEST_CASE("disk: a snapshot brings the durable image back", "[disk]") {
    Disk disk(node);
    REQUIRE(ok(disk.make_directory("d")));
    auto file = synced(disk, "a", as_bytes("kept"));
    const DiskImage image = disk.snapshot();
    const Hash128 hash = disk.hash();
    REQUIRE(ok(file->write(0, as_bytes("gone"))));
    REQUIRE(ok(file->sync()));
    REQUIRE(disk.hash() != hash);
    disk.restore(image);
    REQUIRE(disk.hash() == hash);
    REQUIRE(disk.snapshot() == image);
    REQUIRE(content(disk, "a") == "kept");
    Disk copy(NodeId{9});
    copy.restore(image);
    REQUIRE(copy.hash() == hash);
}

TEST_CASE("disk: changes to the durable image can be followed, but not for ever", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123"));
    const std::uint64_t seen = disk.changes();
    REQUIRE(ok(file->write(4, as_bytes("4567"))));
    REQUIRE(ok(file->write(2, as_bytes("x"))));
    REQUIRE(disk.changes() == seen);
    REQUIRE(ok(file->sync()));
    REQUIRE(disk.changes() == seen + 1);
    REQUIRE(disk.change(seen)->number == disk.durable_number("a"));
    REQUIRE(disk.change(seen)->from == 2);
    REQUIRE(ok(file->sync()));
    REQUIRE(disk.changes() == seen + 1);  // nothing was written in between
    SeededChoices choices(1);
    disk.crash(choices, keep_everything);
    REQUIRE_FALSE(disk.change(seen));
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

TEST_CASE("disk: after a crash what was synced stands and the rest is old or new per sector",
    "[disk]") {
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
            RC_ASSERT(std::any_of(twin.states.begin(), twin.states.end(),
                [&](const std::string& state) {
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
        RC_ASSERT(std::find(states.begin(), states.end(), text(disk.durable("f"))) !=
                  states.end());
        const bool fits = cut > 0 || text(disk.durable("f")) == states.front();
        RC_ASSERT(fits);
    });
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

// A log-like life: appends in groups, a small file rewritten in place, new files, renames; crash
// in the middle of it, then everything is read.
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
    for (Fault fault : {Fault::disk_lost_write, Fault::disk_reordered_write,
             Fault::disk_torn_write, Fault::disk_size_before_data, Fault::disk_data_before_size,
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
    REQUIRE(lives(0).high() == 9488206866742453916u);
    REQUIRE(lives(0).low() == 2218624953301012357u);
}

}  // namespace ledger::sim
