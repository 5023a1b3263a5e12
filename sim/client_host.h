#pragma once
// ClientHost: runs one production client (node/client) in the simulated world: connections, time,
// work from a source, and every attempt shown to the judge.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/choice.h"
#include "node/client.h"
#include "sim/check/history.h"
#include "sim/operation.h"
#include "sim/profile.h"

namespace ledger::sim {

// What a client needs from the world around it. Nothing here steps the client before it returns.
class ClientPort {
  public:
    virtual ~ClientPort() = default;
    virtual Instant now() const = 0;
    // Comes back as on_connected or on_refused.
    virtual void connect(std::uint32_t lane, NodeId to) = 0;
    virtual void request(std::uint32_t lane, NodeId to, std::uint64_t connection,
        node::ClientRequest&& request) = 0;
    // Fires on_timer(generation) at `at`.
    virtual void timer(std::uint32_t lane, Instant at, std::uint64_t generation) = 0;
    virtual ClientId next_client_id() = 0;
    // Attempt `number` of an append or a query leaves; every attempt is judged by itself.
    virtual check::OperationId called(ClientId client, NodeId to,
        const node::client::What& what, std::uint32_t number) = 0;
    // What came of it. An attempt open at the end of the run says nothing.
    virtual void returned(check::OperationId attempt, check::Answer&& answer) = 0;
};

// Connections are as node/asio/ctl_link makes them: opened when there is something to send, one
// per node. A connection dies with its node; the client hears of it a moment later.
class ClientHost final {
  public:
    ClientHost(std::uint32_t lane, const Profile& profile, ChoiceSource& choices,
        OperationSource& source, ClientPort& port);

    void start();
    void on_timer(std::uint64_t generation);
    void on_connected(NodeId node);
    // Nobody listens there.
    void on_refused(NodeId node);
    // Over a connection that carries().
    void on_reply(NodeId from, node::ClientReply&& reply);
    // The client hears that this connection is dead, unless it has heard already.
    void on_disconnected(NodeId node, std::uint64_t connection);

    // The open connection to `node`, or none = 0.
    std::uint64_t connection(NodeId node) const;
    // Whether what was sent over this connection arrives.
    bool carries(NodeId node, std::uint64_t connection) const;
    // The node is gone: nothing passes any more. Returns the connection that died, or 0.
    std::uint64_t cut(NodeId node);

    bool idle() const { return finished_; }

  private:
    struct Link {
        enum class State : std::uint8_t { closed, connecting, open } state = State::closed;
        std::uint64_t connection = 0;  // counts those that were opened
        bool dead = false;             // open as far as the client knows
        std::vector<node::ClientRequest> outbox;  // waits for the connection
    };
    // An attempt that was neither answered nor given up with its operation.
    struct Attempt {
        RequestId request;
        check::OperationId judged;
    };

    void think();
    void step(node::client::Event&& event);
    void perform(const node::client::SendRequest& send);
    void perform(const node::client::WakeAt& wake);
    void perform(const node::client::Done& done);
    std::optional<check::OperationId> take_attempt(RequestId request);

    Link& link(NodeId node) { return links_[node.value - 1]; }
    const Link& link(NodeId node) const { return links_[node.value - 1]; }

    const std::uint32_t lane_;
    const Duration think_mean_;
    ChoiceSource& choices_;
    OperationSource& source_;
    ClientPort& port_;
    node::client::Client client_;

    ClientId id_;                 // a new one after every unknown outcome
    std::optional<node::client::What> next_;  // what it thinks of
    std::uint64_t operations_ = 0;
    std::vector<Link> links_;
    std::vector<Attempt> attempts_;           // of the operation at work
    std::uint32_t called_ = 0;                // attempts of it so far
    std::optional<check::OperationId> answered_;  // the attempt whose answer is being stepped
    std::uint64_t timers_ = 0;
    std::uint64_t think_timer_ = 0;
    std::uint64_t wake_timer_ = 0;
    std::uint64_t thoughts_ = 0;
    bool finished_ = false;
};

}  // namespace ledger::sim
