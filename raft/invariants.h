#pragma once
// Invariants: what must hold in every state of a node, and between two states of one life.

#include <array>
#include <cstdint>
#include <string_view>

#include "log/base/entry.h"
#include "raft/membership.h"
#include "raft/raft.h"

namespace ledger::raft {

// A summary of one node, small enough to be taken after every step. Holds no memory.
struct Observation {
    struct Peer {
        NodeId node;
        Index added;  // a member that left and came back begins anew
        Index match;
        Index next;
        std::uint64_t acked_round = 0;
        std::uint64_t inflight_bytes = 0;
        std::uint32_t inflight_count = 0;
        bool stuck = false;  // has something to receive, and nothing would ever send it
    };

    NodeId self;
    Role role = Role::follower;
    Term term;
    NodeId vote;
    NodeId leader;
    Index first;
    LogId last;
    Index durable;
    Index commit;
    Index first_in_memory;
    std::uint64_t round = 0;              // as leader
    Index first_own;                      // as leader: its no-op
    bool settling = false;                // as leader: it has holes, and no no-op yet
    Index whole_to;                       // the log before its first hole
    std::uint64_t uncommitted_bytes = 0;  // as leader
    std::uint64_t waiting_reads = 0;      // as leader
    NodeId transfer_target;               // as leader; 0 = no transfer
    bool transfer_to_voter = true;        // as leader: the target may lead
    Index configuration;                  // that holds the membership in force; 0 = from boot
    bool may_lead = false;                // by that membership
    std::uint64_t own_changes = 0;        // as leader: its own configurations, uncommitted
    bool early_change = false;            // as leader: one of them before its first own commit
    std::uint32_t peers_count = 0;
    std::array<Peer, members_max> peers{};  // as leader; only the first peers_count count
};

Observation observe(const Raft& raft);

// Empty when all is well, else a sentence that names the broken promise. Both take time that
// depends on the number of members only.
std::string_view violated_state(const Observation& now);
// From one observation of a node to the next one of the same life (no restart between them).
std::string_view violated_transition(const Observation& before, const Observation& after);

}  // namespace ledger::raft
