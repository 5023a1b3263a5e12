#include "node/asio/settings.h"

#include <catch2/catch.hpp>

#include "log/base/format.h"

namespace ledger::node::asio {

namespace {

constexpr const char* id = "0123456789abcdeffedcba9876543210";

SettingSources sources_of(std::map<std::string, std::string> flags, std::string file = "",
    std::map<std::string, std::string> variables = {}) {
    return {.flags = std::move(flags),
        .variable = [variables = std::move(variables)](
                        const std::string& name) -> std::optional<std::string> {
            const auto at = variables.find(name);
            return at == variables.end() ? std::nullopt : std::optional(at->second);
        },
        .file = std::move(file),
        .file_name = "some.toml"};
}

std::map<std::string, std::string> good_flags() {
    return {{"node", "2"}, {"peers", "1=127.0.0.1:7001,2=127.0.0.1:7002"}, {"data", "n2"},
        {"cluster", id}};
}

Settings merged(const SettingSources& sources) {
    const Result<Settings> settings = merge(sources);
    REQUIRE(settings.has_value());
    return *settings;
}

std::string problem_with(const std::string& name, const std::string& value) {
    auto flags = good_flags();
    flags[name] = value;
    const Result<NodeSettings> node = interpret(merged(sources_of(flags)));
    return node ? "" : node.error().place;
}

}  // namespace

TEST_CASE("settings: a flag beats the environment, that the file, that the default", "[asio]") {
    const std::string file = "node = 7\ndata = \"from file\"\nlog_level = \"warn\"\n";
    const Settings settings = merged(sources_of({{"node", "1"}}, file,
        {{"LEDGER_NODE", "2"}, {"LEDGER_DATA", "from environment"}}));
    CHECK(settings.find("node")->second.value == "1");
    CHECK(settings.find("node")->second.source == "flag --node");
    CHECK(settings.find("data")->second.value == "from environment");
    CHECK(settings.find("data")->second.source == "LEDGER_DATA");
    CHECK(settings.find("log-level")->second.value == "warn");
    CHECK(settings.find("log-level")->second.source == "some.toml");
    CHECK(settings.find("segment-size")->second.value == "64MiB");
    CHECK(settings.find("segment-size")->second.source == "default");
    CHECK(settings.size() == setting_keys.size());
}

TEST_CASE("settings: an unknown key of the file is an error that names the nearest", "[asio]") {
    const Result<Settings> settings = merge(sources_of({}, "node = 1\nsegmnt_size = \"1MiB\"\n"));
    REQUIRE_FALSE(settings.has_value());
    CHECK(settings.error().code == make_error_code(SettingErrc::unknown_key));
    CHECK(settings.error().place == "some.toml:2: segmnt_size; did you mean segment_size?");
}

TEST_CASE("settings: a file that is no TOML is refused with its line", "[asio]") {
    const Result<Settings> settings = merge(sources_of({}, "node = 1\nthis is nothing\n"));
    REQUIRE_FALSE(settings.has_value());
    CHECK(settings.error().code == make_error_code(SettingErrc::bad_file));
    CHECK(settings.error().place.starts_with("some.toml:2: "));
    const Result<Settings> wrong = merge(sources_of({}, "node = [1]\n"));
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().place == "some.toml:1: node: expected a text in quotes, a number, true or false");
}

TEST_CASE("settings: peers may be a table of the file", "[asio]") {
    const std::string file = std::string("node = 2\ndata = \"n2\"\ncluster = \"") + id +
                             "\"\n[peers]\n1 = \"127.0.0.1:7001\"\n2 = \"[::1]:7002\"\n";
    const Result<NodeSettings> wrong_address = interpret(merged(sources_of({}, file)));
    REQUIRE_FALSE(wrong_address.has_value());  // brackets are not how an address is written here
    const std::string plain = std::string("node = 2\ndata = \"n2\"\ncluster = \"") + id +
                              "\"\n[peers]\n1 = \"127.0.0.1:7001\"\n2 = \"127.0.0.1:7002\"\n";
    const Result<NodeSettings> node = interpret(merged(sources_of({}, plain)));
    REQUIRE(node.has_value());
    CHECK(node->host.members.size() == 2);
}

