// What ledgerd says and returns where it cannot start, and how it stops.

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/node/asio/test_nodes.h"

namespace ledger::node::asio {

namespace {

struct Ran {
    int exit_code = -1;
    std::string output;
    std::string errors;
};

Ran ledgerd(const test::TemporaryDirectory& directory, const std::vector<std::string>& arguments) {
    const std::string output = directory / "output";
    const std::string errors = directory / "errors";
    std::filesystem::remove(errors);
    test::ChildProcess process(arguments, errors, output);
    Ran ran;
    ran.exit_code = process.wait();
    ran.output = test::text_of_file(output);
    ran.errors = test::text_of_file(errors);
    return ran;
}

bool contains(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
}

std::vector<std::string> arguments(const std::string& command, const std::string& data,
    const ClusterId& cluster = test::cluster_id, const std::string& node = "1",
    std::uint16_t port = 1) {
    return {command, "--node", node, "--data", data, "--cluster", to_text(cluster), "--peers",
        node + "=127.0.0.1:" + std::to_string(port)};
}

}  // namespace

TEST_CASE("ledgerd: help begins with an example; usage errors are 2", "[asio]") {
    const test::TemporaryDirectory directory;
    const Ran help = ledgerd(directory, {"--help"});
    CHECK(help.exit_code == 0);
    CHECK(contains(help.output.substr(0, 200), "ledgerd format --node 1"));
    CHECK(contains(help.output, "Exit codes"));
    CHECK(ledgerd(directory, {"--version"}).exit_code == 0);
    CHECK(ledgerd(directory, {"--no-such-flag"}).exit_code == 2);
    CHECK(ledgerd(directory, {"dance"}).exit_code == 2);
    const Ran nothing = ledgerd(directory, {"run", "--config", "/dev/null"});
    CHECK(nothing.exit_code == 2);
    CHECK(contains(nothing.errors, "give --node"));
    CHECK(ledgerd(directory, {"--config", directory / "missing"}).exit_code == 2);
}

TEST_CASE("ledgerd: check-config prints every value with its source", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string file = directory / "some.toml";
    std::ofstream(file) << "log_level = \"warn\"\n";
    auto words = arguments("check-config", "n1");
    words.insert(words.end(), {"--config", file});
    const Ran good = ledgerd(directory, words);
    CHECK(good.exit_code == 0);
    CHECK(contains(good.output, "flag --node"));
    CHECK(contains(good.output, "some.toml"));
    CHECK(contains(good.output, "default"));
    words.push_back("--json");
    CHECK(contains(ledgerd(directory, words).output, "\"schema\":\"ledger.config/1\""));
    std::ofstream(file) << "log_levle = \"warn\"\n";
    const Ran typo = ledgerd(directory, words);
    CHECK(typo.exit_code == 2);
    CHECK(contains(typo.errors, "did you mean log_level?"));
}

TEST_CASE("ledgerd: a directory is formatted once", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    CHECK(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const Ran again = ledgerd(directory, arguments("format", data));
    CHECK(again.exit_code == 5);
    CHECK(contains(again.errors, "is not empty"));
}

TEST_CASE("ledgerd: it runs only on its own data", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    const std::uint16_t port = test::free_ports(1)[0];
    const Ran never = ledgerd(directory, arguments("run", data, test::cluster_id, "1", port));
    CHECK(never.exit_code == 5);
    CHECK(contains(never.errors, "holds no node; `ledgerd format` makes it node 1 of cluster "
                                 "0123456789abcdeffedcba9876543210"));
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const Ran other = ledgerd(directory, arguments("run", data, test::cluster_id, "2", port));
    CHECK(other.exit_code == 5);
    CHECK(contains(other.errors, data));
    CHECK(contains(other.errors, "belongs to node 1 of cluster 0123456789abcdeffedcba9876543210, "
                                 "not to node 2 of cluster 0123456789abcdeffedcba9876543210"));
    const Ran foreign = ledgerd(directory, arguments("run", data, {9, 9}, "1", port));
    CHECK(foreign.exit_code == 5);
    CHECK(contains(foreign.errors, "belongs to node 1 of cluster 0123456789abcdeffedcba9876543210, "
                                   "not to node 1 of cluster 00000000000000090000000000000009"));
}

TEST_CASE("ledgerd: a port or a directory in use is named", "[asio]") {
    const test::TemporaryDirectory directory;
    net::io_context context;
    const Tcp::acceptor taken(context, test::loopback_port(0));
    const std::uint16_t busy = taken.local_endpoint().port();
    const std::string data = directory / "n1";
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const Ran port = ledgerd(directory, arguments("run", data, test::cluster_id, "1", busy));
    CHECK(port.exit_code == 5);
    CHECK(contains(port.errors, "Address already in use: listening on 127.0.0.1:" +
                                    std::to_string(busy)));
    const auto held = DataDirectory::take({.path = data, .identity = {test::cluster_id, NodeId{1}}});
    REQUIRE(held.has_value());
    const Ran locked = ledgerd(
        directory, arguments("run", data, test::cluster_id, "1", test::free_ports(1)[0]));
    CHECK(locked.exit_code == 5);
    CHECK(contains(locked.errors, "is in use by another process"));
}

TEST_CASE("ledgerd: without permission it does not start", "[asio]") {
    if (::geteuid() == 0) {
        WARN("root may write anywhere: a file stands in the directory's place instead");
        const test::TemporaryDirectory directory;
        std::ofstream(directory / "n1") << "a file";
        CHECK(ledgerd(directory, arguments("format", directory / "n1")).exit_code == 5);
        return;
    }
    const test::TemporaryDirectory directory;
    const std::string closed = directory / "closed";
    REQUIRE(::mkdir(closed.c_str(), 0500) == 0);
    const Ran ran = ledgerd(directory, arguments("format", closed + "/n1"));
    CHECK(ran.exit_code == 5);
    CHECK(contains(ran.errors, "permission"));
}

TEST_CASE("ledgerd: damaged hard state is an integrity error and nothing is changed", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const std::string file = data + "/log/hard_state";
    const auto bytes = std::filesystem::file_size(file);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(bytes, 'x');
    const Ran ran = ledgerd(
        directory, arguments("run", data, test::cluster_id, "1", test::free_ports(1)[0]));
    CHECK(ran.exit_code == 9);
    CHECK(test::text_of_file(file) == std::string(bytes, 'x'));
}

TEST_CASE("ledgerd: a disk that takes no more ends it with a reason, and nothing is lost", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    const std::string log = directory / "log";
    auto format = arguments("format", data);
    format.insert(format.end(), {"--reserve", "0"});
    REQUIRE(ledgerd(directory, format).exit_code == 0);
    const std::uint16_t port = test::free_ports(1)[0];
    auto words = arguments("run", data, test::cluster_id, "1", port);
    words.insert(words.end(), {"--reserve", "0", "--soft-limit", "0"});
    std::uint64_t acknowledged = 0;
    {
        constexpr rlim_t file_bytes_max = 256u << 10;
        test::ChildProcess process(words, log, "/dev/null", file_bytes_max);
        REQUIRE(test::eventually([port] { return test::leads(port); }));
        test::TestClient client(port);
        while (const auto reply = client.ask(
                   Command{state::encode_command(test::append_of(acknowledged + 1, 4000))})) {
            REQUIRE(std::holds_alternative<Applied>(reply->outcome));
            ++acknowledged;
            REQUIRE(acknowledged < 1000);
        }
        CHECK(process.wait() == 5);
        CHECK(contains(test::text_of_file(log), "cannot store"));
        CHECK(contains(test::text_of_file(log), "halts"));
    }
    CHECK(acknowledged > 10);
    test::ChildProcess process(words, log);
    REQUIRE(test::eventually([port] { return test::leads(port); }));
    CHECK(test::eventually([&] {
        test::TestClient client(port);
        const auto status = client.status();
        // The last one may have reached the disk without an answer.
        return status && (status->length == Position{acknowledged} ||
                             status->length == Position{acknowledged + 1});
    }));
}

TEST_CASE("ledgerd: a failed assertion ends it with 70, and nothing is lost", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const std::uint16_t port = test::free_ports(1)[0];
    const auto words = arguments("run", data, test::cluster_id, "1", port);
    {
        test::ChildProcess process(words, directory / "log");
        REQUIRE(test::eventually([port] { return test::leads(port); }));
        test::TestClient client(port);
        REQUIRE(client.ask(Command{state::encode_command(test::append_of(1))}));
        process.signal(SIGABRT);  // what abort() raises
        CHECK(process.wait() == 70);
    }
    test::ChildProcess process(words, directory / "log");
    REQUIRE(test::eventually([port] { return test::leads(port); }));
    // Who leads may not have applied everything yet.
    test::TestClient client(port);
    CHECK(test::eventually([&client] {
        const auto status = client.status();
        return status && status->length == Position{1};
    }));
}

TEST_CASE("ledgerd: a recording ends at its size, replays, and the node goes on", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    const std::string file = directory / "recording";
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    const std::uint16_t port = test::free_ports(1)[0];
    auto words = arguments("run", data, test::cluster_id, "1", port);
    words.insert(words.end(), {"--record", file, "--record-size", "1MiB"});
    test::ChildProcess process(words, directory / "log");
    REQUIRE(test::eventually([port] { return test::leads(port); }));
    test::TestClient client(port);
    constexpr std::uint32_t payload_bytes = 20'000;
    for (std::uint64_t number = 1; number <= 100; ++number) {
        REQUIRE(client.ask(Command{state::encode_command(test::append_of(number, payload_bytes))}));
    }
    const auto bytes = std::filesystem::file_size(file);
    CHECK(bytes >= 1u << 20);
    CHECK(bytes < (1u << 20) + 2 * payload_bytes);
    CHECK(contains(test::text_of_file(directory / "log"), "the recording ends before the node"));
    const std::string recorded = test::text_of_file(file);
    const Result<Replayed> replayed = replay_recording(as_bytes(recorded));
    REQUIRE(replayed.has_value());
    CHECK_FALSE(replayed->differs_at.has_value());
    CHECK(replayed->torn_bytes == 0);
    CHECK(client.status().has_value());
}

TEST_CASE("ledgerd: SIGTERM and SIGINT stop it cleanly", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::string data = directory / "n1";
    REQUIRE(ledgerd(directory, arguments("format", data)).exit_code == 0);
    for (const int number : {SIGTERM, SIGINT}) {
        const std::uint16_t port = test::free_ports(1)[0];
        test::ChildProcess process(
            arguments("run", data, test::cluster_id, "1", port), directory / "log");
        REQUIRE(test::eventually([port] { return test::leads(port); }));
        test::TestClient client(port);
        REQUIRE(client.status().has_value());
        process.signal(number);
        CHECK(process.wait() == 0);
        CHECK(client.closed_within(test::Patience(1000)));
    }
}

}  // namespace ledger::node::asio
