#pragma once
// SubscriberHost: runs one production subscriber (node/subscriber) in the simulated world, and
// shows the judge what it is handed.

#include <cstdint>

#include "log/base/choice.h"
#include "node/subscriber.h"
#include "sim/client_links.h"
#include "sim/profile.h"

namespace ledger::sim {

class SubscriberPort {
  public:
    virtual ~SubscriberPort() = default;
    virtual void delivered(std::uint32_t subscriber, const node::subscriber::Events& events) = 0;
    virtual void finished(std::uint32_t subscriber, const node::subscriber::Finished& end) = 0;
};

class SubscriberHost final : public LinkUser {
  public:
    // `subscriber` counts from 1; `lane` is its number among all who have connections.
    SubscriberHost(std::uint32_t subscriber, std::uint32_t lane, const Profile& profile,
        ChoiceSource& choices, LinkPort& links, SubscriberPort& port);

    // From where, and which stream: drawn, as is the moment at which all but the first begin.
    const node::subscriber::Options& options() const { return options_; }
    void start();

    void on_timer(std::uint64_t generation) override;
    void on_connected(NodeId node) override { links_.connected(node); }
    void on_refused(NodeId node) override;
    void on_reply(NodeId from, node::ClientReply&& reply) override;
    void on_disconnected(NodeId node, std::uint64_t connection) override;
    ClientLinks& links() override { return links_; }

  private:
    void step(node::subscriber::Event&& event);
    void perform(const node::subscriber::SendRequest& send);
    void perform(const node::subscriber::WakeAt& wake);
    void perform(const node::subscriber::Events& events);
    void perform(const node::subscriber::Finished& end);

    const std::uint32_t number_;
    const std::uint32_t lane_;
    const node::subscriber::Options options_;
    const Duration begins_after_;
    LinkPort& world_;
    SubscriberPort& port_;
    ClientLinks links_;
    node::subscriber::Subscriber subscriber_;
    bool begun_ = false;
    std::uint64_t wake_timer_ = 0;
};

}  // namespace ledger::sim
