#include "node/asio/acceptor.h"

#include "log/file_system.h"

namespace ledger::node::asio {

namespace {

// Without free file descriptors accepting would fail again at once.
constexpr Duration pause_after_error = milliseconds(100);

}  // namespace

Acceptor::Acceptor(net::io_context& loop, Journal& journal, Port& port)
    : loop_(loop), journal_(journal), port_(port), acceptor_(loop), pause_(loop) {}

Result<void> Acceptor::listen(const Tcp::endpoint& endpoint) {
    const std::string place =
        fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
    if (!endpoint.address().is_loopback()) {
        return failure(log::Errc::unsupported,
            place + ": a node listens on loopback addresses only, as there is no TLS yet");
    }
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
        acceptor_.set_option(net::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor_.bind(endpoint, error);
    }
    if (!error) {
        acceptor_.listen(net::socket_base::max_listen_connections, error);
    }
    if (error) {
        return Error{error, "listening on " + place};
    }
    bound_port_ = acceptor_.local_endpoint(error).port();
    return {};
}

void Acceptor::start() {
    spawn(loop_, run(), [] {});
}

void Acceptor::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

awaitable<void> Acceptor::run() {
    while (acceptor_.is_open()) {
        auto result = co_await acceptor_.async_accept(as_result);
        auto& [error, socket] = result;
        if (!error) {
            port_.on_accepted(std::move(socket));
        } else if (acceptor_.is_open()) {
            journal_.error("net", "cannot accept a connection: {}", error.message());
            pause_.expires_after(to_chrono(pause_after_error));
            const auto waited = co_await pause_.async_wait(as_result);
            static_cast<void>(waited);
        }
    }
}

}  // namespace ledger::node::asio
