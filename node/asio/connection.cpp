#include "node/asio/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/file_system.h"

namespace ledger::node::asio {

namespace {

template <int name>
using TcpOption = net::detail::socket_option::integer<IPPROTO_TCP, name>;
using KeepIdle = TcpOption<TCP_KEEPIDLE>;
using KeepInterval = TcpOption<TCP_KEEPINTVL>;
using KeepCount = TcpOption<TCP_KEEPCNT>;

std::string remote_of(const Tcp::socket& socket) {
    boost::system::error_code error;
    const Tcp::endpoint endpoint = socket.remote_endpoint(error);
    return error ? "somebody" : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

// The peer or client keeps to no protocol of ours.
Error protocol_error(std::string what) {
    return failure(CodecErrc::malformed, std::move(what));
}

}  // namespace

Connection::Connection(net::io_context& loop, ClientId id, Tcp::socket socket,
    const Neighbourhood& neighbourhood, const NetLimits& limits, Journal& journal, Port& port)
    : loop_(loop), id_(id), socket_(std::move(socket)), remote_(remote_of(socket_)),
      neighbourhood_(neighbourhood), limits_(limits), journal_(journal), port_(port),
      reader_(socket_), opened_(steady_now()) {}

void Connection::start() {
    boost::system::error_code ignored;  // they make it faster and sooner aware, not right
    socket_.set_option(Tcp::no_delay(true), ignored);
    // A machine that vanished says nothing any more: the kernel asks after 10 s, thrice.
    socket_.set_option(net::socket_base::keep_alive(true), ignored);
    socket_.set_option(KeepIdle(10), ignored);
    socket_.set_option(KeepInterval(5), ignored);
    socket_.set_option(KeepCount(3), ignored);
    start_reading();
}

void Connection::close(std::string_view reason) {
    if (!open_) {
        return;
    }
    open_ = false;
    if (peer_ != NodeId{}) {
        journal_.info("peer", "n{} at {} closed: {}", peer_, remote_, reason);
    } else {
        journal_.debug("client", "{} closed: {}", remote_, reason);
    }
    boost::system::error_code ignored;  // closed it is, whatever the system says
    socket_.close(ignored);
    output_.clear();
    if (!reading_ && !flushing_) {
        net::post(loop_, [this] { coroutine_ended(); });  // nothing else would say so
    }
}

void Connection::refuse(std::string_view reason) {
    journal_.warn("client", "{} is closed: {}", remote_, reason);
    close(reason);
}

void Connection::coroutine_ended() {
    if (!open_ && !reading_ && !flushing_) {
        port_.on_ended(id_);
    }
}

// --- Reading ---

void Connection::start_reading() {
    LEDGER_ASSERT(!reading_);
    reading_ = true;
    spawn(loop_, read(), [this] {
        reading_ = false;
        if (open_ && !paused_) {
            start_reading();  // resumed before it had ended
        } else {
            coroutine_ended();
        }
    });
}

void Connection::resume() {
    paused_ = false;
    if (open_ && !reading_) {
        start_reading();
    }
}

// Ends when the connection does or is paused. Begins on a turn of the loop of its own: frames that
// are there already must not be handled inside whoever resumed it.
awaitable<void> Connection::read() {
    const auto turn = co_await net::post(loop_, as_result);
    static_cast<void>(turn);
    while (open_ && handle_frames()) {
        const boost::system::error_code error = co_await reader_.fill();
        if (error) {
            close(error == net::error::eof && !reader_.unfinished() ? "done" : error.message());
        }
    }
}

bool Connection::handle_frames() {
    bool still_the_same = unfinished_;
    while (open_ && !paused_) {
        const std::optional<Result<ByteSpan>> frame = reader_.take();
        if (!frame) {
            unfinished_ = reader_.unfinished();
            if (unfinished_ && !still_the_same) {
                frame_began_ = steady_now();
            }
            return true;
        }
        still_the_same = false;
        Result<void> handled;
        if (*frame) {
            Result<Decoded> message = decode(**frame);
            handled = message ? handle(std::move(*message)) : Result<void>(message.error());
        } else {
            handled = frame->error();
        }
        if (!handled) {
            const Error error = handled.error();
            journal_.warn("net", "{}{} sends no good frame: {}, {}", remote_,
                peer_ == NodeId{} ? "" : fmt::format(" (n{})", peer_), error.code.message(),
                error.place);
            close("bad frame");
        }
    }
    return false;
}

Result<void> Connection::handle(Decoded&& message) {
    if (auto* peer = std::get_if<PeerMessage>(&message)) {
        return handle_message(std::move(*peer));
    }
    if (const auto* hello = std::get_if<PeerHello>(&message)) {
        return handle_hello(*hello);
    }
    auto* request = std::get_if<ClientRequest>(&message);
    if (request == nullptr) {
        return protocol_error("an answer to nothing");
    }
    if (speaker_ == Speaker::peer) {
        return protocol_error("a client's request from a peer");
    }
    speaker_ = Speaker::client;
    port_.on_request(id_, std::move(*request));
    return {};
}

// Whether who says so may speak here, as the peer that it said it was before.
Result<void> Connection::check_peer(ClusterId cluster, NodeId from, NodeId to) {
    if (speaker_ == Speaker::client) {
        return protocol_error("a peer's message from a client");
    }
    if (cluster != neighbourhood_.cluster) {
        return failure(log::Errc::wrong_identity,
            fmt::format("n{} is of cluster {}, this node of cluster {}", from, to_text(cluster),
                to_text(neighbourhood_.cluster)));
    }
    if (to != neighbourhood_.self) {
        return failure(log::Errc::wrong_identity,
            fmt::format("n{} takes this node, which is n{}, for n{}", from, neighbourhood_.self, to));
    }
    if (from == NodeId{} || from == neighbourhood_.self) {
        return failure(
            log::Errc::wrong_identity, fmt::format("n{} is no peer of this node", from));
    }
    if (speaker_ == Speaker::peer && from != peer_) {
        return protocol_error(fmt::format("a message of n{}", from));
    }
    speaker_ = Speaker::peer;
    peer_ = from;
    return {};
}

Result<void> Connection::handle_message(PeerMessage&& message) {
    LEDGER_CHECK(check_peer(message.cluster, message.from, message.to));
    port_.on_message(id_, std::move(message));
    return {};
}

Result<void> Connection::handle_hello(const PeerHello& hello) {
    LEDGER_CHECK(check_peer(hello.cluster, hello.from, hello.to));
    boost::system::error_code error;
    const Tcp::endpoint remote = socket_.remote_endpoint(error);
    if (!error && hello.port != 0) {
        port_.on_hello(hello.from, Tcp::endpoint(remote.address(), hello.port));
    }
    return {};
}

// --- Writing ---

void Connection::reply(const ClientReply& reply) {
    if (!open_) {
        return;
    }
    LEDGER_ASSERT(speaker_ == Speaker::client);
    output_.push(reply);  // bounded by the edge
    start_flush();
}

void Connection::start_flush() {
    if (flushing_ || !open_ || output_.empty()) {
        return;
    }
    flushing_ = true;
    written_ = steady_now();
    spawn(loop_, flush(), [this] {
        flushing_ = false;
        start_flush();
        coroutine_ended();
    });
}

awaitable<void> Connection::flush() {
    while (open_ && !output_.empty()) {
        const std::uint64_t frames = output_.take(writing_);
        ByteSpan rest = writing_;
        while (!rest.empty()) {
            const auto buffer = net::buffer(rest.data(), rest.size());
            const auto result = co_await socket_.async_write_some(buffer, as_result);
            const auto& [error, bytes] = result;
            if (error) {
                close(error.message());
                co_return;
            }
            rest = rest.subspan(bytes);
            written_ = steady_now();
        }
        port_.on_drained(id_, frames);
    }
}

void Connection::sweep(Instant now) {
    if (!open_) {
        return;
    }
    if (speaker_ == Speaker::unknown && now - opened_ > limits_.first_frame_timeout) {
        journal_.warn("net", "{} did not say who it is", remote_);
        close("no first frame in time");
    } else if (reading_ && unfinished_ && now - frame_began_ > limits_.frame_timeout) {
        journal_.warn("net", "{} left a frame unfinished", remote_);
        close("unfinished frame");
    } else if (flushing_ && now - written_ > limits_.write_timeout) {
        journal_.warn("client", "{} is too slow: it reads none of its answers", remote_);
        close("reads nothing");
    }
}

}  // namespace ledger::node::asio
