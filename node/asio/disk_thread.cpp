#include "node/asio/disk_thread.h"

#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"

namespace ledger::node::asio {

namespace {

constexpr std::uint64_t stores_open_max = 2;

}  // namespace

DiskThread::DiskThread(
    net::io_context& loop, std::unique_ptr<log::Storage> storage, Port& port)
    : loop_(loop), storage_(std::move(storage)), port_(port), thread_([this] { run(); }) {}

DiskThread::~DiskThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void DiskThread::store(const Store& store) {
    LEDGER_ASSERT(stores_open_ < stores_open_max);
    ++stores_open_;
    {
        const std::lock_guard lock(mutex_);
        stores_.push_back(store);
    }
    changed_.notify_one();
}

void DiskThread::load(const Load& load) {
    {
        const std::lock_guard lock(mutex_);
        loads_.push_back(load);  // bounded by the replica: Limits::queries_max and one per peer
    }
    changed_.notify_one();
}

void DiskThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(
            lock, [this] { return stopping_ || !stores_.empty() || !loads_.empty(); });
        if (stopping_) {
            return;
        }
        // By turns, so that neither commits nor catching up can starve.
        if (!stores_.empty()) {
            const Store store = stores_.front();
            stores_.pop_front();
            lock.unlock();
            do_store(store);
            lock.lock();
        }
        if (!loads_.empty() && !stopping_) {
            const Load load = loads_.front();
            loads_.pop_front();
            lock.unlock();
            do_load(load);
            lock.lock();
        }
    }
}

void DiskThread::do_store(const Store& store) {
    Result<void> done = storage_->write(*store.group);
    if (done) {
        done = storage_->sync();
    }
    net::post(loop_, [this, ticket = store.ticket, done = std::move(done)] {
        --stores_open_;
        if (done) {
            port_.on_stored(ticket);
        } else {
            port_.on_store_failed(ticket, done.error());
        }
    });
}

void DiskThread::do_load(const Load& load) {
    // The bodies are born here and used on the loop: the one reference to each moves along.
    auto loaded = std::make_unique<Loaded>();
    loaded->request = load.request;
    Result<std::vector<HashedEntry>> entries =
        storage_->read(load.first, load.last, load.bytes_max);
    Error error;
    if (entries) {
        loaded->entries = std::move(*entries);
    } else {
        loaded->failed = true;
        error = entries.error();
    }
    net::post(loop_, [this, loaded = std::move(loaded), error = std::move(error)] {
        port_.on_loaded(std::move(*loaded), error);
    });
}

}  // namespace ledger::node::asio
