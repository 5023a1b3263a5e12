#pragma once
// Connection: one accepted connection. Its first frame says who speaks: a peer, whose messages it
// hands on, or a client, whose requests it hands on and to whom it brings the answers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/asio/frame_queue.h"
#include "node/asio/frame_reader.h"
#include "node/asio/journal.h"
#include "node/asio/net.h"
#include "node/asio/net_limits.h"

namespace ledger::node::asio {

// Who is meant by what arrives here. Any node of the cluster may speak: who is a member is for Raft
// to know, and changes.
struct Neighbourhood {
    ClusterId cluster;
    NodeId self;
};

class Connection {
  public:
    class Port {
      public:
        virtual ~Port() = default;
        virtual void on_message(ClientId connection, PeerMessage&& message) = 0;
        // Peer `from` takes connections at `endpoint`.
        virtual void on_hello(NodeId from, const Tcp::endpoint& endpoint) = 0;
        virtual void on_request(ClientId connection, ClientRequest&& request) = 0;
        // So many answers, the oldest ones, have been written.
        virtual void on_drained(ClientId connection, std::uint64_t answers) = 0;
        // Nothing of the connection runs any more: it may be destroyed in the call.
        virtual void on_ended(ClientId connection) = 0;
    };

    Connection(net::io_context& loop, ClientId id, Tcp::socket socket,
        const Neighbourhood& neighbourhood, const NetLimits& limits, Journal& journal, Port& port);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start();
    // Its coroutines end soon, and then on_ended is called, once.
    void close(std::string_view reason);
    // The same, and the journal hears of it.
    void refuse(std::string_view reason);
    // Does nothing if it is closed already: the answer is lost with the connection.
    void reply(const ClientReply& reply);
    // Between the two no request is handed on, and nothing more is read.
    void pause() { paused_ = true; }
    void resume();
    // Closes what has kept us waiting for too long.
    void sweep(Instant now);

    // Who spoke; 0 = nobody yet, or a client.
    NodeId peer() const { return peer_; }

  private:
    enum class Speaker : std::uint8_t { unknown = 1, peer, client };

    void start_reading();
    awaitable<void> read();
    // Handles the frames that are there. False: stop reading for now.
    bool handle_frames();
    Result<void> handle(Decoded&& message);
    Result<void> handle_message(PeerMessage&& message);
    Result<void> handle_hello(const PeerHello& hello);
    Result<void> check_peer(ClusterId cluster, NodeId from, NodeId to);
    void start_flush();
    awaitable<void> flush();
    void coroutine_ended();

    net::io_context& loop_;
    const ClientId id_;
    Tcp::socket socket_;
    const std::string remote_;
    const Neighbourhood& neighbourhood_;
    const NetLimits& limits_;
    Journal& journal_;
    Port& port_;

    FrameReader reader_;
    FrameQueue output_;
    ByteVector writing_;
    Speaker speaker_ = Speaker::unknown;
    NodeId peer_;
    bool open_ = true;
    bool paused_ = false;
    bool reading_ = false;
    bool flushing_ = false;
    bool unfinished_ = false;      // a frame has begun and not ended
    const Instant opened_;
    Instant frame_began_;          // while unfinished_
    Instant written_;              // the last progress of writing
};

}  // namespace ledger::node::asio
