#pragma once
// Specification: Raft as figure 2 of the paper has it, in terms of what is known instead of
// messages.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "sim/explore/core/state.h"

namespace ledger::sim::specification {

enum class Role : std::uint8_t { follower, candidate, leader };

struct Node {
    std::uint8_t term = 0;
    std::uint8_t vote = 0;  // 0 = nobody
    Role role = Role::follower;
    std::vector<EntryMark> log;
    std::uint8_t commit = 0;
    friend auto operator<=>(const Node&, const Node&) = default;
};

// What was said in a term and may arrive at any time, any number of times, or never. A leader's log
// only grows in its term, so all its requests are pieces of it.
struct TermFacts {
    struct Last {
        std::uint8_t term = 0;
        std::uint8_t index = 0;
        friend auto operator<=>(const Last&, const Last&) = default;
    };
    std::map<std::uint8_t, Last> asked;            // candidates, with where their logs end
    std::map<std::uint8_t, std::uint8_t> granted;  // by whom, to whom
    std::uint8_t leader = 0;                       // 0 = none yet
    std::vector<EntryMark> log;                    // of the leader
    std::uint8_t commit = 0;                       // of the leader
    std::map<std::uint8_t, std::uint8_t> held;     // by whom, how much of `log`
    bool empty() const { return asked.empty() && granted.empty() && leader == 0; }
    friend auto operator<=>(const TermFacts&, const TermFacts&) = default;
};

struct State {
    std::vector<Node> nodes;       // node i + 1
    std::vector<TermFacts> terms;  // from term 0
    std::uint8_t timeouts = 0;
    std::uint8_t requests = 0;
    friend auto operator<=>(const State&, const State&) = default;
};

State first(std::uint32_t nodes);

// Every state that one action of node `who` (from 1) may lead to:
//   times out       §5.2: a new term, its own vote
//   sees a term     §5.1: a later one was mentioned
//   votes           §5.2, §5.4.1: once in a term, for a log that is not older
//   leads           §5.2: a majority has voted for it; it appends its no-op (§8)
//   is asked        §5.3: a leader appends a command
//   hears           §5.3: a piece of the leader's log behind an entry that both have, and its
//   commit commits         §5.3, §5.4.2: an entry of its own term that a majority holds gives up
//   thesis §6.2: a leader or candidate that is not answered restarts        fig. 2: role and
//   knowledge of what is committed are gone
void actions(const State& state, std::uint8_t who, std::uint8_t request,
    const std::function<void(State&&)>& visit);

// Whether what a node was seen to become in one step is what at most four actions of it may lead
// to. Its writes are on its disk at once. `state` becomes what it is then; if it cannot be, it is
// unchanged.
bool conforms(State& state, std::uint8_t who, const Node& after);

// The mapping: a node of the production core. Who asks for pre-votes is a follower still.
Node abstraction(const CoreTables& tables, NodeNumber number);

}  // namespace ledger::sim::specification
