#include "sim/program/frame_check.h"

#include <variant>

#include "log/base/assert.h"
#include "log/base/choice.h"
#include "node/codec.h"

namespace ledger::sim {

template <typename Message>
void FrameCheck::round_trip(const Message& message) {
    ++examined_;
    frame_.clear();
    node::encode(message, frame_);
    const Result<std::uint64_t> size = node::frame_size(frame_);
    LEDGER_ASSERT(size);
    LEDGER_ASSERT(*size == frame_.size());
    const Result<node::Decoded> decoded = node::decode(frame_);
    LEDGER_ASSERT(decoded);
    const auto* back = std::get_if<Message>(&*decoded);
    LEDGER_ASSERT(back != nullptr);
    LEDGER_ASSERT(*back == message);
}

void FrameCheck::damaged(const node::PeerMessage& message, std::uint64_t bits) {
    ++examined_;
    frame_.clear();
    node::encode(message, frame_);
    if ((bits & 3) == 0) {
        // Cut short: the stream ended in the middle of the frame.
        frame_.resize(static_cast<std::size_t>(bounded(bits, frame_.size())));
    } else {
        const std::uint64_t bit = bounded(bits, frame_.size() * 8);
        frame_[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    const Result<node::Decoded> decoded = node::decode(frame_);
    LEDGER_ASSERT(!decoded);
}

template void FrameCheck::round_trip(const node::PeerMessage&);
template void FrameCheck::round_trip(const node::ClientRequest&);
template void FrameCheck::round_trip(const node::ClientReply&);

}  // namespace ledger::sim