TEST_CASE("settings: good values mean what they say", "[asio]") {
    auto flags = good_flags();
    flags["segment-size"] = "2MiB";
    flags["election-timeout"] = "1s";
    flags["heartbeat-interval"] = "100ms";
    flags["listen"] = "127.0.0.2:9000";
    const Result<NodeSettings> node = interpret(merged(sources_of(flags)));
    REQUIRE(node.has_value());
    CHECK(node->host.data.identity ==
          log::Identity{{0x0123456789abcdef, 0xfedcba9876543210}, NodeId{2}});
    CHECK(node->host.data.path == "n2");
    CHECK(node->host.data.segment_bytes == 2u << 20);
    CHECK(node->host.members.size() == 2);
    CHECK(node->host.members.find(NodeId{1})->second.port() == 7001);
    CHECK(node->host.listen.port() == 9000);
    CHECK(node->host.election_timeout == seconds(1));
    CHECK(node->host.heartbeat_interval == milliseconds(100));
    CHECK(node->log_level == "info");
    CHECK(node->host.record_bytes_max == 4ull << 30);
    CHECK(node->host.data.reserve_bytes == 16u << 20);
    CHECK(node->host.data.soft_limit_bytes == 256u << 20);
    CHECK_FALSE(node->host.join);
    flags["join"] = "true";
    CHECK(interpret(merged(sources_of(flags)))->host.join);
    flags["record-size"] = "3MiB";
    CHECK(interpret(merged(sources_of(flags)))->host.record_bytes_max == 3u << 20);
    flags["reserve"] = "0";
    flags["soft-limit"] = "64KiB";
    CHECK(interpret(merged(sources_of(flags)))->host.data.reserve_bytes == 0);
    CHECK(interpret(merged(sources_of(flags)))->host.data.soft_limit_bytes == 64u << 10);
}

TEST_CASE("settings: without --listen a node listens where its peers expect it", "[asio]") {
    const Result<NodeSettings> node = interpret(merged(sources_of(good_flags())));
    REQUIRE(node.has_value());
    CHECK(node->host.listen.port() == 7002);
    CHECK(node->host.election_timeout == milliseconds(300));
}

TEST_CASE("settings: bad values are named with their source and what was expected", "[asio]") {
    CHECK(problem_with("node", "3") ==
          "node (flag --node) is `3`: expected the number of one of the peers");
    CHECK_FALSE(problem_with("node", "0").empty());
    CHECK_FALSE(problem_with("node", "x").empty());
    CHECK_FALSE(problem_with("peers", "1=127.0.0.1:7001,1=127.0.0.1:7002").empty());
    CHECK_FALSE(problem_with("peers", "1:127.0.0.1:7001").empty());
    CHECK_FALSE(problem_with("peers", "2=127.0.0.1:70000").empty());
    CHECK_FALSE(problem_with("cluster", "12").empty());
    CHECK_FALSE(problem_with("cluster", "00000000000000000000000000000000").empty());
    CHECK_FALSE(problem_with("segment-size", "10").empty());
    CHECK_FALSE(problem_with("segment-size", "10XB").empty());
    CHECK(problem_with("record-size", "10KiB") ==
          "record-size (flag --record-size) is `10KiB`: expected a size from 1MiB to 1024GiB");
    CHECK_FALSE(problem_with("segment-size", "99999999999999999999GiB").empty());
    CHECK(problem_with("reserve", "10KiB") ==
          "reserve (flag --reserve) is `10KiB`: expected a size from 64KiB, or 0");
    CHECK_FALSE(problem_with("soft-limit", "much").empty());
    CHECK_FALSE(problem_with("election-timeout", "0ms").empty());
    CHECK_FALSE(problem_with("heartbeat-interval", "150ms").empty());
    CHECK_FALSE(problem_with("log-level", "loud").empty());
    CHECK(problem_with("join", "maybe") ==
          "join (flag --join) is `maybe`: expected true or false");
    CHECK(problem_with("listen", "0.0.0.0:7001").find("loopback") != std::string::npos);
    CHECK(problem_with("peers", "1=10.0.0.1:1,2=10.0.0.2:1").find("loopback") !=
          std::string::npos);
}

TEST_CASE("settings: what is missing is named with the ways to give it", "[asio]") {
    auto flags = good_flags();
    flags.erase("cluster");
    const Result<NodeSettings> node = interpret(merged(sources_of(flags)));
    REQUIRE_FALSE(node.has_value());
    CHECK(node.error().code == make_error_code(SettingErrc::missing));
    CHECK(node.error().place == "cluster: give --cluster, LEDGER_CLUSTER or cluster in a file");
}

TEST_CASE("settings: the variable of a flag", "[asio]") {
    CHECK(variable_of("segment-size") == "LEDGER_SEGMENT_SIZE");
}

}  // namespace ledger::node::asio
