#include "node/asio/frame_queue.h"

#include "log/base/assert.h"

namespace ledger::node::asio {

namespace {

// A buffer that once held a large answer does not keep its memory for ever.
constexpr std::uint64_t kept_bytes_max = 1u << 20;

}  // namespace

std::uint64_t FrameQueue::drop_oldest(std::uint64_t bytes_max) {
    std::uint64_t dropped = 0;
    std::uint64_t dropped_bytes = 0;
    while (sizes_.size() > 1 && bytes_.size() - dropped_bytes > bytes_max) {
        dropped_bytes += sizes_.front();
        sizes_.pop_front();
        ++dropped;
    }
    LEDGER_ASSERT(dropped_bytes <= bytes_.size());
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(dropped_bytes));
    return dropped;
}

std::uint64_t FrameQueue::take(ByteVector& out) {
    if (out.capacity() > kept_bytes_max) {
        out = {};
    }
    out.clear();
    std::swap(out, bytes_);
    const std::uint64_t frames = sizes_.size();
    sizes_.clear();
    return frames;
}

void FrameQueue::clear() {
    bytes_.clear();
    sizes_.clear();
}

}  // namespace ledger::node::asio
