#pragma once
// Net: the few words of Boost.Asio that this folder uses, and how its coroutines are started.

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "log/base/time.h"

namespace ledger::node::asio {

namespace net = boost::asio;
using Tcp = net::ip::tcp;
using net::awaitable;

// Every operation gives a tuple that begins with an error code; nothing throws for the network.
inline constexpr auto as_result = net::as_tuple(net::use_awaitable);

// Runs `task` on the loop, then `ended()`, when nothing of the task is left. A task has no
// business throwing: what it throws is our bug and leaves through the loop's run().
template <typename Ended>
void spawn(net::io_context& loop, awaitable<void> task, Ended ended) {
    net::co_spawn(loop, std::move(task), [ended](std::exception_ptr thrown) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        ended();
    });
}

inline Instant steady_now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

inline std::chrono::nanoseconds to_chrono(Duration duration) {
    return std::chrono::nanoseconds(duration.nanoseconds);
}

}  // namespace ledger::node::asio
