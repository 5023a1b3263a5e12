#include "node/asio/host.h"

#include <numeric>

#include <catch2/catch.hpp>

#include "tests/node/asio/test_cluster.h"

namespace ledger::node::asio {

using test::Appender;
using test::Patience;
using test::TestCluster;

namespace {

std::vector<std::uint64_t> numbers_to(std::uint64_t last) {
    std::vector<std::uint64_t> numbers(last);
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{1});
    return numbers;
}

// What a life recorded runs again to the same end; a life that was killed lacks the last moments.
void check_replay(const std::string& recording, std::uint64_t steps_min) {
    INFO(recording);
    const std::string text = test::text_of_file(recording);
    const Result<Replayed> replayed = replay_recording(as_bytes(text));
    REQUIRE(replayed.has_value());
    CHECK(replayed->steps >= steps_min);
    CHECK_FALSE(replayed->differs_at.has_value());
}

}  // namespace

TEST_CASE("host: three processes elect a leader and keep the same ledger", "[asio]") {
    TestCluster cluster;
    Appender appender(cluster);
    for (std::uint64_t number = 1; number <= 100; ++number) {
        CHECK(appender.append(number) == Position{number - 1});
    }
    REQUIRE(cluster.converge());
    CHECK(appender.read_all() == numbers_to(100));
    const std::uint32_t leader = cluster.leader();
    REQUIRE(leader != 0);
    const auto status = cluster.status(leader);
    REQUIRE(status.has_value());
    CHECK(status->node == NodeId{leader});
    CHECK(status->leader == NodeId{leader});
    CHECK(status->cluster == test::cluster_id);
    CHECK(status->length == Position{100});
    for (std::uint32_t node = 1; node <= TestCluster::size; ++node) {
        INFO(cluster.said(node));
        CHECK(cluster.stop(node) == 0);
    }
}

TEST_CASE("host: killed leaders lose nothing that was acknowledged", "[asio]") {
    TestCluster cluster;
    Appender appender(cluster);
    std::uint64_t number = 0;
    const auto append = [&](std::uint64_t count) {
        for (; count > 0; --count) {
            ++number;
            CHECK(appender.append(number) == Position{number - 1});
        }
    };
    append(50);
    for (int round = 1; round <= 3; ++round) {
        const std::uint32_t victim = cluster.leader();
        REQUIRE(victim != 0);
        cluster.kill(victim);
        append(50);
        cluster.start(victim);
        append(20);
    }
    REQUIRE(cluster.converge());
    CHECK(appender.read_all() == numbers_to(number));
    for (std::uint32_t node = 1; node <= TestCluster::size; ++node) {
        CHECK(cluster.stop(node) == 0);
        const std::vector<std::string>& recordings = cluster.recordings(node);
        for (const std::string& recording : recordings) {
            check_replay(recording, recording == recordings.back() ? 10 : 0);
        }
    }
}

TEST_CASE("host: all nodes killed at once come back with everything", "[asio]") {
    TestCluster cluster;
    Appender appender(cluster);
    constexpr std::uint64_t count = 200;
    for (std::uint64_t number = 1; number <= count; ++number) {
        appender.append(number);
    }
    for (std::uint32_t node = 1; node <= TestCluster::size; ++node) {
        cluster.kill(node);
    }
    for (std::uint32_t node = 1; node <= TestCluster::size; ++node) {
        cluster.start(node);
    }
    CHECK(appender.append(count + 1) == Position{count});
    REQUIRE(cluster.converge());
    CHECK(appender.read_all() == numbers_to(count + 1));
}

TEST_CASE("host: a follower that was away for long catches up from the disk", "[asio]") {
    TestCluster cluster;
    const std::uint32_t leader = cluster.leader();
    REQUIRE(leader != 0);
    const std::uint32_t away = leader % TestCluster::size + 1;
    cluster.kill(away);
    // More than the leader keeps in memory (Limits::entry_cache_entries), in several segments.
    test::TestClient client(cluster.port(leader));
    constexpr std::uint64_t count = 6000;
    std::uint64_t answered = 0;
    for (std::uint64_t number = 1; number <= count; ++number) {
        ClientRequest request{RequestId{number}, {}};
        request.operation.emplace<Command>(
            Command{state::encode_command(test::append_of(number, 400))});
        REQUIRE(client.send(request));
        while (answered + 200 < number) {
            const auto reply = client.receive();
            REQUIRE(reply.has_value());
            REQUIRE(std::holds_alternative<Applied>(reply->outcome));
            ++answered;
        }
    }
    cluster.start(away);
    REQUIRE(cluster.converge());
    CHECK(Appender(cluster).read_all() == numbers_to(count));
}

TEST_CASE("host: a paused leader is replaced and later follows", "[asio]") {
    TestCluster cluster;
    Appender appender(cluster);
    appender.append(1);
    const std::uint32_t paused = cluster.leader();
    REQUIRE(paused != 0);
    cluster.signal(paused, SIGSTOP);
    CHECK(appender.append(2) == Position{1});
    cluster.signal(paused, SIGCONT);
    REQUIRE(cluster.converge());
    CHECK(appender.append(3) == Position{2});
    CHECK(appender.read_all() == numbers_to(3));
}

TEST_CASE("host: three nodes in one process stop and start again in any order", "[asio]") {
    const test::TemporaryDirectory directory;
    const std::vector<std::uint16_t> ports = test::free_ports(3);
    std::vector<HostOptions> options(3);
    for (std::uint32_t node = 1; node <= 3; ++node) {
        HostOptions& mine = options[node - 1];
        mine.data.path = directory / std::to_string(node);
        mine.data.identity = {test::cluster_id, NodeId{node}};
        for (std::uint32_t other = 1; other <= 3; ++other) {
            mine.members[NodeId{other}] = test::loopback_port(ports[other - 1]);
        }
        mine.listen = mine.members[NodeId{node}];
        mine.key = node;
        test::format_data(mine.data);
    }
    std::vector<std::unique_ptr<test::NodeThread>> nodes(3);
    const auto start = [&](std::uint32_t node) {
        nodes[node] = std::make_unique<test::NodeThread>(options[node]);
        const Result<void> opened = nodes[node]->open();
        REQUIRE(opened.has_value());
        nodes[node]->start();
    };
    const auto leader = [&]() -> std::uint32_t {
        std::uint32_t found = 3;
        test::eventually([&] {
            for (std::uint32_t node = 0; node < 3; ++node) {
                found = nodes[node] && test::leads(ports[node]) ? node : found;
            }
            return found < 3;
        });
        return found;
    };
    std::uint64_t number = 0;
    const auto append_some = [&](std::uint32_t node) {
        test::TestClient client(ports[node]);
        for (int count = 0; count < 20; ++count) {
            const auto reply = client.ask(
                Command{state::encode_command(test::append_of(++number, 100))});
            REQUIRE(reply.has_value());
            REQUIRE(std::holds_alternative<Applied>(reply->outcome));
        }
    };
    for (std::uint32_t node = 0; node < 3; ++node) {
        start(node);
    }
    for (int round = 0; round < 2; ++round) {
        const std::uint32_t first = leader();
        REQUIRE(first < 3);
        append_some(first);
        CHECK(nodes[first]->stop() == Ending::asked);
        nodes[first].reset();
        const std::uint32_t second = leader();
        REQUIRE(second < 3);
        append_some(second);
        start(first);
        CHECK(test::eventually([&] {
            test::TestClient client(ports[first]);
            const auto status = client.connected() ? client.status() : std::nullopt;
            return status && status->length == Position{number};
        }));
    }
}

}  // namespace ledger::node::asio
