#include "node/asio/reader_thread.h"

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"

namespace ledger::node::asio {

ReaderThread::ReaderThread(
    net::io_context& loop, log::FileSystem& files, std::string directory, Port& port)
    : loop_(loop), reader_(files, std::move(directory)), port_(port),
      thread_([this] { run(); }) {}

ReaderThread::~ReaderThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void ReaderThread::publish(log::SharedMap map) {
    LEDGER_ASSERT(map != nullptr);
    // The older map may be the last of its kind: it is destroyed after the lock is.
    const std::lock_guard lock(mutex_);
    map_.swap(map);
}

void ReaderThread::load(const Load& load) {
    {
        const std::lock_guard lock(mutex_);
        LEDGER_ASSERT(map_ != nullptr);
        loads_.push_back(load);
    }
    changed_.notify_one();
}

log::SharedMap ReaderThread::newest() {
    const std::lock_guard lock(mutex_);
    return map_;
}

void ReaderThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !loads_.empty(); });
        if (stopping_) {
            return;
        }
        const Load load = loads_.front();
        loads_.pop_front();
        lock.unlock();
        do_load(load);
        lock.lock();
    }
}

Result<std::vector<HashedEntry>> ReaderThread::read(const Load& load) {
    const log::SharedMap map = newest();
    auto entries = reader_.read(*map, load.first, load.last, load.bytes_max, load.previous_hash);
    if (!entries) {
        // Not believed before the log as it is now says so too.
        if (const log::SharedMap now = newest(); now != map) {
            entries = reader_.read(*now, load.first, load.last, load.bytes_max, load.previous_hash);
        }
    }
    return entries;
}

void ReaderThread::do_load(const Load& load) {
    // The bodies are born here and used on the loop: the one reference to each moves along.
    auto loaded = std::make_unique<Loaded>();
    loaded->request = load.request;
    Result<std::vector<HashedEntry>> entries = read(load);
    Error error;
    if (entries) {
        loaded->entries = std::move(*entries);
    } else {
        loaded->failed = true;
        loaded->damaged = reader_.damaged();
        error = entries.error();
    }
    net::post(loop_, [this, loaded = std::move(loaded), error = std::move(error)] {
        port_.on_loaded(std::move(*loaded), error);
    });
}

}  // namespace ledger::node::asio
