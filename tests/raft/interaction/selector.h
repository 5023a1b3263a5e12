#pragma once
// Selector: which of the messages on their way a command speaks of.

#include <deque>
#include <string>
#include <vector>

#include "tests/raft/cluster.h"
#include "tests/raft/interaction/script.h"

namespace ledger::raft::interaction {

struct Link {
    NodeId from;  // 0 = any
    NodeId to;    // 0 = any
};

// `n1->n2`, `*->n2`, `n1->*`.
Link parse_link(std::string_view text);
bool is_link(std::string_view word);

// LINK, then a kind of message, then how many; the last two may be left out: `n1->n2`,
// `*->n3 append_request`, `n1->n2 heartbeat first`, `n2->n1 append_response last`.
struct Selector {
    enum class Count { all, first, last };

    Link link;
    std::string kind;  // empty = any
    Count count = Count::all;

    bool matches(const Cluster::InFlight& one) const;
    // Where the chosen messages stand, oldest first.
    std::vector<std::size_t> choose(const std::deque<Cluster::InFlight>& network) const;
};

Selector take_selector(Words& words);

}  // namespace ledger::raft::interaction
