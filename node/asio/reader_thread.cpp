#include "node/asio/reader_thread.h"

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"
#include "node/load_work.h"

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
    {
        // The older map may be the last of its kind: it is destroyed after the lock is.
        const std::lock_guard lock(mutex_);
        follows_ = follows_ || (map_ != nullptr && map_->rewrites() != map->rewrites());
        map_.swap(map);
    }
    changed_.notify_one();
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

// Waits for one; null if the thread is to end.
log::SharedMap ReaderThread::newer_than(const log::SharedMap& map) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || map_ != map; });
    return map_ == map ? nullptr : map_;
}

void ReaderThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || follows_ || !loads_.empty(); });
        if (stopping_) {
            return;
        }
        if (follows_) {
            follows_ = false;
            const log::SharedMap map = map_;
            lock.unlock();
            reader_.follow(*map);
            lock.lock();
            continue;
        }
        const Load load = loads_.front();
        loads_.pop_front();
        lock.unlock();
        do_load(load);
        lock.lock();
    }
}

Result<std::vector<HashedEntry>> ReaderThread::read(const Load& load) {
    bool last_attempt = false;
    for (log::SharedMap map = newest();;) {
        auto entries = perform_on(reader_, *map, load);
        // A segment has been rewritten, and its map will be published as soon as that is durable.
        if (!entries && reader_.is_outdated()) {
            if (log::SharedMap newer = newer_than(map)) {
                map = std::move(newer);
                continue;
            }
        }
        // An error is not believed before the log as it is now says so too.
        log::SharedMap now = newest();
        if (entries || last_attempt || now == map) {
            return entries;
        }
        last_attempt = true;
        map = std::move(now);
    }
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
