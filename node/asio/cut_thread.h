#pragma once
// CutThread: keeps and reads a node's cuts, one piece of work after the other: neither the log's
// flushes nor cold reads of the log wait for it.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <variant>

#include "log/cut_store.h"
#include "node/asio/net.h"
#include "node/effect.h"
#include "node/event.h"

namespace ledger::node::asio {

class CutThread {
  public:
    // Called on the loop. `error` is empty unless the work failed.
    class Port {
      public:
        virtual ~Port() = default;
        virtual void on_cut_stored(const CutStored& stored, const Error& error) = 0;
        virtual void on_chunk_loaded(ChunkLoaded&& loaded, const Error& error) = 0;
    };

    // Starts the thread. The file system under `store`, the loop and the port outlive it.
    CutThread(net::io_context& loop, log::CutStore&& store, Port& port);
    // Waits for the work that is under way; what has not begun never will.
    ~CutThread();
    CutThread(const CutThread&) = delete;
    CutThread& operator=(const CutThread&) = delete;

    // On the loop. Bounded by the replica: one per cut that is made, received or restored, and one
    // per follower that is sent one.
    void store(StoreCut&& work);
    void load(const LoadChunk& work);

  private:
    using Work = std::variant<StoreCut, LoadChunk>;

    void enqueue(Work&& work);
    void run();
    void perform(const StoreCut& work);
    void perform(const LoadChunk& work);

    net::io_context& loop_;
    log::CutStore store_;  // used by the thread only
    Port& port_;

    std::mutex mutex_;  // guards the members up to the blank line; never held over a piece of work
    std::condition_variable changed_;
    std::deque<Work> work_;
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace ledger::node::asio
