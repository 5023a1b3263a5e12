#pragma once
// FrameQueue: encoded frames that wait to be written to one connection.

#include <cstdint>
#include <deque>

#include "log/base/bytes.h"
#include "node/codec.h"

namespace ledger::node::asio {

class FrameQueue {
  public:
    template <typename Message>
    void push(const Message& message) {
        const std::uint64_t before = bytes_.size();
        encode(message, bytes_);
        sizes_.push_back(static_cast<std::uint32_t>(bytes_.size() - before));
    }

    bool empty() const { return sizes_.empty(); }
    std::uint64_t bytes() const { return bytes_.size(); }
    std::uint64_t frames() const { return sizes_.size(); }

    // Drops the oldest frames until at most `bytes_max` are left; the newest frame always stays.
    // Returns how many were dropped.
    std::uint64_t drop_oldest(std::uint64_t bytes_max);
    // Moves everything into `out`, whose contents are lost but whose memory is used again. Returns
    // the number of frames.
    std::uint64_t take(ByteVector& out);
    void clear();

  private:
    ByteVector bytes_;
    std::deque<std::uint32_t> sizes_;  // of the frames in bytes_, in order
};

}  // namespace ledger::node::asio
