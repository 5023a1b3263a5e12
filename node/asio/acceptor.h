#pragma once
// Acceptor: the listening port of a node; hands on what connects.

#include "log/base/result.h"
#include "node/asio/journal.h"
#include "node/asio/net.h"

namespace ledger::node::asio {

class Acceptor {
  public:
    class Port {
      public:
        virtual ~Port() = default;
        virtual void on_accepted(Tcp::socket socket) = 0;
    };

    Acceptor(net::io_context& loop, Journal& journal, Port& port);
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    // Takes the port; whoever connects waits until start(). Only loopback addresses: there is no
    // TLS yet, and a node is closed by default.
    Result<void> listen(const Tcp::endpoint& endpoint);
    void start();
    void stop();
    // The real port, also where 0 was asked for.
    std::uint16_t port() const { return bound_port_; }

  private:
    awaitable<void> run();

    net::io_context& loop_;
    Journal& journal_;
    Port& port_;
    Tcp::acceptor acceptor_;
    net::steady_timer pause_;
    std::uint16_t bound_port_ = 0;
};

}  // namespace ledger::node::asio
