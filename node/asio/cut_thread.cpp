#include "node/asio/cut_thread.h"

#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "node/cut_work.h"

namespace ledger::node::asio {

CutThread::CutThread(net::io_context& loop, log::CutStore&& store, Port& port)
    : loop_(loop), store_(std::move(store)), port_(port), thread_([this] { run(); }) {}

CutThread::~CutThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void CutThread::store(StoreCut&& work) {
    enqueue(std::move(work));
}

void CutThread::load(const LoadChunk& work) {
    enqueue(work);
}

void CutThread::enqueue(Work&& work) {
    {
        const std::lock_guard lock(mutex_);
        work_.push_back(std::move(work));
    }
    changed_.notify_one();
}

void CutThread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
        if (stopping_) {
            return;
        }
        const Work next = std::move(work_.front());
        work_.pop_front();
        lock.unlock();
        std::visit([this](const auto& work) { perform(work); }, next);
        lock.lock();
    }
}

void CutThread::perform(const StoreCut& work) {
    const Result<std::uint32_t> done = perform_on(store_, work);
    const CutStored stored{.request = work.request,
        .chunks = done ? *done : 0,
        .failed = !done,
        .no_space = !done && done.error().code == make_error_code(log::Errc::no_space)};
    net::post(loop_, [this, stored, error = done ? Error{} : done.error()] {
        port_.on_cut_stored(stored, error);
    });
}

void CutThread::perform(const LoadChunk& work) {
    Result<ByteVector> bytes = store_.read(work.cut, work.number);
    auto loaded = std::make_unique<ChunkLoaded>();
    loaded->request = work.request;
    loaded->failed = !bytes;
    if (bytes) {
        loaded->bytes = std::move(*bytes);
    }
    net::post(loop_, [this, loaded = std::move(loaded), error = bytes ? Error{} : bytes.error()] {
        port_.on_chunk_loaded(std::move(*loaded), error);
    });
}

}  // namespace ledger::node::asio
