#pragma once
// CtlLoop: what a client's machine needs around it: a link to every node, one timer, one loop.

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "log/base/time.h"
#include "node/asio/ctl_cluster.h"
#include "node/asio/ctl_link.h"

namespace ledger::node::asio {

class CtlLoop {
  public:
    // Both are called from run_one() only; they must outlive the loop.
    CtlLoop(const CtlCluster& cluster, CtlLinkEvents& events, std::function<void()> on_timer);
    CtlLoop(const CtlLoop&) = delete;
    CtlLoop& operator=(const CtlLoop&) = delete;

    static Instant now();

    // Nothing for a node that is not of the cluster.
    void send(NodeId to, const ClientRequest& request);
    // Replaces the earlier one; `never` is none.
    void set_timer(Instant deadline);
    // Waits until something happens, and lets it.
    void run_one();

  private:
    boost::asio::io_context context_;
    boost::asio::steady_timer timer_;
    const std::function<void()> on_timer_;
    std::vector<std::unique_ptr<CtlLink>> links_;
};

}  // namespace ledger::node::asio
