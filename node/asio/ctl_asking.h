#pragma once
// CtlAsking: a cluster that one command asks, many times, through one client.

#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_history.h"

namespace ledger::node::asio {

class Asking {
  public:
    Asking(const CtlOptions& options, const CtlCluster& cluster)
        : client_(cluster), ask_([this, timeout = options.timeout](client::What what) {
              return client_.run(std::move(what), timeout);
          }),
          history_(ask_) {}

    const CtlHistory::Ask& ask() const { return ask_; }
    CtlHistory& history() { return history_; }

  private:
    CtlClient client_;
    CtlHistory::Ask ask_;
    CtlHistory history_;
};

}  // namespace ledger::node::asio
