#pragma once
// ClientLinks: one client's connections, as node/asio/ctl_link makes them: one to each node at
// most, opened when there is something to send.

#include <cstdint>
#include <vector>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "node/message.h"

namespace ledger::sim {

// What connections need from the world around them. Nothing here steps a client before it returns.
class LinkPort {
  public:
    virtual ~LinkPort() = default;
    virtual Instant now() const = 0;
    // Comes back as on_connected or on_refused.
    virtual void connect(std::uint32_t lane, NodeId to) = 0;
    virtual void request(std::uint32_t lane, NodeId to, std::uint64_t connection,
        node::ClientRequest&& request) = 0;
    // Fires on_timer(generation) at `at`.
    virtual void timer(std::uint32_t lane, Instant at, std::uint64_t generation) = 0;
};

// A connection dies with its node; the client hears of it a moment later.
class ClientLinks {
  public:
    ClientLinks(std::uint32_t lane, std::uint32_t nodes, LinkPort& port)
        : lane_(lane), port_(port), links_(nodes) {}

    void send(NodeId to, const node::ClientRequest& request);
    // Sends what waited.
    void connected(NodeId node);
    // Nobody listens there: what waited was never sent.
    std::vector<node::ClientRequest> refused(NodeId node);
    // The client hears that this connection is dead. False: it has heard already.
    bool disconnected(NodeId node, std::uint64_t connection);

    // The open connection to `node`, or none = 0.
    std::uint64_t connection(NodeId node) const;
    // Whether what was sent over this connection arrives.
    bool carries(NodeId node, std::uint64_t connection) const;
    // Nothing passes any more. Returns the connection that died, or 0.
    std::uint64_t cut(NodeId node);

  private:
    struct Link {
        enum class State : std::uint8_t { closed, connecting, open } state = State::closed;
        std::uint64_t connection = 0;  // counts those that were opened
        bool dead = false;             // open as far as the client knows
        std::vector<node::ClientRequest> outbox;  // waits for the connection
    };
    Link& link(NodeId node) { return links_[node.value - 1]; }
    const Link& link(NodeId node) const { return links_[node.value - 1]; }

    const std::uint32_t lane_;
    LinkPort& port_;
    std::vector<Link> links_;
};

// A client as its connections see it.
class LinkUser {
  public:
    virtual ~LinkUser() = default;
    virtual void on_timer(std::uint64_t generation) = 0;
    virtual void on_connected(NodeId node) = 0;
    // Nobody listens there.
    virtual void on_refused(NodeId node) = 0;
    // Over a connection that carries.
    virtual void on_reply(NodeId from, node::ClientReply&& reply) = 0;
    virtual void on_disconnected(NodeId node, std::uint64_t connection) = 0;
    virtual ClientLinks& links() = 0;
};

}  // namespace ledger::sim
