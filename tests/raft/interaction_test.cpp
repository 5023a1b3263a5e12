// Interaction: every script of raft/interaction is played, with golden output and hard facts.
// LEDGER_REWRITE_GOLDEN=1 in the environment writes the output anew; facts are never rewritten.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/raft/interaction/play.h"
#include "tests/source_directory.h"

namespace ledger::raft::interaction {
namespace {

const std::filesystem::path folder =
    std::filesystem::path(source_directory()) / "tests/raft/interaction";

std::string content_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> scripts() {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".rsc") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

Played play_text(const std::string& text) {
    return play(parse_script("script", text));
}

}  // namespace

TEST_CASE("interaction: every script plays as its golden text and its facts say", "[raft]") {
    const bool rewrite = std::getenv("LEDGER_REWRITE_GOLDEN") != nullptr;
    for (const std::filesystem::path& path : scripts()) {
        const std::string name = "tests/raft/interaction/" + path.filename().string();
        INFO(name);  // for an abort, which names no line
        const std::string text = content_of(path);
        const Played played = play(parse_script(name, text));
        for (const std::string& failure : played.failures) {
            FAIL_CHECK(failure);
        }
        if (rewrite) {
            std::ofstream(path, std::ios::binary) << text_of(played.script);
            continue;
        }
        for (const std::string& difference : played.differences) {
            FAIL_CHECK(difference);
        }
    }
}

TEST_CASE("interaction: there are scripts, and each says what it shows and whence", "[raft]") {
    const std::vector<std::filesystem::path> paths = scripts();
    CHECK(paths.size() >= 40);
    for (const std::filesystem::path& path : paths) {
        CAPTURE(path);
        const Script script = parse_script(path.filename().string(), content_of(path));
        REQUIRE_FALSE(script.steps.empty());
        std::string head;
        for (const std::string& line : script.steps.front().before) {
            head += line + '\n';
        }
        CHECK(head.starts_with("# "));
        CHECK(head.find("# Source: ") != std::string::npos);
        CHECK(std::any_of(script.steps.begin(), script.steps.end(),
            [](const Step& step) { return step.command.starts_with("expect "); }));
    }
}

TEST_CASE("interaction: a claim that does not hold names file and line", "[raft]") {
    const Played played = play_text("group 3\nelect n1\n\n# no\nexpect leader=2 term=1\n");
    REQUIRE(played.failures.size() == 1);
    CHECK(played.failures[0] ==
          "script:5: expect leader=2 term=1: the group has leader=n1, expected leader=2");
}

TEST_CASE("interaction: new golden text does not silence a claim", "[raft]") {
    const Played first = play_text("group 3\nelect n1\nexpect commit n1 > 5\n");
    REQUIRE(first.failures.size() == 1);
    CHECK_FALSE(first.differences.empty());
    const Played again = play(first.script);
    CHECK(again.differences.empty());
    CHECK(again.failures == first.failures);
}

TEST_CASE("interaction: output that differs names the line and both texts", "[raft]") {
    const Played played = play_text("group 1\nstatus\n  n1 leader\n");
    REQUIRE(played.differences.size() == 1);
    CHECK(played.differences[0] ==
          "script:2: status: output line 1 is 'n1 follower term=0 vote=none leader=none last=0 "
          "durable=0 commit=0', golden is 'n1 leader'");
    CHECK(played.failures.empty());
}

TEST_CASE("interaction: a broken promise of Raft fails the line that broke it", "[raft]") {
    // A disk that forgets what was committed: no correct node does that.
    const Played played = play_text(
        "group 3 end=faulty\nelect n1\npropose n1\nsettle\nboot n2 term=1\nboot n3 term=1\n"
        "isolate n1\nelect n2\n");
    REQUIRE(played.failures.size() == 1);
    CHECK(
        played.failures[0] == "script:8: elect n2: a leader's log contains every committed entry");
}

TEST_CASE("interaction: what a script cannot mean is an error with its line", "[raft]") {
    const auto error_of = [](const std::string& text) {
        const Played played = play_text(text);
        return played.failures.empty() ? std::string() : played.failures.front();
    };
    CHECK(error_of("settle\n") == "script:1: settle: a script begins with group");
    CHECK(error_of("group x\n") ==
          "script:1: group x: expected a number of nodes, a number, and not 'x'");
    CHECK(error_of("group 3\nfly\n") == "script:2: fly: there is no command 'fly'");
    CHECK(error_of("group 3\npass n4 T\n") == "script:2: pass n4 T: there is no such node");
    CHECK(error_of("group 3\npass n1 soon\n") ==
          "script:2: pass n1 soon: expected a duration like 40ms, 2s or 3T and not 'soon'");
    CHECK(error_of("group 3\ndeliver n1->n2\n") ==
          "script:2: deliver n1->n2: there is no such message");
    CHECK(error_of("group 3\nexpect n1 size=3\n") ==
          "script:2: expect n1 size=3: there is no fact 'size' here");
    CHECK(error_of("group 3\nsettle now\n") == "script:2: settle now: did not expect 'now'");
    CHECK(error_of("group 3\nstore n1\n") == "script:2: store n1: n1 has 0 groups to store");
    CHECK_THROWS_AS(parse_script("script", "  n1\n"), BadScript);
}

TEST_CASE("interaction: a script is the text that it was read from", "[raft]") {
    const std::string text = "# head\n\ngroup 1\n\nstatus\n  a\n  b\n\n# end\n";
    CHECK(text_of(parse_script("script", text)) == text);
}

TEST_CASE("interaction: the same script plays the same twice", "[raft]") {
    const std::string text = "group 5\nelect n3\npropose n3 4\nisolate n3\nrun 2s\nheal\nrun 1s\n";
    CHECK(text_of(play_text(text).script) == text_of(play_text(text).script));
}

}  // namespace ledger::raft::interaction
