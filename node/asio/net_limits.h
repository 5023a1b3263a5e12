#pragma once
// NetLimits: every bound of a node's connections, with what reaching it means. What a client may
// have in hand is bounded by the edge (node/limits.h).

#include <cstdint>

#include "log/base/time.h"

namespace ledger::node::asio {

struct NetLimits {
    // Accepted connections; one more is closed at once.
    std::uint32_t connections_max = 4096;
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
