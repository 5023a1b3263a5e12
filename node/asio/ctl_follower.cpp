#include "node/asio/ctl_follower.h"

#include <utility>

#include "log/base/assert.h"
#include "node/asio/ctl_client.h"

namespace ledger::node::asio {
namespace {

subscriber::Options with_nodes(const CtlCluster& cluster, subscriber::Options&& options) {
    options.nodes.clear();
    for (const CtlNode& node : cluster.nodes) {
        options.nodes.push_back(node.node);
    }
    return std::move(options);
}

}  // namespace

CtlFollower::CtlFollower(const CtlCluster& cluster, subscriber::Options options)
    : loop_(cluster, *this, [this] { step(subscriber::Timer{}); }), choices_(random_bits()),
      subscriber_(with_nodes(cluster, std::move(options)), choices_) {}

std::optional<subscriber::Finished> CtlFollower::run(const Take& take) {
    LEDGER_ASSERT(take_ == nullptr);
    take_ = &take;
    step(subscriber::Begin{});
    while (!enough_ && !finished_) {
        loop_.run_one();
    }
    return enough_ ? std::nullopt : std::move(finished_);
}

void CtlFollower::step(subscriber::Event&& event) {
    // Performing an effect only starts it; nothing steps the subscriber again before the loop ends.
    for (const subscriber::Effect& effect : subscriber_.step(CtlLoop::now(), std::move(event))) {
        perform(effect);
    }
}

void CtlFollower::perform(const subscriber::Effect& effect) {
    if (const auto* send = std::get_if<subscriber::SendRequest>(&effect)) {
        loop_.send(send->to, send->request);
    } else if (const auto* wake = std::get_if<subscriber::WakeAt>(&effect)) {
        loop_.set_timer(wake->deadline);
    } else if (const auto* events = std::get_if<subscriber::Events>(&effect)) {
        enough_ = enough_ || !(*take_)(*events);
    } else if (const auto* finished = std::get_if<subscriber::Finished>(&effect)) {
        finished_ = *finished;
    }
}

void CtlFollower::on_disconnected(NodeId node) {
    step(subscriber::Disconnected{node});
}

void CtlFollower::on_not_sent(NodeId, RequestId request) {
    step(subscriber::NotSent{request});
}

void CtlFollower::on_reply(NodeId node, ClientReply&& reply) {
    step(subscriber::Received{node, std::move(reply)});
}

}  // namespace ledger::node::asio
