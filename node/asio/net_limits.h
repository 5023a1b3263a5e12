#pragma once
// NetLimits: every bound of a node's connections, with what reaching it means.

#include <cstdint>

#include "log/base/time.h"

namespace ledger::node::asio {

struct NetLimits {
    // Accepted connections; one more is closed at once.
    std::uint32_t connections_max = 4096;
    // Requests of one client that are not yet answered, or whose answer is not yet written; then
    // nothing more is read from it until half of them have left.
    std::uint32_t requests_max = 1024;
    // Answers that wait for one client to read them; beyond, it is closed as too slow.
    std::uint64_t client_output_bytes_max = 24u << 20;
    // Messages that wait for one peer; beyond, the oldest are dropped: Raft sends them again.
    std::uint64_t peer_output_bytes_max = 16u << 20;
    // A connection that has not sent its first whole frame by then is closed.
    Duration first_frame_timeout = seconds(5);
    // So is one that leaves a frame unfinished for this long,
    Duration frame_timeout = seconds(10);
    // and one that takes nothing for this long of what is being written to it.
    Duration write_timeout = seconds(10);
    Duration connect_timeout = seconds(1);
    // The pause before a link is tried again doubles from the first to the second; a link that
    // lasted for `link_proven` begins anew.
    Duration back_off_min = milliseconds(20);
    Duration back_off_max = milliseconds(500);
    Duration link_proven = seconds(2);
    // How often the clocks of all connections are looked at.
    Duration sweep_interval = milliseconds(100);
};

}  // namespace ledger::node::asio
