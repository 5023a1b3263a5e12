#include "node/asio/writer_thread.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "log/base/assert.h"

namespace ledger::node::asio {

namespace {

constexpr std::uint64_t stores_open_max = 2;

}  // namespace

WriterThread::WriterThread(net::io_context& loop, std::unique_ptr<log::Storage> storage,
    ReaderThread& readers, Port& port)
    : loop_(loop), storage_(std::move(storage)), readers_(readers), port_(port),
      thread_([this] { run(); }) {}

WriterThread::~WriterThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void WriterThread::store(const Store& store) {
    LEDGER_ASSERT(stores_open_ < stores_open_max);
    ++stores_open_;
    {
        const std::lock_guard lock(mutex_);
        stores_.push_back(store);
    }
    changed_.notify_one();
}

void WriterThread::discard(const Discard& discard) {
    {
        const std::lock_guard lock(mutex_);
        // One that still waits lies below this one.
        discard_ = Discard{discard.upto, discard.reuse && (!discard_ || discard_->reuse)};
    }
    changed_.notify_one();
}

void WriterThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(
            lock, [this] { return stopping_ || !stores_.empty() || discard_.has_value(); });
        if (stopping_) {
            return;
        }
        if (stores_.empty()) {  // clients wait for groups, nobody for this
            const Discard discard = *std::exchange(discard_, std::nullopt);
            lock.unlock();
            do_discard(discard);
            lock.lock();
            continue;
        }
        const Store store = stores_.front();
        stores_.pop_front();
        lock.unlock();
        do_store(store);
        lock.lock();
    }
}

void WriterThread::do_discard(const Discard& discard) {
    const Result<void> done = storage_->discard(discard.upto, discard.reuse);
    if (done) {
        readers_.publish(storage_->published());
        return;
    }
    net::post(loop_, [this, error = done.error()] { port_.on_store_failed(Ticket{}, error); });
}

void WriterThread::do_store(const Store& store) {
    Result<void> done = storage_->write(*store.group);
    if (done) {
        done = storage_->sync();
    }
    if (done) {
        // First: what the replica asks for once it knows of the group can then be read.
        readers_.publish(storage_->published());
    }
    const std::span<const Index> found = storage_->damaged();
    net::post(loop_, [this, ticket = store.ticket, done = std::move(done),
                         damaged = std::vector<Index>(found.begin(), found.end()),
                         crowded = storage_->crowded()]() mutable {
        --stores_open_;
        if (done) {
            port_.on_stored(ticket, std::move(damaged), crowded);
        } else {
            port_.on_store_failed(ticket, done.error());
        }
    });
}

}  // namespace ledger::node::asio
