#include "sim/disk_media.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include "tests/sim/disk_sample.h"

namespace ledger::sim {
namespace {

FaultCount count(const Disk& disk, Fault fault) {
    return disk.faults().of(fault);
}

ByteVector bytes_of(const std::string& text) {
    const ByteSpan bytes = as_bytes(text);
    return ByteVector(bytes.begin(), bytes.end());
}

// One place of the durable file "a".
Harm harm_of(const Disk& disk, Fault fault, std::uint64_t from, ByteVector bytes) {
    const std::uint64_t to = from + bytes.size();
    return {.fault = fault,
        .places = {{disk.durable_number("a"), from, to, std::move(bytes)}}};
}

Harm unreadable(const Disk& disk, std::uint64_t from, std::uint64_t to) {
    return {.fault = Fault::disk_sector_error,
        .places = {{disk.durable_number("a"), from, to, {}}}};
}

bool reads(log::File& file, std::uint64_t offset, std::uint64_t bytes) {
    ByteVector into(bytes);
    return ok(file.read(offset, into));
}

std::string part(log::File& file, std::uint64_t offset, std::uint64_t bytes) {
    ByteVector into(bytes);
    REQUIRE(*file.read(offset, into) == bytes);
    return text(into);
}

std::uint64_t overlays(const Disk& disk) {
    return disk.overlays(disk.durable_number("a")).size();
}

}  // namespace

TEST_CASE("media: rotten bits are what the node reads, again and again, and nobody else",
    "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    const Hash128 before = disk.hash();
    REQUIRE(disk.harm(harm_of(disk, Fault::disk_bit_rot, 4, filled(1, 'x'))));
    CHECK(count(disk, Fault::disk_bit_rot).fired == 1);
    CHECK(part(*file, 0, 4) == "0123");
    CHECK(count(disk, Fault::disk_bit_rot).consumed == 0);
    CHECK(part(*file, 0, 10) == "0123x56789");
    CHECK(part(*file, 4, 2) == "x5");
    CHECK(count(disk, Fault::disk_bit_rot).consumed == 1);
    CHECK(text(disk.durable("a")) == "0123456789");
    CHECK(disk.hash() == before);
    CHECK(text(disk.snapshot().files.front().bytes) == "0123456789");
}

TEST_CASE("media: a harm that changes nothing, or has nothing durable to change, does not happen",
    "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    REQUIRE(ok(file->write(8, as_bytes("new!"))));
    const auto rot = [&](std::uint64_t from, const std::string& bytes) {
        return disk.harm(harm_of(disk, Fault::disk_bit_rot, from, bytes_of(bytes)));
    };
    CHECK_FALSE(rot(2, "2"));
    CHECK_FALSE(rot(7, "xx"));   // something is on its way there
    CHECK_FALSE(rot(11, "x"));
    CHECK_FALSE(disk.harm({.fault = Fault::disk_bit_rot, .places = {{99, 0, 1, filled(1, 'x')}}}));
    CHECK_FALSE(disk.harm({.fault = Fault::disk_bit_rot, .places = {}}));
    CHECK(rot(2, "2x"));
    CHECK_FALSE(rot(3, "yy"));  // it has its harm
    CHECK(count(disk, Fault::disk_bit_rot).fired == 1);
}

TEST_CASE("media: a sector that cannot be read fails every read that touches it, and no other",
    "[disk]") {
    const std::uint64_t bytes = GENERATE(sector_bytes, device_page_bytes);
    Disk disk(node);
    auto file = synced(disk, "a", filled(3 * bytes, 'o'));
    CHECK_FALSE(disk.harm(unreadable(disk, bytes, 2 * bytes - 1)));
    CHECK_FALSE(disk.harm(unreadable(disk, bytes + 1, 2 * bytes)));
    REQUIRE(disk.harm(unreadable(disk, bytes, 2 * bytes)));
    CHECK(reads(*file, 0, bytes));
    CHECK(reads(*file, 2 * bytes, bytes));
    CHECK(count(disk, Fault::disk_sector_error).consumed == 0);
    ByteVector into(10);
    CHECK(file->read(bytes - 1, into).error().code == log::Errc::io_error);
    CHECK(into == ByteVector(10));  // nothing of it
    CHECK_FALSE(reads(*file, 2 * bytes - 1, 1));
    CHECK_FALSE(reads(*file, 0, 3 * bytes));
    CHECK(count(disk, Fault::disk_sector_error).fired == 1);
    CHECK(count(disk, Fault::disk_sector_error).consumed == 1);
}

TEST_CASE("media: a whole new sector can be read again, a part of one cannot", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(2048, 'o'));
    REQUIRE(disk.harm(unreadable(disk, 512, 1536)));
    REQUIRE(ok(file->write(600, filled(100, 'n'))));
    CHECK_FALSE(reads(*file, 650, 1));
    REQUIRE(ok(file->write(512, filled(512, 'n'))));
    CHECK(part(*file, 512, 512) == std::string(512, 'n'));
    CHECK_FALSE(reads(*file, 1024, 1));
    REQUIRE(ok(file->sync()));
    CHECK(part(*file, 512, 512) == std::string(512, 'n'));
    CHECK_FALSE(reads(*file, 1535, 1));
    REQUIRE(ok(file->write(1024, filled(512, 'n'))));
    REQUIRE(ok(file->sync()));
    CHECK(overlays(disk) == 0);
}

