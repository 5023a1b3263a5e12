#include "node/asio/connection.h"

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "log/state/query.h"
#include "node/wire_size.h"
#include "tests/node/asio/test_nodes.h"
#include "tests/node/samples.h"

namespace ledger::node::asio {

using test::Patience;
using test::TestClient;

namespace {

// A node alone in its cluster, leading.
struct Alone {
    explicit Alone(const NetLimits& limits = {}, const EdgeLimits& edge = {}) {
        HostOptions options = test::lone_node(directory);
        options.net = limits;
        options.edge = edge;
        test::format_data(options.data);
        node = std::make_unique<test::NodeThread>(options);
        REQUIRE(node->open().has_value());
        node->start();
        REQUIRE(test::eventually([this] { return test::leads(node->port()); }));
    }
    // It serves others as before.
    bool well() { return test::leads(node->port()); }
    bool said(const std::string& words) {
        node->stop();
        INFO(node->said());
        return node->said().find(words) != std::string::npos;
    }

    test::TemporaryDirectory directory;
    std::unique_ptr<test::NodeThread> node;
};

Command command_of(std::uint64_t number, std::uint32_t payload_bytes = 32) {
    return {state::encode_command(test::append_of(number, payload_bytes))};
}

PeerMessage heartbeat(const ClusterId& of, NodeId from, NodeId to) {
    return {of, GroupId{1}, from, to, raft::Heartbeat{Term{1}, Index{}, 1}};
}

}  // namespace

TEST_CASE("connection: requests of one client are answered, many at a time", "[asio]") {
    Alone alone;
    TestClient client(alone.node->port());
    constexpr std::uint64_t count = 300;
    for (std::uint64_t number = 1; number <= count; ++number) {
        ClientRequest request{RequestId{number}, {}};
        request.operation.emplace<Command>(command_of(number));
        REQUIRE(client.send(request));
    }
    for (std::uint64_t number = 1; number <= count; ++number) {
        const auto reply = client.receive();
        REQUIRE(reply.has_value());
        CHECK(reply->id == RequestId{number});
        REQUIRE(std::holds_alternative<Applied>(reply->outcome));
    }
    const auto status = client.status();
    REQUIRE(status.has_value());
    CHECK(status->length == Position{count});
    CHECK(status->commit == status->durable);
    CHECK(alone.node->stop() == Ending::asked);
}

TEST_CASE("connection: a damaged frame closes it and names the place", "[asio]") {
    Alone alone;
    ByteVector frame;
    encode(ClientRequest{RequestId{1}, StatusQuery{}}, frame);
    frame.back() ^= std::byte{1};
    TestClient client(alone.node->port());
    REQUIRE(client.send_bytes(frame));
    CHECK(client.closed_within(Patience(2000)));
    TestClient stranger(alone.node->port());
    REQUIRE(stranger.send_bytes(as_bytes("GET / HTTP/1.1\r\n\r\n")));
    CHECK(stranger.closed_within(Patience(2000)));
    CHECK(alone.well());
    CHECK(alone.said("frame payload"));
}

TEST_CASE("connection: a frame beyond the limit is refused by its header alone", "[asio]") {
    Alone alone;
    ByteVector frame;
    encode(ClientRequest{RequestId{1}, StatusQuery{}}, frame);
    store_little_endian(frame.data() + 8, std::uint32_t{frame_bytes_max});
    store_little_endian(frame.data() + 20, crc32c(ByteSpan(frame).first(20)));
    TestClient client(alone.node->port());
    REQUIRE(client.send_bytes(ByteSpan(frame).first(frame_header_bytes)));
    CHECK(client.closed_within(Patience(2000)));
    CHECK(alone.well());
    CHECK(alone.said("frame payload of 16777216 bytes"));
}

TEST_CASE("connection: an answer is no request", "[asio]") {
    Alone alone;
    TestClient client(alone.node->port());
    REQUIRE(client.send(ClientReply{RequestId{1}, Indeterminate{}}));
    CHECK(client.closed_within(Patience(2000)));
    CHECK(alone.said("an answer to nothing"));
}

TEST_CASE("connection: a peer of another cluster or with another name is sent away", "[asio]") {
    Alone alone;
    const std::uint16_t port = alone.node->port();
    const PeerMessage strangers[] = {heartbeat({1, 2}, NodeId{2}, NodeId{1}),
        heartbeat(test::cluster_id, NodeId{2}, NodeId{3}),
        heartbeat(test::cluster_id, NodeId{1}, NodeId{1})};
    for (const PeerMessage& message : strangers) {
        TestClient peer(port);
        REQUIRE(peer.send(message));
        CHECK(peer.closed_within(Patience(2000)));
    }
    CHECK(alone.well());
    CHECK(alone.said("n2 is of cluster 00000000000000010000000000000002, this node of cluster "
                     "0123456789abcdeffedcba9876543210"));
    CHECK(alone.said("n2 takes this node, which is n1, for n3"));
    CHECK(alone.said("n1 is no peer of this node"));
}

TEST_CASE("connection: a client cannot turn into a peer", "[asio]") {
    Alone alone;
    TestClient client(alone.node->port());
    REQUIRE(client.status().has_value());
    REQUIRE(client.send(heartbeat(test::cluster_id, NodeId{2}, NodeId{1})));
    CHECK(client.closed_within(Patience(2000)));
    CHECK(alone.said("a peer's message from a client"));
}

TEST_CASE("connection: who says nothing, or stops in the middle, is closed", "[asio]") {
    NetLimits limits;
    limits.first_frame_timeout = milliseconds(300);
    limits.frame_timeout = milliseconds(300);
    Alone alone(limits);
    TestClient silent(alone.node->port());
    TestClient halfway(alone.node->port());
    TestClient idle(alone.node->port());
    REQUIRE(halfway.status().has_value());
    REQUIRE(idle.status().has_value());
    ByteVector frame;
    encode(ClientRequest{RequestId{1}, StatusQuery{}}, frame);
    REQUIRE(halfway.send_bytes(ByteSpan(frame).first(frame.size() - 1)));
    CHECK(silent.closed_within(Patience(3000)));
    CHECK(halfway.closed_within(Patience(3000)));
    CHECK(idle.status().has_value());  // between two requests there is no hurry
    CHECK(alone.said("did not say who it is"));
    CHECK(alone.said("left a frame unfinished"));
}

TEST_CASE("connection: a client that never reads is closed, and nobody else waits", "[asio]") {
    NetLimits limits;
    limits.write_timeout = milliseconds(500);
    Alone alone(limits);
    TestClient writer(alone.node->port());
    for (std::uint64_t number = 1; number <= 4; ++number) {
        const auto reply = writer.ask(command_of(number, state::payload_bytes_max));
        REQUIRE(reply.has_value());
        REQUIRE(std::holds_alternative<Applied>(reply->outcome));
    }
    ByteVector question;
    state::encode_query(
        state::ReadAll{Position{0}, state::Direction::forward, 4}, question);
    TestClient deaf(alone.node->port());
    for (std::uint64_t number = 1; number <= 64; ++number) {
        // Each answer has up to 4 MiB: far more than kernel and bounds can hold together.
        if (!deaf.send(ClientRequest{RequestId{number}, Query{question}})) {
            break;
        }
    }
    CHECK(alone.well());
    CHECK(test::eventually([&deaf] {
        return !deaf.send(ClientRequest{RequestId{99}, StatusQuery{}});
    }));
    CHECK(writer.status().has_value());
    CHECK(alone.said("is too slow"));
}

TEST_CASE("connection: a client that asks faster than it reads loses nothing", "[asio]") {
    EdgeLimits limits;
    limits.client_requests_max = 8;
    Alone alone({}, limits);
    TestClient client(alone.node->port());
    constexpr std::uint64_t count = 500;
    for (std::uint64_t number = 1; number <= count; ++number) {
        REQUIRE(client.send(ClientRequest{RequestId{number}, StatusQuery{}}));
    }
    for (std::uint64_t number = 1; number <= count; ++number) {
        const auto reply = client.receive();
        REQUIRE(reply.has_value());
        REQUIRE(reply->id == RequestId{number});
    }
}

TEST_CASE("connection: beyond the bound over all clients requests are refused", "[asio]") {
    EdgeLimits limits;
    limits.request_bytes_max = 256;
    Alone alone({}, limits);
    TestClient client(alone.node->port());
    const auto large = client.ask(command_of(1, 1000));
    REQUIRE(large.has_value());
    CHECK(std::holds_alternative<Overloaded>(large->outcome));
    const auto small = client.ask(command_of(2, 16));
    REQUIRE(small.has_value());
    CHECK(std::holds_alternative<Applied>(small->outcome));
}

TEST_CASE("connection: a subscription brings what is there and what comes", "[asio]") {
    Alone alone;
    TestClient writer(alone.node->port());
    TestClient reader(alone.node->port());
    constexpr std::uint64_t count = 60;
    constexpr std::uint64_t window = 4096;
    const auto write = [&](std::uint64_t number) {
        const auto reply = writer.ask(command_of(number, 100));
        REQUIRE(reply.has_value());
        REQUIRE(std::holds_alternative<Applied>(reply->outcome));
    };
    for (std::uint64_t number = 1; number <= count / 2; ++number) {
        write(number);
    }
    REQUIRE(reader.send(ClientRequest{RequestId{9}, Subscribe{false, {}, "", window}}));
    std::uint64_t seen = 0;
    for (std::uint64_t written = count / 2; seen < count;) {
        const auto reply = reader.receive();
        REQUIRE(reply.has_value());
        REQUIRE(reply->id == RequestId{9});
        const auto* page = std::get_if<Page>(&reply->outcome);
        REQUIRE(page != nullptr);
        const auto answer = state::decode_answer(page->answer);
        REQUIRE(answer.has_value());
        for (const state::RecordedEvent& event : answer->events) {
            CHECK(event.position == Position{seen});
            ++seen;
        }
        REQUIRE(reader.send(
            ClientRequest{RequestId{10}, Grant{RequestId{9}, wire_size(*reply)}}));
        for (; page->caught_up && written < count && written < seen + 5; ++written) {
            write(written + 1);
        }
    }
    REQUIRE(reader.send(ClientRequest{RequestId{11}, Unsubscribe{RequestId{9}}}));
    const auto end = reader.receive();
    REQUIRE(end.has_value());
    CHECK(*end == ClientReply{RequestId{9}, Ended{"unsubscribed"}});
}

TEST_CASE("connection: a subscriber that reads nothing is not dropped and delays nobody",
    "[asio]") {
    EdgeLimits limits;
    limits.window_bytes_max = 16u << 20;
    NetLimits net;
    net.write_timeout = seconds(60);
    Alone alone(net, limits);
    TestClient writer(alone.node->port());
    TestClient deaf(alone.node->port());
    REQUIRE(deaf.send(ClientRequest{RequestId{1}, Subscribe{false, {}, "", 64u << 10}}));
    constexpr std::uint64_t count = 40;
    for (std::uint64_t number = 1; number <= count; ++number) {
        REQUIRE(writer.ask(command_of(number, 256u << 10)).has_value());  // 10 MiB in all
    }
    std::uint64_t seen = 0;
    while (seen < count) {
        const auto reply = deaf.receive();
        REQUIRE(reply.has_value());
        const auto* page = std::get_if<Page>(&reply->outcome);
        REQUIRE(page != nullptr);
        if (!page->answer.empty()) {
            const auto answer = state::decode_answer(page->answer);
            REQUIRE(answer.has_value());
            REQUIRE(answer->events.size() == 1);  // more would not fit into the window
            CHECK(answer->events[0].position == Position{seen});
            ++seen;
        }
        REQUIRE(deaf.send(ClientRequest{RequestId{2}, Grant{RequestId{1}, wire_size(*reply)}}));
    }
    CHECK(alone.well());
}

TEST_CASE("connection: beyond the limit of connections new ones are closed at once", "[asio]") {
    NetLimits limits;
    limits.connections_max = 2;
    Alone alone(limits);
    TestClient first(alone.node->port());
    REQUIRE(first.status().has_value());
    TestClient second(alone.node->port());
    // The connection of the last question before may still be there.
    REQUIRE(test::eventually([&] { return second.status().has_value(); }));
    TestClient third(alone.node->port());
    CHECK(third.closed_within(Patience(2000)));
    CHECK(first.status().has_value());
    CHECK(alone.said("no room for one more connection"));
}

}  // namespace ledger::node::asio
