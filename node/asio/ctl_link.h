#pragma once
// CtlLink: one connection to one node: connects when there is something to send, frames both ways.

#include <cstdint>
#include <deque>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "log/base/bytes.h"
#include "node/message.h"

namespace ledger::node::asio {

// What becomes of a link; called from the io_context only.
class CtlLinkEvents {
  public:
    virtual ~CtlLinkEvents() = default;
    virtual void on_connected(NodeId node) = 0;
    // The connection broke or the node spoke another protocol.
    virtual void on_disconnected(NodeId node) = 0;
    // There was no connection to send it over.
    virtual void on_not_sent(NodeId node, RequestId request) = 0;
    virtual void on_reply(NodeId node, ClientReply&& reply) = 0;
};

// Must outlive its io_context's last handler: both belong to the same owner, the context first.
class CtlLink {
  public:
    CtlLink(boost::asio::io_context& context, NodeId node, std::uint16_t port,
        CtlLinkEvents& events);
    CtlLink(const CtlLink&) = delete;
    CtlLink& operator=(const CtlLink&) = delete;

    NodeId node() const { return node_; }
    void send(const ClientRequest& request);

  private:
    enum class State : std::uint8_t { closed, connecting, open };

    void connect();
    void write_next();
    void read_more();
    // False: the bytes are none of ours.
    bool take_frames();
    void close();

    const NodeId node_;
    const boost::asio::ip::tcp::endpoint endpoint_;
    CtlLinkEvents& events_;
    boost::asio::ip::tcp::socket socket_;
    State state_ = State::closed;
    std::uint64_t life_ = 0;  // of the connection; a handler of an earlier one does nothing
    struct Pending {
        RequestId request;
        ByteVector frame;
    };
    // Bounded by what its owner has outstanding: one request of a client, or one status, or the
    // few that a subscriber sends before its node is silent for too long.
    std::deque<Pending> outbox_;
    bool writing_ = false;
    ByteVector received_;
    std::uint64_t received_bytes_ = 0;  // of received_ that are filled
};

}  // namespace ledger::node::asio
