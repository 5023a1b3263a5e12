#pragma once
// PeerLink: the outgoing connection to one peer: opened, kept, reopened; messages go one way, the
// first of each connection says who speaks.

#include <cstdint>
#include <string>

#include "node/asio/frame_queue.h"
#include "node/asio/journal.h"
#include "node/asio/net.h"
#include "node/asio/net_limits.h"

namespace ledger::node::asio {

class PeerLink {
  public:
    class Port {
      public:
        virtual ~Port() = default;
        virtual void on_peer_up(NodeId peer) = 0;
        virtual void on_peer_down(NodeId peer) = 0;
    };

    PeerLink(net::io_context& loop, const PeerHello& hello, const Tcp::endpoint& endpoint,
        const NetLimits& limits, Journal& journal, Port& port);
    PeerLink(const PeerLink&) = delete;
    PeerLink& operator=(const PeerLink&) = delete;

    void start();
    // Ends its coroutines soon; the link must outlive the loop's run().
    void stop();

    // The peer takes connections there from now on.
    void move_to(const Tcp::endpoint& endpoint);

    // Without a connection the message is dropped, as on a bad network: Raft sends it again, and
    // what is old by then would only stand in the way.
    void send(const PeerMessage& message);
    // Gives up what has been stuck for too long.
    void sweep(Instant now);

  private:
    awaitable<void> run();
    awaitable<boost::system::error_code> connect();
    awaitable<boost::system::error_code> wait_for_end();
    void start_flush();
    awaitable<void> flush();
    void prepare_socket();
    void close();

    net::io_context& loop_;
    const PeerHello hello_;
    const NodeId peer_;
    Tcp::endpoint endpoint_;
    const NetLimits& limits_;
    Journal& journal_;
    Port& port_;

    Tcp::socket socket_;
    net::steady_timer pause_;
    FrameQueue queue_;
    ByteVector writing_;
    Duration back_off_;
    std::uint64_t dropped_ = 0;  // since the connection was opened
    bool up_ = false;
    bool flushing_ = false;
    bool connecting_ = false;
    bool stopping_ = false;
    bool told_down_ = false;     // the journal knows that the peer cannot be reached
    Instant progress_;           // of connecting or writing
};

}  // namespace ledger::node::asio
