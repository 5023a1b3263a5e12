#include "log/posix_file_system.h"

#include <sys/stat.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/log/sample.h"
#include "tests/log/temporary_directory.h"

namespace ledger::log {

namespace {

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("posix: files keep what was written", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    REQUIRE(files->make_directory("a/b"));
    REQUIRE(files->make_directory("a/b"));
    auto file = files->create("a/b/file");
    REQUIRE(file);
    REQUIRE((*file)->write(5, as_bytes("hello")));
    REQUIRE((*file)->sync());
    CHECK(*(*file)->size() == 10);
    std::byte into[20];
    auto read = (*file)->read(3, into);
    REQUIRE(read);
    CHECK(*read == 7);
    CHECK(as_text(ByteSpan(into).first(7)) == std::string_view("\0\0hello", 7));
    REQUIRE((*file)->resize(7));
    CHECK(*(*file)->size() == 7);
    CHECK(*(*file)->read(7, into) == 0);
    REQUIRE(files->sync_directory("a/b"));
    REQUIRE(files->sync_directory(""));
    CHECK(mode_of(root.path() + "/a/b/file") == 0600);
    CHECK(mode_of(root.path() + "/a") == 0700);
}

TEST_CASE("posix: a file tells whether it has another name", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    REQUIRE(files->create("file"));
    CHECK(*files->has_other_names("file") == false);
    std::filesystem::create_hard_link(root.path() + "/file", root.path() + "/other");
    CHECK(*files->has_other_names("file") == true);
    REQUIRE(files->remove("other"));
    CHECK(*files->has_other_names("file") == false);
    CHECK(files->has_other_names("other").error().code == Errc::not_found);
}

TEST_CASE("posix: directories list files only, sorted", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    CHECK(files->list("none")->empty());
    REQUIRE(files->make_directory("d/sub"));
    for (const char* name : {"d/c", "d/a", "d/b"}) {
        REQUIRE(files->create(name));
    }
    CHECK(*files->list("d") == std::vector<std::string>{"a", "b", "c"});
    REQUIRE(files->rename("d/c", "d/a"));
    REQUIRE(files->remove("d/b"));
    CHECK(*files->list("d") == std::vector<std::string>{"a"});
}

TEST_CASE("posix: errors have our codes and name operation and file", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    const auto missing = files->open("missing");
    REQUIRE(!missing);
    CHECK(missing.error().code == Errc::not_found);
    CHECK(missing.error().place.find("open " + root.path() + "/missing") == 0);
    REQUIRE(files->create("file"));
    const auto twice = files->create("file");
    REQUIRE(!twice);
    CHECK(twice.error().code == Errc::already_exists);
    CHECK(files->remove("missing").error().code == Errc::not_found);
    CHECK(files->rename("missing", "x").error().code == Errc::not_found);
    CHECK(files->sync_directory("missing").error().code == Errc::not_found);
    CHECK(files->list("file").error().code == Errc::invalid_argument);
}

TEST_CASE("posix: a storage lives in a real directory", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path() + "/node");
    const Options options{"data/wal", 8192};
    REQUIRE(format(*files, options, sample_identity()));
    TwinLog twin;
    for (std::uint64_t round = 0; round < 3; ++round) {
        auto opened = open(*files, options, sample_identity());
        REQUIRE(opened);
        CHECK(opened->recovered.last == twin.last());
        for (std::uint64_t i = 0; i < 8; ++i) {
            Group group = twin.group(round * 100 + i, 3, 900);
            group.commit = twin.last();
            REQUIRE(opened->storage->write(group));
            REQUIRE(opened->storage->sync());
            twin.apply(group);
        }
        auto all = opened->storage->read(Index{1}, twin.last(), UINT64_MAX);
        REQUIRE(all);
        CHECK(*all == twin.entries);
    }
}

TEST_CASE("posix: whoever only looks changes nothing", "[log]") {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    {
        auto file = files->create("one");
        REQUIRE(file);
        REQUIRE((*file)->write(0, as_bytes("some bytes")));
    }
    // Not even a right to write is needed.
    std::filesystem::permissions(root.path() + "/one", std::filesystem::perms::owner_read);
    const auto looking = make_read_only_posix_file_system(root.path());
    auto file = looking->open("one");
    REQUIRE(file);
    CHECK(*(*file)->size() == 10);
    ByteVector bytes(10);
    CHECK(*(*file)->read(0, bytes) == 10);
    CHECK(as_text(bytes) == "some bytes");
    CHECK(looking->list("")->size() == 1);
    const auto refused = [](const auto& result) {
        return !result && result.error().code == Errc::permission_denied;
    };
    CHECK(refused((*file)->write(0, as_bytes("x"))));
    CHECK(refused((*file)->resize(1)));
    CHECK(refused((*file)->sync()));
    CHECK(refused(looking->create("two")));
    CHECK(refused(looking->remove("one")));
    CHECK(refused(looking->rename("one", "two")));
    CHECK(refused(looking->make_directory("a")));
    CHECK(refused(looking->sync_directory("")));
    CHECK(looking->list("")->size() == 1);
}

}  // namespace ledger::log