TEST_CASE("media: the last sector of a file is whole when it is written to the end", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(700, 'o'));
    REQUIRE(disk.harm(unreadable(disk, 512, 700)));
    REQUIRE(ok(file->write(512, filled(188, 'n'))));
    REQUIRE(ok(file->sync()));
    CHECK(part(*file, 0, 700) == std::string(512, 'o') + std::string(188, 'n'));
}

TEST_CASE("media: what is written hides a harm, and only what reaches the disk ends it", "[disk]") {
    const bool survives = GENERATE(true, false);
    Disk disk(node);
    {
        auto file = synced(disk, "a", filled(1536, 'o'));
        REQUIRE(disk.harm(harm_of(disk, Fault::disk_bit_rot, 500, filled(24, 'x'))));
        REQUIRE(ok(file->write(512, filled(512, 'n'))));
        CHECK(part(*file, 500, 24) == std::string(12, 'x') + std::string(12, 'n'));
    }
    SeededChoices choices(1);
    disk.crash(choices, survives ? keep_everything : lose_everything);
    auto file = opened(disk, "a");
    const std::string there = survives ? std::string(12, 'n') : std::string(12, 'x');
    CHECK(part(*file, 500, 24) == std::string(12, 'x') + there);
    CHECK(part(*file, 524, 1) == (survives ? "n" : "o"));
}

TEST_CASE("media: a harm outlives crashes, follows the file to its new name, and goes with it",
    "[disk]") {
    Disk disk(node);
    SeededChoices choices(1);
    synced(disk, "a", as_bytes("0123456789"));
    REQUIRE(disk.harm(harm_of(disk, Fault::disk_bit_rot, 4, filled(1, 'x'))));
    disk.crash(choices, lose_everything);
    REQUIRE(ok(disk.rename("a", "b")));
    CHECK(content(disk, "b") == "0123x56789");
    REQUIRE(ok(disk.sync_directory("")));
    synced(disk, "a", as_bytes("0123456789"));
    CHECK(content(disk, "a") == "0123456789");
    disk.crash(choices, lose_everything);
    CHECK(content(disk, "b") == "0123x56789");
    REQUIRE(ok(disk.rename("a", "b")));
    REQUIRE(ok(disk.sync_directory("")));
    CHECK(content(disk, "b") == "0123456789");
}

TEST_CASE("media: a file that is cut and grows again has no old harm", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(1024, 'o'));
    REQUIRE(disk.harm(harm_of(disk, Fault::disk_bit_rot, 600, filled(8, 'x'))));
    REQUIRE(ok(file->resize(512)));
    REQUIRE(ok(file->resize(1024)));
    CHECK(part(*file, 600, 8) == std::string(8, '\0'));
    REQUIRE(ok(file->sync()));
    CHECK(part(*file, 600, 8) == std::string(8, '\0'));
    CHECK(overlays(disk) == 0);
}

