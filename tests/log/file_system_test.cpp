#include "log/file_system.h"

#include <catch2/catch.hpp>

#include "tests/log/failing_file_system.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

namespace {

const ByteVector old_bytes = sample_bytes(1, 3000);
const ByteVector new_bytes = sample_bytes(2, 2500);

void make(MemoryFileSystem& files, const std::string& name, const ByteVector& bytes) {
    const auto file = files.create(name);
    REQUIRE(file);
    REQUIRE((*file)->write(0, bytes));
    REQUIRE((*file)->sync());
    REQUIRE(files.sync_directory("wal"));
}

}  // namespace

TEST_CASE("file_system: a replaced file has the new bytes, and they are durable", "[log]") {
    MemoryFileSystem files;
    make(files, "wal/a", old_bytes);
    make(files, "wal/a.temporary", sample_bytes(3, 9999));  // of an earlier attempt
    REQUIRE(replace_file(files, "wal", "a", new_bytes));
    files.crash([] { return false; });
    CHECK((files.image() == std::map<std::string, ByteVector>{{"wal/a", new_bytes}}));
}

TEST_CASE("file_system: a crash leaves the old file or the new one", "[log]") {
    bool saw_old = false;
    bool saw_new = false;
    for (std::uint64_t mode = 0; mode < 12; ++mode) {
        for (std::uint64_t steps = 0;; ++steps) {
            MemoryFileSystem files;
            make(files, "wal/a", old_bytes);
            files.fail_after(steps);
            const bool done = replace_file(files, "wal", "a", new_bytes).has_value();
            files.crash(keeping(mode));
            const auto image = files.image();
            REQUIRE(image.contains("wal/a"));
            const bool replaced = image.at("wal/a") == new_bytes;
            REQUIRE((replaced || image.at("wal/a") == old_bytes));
            REQUIRE((replaced || !done));
            saw_old = saw_old || !replaced;
            saw_new = saw_new || (replaced && !done);
            // What a crash left is in nobody's way.
            REQUIRE(replace_file(files, "wal", "a", new_bytes));
            REQUIRE((files.image() == std::map<std::string, ByteVector>{{"wal/a", new_bytes}}));
            if (done) {
                break;
            }
        }
    }
    CHECK(saw_old);
    CHECK(saw_new);
}

TEST_CASE("file_system: without space nothing is replaced, and nothing is left behind", "[log]") {
    MemoryFileSystem memory;
    make(memory, "wal/a", old_bytes);
    const auto before = memory.image();
    FailingFileSystem files(memory);
    files.space = new_bytes.size() - 1;
    const auto refused = replace_file(files, "wal", "a", new_bytes);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_space);
    CHECK(memory.image() == before);
}

}  // namespace ledger::log
