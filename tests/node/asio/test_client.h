#pragma once
// TestClient: a blocking connection to one node, for tests: frames out, frames in, with patience.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "log/base/bytes.h"
#include "node/codec.h"

namespace ledger::node::asio::test {

using Clock = std::chrono::steady_clock;
using Patience = std::chrono::milliseconds;

class TestClient {
  public:
    // Use connected() before anything else.
    explicit TestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    }
    TestClient(TestClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_),
          received_(std::move(other.received_)) {}
    TestClient& operator=(TestClient&&) = delete;
    ~TestClient() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
    }

    bool connected() const { return connected_; }

    // False once the node has closed the connection.
    bool send_bytes(ByteSpan bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
        return true;
    }
    template <typename Message>
    bool send(const Message& message) {
        ByteVector frame;
        encode(message, frame);
        return send_bytes(frame);
    }

    // None: closed, or nothing came in time.
    std::optional<ClientReply> receive(Patience patience = Patience(5000)) {
        const auto end = Clock::now() + patience;
        while (true) {
            if (const auto size = frame_size(received_); size && *size <= received_.size()) {
                const auto begin = received_.begin();
                const Result<Decoded> decoded = decode(ByteSpan(received_).first(*size));
                received_.erase(begin, begin + static_cast<std::ptrdiff_t>(*size));
                REQUIRE(decoded.has_value());
                const auto* reply = std::get_if<ClientReply>(&*decoded);
                REQUIRE(reply != nullptr);
                return *reply;
            }
            if (!read_more(end)) {
                return std::nullopt;
            }
        }
    }
    // Whatever else comes is dropped.
    bool closed_within(Patience patience) {
        const auto end = Clock::now() + patience;
        while (read_more(end)) {
            received_.clear();
        }
        return closed_;
    }
    template <typename Operation>
    std::optional<ClientReply> ask(Operation&& operation, Patience patience = Patience(5000)) {
        ClientRequest request{RequestId{++requests_}, {}};
        request.operation.emplace<std::decay_t<Operation>>(std::forward<Operation>(operation));
        if (!send(request)) {
            return std::nullopt;
        }
        return receive(patience);
    }
    std::optional<StatusAnswer> status(Patience patience = Patience(5000)) {
        const auto reply = ask(StatusQuery{}, patience);
        if (!reply) {
            return std::nullopt;
        }
        const auto* answer = std::get_if<StatusAnswer>(&reply->outcome);
        return answer == nullptr ? std::nullopt : std::optional(*answer);
    }

  private:
    bool read_more(Clock::time_point end) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
        if (left < 0 || ::poll(&wait, 1, static_cast<int>(left)) != 1) {
            return false;
        }
        std::byte buffer[65536];
        const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
        closed_ = got <= 0;
        if (!closed_) {
            received_.insert(received_.end(), buffer, buffer + got);
        }
        return !closed_;
    }

    int socket_;
    bool connected_ = false;
    bool closed_ = false;
    std::uint64_t requests_ = 0;
    ByteVector received_;
};

}  // namespace ledger::node::asio::test