TEST_CASE("media: a phantom write shows what was there before, zeros where nothing was", "[disk]") {
    Disk disk(node);
    disk.remember_writes(2);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    REQUIRE(ok(file->write(6, as_bytes("ABCDEFGH"))));
    REQUIRE(ok(file->sync()));
    const auto past = disk.past_writes(disk.durable_number("a"));
    REQUIRE(past.size() == 1);  // the first one was written over in part
    CHECK(past.front().offset == 6);
    CHECK(past.front().bytes == 8);
    CHECK(text(past.front().before) == "6789");
    ByteVector old = past.front().before;
    old.resize(past.front().bytes);
    REQUIRE(disk.harm(harm_of(disk, Fault::disk_phantom_write, 6, old)));
    CHECK(content(disk, "a") == "0123456789" + std::string(4, '\0'));
    CHECK(text(disk.durable("a")) == "012345ABCDEFGH");
    CHECK(count(disk, Fault::disk_phantom_write).fired == 1);
    CHECK(count(disk, Fault::disk_phantom_write).consumed == 1);
}

TEST_CASE("media: so many past writes are known as were asked for, and none by default", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0"));
    const std::uint32_t number = disk.durable_number("a");
    const auto append = [&](std::uint64_t at) {
        REQUIRE(ok(file->write(at, as_bytes("x"))));
        REQUIRE(ok(file->sync()));
    };
    append(1);
    CHECK(disk.past_writes(number).empty());
    disk.remember_writes(3);
    for (std::uint64_t i = 2; i < 8; ++i) {
        append(i);
    }
    REQUIRE(disk.past_writes(number).size() == 3);
    CHECK(disk.past_writes(number).back().offset == 7);
    CHECK(disk.past_writes(number).back().before.empty());
    REQUIRE(ok(file->resize(7)));
    REQUIRE(ok(file->sync()));
    CHECK(disk.past_writes(number).size() == 2);
}

TEST_CASE("media: a misdirected write harms two places, and is felt once", "[disk]") {
    Disk disk(node);
    auto a = synced(disk, "a", as_bytes("old and new"));
    auto b = synced(disk, "b", as_bytes("innocent"));
    const std::uint32_t other = disk.durable_number("b");
    Harm write = harm_of(disk, Fault::disk_misdirected_write, 8, filled(3, '.'));
    write.places.push_back({other, 0, 3, bytes_of("new")});
    Harm beyond = write;
    beyond.places.back().to = 300;
    beyond.places.back().bytes.resize(300);
    CHECK_FALSE(disk.harm(std::move(beyond)));  // all of it or nothing
    CHECK(content(disk, "a") == "old and new");
    REQUIRE(disk.harm(std::move(write)));
    CHECK(content(disk, "b") == "newocent");
    CHECK(content(disk, "a") == "old and ...");
    CHECK(count(disk, Fault::disk_misdirected_write).fired == 1);
    CHECK(count(disk, Fault::disk_misdirected_write).consumed == 1);
    // Writing again at one place does not mend the other.
    REQUIRE(ok(a->write(8, as_bytes("new"))));
    REQUIRE(ok(a->sync()));
    CHECK(content(disk, "a") == "old and new");
    CHECK(content(disk, "b") == "newocent");
}

TEST_CASE("media: misdirected and stale reads go wrong once", "[disk]") {
    const Fault fault = GENERATE(Fault::disk_misdirected_read, Fault::disk_stale_read);
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    Harm harm = harm_of(disk, fault, 2, filled(4, 'x'));
    harm.once = true;
    REQUIRE(disk.harm(std::move(harm)));
    CHECK(part(*file, 6, 4) == "6789");
    CHECK(count(disk, fault).consumed == 0);
    CHECK(part(*file, 0, 4) == "01xx");
    CHECK(part(*file, 0, 10) == "0123456789");
    CHECK(count(disk, fault).fired == 1);
    CHECK(count(disk, fault).consumed == 1);
}

TEST_CASE("media: all harms end at once when the disk is to show what it was given", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(1024, 'o'));
    REQUIRE(disk.harm(harm_of(disk, Fault::disk_bit_rot, 4, filled(1, 'x'))));
    REQUIRE(disk.harm(unreadable(disk, 512, 1024)));
    disk.end_harms();
    CHECK(content(disk, "a") == std::string(1024, 'o'));
    CHECK(count(disk, Fault::disk_bit_rot).consumed == 0);
}

