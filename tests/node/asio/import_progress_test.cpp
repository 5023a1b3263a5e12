#include "node/asio/import_progress.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

ImportProgress sample_progress() {
    return {.cluster = "0123456789abcdeffedcba9876543210",
        .input = std::string(64, 'a'),
        .session = SessionId{7},
        .sequence = Sequence{11},
        .lines = 600,
        .batch = 64,
        .next_lines = 3};
}

}  // namespace

TEST_CASE("import progress: what was saved is loaded", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("progress");
    const auto nothing = load_progress(name);
    REQUIRE(nothing.has_value());
    CHECK_FALSE(nothing->has_value());
    const ImportProgress saved = sample_progress();
    REQUIRE(save_progress(name, saved).has_value());
    const auto loaded = load_progress(name);
    REQUIRE(loaded.has_value());
    REQUIRE(loaded->has_value());
    CHECK((*loaded)->cluster == saved.cluster);
    CHECK((*loaded)->input == saved.input);
    CHECK((*loaded)->session == saved.session);
    CHECK((*loaded)->sequence == saved.sequence);
    CHECK((*loaded)->lines == saved.lines);
    CHECK((*loaded)->batch == saved.batch);
    CHECK((*loaded)->next_lines == saved.next_lines);
}

TEST_CASE("import progress: what is none of ours is an error that names the file", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("progress");
    REQUIRE(save_progress(name, sample_progress()).has_value());
    std::string text;
    std::getline(std::ifstream(name), text);
    for (const char* key : {"cluster", "input", "session", "sequence", "lines", "batch",
             "next_lines"}) {
        INFO(key);
        std::string changed = text;
        changed.replace(changed.find('"' + std::string(key) + '"') + 1, 2, "xx");
        std::ofstream(name, std::ios::trunc) << changed << '\n';
        const auto loaded = load_progress(name);
        REQUIRE(loaded.has_error());
        CHECK(loaded.error().place == name + ": not a file of progress");
    }
    std::ofstream(name, std::ios::trunc) << text.substr(0, text.size() / 2) << '\n';
    CHECK(load_progress(name).has_error());
}

TEST_CASE("import progress: where nothing can be written the place is named", "[ctl]") {
    const CtlFolder folder;
    const std::string name = folder.file("missing/progress");
    const auto saved = save_progress(name, sample_progress());
    REQUIRE(saved.has_error());
    CHECK(saved.error().place.find(name) != std::string::npos);
}

}  // namespace ledger::node::asio
