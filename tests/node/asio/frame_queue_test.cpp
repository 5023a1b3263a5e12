#include "node/asio/frame_queue.h"

#include <catch2/catch.hpp>

namespace ledger::node::asio {

namespace {

ClientReply reply_of(std::uint64_t number, std::uint32_t bytes) {
    return {RequestId{number}, Applied{Index{number}, ByteVector(bytes)}};
}

// The request numbers of the frames, in order.
std::vector<std::uint64_t> numbers_in(ByteSpan bytes) {
    std::vector<std::uint64_t> numbers;
    while (!bytes.empty()) {
        const auto size = frame_size(bytes);
        REQUIRE(size.has_value());
        const auto decoded = decode(bytes.first(*size));
        REQUIRE(decoded.has_value());
        numbers.push_back(std::get<ClientReply>(*decoded).id.value);
        bytes = bytes.subspan(*size);
    }
    return numbers;
}

}  // namespace

TEST_CASE("frame queue: what was pushed is taken, in order, once", "[asio]") {
    FrameQueue queue;
    CHECK(queue.empty());
    queue.push(reply_of(1, 10));
    queue.push(reply_of(2, 1000));
    queue.push(reply_of(3, 0));
    CHECK(queue.frames() == 3);
    ByteVector out(7);
    CHECK(queue.take(out) == 3);
    CHECK(numbers_in(out) == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    queue.push(reply_of(4, 10));
    CHECK(queue.take(out) == 1);
    CHECK(numbers_in(out) == std::vector<std::uint64_t>{4});
}

TEST_CASE("frame queue: beyond the limit the oldest frames go, whole, and never the newest",
    "[asio]") {
    FrameQueue queue;
    for (std::uint64_t number = 1; number <= 10; ++number) {
        queue.push(reply_of(number, 1000));
    }
    const std::uint64_t each = queue.bytes() / 10;
    CHECK(queue.drop_oldest(queue.bytes()) == 0);
    CHECK(queue.drop_oldest(3 * each + 1) == 7);
    CHECK(queue.bytes() == 3 * each);
    CHECK(queue.drop_oldest(0) == 2);
    ByteVector out;
    CHECK(queue.take(out) == 1);
    CHECK(numbers_in(out) == std::vector<std::uint64_t>{10});
}

}  // namespace ledger::node::asio
