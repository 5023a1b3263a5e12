#include "node/asio/ctl_link.h"

#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "node/codec.h"

namespace ledger::node::asio {
namespace {

namespace net = boost::asio;
using Tcp = net::ip::tcp;

constexpr NodeId n2{2};

// Writes down what the link says.
class Heard final : public CtlLinkEvents {
  public:
    void on_connected(NodeId) override { said.emplace_back("connected"); }
    void on_disconnected(NodeId) override { said.emplace_back("disconnected"); }
    void on_not_sent(NodeId, RequestId request) override {
        said.push_back("not sent " + std::to_string(request.value));
    }
    void on_reply(NodeId node, ClientReply&& reply) override {
        CHECK(node == n2);
        replies.push_back(std::move(reply));
        said.emplace_back("reply");
    }
    std::vector<std::string> said;
    std::vector<ClientReply> replies;
};

// A link and the node at its other end, played by the test in one thread.
class Stage {
  public:
    Stage() : acceptor(context, {net::ip::make_address("127.0.0.1"), 0}), node(context),
              link(context, n2, acceptor.local_endpoint().port(), heard) {}

    void request(std::uint64_t id) {
        link.send({.id = RequestId{id}, .operation = StatusQuery{}});
    }
    void accept() {
        bool accepted = false;
        acceptor.async_accept(node, [&accepted](boost::system::error_code error) {
            CHECK(!error);
            accepted = true;
        });
        run_until([&] {
            return accepted && !heard.said.empty() && heard.said.back() == "connected";
        });
    }
    // The next request that arrived.
    RequestId receive() {
        ByteVector frame(frame_header_bytes);
        read(frame.data(), frame.size());
        const auto size = frame_size(frame);
        REQUIRE(size.has_value());
        frame.resize(*size);
        read(frame.data() + frame_header_bytes, frame.size() - frame_header_bytes);
        const auto decoded = decode(frame);
        REQUIRE(decoded.has_value());
        const auto* request = std::get_if<ClientRequest>(&*decoded);
        REQUIRE(request != nullptr);
        return request->id;
    }
    template <typename Condition>
    void run_until(Condition&& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        context.restart();
        while (!condition() && context.run_one_until(end) > 0) {
        }
        REQUIRE(condition());
    }
    void read(std::byte* into, std::size_t bytes) {
        bool done = false;
        net::async_read(node, net::buffer(into, bytes),
            [&done](boost::system::error_code error, std::size_t) {
                CHECK(!error);
                done = true;
            });
        run_until([&done] { return done; });
    }
    void write(ByteSpan bytes) { net::write(node, net::buffer(bytes.data(), bytes.size())); }

    net::io_context context;
    Heard heard;
    Tcp::acceptor acceptor;
    Tcp::socket node;
    CtlLink link;
};

ByteVector reply_frame(std::uint64_t id) {
    ByteVector frame;
    encode(ClientReply{RequestId{id}, Redirect{NodeId{3}}}, frame);
    return frame;
}

}  // namespace

TEST_CASE("ctl link: requests go out in order and replies come back, cut anywhere", "[ctl]") {
    Stage stage;
    stage.request(1);
    stage.request(2);
    stage.accept();
    CHECK(stage.receive() == RequestId{1});
    CHECK(stage.receive() == RequestId{2});
    ByteVector bytes = reply_frame(1);
    const ByteVector second = reply_frame(2);
    bytes.insert(bytes.end(), second.begin(), second.end());
    for (const std::byte& byte : bytes) {
        stage.write({&byte, 1});
        stage.context.restart();
        stage.context.poll();
    }
    stage.run_until([&stage] { return stage.heard.replies.size() == 2; });
    CHECK((stage.heard.said == std::vector<std::string>{"connected", "reply", "reply"}));
    CHECK((stage.heard.replies[1] == ClientReply{RequestId{2}, Redirect{NodeId{3}}}));
}

TEST_CASE("ctl link: without a listener nothing was sent", "[ctl]") {
    Stage stage;
    stage.acceptor.close();
    stage.request(1);
    stage.request(2);
    stage.run_until([&stage] { return stage.heard.said.size() == 2; });
    CHECK((stage.heard.said == std::vector<std::string>{"not sent 1", "not sent 2"}));
}

TEST_CASE("ctl link: a broken connection leaves the request open, and the next one connects",
    "[ctl]") {
    Stage stage;
    stage.request(1);
    stage.accept();
    CHECK(stage.receive() == RequestId{1});
    stage.node.close();
    stage.run_until([&stage] { return stage.heard.said.size() == 2; });
    CHECK(stage.heard.said[1] == "disconnected");
    stage.request(2);
    stage.accept();
    CHECK(stage.receive() == RequestId{2});
}

TEST_CASE("ctl link: bytes of another protocol end the connection", "[ctl]") {
    Stage stage;
    stage.request(1);
    stage.accept();
    stage.receive();
    SECTION("no frame") {
        stage.write(as_bytes("HTTP/1.1 400 Bad Request\r\n"));
    }
    SECTION("a damaged frame") {
        ByteVector frame = reply_frame(1);
        frame.back() ^= std::byte{1};
        stage.write(frame);
    }
    SECTION("a frame that is no reply") {
        ByteVector frame;
        encode(ClientRequest{.id = RequestId{1}, .operation = StatusQuery{}}, frame);
        stage.write(frame);
    }
    stage.run_until([&stage] { return stage.heard.said.size() == 2; });
    CHECK(stage.heard.said[1] == "disconnected");
}

}  // namespace ledger::node::asio
