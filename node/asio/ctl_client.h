#pragma once
// CtlClient: one client of a cluster on real connections: runs node/client and waits for its end.

#include <optional>
#include <vector>

#include "node/asio/ctl_cluster.h"
#include "node/asio/ctl_loop.h"
#include "node/client.h"

namespace ledger::node::asio {

// Bits that nobody else draws: names of events, salts, clients.
std::uint64_t random_bits();

class CtlClient final : public CtlLinkEvents {
  public:
    // A session to go on with, as in client::Options.
    struct Resume {
        SessionId session;
        Sequence sequence;
    };
    explicit CtlClient(const CtlCluster& cluster, Resume resume = {});

    // Waits until it has ended, which it does within `timeout`.
    client::Done run(client::What what, Duration timeout);

  private:
    void step(client::Event&& event);
    void perform(const client::Effect& effect);

    void on_connected(NodeId node) override;
    void on_disconnected(NodeId node) override;
    void on_not_sent(NodeId node, RequestId request) override;
    void on_reply(NodeId node, ClientReply&& reply) override;

    CtlLoop loop_;
    SeededChoices choices_;
    client::Client client_;
    std::uint64_t operations_ = 0;
    std::optional<client::Done> done_;
};

// Asks one node, once; nothing if it does not answer in time, and then it may still have done it.
std::optional<ClientReply> ask_once(
    const CtlNode& node, ClientRequest&& request, Duration timeout);

// Asks every node at once how it stands; nothing for those that have not answered in time.
std::vector<std::optional<StatusAnswer>> ask_statuses(
    const CtlCluster& cluster, Duration timeout = milliseconds(300));

}  // namespace ledger::node::asio
