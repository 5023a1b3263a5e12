#include "node/asio/peer_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"

namespace ledger::node::asio {

namespace {

using UserTimeout = net::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

std::string text_of(const Tcp::endpoint& endpoint) {
    return fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

}  // namespace

PeerLink::PeerLink(net::io_context& loop, const PeerHello& hello, const Tcp::endpoint& endpoint,
    const NetLimits& limits, Journal& journal, Port& port)
    : loop_(loop), hello_(hello), peer_(hello.to), endpoint_(endpoint), limits_(limits), journal_(journal),
      port_(port), socket_(loop), pause_(loop), back_off_(limits.back_off_min) {}

void PeerLink::start() {
    spawn(loop_, run(), [] {});
}

void PeerLink::stop() {
    stopping_ = true;
    close();
    pause_.cancel();
}

void PeerLink::move_to(const Tcp::endpoint& endpoint) {
    if (endpoint == endpoint_) {
        return;
    }
    journal_.info("link", "n{} is at {} now", peer_, text_of(endpoint));
    endpoint_ = endpoint;
    back_off_ = limits_.back_off_min;
    close();
    pause_.cancel();
}

void PeerLink::close() {
    boost::system::error_code ignored;  // closed it is, whatever the system says
    socket_.close(ignored);
}

void PeerLink::send(const PeerMessage& message) {
    LEDGER_ASSERT(message.to == peer_);
    if (!up_) {
        return;
    }
    queue_.push(message);
    if (queue_.bytes() > limits_.peer_output_bytes_max) {
        dropped_ += queue_.drop_oldest(limits_.peer_output_bytes_max);
    }
    start_flush();
}

void PeerLink::start_flush() {
    if (flushing_ || !up_ || queue_.empty()) {
        return;
    }
    flushing_ = true;
    progress_ = steady_now();
    spawn(loop_, flush(), [this] {
        flushing_ = false;
        start_flush();
    });
}

void PeerLink::sweep(Instant now) {
    if (connecting_ && now - progress_ > limits_.connect_timeout) {
        close();
    } else if (flushing_ && now - progress_ > limits_.write_timeout) {
        journal_.warn("link", "n{} takes no messages: the link is closed", peer_);
        close();
    }
}

awaitable<void> PeerLink::run() {
    while (!stopping_) {
        const boost::system::error_code failed = co_await connect();
        if (stopping_) {
            break;
        }
        if (!failed) {
            const Instant since = steady_now();
            prepare_socket();
            up_ = true;
            queue_.push(hello_);
            start_flush();
            told_down_ = false;
            dropped_ = 0;
            journal_.info("link", "to n{} is up", peer_);
            port_.on_peer_up(peer_);
            const boost::system::error_code why = co_await wait_for_end();
            up_ = false;
            close();
            queue_.clear();
            // The write that was under way ends with an error within the next turns of the loop.
            while (flushing_) {
                co_await net::post(loop_, net::use_awaitable);
            }
            if (steady_now() - since > limits_.link_proven) {
                back_off_ = limits_.back_off_min;
            }
            if (!stopping_) {
                journal_.info("link", "to n{} is down: {}, {} messages dropped", peer_,
                    why.message(), dropped_);
                port_.on_peer_down(peer_);
            }
        } else if (!told_down_) {
            told_down_ = true;
            journal_.info("link", "n{} cannot be reached at {}: {}", peer_, text_of(endpoint_),
                failed.message());
        }
        if (stopping_) {
            break;
        }
        pause_.expires_after(to_chrono(back_off_));
        back_off_ = std::min(back_off_ * 2, limits_.back_off_max);
        const auto waited = co_await pause_.async_wait(as_result);
        static_cast<void>(waited);  // cancelled only by stop(), which the loop looks at
    }
}

awaitable<boost::system::error_code> PeerLink::connect() {
    connecting_ = true;
    progress_ = steady_now();
    const auto result = co_await socket_.async_connect(endpoint_, as_result);
    connecting_ = false;
    const boost::system::error_code error = std::get<0>(result);
    if (error) {
        close();
    }
    co_return error;
}

void PeerLink::prepare_socket() {
    boost::system::error_code ignored;  // they make it faster and sooner aware, not right
    socket_.set_option(Tcp::no_delay(true), ignored);
    const auto limit = limits_.write_timeout.nanoseconds / 1'000'000;
    socket_.set_option(UserTimeout(static_cast<int>(limit)), ignored);
}

// A peer never speaks on this connection: whatever can be read is its end.
awaitable<boost::system::error_code> PeerLink::wait_for_end() {
    std::array<std::byte, 64> unwanted{};
    const auto result = co_await socket_.async_read_some(net::buffer(unwanted), as_result);
    const boost::system::error_code error = std::get<0>(result);
    if (!error) {
        journal_.warn("link", "n{} answers where it should only listen", peer_);
    }
    co_return error;
}

awaitable<void> PeerLink::flush() {
    while (up_ && !queue_.empty()) {
        queue_.take(writing_);
        ByteSpan rest = writing_;
        while (!rest.empty()) {
            const auto buffer = net::buffer(rest.data(), rest.size());
            const auto result = co_await socket_.async_write_some(buffer, as_result);
            const auto& [error, bytes] = result;
            if (error) {
                up_ = false;
                close();  // run() notices and opens it again
                co_return;
            }
            rest = rest.subspan(bytes);
            progress_ = steady_now();
        }
    }
}

}  // namespace ledger::node::asio
