#include "node/asio/line_reader.h"

#include <fstream>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
    auto reader = LineReader::open(name);
    REQUIRE(reader.has_value());
    std::vector<std::string> lines;
    while (true) {
        const auto line = reader->next();
        REQUIRE(line.has_value());
        if (!*line) {
            return lines;
        }
        lines.emplace_back(**line);
    }
}

}  // namespace

TEST_CASE("line reader: lines come without their ends, the last one with or without", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("lines");
    const std::vector<std::string> expected = {"one", "", "three"};
    std::ofstream(name) << "one\n\nthree\n";
    CHECK(lines_of(name) == expected);
    std::ofstream(name) << "one\n\nthree";
    CHECK(lines_of(name) == expected);
    std::ofstream(name) << "";
    CHECK(lines_of(name).empty());
}

TEST_CASE("line reader: lines longer than what is read at once are whole", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("lines");
    const std::string half(200'000, 'a');
    const std::string longest(1'500'000, 'b');
    std::ofstream(name) << half << '\n' << longest << '\n' << half << '\n' << "end";
    CHECK((lines_of(name) == std::vector<std::string>{half, longest, half, "end"}));
}

TEST_CASE("line reader: a line without an end is refused by its number, not by memory", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("lines");
    std::ofstream(name) << "one\n";
    std::filesystem::resize_file(name, 4 * LineReader::line_bytes_max);  // a hole
    auto reader = LineReader::open(name);
    REQUIRE(reader.has_value());
    REQUIRE(reader->next().has_value());
    const auto second = reader->next();
    REQUIRE(second.has_error());
    CHECK(second.error().place.find("line 2 of " + name) != std::string::npos);
}

TEST_CASE("line reader: what cannot be read is named with the reason", "[ctl]") {
    const CtlFolder folder;
    const auto missing = LineReader::open(folder.file("missing"));
    REQUIRE(missing.has_error());
    CHECK(missing.error().place == folder.file("missing") +
                                       " cannot be read: No such file or directory");
    auto directory = LineReader::open(folder.path());
    REQUIRE(directory.has_value());
    const auto line = directory->next();
    REQUIRE(line.has_error());
    CHECK(line.error().place.find("Is a directory") != std::string::npos);
}

}  // namespace ledger::node::asio
