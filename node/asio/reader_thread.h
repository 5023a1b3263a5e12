#pragma once
// ReaderThread: cold reads of a node's log, one after the other, by the map that the writer
// published last: however long the writer waits for its disk, reading goes on.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "log/reader.h"
#include "node/asio/net.h"
#include "node/effect.h"
#include "node/event.h"

namespace ledger::node::asio {

class ReaderThread {
  public:
    // Called on the loop.
    class Port {
      public:
        virtual ~Port() = default;
        // `error` is empty unless the load failed.
        virtual void on_loaded(Loaded&& loaded, const Error& error) = 0;
    };

    // Reads the log in `directory`. Starts the thread. The file system, which other threads may
    // use at the same time, the loop and the port outlive it.
    ReaderThread(
        net::io_context& loop, log::FileSystem& files, std::string directory, Port& port);
    // Waits for the read that is under way; what has not begun never will.
    ~ReaderThread();
    ReaderThread(const ReaderThread&) = delete;
    ReaderThread& operator=(const ReaderThread&) = delete;

    // From any thread: what is durable from now on. Once before the first load.
    void publish(log::SharedMap map);
    // On the loop. Bounded by the replica: Limits::queries_max, one per peer, one to apply.
    void load(const Load& load);

  private:
    void run();
    void do_load(const Load& load);
    Result<std::vector<HashedEntry>> read(const Load& load);
    log::SharedMap newest();
    log::SharedMap newer_than(const log::SharedMap& map);

    net::io_context& loop_;
    log::Reader reader_;  // used by the thread only
    Port& port_;

    std::mutex mutex_;  // guards the members up to the blank line; never held over a read
    std::condition_variable changed_;
    log::SharedMap map_;
    std::deque<Load> loads_;
    bool follows_ = false;  // segments were rewritten: their old files are to be closed
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace ledger::node::asio
