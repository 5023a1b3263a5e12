#include "node/asio/ctl_link.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "log/base/assert.h"
#include "node/asio/ctl_cluster.h"
#include "node/codec.h"

namespace ledger::node::asio {
namespace {

namespace net = boost::asio;

constexpr std::size_t read_bytes_min = 64u << 10;

}  // namespace

CtlLink::CtlLink(
    net::io_context& context, NodeId node, std::uint16_t port, CtlLinkEvents& events)
    : node_(node), endpoint_(net::ip::make_address(loopback), port), events_(events),
      socket_(context) {}

void CtlLink::send(const ClientRequest& request) {
    Pending pending{.request = request.id, .frame = {}};
    encode(request, pending.frame);
    outbox_.push_back(std::move(pending));
    if (state_ == State::closed) {
        connect();
    } else if (state_ == State::open) {
        write_next();
    }
}

void CtlLink::connect() {
    LEDGER_ASSERT(state_ == State::closed);
    state_ = State::connecting;
    const std::uint64_t life = ++life_;
    socket_.async_connect(endpoint_, [this, life](boost::system::error_code error) {
        if (life != life_) {
            return;
        }
        if (error) {
            close();
            return;
        }
        state_ = State::open;
        boost::system::error_code ignored;
        socket_.set_option(net::ip::tcp::no_delay(true), ignored);
        events_.on_connected(node_);
        read_more();
        write_next();
    });
}

void CtlLink::write_next() {
    if (writing_ || outbox_.empty() || state_ != State::open) {
        return;
    }
    writing_ = true;
    const std::uint64_t life = life_;
    const ByteVector& frame = outbox_.front().frame;
    net::async_write(socket_, net::buffer(frame.data(), frame.size()),
        [this, life](boost::system::error_code error, std::size_t) {
            if (life != life_) {
                return;
            }
            writing_ = false;
            outbox_.pop_front();
            if (error) {
                close();
                return;
            }
            write_next();
        });
}

void CtlLink::read_more() {
    if (received_.size() < received_bytes_ + read_bytes_min) {
        received_.resize(std::max(2 * received_.size(), received_bytes_ + read_bytes_min));
    }
    const std::uint64_t life = life_;
    socket_.async_read_some(
        net::buffer(received_.data() + received_bytes_, received_.size() - received_bytes_),
        [this, life](boost::system::error_code error, std::size_t bytes) {
            if (life != life_) {
                return;
            }
            received_bytes_ += bytes;
            if (error || !take_frames()) {
                close();
                return;
            }
            if (life == life_) {
                read_more();
            }
        });
}

bool CtlLink::take_frames() {
    std::size_t at = 0;
    const std::uint64_t life = life_;
    while (true) {
        const ByteSpan rest = ByteSpan(received_).subspan(at, received_bytes_ - at);
        const Result<std::uint64_t> size = frame_size(rest);
        if (!size && size.error().code != make_error_code(CodecErrc::truncated)) {
            return false;
        }
        if (!size || *size > rest.size()) {
            break;
        }
        Result<Decoded> decoded = decode(rest.first(*size));
        ClientReply* reply = decoded ? std::get_if<ClientReply>(&*decoded) : nullptr;
        if (reply == nullptr) {
            return false;
        }
        at += *size;
        events_.on_reply(node_, std::move(*reply));
        if (life != life_) {
            return true;
        }
    }
    std::copy(received_.begin() + static_cast<std::ptrdiff_t>(at),
        received_.begin() + static_cast<std::ptrdiff_t>(received_bytes_), received_.begin());
    received_bytes_ -= at;
    return true;
}

void CtlLink::close() {
    const bool was_open = state_ == State::open;
    ++life_;
    state_ = State::closed;
    writing_ = false;
    received_bytes_ = 0;
    boost::system::error_code ignored;
    socket_.close(ignored);
    const std::deque<Pending> unsent = std::exchange(outbox_, {});
    if (was_open) {
        // The frame in front may have left in part: like all before it, it may be executed.
        events_.on_disconnected(node_);
    }
    for (const Pending& pending : unsent) {
        if (!was_open) {
            events_.on_not_sent(node_, pending.request);
        }
    }
}

}  // namespace ledger::node::asio
