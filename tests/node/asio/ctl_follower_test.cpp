#include "node/asio/ctl_follower.h"

#include <catch2/catch.hpp>

#include "tests/node/asio/test_nodes.h"

namespace ledger::node::asio {
namespace {

// A cluster of one that is started again and again on its port.
struct Alone {
    Alone() { format(); }

    void format() {
        options = test::lone_node(directory);
        test::format_data(options.data);
        start();
        options.listen = test::loopback_port(node->port());
        cluster.nodes.push_back({NodeId{1}, node->port(), {}});
    }
    void start() {
        node = std::make_unique<test::NodeThread>(options);
        REQUIRE(node->open().has_value());
        node->start();
        REQUIRE(test::eventually([this] { return test::leads(node->port()); }));
    }
    void append(std::uint64_t number) {
        test::TestClient client(node->port());
        const auto reply =
            client.ask(Command{state::encode_command(test::append_of(number, 64))});
        REQUIRE(reply.has_value());
        REQUIRE(std::holds_alternative<Applied>(reply->outcome));
    }

    test::TemporaryDirectory directory;
    HostOptions options;
    std::unique_ptr<test::NodeThread> node;
    CtlCluster cluster;
};

subscriber::Options from(std::uint64_t position) {
    return {.nodes = {}, .from = Position{position}, .stream = "", .window_bytes = 512,
        .give_up_after = seconds(10)};
}

}  // namespace

TEST_CASE("ctl follower: it shows what is there and what comes, also after a restart", "[ctl]") {
    Alone alone;
    std::vector<std::uint64_t> seen;
    std::uint64_t appended = 0;
    for (; appended < 20; ++appended) {
        alone.append(appended);
    }
    CtlFollower follower(alone.cluster, from(5));
    const auto finished = follower.run([&](const subscriber::Events& events) {
        for (const state::RecordedEvent& event : events.events) {
            seen.push_back(event.position.value);
        }
        if (events.caught_up && appended < 30) {
            if (appended == 25) {
                alone.node.reset();
                alone.start();
            }
            alone.append(appended);
            ++appended;
        }
        return seen.size() < 25;
    });
    CHECK_FALSE(finished.has_value());
    REQUIRE(seen.size() == 25);
    for (std::uint64_t i = 0; i < 25; ++i) {
        CHECK(seen[i] == 5 + i);
    }
}

TEST_CASE("ctl follower: without a node it gives up in time", "[ctl]") {
    CtlCluster cluster;
    cluster.nodes.push_back({NodeId{1}, test::free_ports(1).front(), {}});
    subscriber::Options options = from(0);
    options.give_up_after = milliseconds(300);
    CtlFollower follower(cluster, options);
    const auto finished = follower.run([](const subscriber::Events&) { return true; });
    REQUIRE(finished.has_value());
    CHECK(finished->why == subscriber::Finished::Why::silent);
}

TEST_CASE("ctl follower: a subscription that cannot be is refused with the reason", "[ctl]") {
    Alone alone;
    subscriber::Options options = from(0);
    options.window_bytes = 1u << 30;
    CtlFollower follower(alone.cluster, options);
    const auto finished = follower.run([](const subscriber::Events&) { return true; });
    REQUIRE(finished.has_value());
    CHECK(finished->why == subscriber::Finished::Why::refused);
    CHECK(finished->reason == "a window has 1 to 1048576 bytes");
}

}  // namespace ledger::node::asio
