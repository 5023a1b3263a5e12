#pragma once
// CtlFollower: follows a cluster on real connections: runs node/subscriber and hands over events.

#include <functional>
#include <optional>

#include "node/asio/ctl_loop.h"
#include "node/subscriber.h"

namespace ledger::node::asio {

class CtlFollower final : private CtlLinkEvents {
  public:
    // `options.nodes` is filled in from the cluster.
    CtlFollower(const CtlCluster& cluster, subscriber::Options options);

    // Hands over events as they come, until `take` says false (nothing is returned then) or there
    // can be no more. Once.
    using Take = std::function<bool(const subscriber::Events& events)>;
    std::optional<subscriber::Finished> run(const Take& take);

  private:
    void step(subscriber::Event&& event);
    void perform(const subscriber::Effect& effect);

    void on_connected(NodeId) override {}
    void on_disconnected(NodeId node) override;
    void on_not_sent(NodeId node, RequestId request) override;
    void on_reply(NodeId node, ClientReply&& reply) override;

    CtlLoop loop_;
    SeededChoices choices_;
    subscriber::Subscriber subscriber_;
    const Take* take_ = nullptr;  // while running
    bool enough_ = false;
    std::optional<subscriber::Finished> finished_;
};

}  // namespace ledger::node::asio
