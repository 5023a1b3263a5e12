#pragma once
// ClientHost: runs one production client (node/client) in the simulated world: connections, time,
// work from a source, and every attempt shown to the judge.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/choice.h"
#include "node/client.h"
#include "sim/check/history.h"
#include "sim/client_links.h"
#include "sim/operation.h"
#include "sim/profile.h"

namespace ledger::sim {

// What a client needs from the world around it, beside its connections. Nothing here steps the
// client before it returns.
class ClientPort : public LinkPort {
  public:
    virtual ClientId next_client_id() = 0;
    // Attempt `number` of an append or a query leaves; every attempt is judged by itself.
    virtual check::OperationId called(ClientId client, NodeId to,
        const node::client::What& what, std::uint32_t number) = 0;
    // What came of it. An attempt open at the end of the run says nothing.
    virtual void returned(check::OperationId attempt, check::Answer&& answer) = 0;
    // A client has been told that these events have no payloads any more.
    virtual void redacted(const state::Redact& redact) = 0;
};

class ClientHost final : public LinkUser {
  public:
    ClientHost(std::uint32_t lane, const Profile& profile, ChoiceSource& choices,
        OperationSource& source, ClientPort& port);

    void start();
    void on_timer(std::uint64_t generation) override;
    void on_connected(NodeId node) override;
    void on_refused(NodeId node) override;
    void on_reply(NodeId from, node::ClientReply&& reply) override;
    // The client hears that this connection is dead, unless it has heard already.
    void on_disconnected(NodeId node, std::uint64_t connection) override;
    ClientLinks& links() override { return links_; }

    bool idle() const { return finished_; }

  private:
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

    const std::uint32_t lane_;
    const Duration think_mean_;
    ChoiceSource& choices_;
    OperationSource& source_;
    ClientPort& port_;
    node::client::Client client_;

    ClientId id_;                 // a new one after every unknown outcome
    std::optional<node::client::What> next_;  // what it thinks of
    std::uint64_t operations_ = 0;
    ClientLinks links_;
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
