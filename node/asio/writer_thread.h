#pragma once
// WriterThread: the one thread that writes a node's log: group after group, each synced before
// the next is begun. Nothing else is done here, so that nothing else delays a commit.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "log/storage.h"
#include "node/asio/net.h"
#include "node/asio/reader_thread.h"
#include "node/effect.h"

namespace ledger::node::asio {

class WriterThread {
  public:
    // Called on the loop.
    class Port {
      public:
        virtual ~Port() = default;
        // `crowded` as log::Storage says it.
        virtual void on_stored(Ticket ticket, std::vector<Index> damaged, bool crowded) = 0;
        virtual void on_store_failed(Ticket ticket, const Error& error) = 0;
    };

    // Starts the thread. The loop, whose run() may go on for as long as answers are due, the
    // readers and the port outlive it. Readers are told of a group before the loop is.
    WriterThread(net::io_context& loop, std::unique_ptr<log::Storage> storage,
        ReaderThread& readers, Port& port);
    // Waits for the group that is at the disk at this moment; what has not begun never will.
    ~WriterThread();
    WriterThread(const WriterThread&) = delete;
    WriterThread& operator=(const WriterThread&) = delete;

    // The group stays as it is until on_stored. At most two are under way (Store, node/effect.h).
    void store(const Store& store);
    // Between two groups, soon; of several only the last counts. A failure is told as that of
    // ticket 0.
    void discard(const Discard& discard);

  private:
    void run();
    void do_store(const Store& store);
    void do_discard(const Discard& discard);

    net::io_context& loop_;
    const std::unique_ptr<log::Storage> storage_;
    ReaderThread& readers_;
    Port& port_;

    std::mutex mutex_;  // guards the members up to the blank line
    std::condition_variable changed_;
    std::deque<Store> stores_;
    std::optional<Discard> discard_;
    bool stopping_ = false;

    std::uint64_t stores_open_ = 0;  // used by the loop only

    std::thread thread_;
};

}  // namespace ledger::node::asio
