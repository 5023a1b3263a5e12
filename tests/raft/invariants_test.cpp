// Invariants: each sentence is told when, and only when, its promise is broken.
#include "raft/invariants.h"

#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

Observation of_leader() {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}, .commit = 1});
    node.lead();
    node.propose(2);
    return observe(node.raft);
}

using Change = std::function<void(Observation&)>;

std::string state_after(const Change& change) {
    Observation seen = of_leader();
    change(seen);
    return std::string(violated_state(seen));
}

std::string transition_after(const Change& change) {
    const Observation before = of_leader();
    Observation after = before;
    change(after);
    return std::string(violated_transition(before, after));
}

}  // namespace

TEST_CASE("invariants: a healthy leader is fine", "[raft]") {
    const Observation seen = of_leader();
    CHECK(violated_state(seen).empty());
    CHECK(violated_transition(seen, seen).empty());
    CHECK(seen.role == Role::leader);
    CHECK(seen.peers_count == 2);
    CHECK(seen.first_own == Index{3});
}

TEST_CASE("invariants: a leader with a damaged log appends nothing", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}, .commit = 1, .holes = {2}});
    node.win();
    const Observation seen = observe(node.raft);
    REQUIRE(seen.settling);
    CHECK(seen.whole_to == Index{1});
    CHECK(violated_state(seen).empty());
    Observation appended = seen;
    appended.last = {seen.term, Index{3}};
    CHECK(violated_state(appended) == "a leader's log contains its no-op as soon as it is whole");
    Observation whole = seen;
    whole.settling = false;
    whole.last.term = seen.term;
    CHECK(violated_state(whole) == "a leader's log contains its no-op as soon as it is whole");
    Observation committed = seen;
    committed.commit = Index{2};
    CHECK(violated_state(committed) == "what is committed is whole");
    CHECK(transition_after([](Observation& o) { o.settling = true; }) ==
          "a leader's log stays whole");
}

TEST_CASE("invariants: every broken state has its sentence", "[raft]") {
    CHECK(state_after([](Observation& o) { o.commit = Index{9}; }) == "commit lies within the log");
    CHECK(
        state_after([](Observation& o) { o.durable = Index{9}; }) == "durable lies within the log");
    CHECK(state_after([](Observation& o) { o.first_in_memory = Index{5}; }) ==
          "uncommitted entries are in memory");
    CHECK(state_after([](Observation& o) {
        o.durable = Index{0};
        o.first_in_memory = Index{2};
    }) == "entries that are not durable are in memory");
    CHECK(state_after([](Observation& o) { o.last.term = Term{9}; }) ==
          "no entry is of a later term than the node");
    CHECK(state_after([](Observation& o) { o.leader = NodeId{2}; }) ==
          "a node is leader exactly when it names itself as leader");
    CHECK(
        state_after([](Observation& o) { o.vote = NodeId{2}; }) == "a leader has voted for itself");
    CHECK(state_after([](Observation& o) { o.last.term = Term{1}; }) ==
          "a leader's log ends in an entry of its own term");
    CHECK(state_after([](Observation& o) { o.peers[0].match = Index{9}; }) ==
          "no follower's match lies beyond the leader's log");
    CHECK(state_after([](Observation& o) { o.peers[1].next = o.peers[1].match; }) ==
          "a follower's match is below its next");
    CHECK(state_after([](Observation& o) { o.peers[1].next = Index{7}; }) ==
          "a follower's next is at most one beyond the leader's log");
    CHECK(state_after([](Observation& o) { o.peers[0].acked_round = 99; }) ==
          "no follower answers a heartbeat round that was not started");
    CHECK(state_after([](Observation& o) { o.peers[0].inflight_count = 0; }) ==
          "an empty window holds no bytes");
    CHECK(state_after([](Observation& o) { o.peers[0].stuck = true; }) ==
          "a follower that lacks entries has a request, a load or a probe on the way");
}

TEST_CASE("invariants: every broken transition has its sentence", "[raft]") {
    CHECK(transition_after([](Observation& o) { o.term = Term{1}; }) == "the term never goes back");
    CHECK(
        transition_after([](Observation& o) { o.commit = Index{0}; }) == "commit never goes back");
    CHECK(transition_after([](Observation& o) { o.last.index = Index{1}; }) ==
          "a committed entry is never truncated");
    CHECK(transition_after([](Observation& o) { o.vote = NodeId{3}; }) ==
          "a node votes at most once in a term");
    CHECK(transition_after([](Observation& o) { o.leader = NodeId{3}; }) ==
          "a term has at most one leader");
    CHECK(transition_after([](Observation& o) { o.role = Role::pre_candidate; }) ==
          "a leader stays leader of its term or becomes a follower");
    CHECK(transition_after([](Observation& o) { o.last.index = Index{4}; }) ==
          "a leader never shortens its log");
    CHECK(transition_after([](Observation& o) { o.first_own = Index{4}; }) ==
          "a leader never rewrites its log");
    CHECK(transition_after([](Observation& o) { o.peers[1].match = Index{2}; }) ==
          "a follower's match grows within a term");
    Observation follower = of_leader();
    follower.role = Role::follower;
    follower.leader = NodeId{};
    CHECK(violated_transition(follower, of_leader()) == "only a candidate becomes leader");
    Observation candidate = follower;
    candidate.role = Role::candidate;
    CHECK(violated_transition(follower, candidate) == "a candidate opens a new term");
    CHECK(violated_transition(candidate, of_leader()).empty());
}

}  // namespace ledger::raft