TEST_CASE("media: a short write takes a part and says so", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("----------"));
    disk.inject({.operation = DiskOperation::write, .error = log::Errc::no_space, .bytes_done = 3});
    CHECK(file->write(0, as_bytes("012345")).error().code == log::Errc::no_space);
    CHECK(content(disk, "a") == "012-------");
    CHECK(count(disk, Fault::disk_short_write).fired == 1);
    CHECK(count(disk, Fault::disk_short_write).consumed == 1);
    disk.inject({.operation = DiskOperation::write});
    CHECK_FALSE(ok(file->write(0, as_bytes("abc"))));
    CHECK(count(disk, Fault::disk_short_write).fired == 1);  // nothing of it was taken
}

TEST_CASE("media: another consumer takes the space and gives it back", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    disk.take_space(4);
    CHECK(count(disk, Fault::disk_crowded).fired == 1);
    REQUIRE(ok(file->write(10, as_bytes("abcd"))));
    REQUIRE(ok(file->write(0, as_bytes("in place"))));
    CHECK(count(disk, Fault::disk_crowded).consumed == 0);
    CHECK(file->write(14, as_bytes("e")).error().code == log::Errc::no_space);
    CHECK(file->resize(15).error().code == log::Errc::no_space);
    CHECK(count(disk, Fault::disk_crowded).consumed == 1);
    REQUIRE(ok(file->resize(10)));
    REQUIRE(ok(file->write(10, as_bytes("abcd"))));
    disk.give_space_back();
    REQUIRE(ok(file->write(14, as_bytes("e"))));
    disk.take_space(0);
    CHECK_FALSE(ok(file->write(15, as_bytes("f"))));
    SeededChoices choices(1);
    file.reset();
    disk.crash(choices, keep_everything);
    CHECK_FALSE(disk.crowded());
    CHECK(count(disk, Fault::disk_crowded).fired == 2);
}

TEST_CASE("media: what a disk can hold at most binds beside another consumer", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", as_bytes("0123456789"));
    disk.set_capacity(12);
    disk.take_space(100);
    CHECK(file->write(10, as_bytes("abc")).error().code == log::Errc::no_space);
    CHECK(count(disk, Fault::disk_crowded).consumed == 0);
}

TEST_CASE("media: a device of whole pages tears between pages only", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(3 * device_page_bytes, 'o'));
    REQUIRE(ok(file->write(1000, filled(2 * device_page_bytes, 'n'))));
    // Torn; then page by page: kept, lost, kept.
    Script choices({{Site::disk_crash_keep, {strikes, 0, strikes, 0}}});
    disk.crash(choices, CrashProfile{.tear = 0, .split_size = 0, .whole_pages = true});
    const std::string found = content(disk, "a");
    CHECK(found.substr(0, 1000) == std::string(1000, 'o'));
    CHECK(found.substr(1000, 3096) == std::string(3096, 'n'));
    CHECK(found.substr(4096, 4096) == std::string(4096, 'o'));
    CHECK(found.substr(8192) == std::string(1000, 'n') + std::string(3096, 'o'));
    CHECK(count(disk, Fault::disk_torn_page).fired == 1);
    CHECK(count(disk, Fault::disk_torn_page).consumed == 1);
    CHECK(count(disk, Fault::disk_torn_write).fired == 0);
}

TEST_CASE("media: a page that is written back carries what the cache holds of it", "[disk]") {
    Disk disk(node);
    auto file = synced(disk, "a", filled(2 * device_page_bytes, 'o'));
    REQUIRE(ok(file->write(0, filled(512, '1'))));
    REQUIRE(ok(file->write(2048, filled(512, '2'))));
    // The first write is lost by itself, the second one brings its page along.
    Script choices({{Site::disk_crash_keep, {0, strikes}}});
    disk.crash(choices, CrashProfile{.tear = 0, .split_size = 0, .whole_pages = true});
    const std::string found = content(disk, "a");
    CHECK(found.substr(0, 512) == std::string(512, '1'));
    CHECK(found.substr(512, 1536) == std::string(1536, 'o'));
    CHECK(found.substr(2048, 512) == std::string(512, '2'));
}

