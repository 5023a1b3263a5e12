#pragma once
// Transition: a change of role, term or leader, with its cause and the state that explains it.

#include <cstdint>
#include <string>
#include <string_view>

#include "log/base/entry.h"
#include "log/base/ids.h"

namespace ledger::raft {

enum class Role : std::uint8_t { follower = 1, pre_candidate = 2, candidate = 3, leader = 4 };
std::string_view to_text(Role role);

// Numbers enter recordings: never reused.
enum class Cause : std::uint8_t {
    booted = 1,        // a life begins
    timeout = 2,       // no leader was heard, or nobody won, for one election timeout
    pre_vote_won = 3,  // a majority would vote for this node
    elected = 4,       // a majority voted for it
    refused = 5,       // a majority refused, at the pre-vote or at the vote
    newer_term = 6,    // a peer is in a later term
    leader_heard = 7,  // the leader of the term spoke
    vote_granted = 8,  // another candidate of the term gets the own vote
    quorum_lost = 9,   // the leader heard no quorum for one minimum election timeout
    disk_stalled = 10, // the leader's disk finished nothing for as long
    transfer = 11,     // the leader asked this node to take over
    removed = 12,      // a committed configuration has no place for this node
};
std::string_view to_text(Cause cause);

// A role, term or leader change, in the order in which they happened, as things stood right after.
struct Transition {
    Role role = Role::follower;
    Term term;
    NodeId leader;  // 0 = unknown
    Cause cause = Cause::booted;
    NodeId vote;          // in `term`
    LogId last;           // of the own log
    Index commit;
    Index configuration;  // of the entry that holds the one in force; 0 = given at boot
    friend bool operator==(const Transition&, const Transition&) = default;
};

// "leads term 5: elected; vote n1, log ends at 17 of term 4, commit 12, configuration 3".
std::string to_text(const Transition& transition);

}  // namespace ledger::raft
