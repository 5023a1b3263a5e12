#include "sim/disk.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/sim/disk_sample.h"

namespace ledger::sim {

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

TEST_CASE(
    "disk: a failed sync drops the pages and a later one does not bring them back", "[disk]") {
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

}  // namespace ledger::sim