namespace {

// One step against a file of which bytes go wrong.
struct Step {
    int kind = 0;  // 0-3 write, 4 resize, 5 sync, 6-7 rot
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
    return out << step.kind << ':' << step.offset << '+' << step.bytes;
}

rc::Gen<std::vector<Step>> steps() {
    return rc::gen::container<std::vector<Step>>(
        rc::gen::build<Step>(rc::gen::set(&Step::kind, rc::gen::inRange(0, 8)),
            rc::gen::set(&Step::offset, rc::gen::inRange<std::uint64_t>(0, 1500)),
            rc::gen::set(&Step::bytes, rc::gen::inRange<std::uint64_t>(1, 700))));
}

// The dumb twin: for each byte what the node reads, and what the disk would show it after a crash
// that keeps nothing unsynced.
struct Twin {
    std::string cached;
    std::string stored;

    void write(std::uint64_t offset, const std::string& data) {
        cached.resize(std::max<std::uint64_t>(cached.size(), offset + data.size()));
        cached.replace(offset, data.size(), data);
    }
    void rot(std::uint64_t offset, const std::string& data) {
        cached.replace(offset, data.size(), data);
        stored.replace(offset, data.size(), data);
    }
};

}  // namespace

TEST_CASE("media: reads follow a dumb twin through writes, syncs, rot and a crash", "[disk]") {
    rc::prop("same bytes", [] {
        Disk disk(node);
        std::uint64_t harmed = 0;
        Twin twin;
        {
            auto file = synced(disk, "a", filled(1024, '-'));
            twin.cached = twin.stored = std::string(1024, '-');
            char letter = 'a';
            for (const Step& step : *steps()) {
                const bool rots = step.kind >= 6;
                const std::string data(rots ? step.bytes % 60 + 1 : step.bytes, letter);
                letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
                if (step.kind == 5) {
                    RC_ASSERT(ok(file->sync()));
                    twin.stored = twin.cached;
                } else if (step.kind == 4) {
                    RC_ASSERT(ok(file->resize(step.offset)));
                    twin.cached.resize(step.offset);
                } else if (step.kind < 4) {
                    RC_ASSERT(ok(file->write(step.offset, as_bytes(data))));
                    twin.write(step.offset, data);
                } else if (disk.harm(harm_of(
                               disk, Fault::disk_bit_rot, step.offset, bytes_of(data)))) {
                    twin.rot(step.offset, data);
                    ++harmed;
                }
                RC_ASSERT(content(disk, "a") == twin.cached);
            }
        }
        SeededChoices choices(1);
        disk.crash(choices, lose_everything);
        RC_ASSERT(content(disk, "a") == twin.stored);
        RC_ASSERT(disk.faults().of(Fault::disk_bit_rot).fired == harmed);
        RC_TAG(harmed > 0 ? "harmed" : "never harmed");
    });
}

TEST_CASE("media: after any crash a harm is there in the bytes that are old, and in no others",
    "[disk]") {
    rc::prop("old bytes are rotten", [](std::uint64_t seed, bool whole_pages) {
        Disk disk(node);
        {
            auto file = synced(disk, "a", filled(12'288, 'o'));
            RC_ASSERT(disk.harm(harm_of(disk, Fault::disk_bit_rot, 1000, filled(9000, 'x'))));
            for (const std::uint64_t offset : {512u, 3000u, 6144u, 9000u}) {
                RC_ASSERT(ok(file->write(offset, filled(1024, 'n'))));
            }
        }
        SeededChoices choices(seed);
        disk.crash(choices, CrashProfile{.tear = 0, .split_size = 0, .whole_pages = whole_pages});
        const std::string durable = text(disk.durable("a"));
        const std::string read = content(disk, "a");
        for (std::size_t i = 0; i < durable.size(); ++i) {
            const bool rotten = durable[i] == 'o' && i >= 1000 && i < 10'000;
            RC_ASSERT(read[i] == (rotten ? 'x' : durable[i]));
        }
    });
}

}  // namespace ledger::sim
