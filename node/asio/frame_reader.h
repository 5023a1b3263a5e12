#pragma once
// FrameReader: the frames of one incoming byte stream, one after the other, under limits.

#include <cstdint>
#include <optional>

#include "log/base/result.h"
#include "node/asio/net.h"
#include "node/frame.h"

namespace ledger::node::asio {

class FrameReader {
  public:
    explicit FrameReader(Tcp::socket& socket) : socket_(socket) {}

    // The next frame that is there as a whole, a view that lasts until fill(); none: more bytes
    // are needed. An error: this stream will never give a frame again.
    std::optional<Result<ByteSpan>> take();
    // Waits for more bytes. Memory grows with what has come, not with what a header announces.
    awaitable<boost::system::error_code> fill();

    // Bytes of a frame that is not whole.
    bool unfinished() const { return end_ > begin_; }

  private:
    void make_room();

    Tcp::socket& socket_;
    ByteVector buffer_;
    std::uint64_t begin_ = 0;  // [begin_, end_) of the buffer is not taken yet
    std::uint64_t end_ = 0;
    // Invariant: begin_ <= end_ <= buffer_.size(); begin_ is a multiple of 8, as all frames are.
};

}  // namespace ledger::node::asio
