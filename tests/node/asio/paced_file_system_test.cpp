#include "node/asio/paced_file_system.h"

#include <chrono>

#include <catch2/catch.hpp>

#include "log/posix_file_system.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {

TEST_CASE("paced_file_system: gives the same bytes, and takes its time for them", "[ctl]") {
    constexpr std::size_t bytes = 700'000;
    const CtlFolder folder;
    const auto files = log::make_posix_file_system(folder.path());
    ByteVector written(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        written[i] = static_cast<std::byte>(i * 7 / 3);
    }
    REQUIRE((*files->create("file"))->write(0, written).has_value());

    const auto begin = std::chrono::steady_clock::now();
    PacedFileSystem paced(*files, bytes * 5);
    auto file = paced.open("file");
    REQUIRE(file.has_value());
    ByteVector read(bytes + 100);
    const auto got = (*file)->read(0, read);
    REQUIRE(got.has_value());
    CHECK(*got == bytes);  // fewer than asked for: the file ends there
    read.resize(bytes);
    CHECK(read == written);
    CHECK(paced.bytes_read() == bytes);
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(200));

    ByteVector rest(10);
    CHECK(*(*file)->read(bytes - 4, rest) == 4);
    CHECK(paced.bytes_read() == bytes + 4);
}

TEST_CASE("paced_file_system: all but reading is the other's", "[ctl]") {
    const CtlFolder folder;
    const auto files = log::make_posix_file_system(folder.path());
    PacedFileSystem paced(*files, 1u << 30);
    REQUIRE(paced.make_directory("a").has_value());
    {
        auto file = paced.create("a/one");
        REQUIRE(file.has_value());
        REQUIRE((*file)->write(0, ByteVector(9, std::byte{1})).has_value());
        REQUIRE((*file)->resize(7).has_value());
        REQUIRE((*file)->sync().has_value());
        CHECK(*(*file)->size() == 7);
    }
    CHECK(paced.create("a/one").error().code == make_error_code(log::Errc::already_exists));
    REQUIRE(paced.rename("a/one", "a/two").has_value());
    REQUIRE(paced.sync_directory("a").has_value());
    CHECK(*paced.list("a") == std::vector<std::string>{"two"});
    REQUIRE(paced.remove("a/two").has_value());
    CHECK(paced.open("a/two").error().code == make_error_code(log::Errc::not_found));
}

}  // namespace ledger::node::asio
