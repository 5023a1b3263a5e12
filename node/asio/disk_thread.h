#pragma once
// DiskThread: the one thread that touches a node's disk: groups are written and synced in order,
// reads run between them. Storage is not made for two threads, and this way it needs not be.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "log/storage.h"
#include "node/asio/net.h"
#include "node/effect.h"
#include "node/event.h"

namespace ledger::node::asio {

class DiskThread {
  public:
    // Called on the loop.
    class Port {
      public:
        virtual ~Port() = default;
        virtual void on_stored(Ticket ticket) = 0;
        virtual void on_store_failed(Ticket ticket, const Error& error) = 0;
        // `error` is empty unless the load failed.
        virtual void on_loaded(Loaded&& loaded, const Error& error) = 0;
    };

    // Starts the thread. The loop, whose run() may go on for as long as answers are due, and the
    // port outlive it.
    DiskThread(net::io_context& loop, std::unique_ptr<log::Storage> storage, Port& port);
    // Waits for what is at the disk at this moment; what has not begun never will.
    ~DiskThread();
    DiskThread(const DiskThread&) = delete;
    DiskThread& operator=(const DiskThread&) = delete;

    // The group stays as it is until on_stored. At most two are under way (Store, node/effect.h).
    void store(const Store& store);
    void load(const Load& load);

  private:
    void run();
    void do_store(const Store& store);
    void do_load(const Load& load);

    net::io_context& loop_;
    const std::unique_ptr<log::Storage> storage_;
    Port& port_;

    std::mutex mutex_;  // guards the members up to the blank line
    std::condition_variable changed_;
    std::deque<Store> stores_;
    std::deque<Load> loads_;
    bool stopping_ = false;

    std::uint64_t stores_open_ = 0;  // used by the loop only

    std::thread thread_;
};

}  // namespace ledger::node::asio
