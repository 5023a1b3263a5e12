#include "node/asio/frame_reader.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::node::asio {

namespace {

constexpr std::uint64_t buffer_bytes_min = 16u << 10;
constexpr std::uint64_t buffer_bytes_kept = 1u << 20;

}  // namespace

std::optional<Result<ByteSpan>> FrameReader::take() {
    const ByteSpan rest = ByteSpan(buffer_).subspan(begin_, end_ - begin_);
    const Result<std::uint64_t> size = frame_size(rest);
    if (!size) {
        const Error error = size.error();
        if (error.code == make_error_code(CodecErrc::truncated)) {
            return std::nullopt;
        }
        return std::make_optional<Result<ByteSpan>>(error);
    }
    if (*size > rest.size()) {
        return std::nullopt;
    }
    begin_ += *size;
    LEDGER_ASSERT(begin_ <= end_);
    return std::make_optional<Result<ByteSpan>>(rest.first(*size));
}

void FrameReader::make_room() {
    if (begin_ == end_) {
        begin_ = 0;
        end_ = 0;
        if (buffer_.size() > buffer_bytes_kept) {
            buffer_ = {};
        }
    }
    if (end_ < buffer_.size()) {
        return;
    }
    if (begin_ > 0) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
        return;
    }
    // The whole buffer is one unfinished frame, which ends within frame_bytes_max.
    LEDGER_ASSERT(buffer_.size() < frame_bytes_max);
    buffer_.resize(std::clamp<std::uint64_t>(2 * buffer_.size(), buffer_bytes_min, frame_bytes_max));
}

awaitable<boost::system::error_code> FrameReader::fill() {
    make_room();
    LEDGER_ASSERT(end_ < buffer_.size());
    const auto room = net::buffer(buffer_.data() + end_, buffer_.size() - end_);
    const auto result = co_await socket_.async_read_some(room, as_result);
    const auto& [error, bytes] = result;
    end_ += bytes;
    co_return error;
}

}  // namespace ledger::node::asio
