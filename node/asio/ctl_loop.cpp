#include "node/asio/ctl_loop.h"

#include <chrono>
#include <utility>

namespace ledger::node::asio {

CtlLoop::CtlLoop(
    const CtlCluster& cluster, CtlLinkEvents& events, std::function<void()> on_timer)
    : timer_(context_), on_timer_(std::move(on_timer)) {
    for (const CtlNode& node : cluster.nodes) {
        links_.push_back(std::make_unique<CtlLink>(context_, node.node, node.port, events));
    }
}

Instant CtlLoop::now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

void CtlLoop::send(NodeId to, const ClientRequest& request) {
    for (const auto& link : links_) {
        if (link->node() == to) {
            link->send(request);
        }
    }
}

void CtlLoop::set_timer(Instant deadline) {
    timer_.cancel();
    if (deadline == never) {
        return;
    }
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::nanoseconds(deadline.nanoseconds)));
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) {
            on_timer_();
        }
    });
}

void CtlLoop::run_one() {
    context_.restart();
    context_.run_one();
}

}  // namespace ledger::node::asio
