// Paper rules: figure 2 rule by rule, and the sentences of sections 5 to 8 that the rows P01 to P26
// leave out.
#include <catch2/catch.hpp>

#include "raft/raft.h"
#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

AppendRequest append_of(std::uint64_t term, LogId previous, std::vector<EntryRef> entries = {},
    std::uint64_t commit = 0) {
    return {Term{term}, previous, Index{commit}, 1, std::move(entries)};
}

std::optional<AppendResponse> answer(Solo& node, const AppendRequest& request) {
    node.receive(2, request);
    return sent_to<AppendResponse>(node.take(), 2);
}

}  // namespace

// "currentTerm, votedFor, log[]: updated on stable storage before responding to RPCs."
TEST_CASE("paper fig. 2: what an answer promises is stored before it leaves", "[raft][paper]") {
    Solo node;
    node.receive(2, VoteRequest{Term{1}, {}, false});
    Ready ready = node.take();
    CHECK(ready.hard_state == HardState{Term{1}, NodeId{2}});
    CHECK(ready.messages.front().durable);
    node.receive(2, append_of(1, {}, {entry_at(1, 1)}));
    ready = node.take();
    CHECK(ready.entries.size() == 1);
    CHECK(ready.messages.front().durable);
    // A refusal promises nothing.
    node.receive(2, append_of(1, id(7, 1)));
    CHECK_FALSE(node.take().messages.front().durable);
}

// "commitIndex: initialized to 0, increases monotonically."
TEST_CASE("paper fig. 2: commit never goes back", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}});
    CHECK(node.raft.commit() == Index{0});
    node.receive(2, append_of(1, id(3, 1), {}, 3));
    CHECK(node.raft.commit() == Index{3});
    node.receive(2, append_of(1, id(2, 1), {}, 1));
    node.receive(2, Heartbeat{Term{1}, Index{2}, 1});
    CHECK(node.raft.commit() == Index{3});
}

// "nextIndex[]: initialized to leader last log index + 1. matchIndex[]: initialized to 0."
TEST_CASE("paper fig. 2: a new leader begins with next and match", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}});
    node.campaign();
    node.store();
    node.receive(2, VoteResponse{Term{2}, true});
    for (std::uint32_t peer : {2u, 3u}) {
        CHECK(node.peer(peer).match == Index{0});
        // The last entry before its own first one, which travels with the first request.
        CHECK(sent_to<AppendRequest>(node.raft.ready(), peer)->previous == id(2, 1));
    }
}

// AppendEntries 1: "Reply false if term < currentTerm."
TEST_CASE("paper fig. 2: AppendEntries of an old term is refused", "[raft][paper]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1}});
    const std::optional<AppendResponse> response = answer(node, append_of(1, id(1, 1)));
    REQUIRE(response);
    CHECK_FALSE(response->accepted);
    CHECK(response->term == Term{2});
    CHECK(node.raft.status().leader == NodeId{0});
}

// AppendEntries 2: "Reply false if log doesn't contain an entry at prevLogIndex whose term matches
// prevLogTerm." 3: "If an existing entry conflicts with a new one, delete the existing entry and
// all that follow it." 4: "Append any new entries not already in the log."
TEST_CASE("paper fig. 2: a refused AppendEntries deletes nothing", "[raft][paper]") {
    Solo node({.hard_state = {Term{3}, NodeId{}}, .log = {1, 1, 2}});
    CHECK_FALSE(answer(node, append_of(3, id(3, 3), {entry_at(4, 3)}))->accepted);
    CHECK(terms_of(node.raft.log()) == std::vector<std::uint64_t>{1, 1, 2});
    CHECK(answer(node, append_of(3, id(2, 1), {entry_at(3, 3)}))->accepted);
    CHECK(terms_of(node.raft.log()) == std::vector<std::uint64_t>{1, 1, 3});
}

// AppendEntries 5: "set commitIndex = min(leaderCommit, index of last new entry)."
TEST_CASE("paper fig. 2: commit ends at the last entry of the request", "[raft][paper]") {
    struct Row {
        std::vector<EntryRef> entries;
        std::uint64_t leader_commit;
        std::uint64_t commit;
    };
    // The follower's entries 3 and 4 may not be the leader's.
    for (const Row& row :
        {Row{{}, 4, 1}, Row{{entry_at(2, 1)}, 4, 2}, Row{{entry_at(2, 1)}, 1, 1}}) {
        Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 1, 1, 1}});
        REQUIRE(answer(node, append_of(2, id(1, 1), row.entries, row.leader_commit))->accepted);
        CHECK(node.raft.commit() == Index{row.commit});
    }
}

// RequestVote 1: "Reply false if term < currentTerm."
TEST_CASE("paper fig. 2: RequestVote of an old term is refused", "[raft][paper]") {
    Solo node({.hard_state = {Term{3}, NodeId{}}});
    node.receive(2, VoteRequest{Term{2}, {}, false});
    const Ready ready = node.take();
    CHECK(sent_to<VoteResponse>(ready, 2) == VoteResponse{Term{3}, false});
    CHECK_FALSE(ready.hard_state);
}

// All servers: "If RPC request or response contains term > currentTerm: set currentTerm = term,
// convert to follower." Requests are P01 to P03; this is about responses.
TEST_CASE("paper fig. 2: a newer term in a response makes a follower", "[raft][paper]") {
    const std::vector<Message> responses{VoteResponse{Term{5}, false},
        AppendResponse{.term = Term{5}, .sequence = 1}, HeartbeatResponse{Term{5}, 1},
        PreVoteResponse{Term{5}, Term{6}, 1, false}};
    for (const Message& response : responses) {
        CAPTURE(response.index());
        Solo node;
        node.campaign();
        node.receive(2, response);
        // A pre-vote is answered in the term of the voter: it counts for who asked.
        const bool asked = !std::holds_alternative<PreVoteResponse>(response);
        CHECK((node.raft.status().role == Role::follower) == asked);
        CHECK(node.raft.status().term == Term{asked ? 5u : 1u});
    }
}

// Followers: "If election timeout elapses without receiving AppendEntries RPC from current leader
// or granting vote to candidate: convert to candidate."
TEST_CASE("paper fig. 2: only the current leader and a granted vote postpone the timeout",
    "[raft][paper]") {
    const auto deadline_moved = [](const Message& message) {
        Solo node({.hard_state = {Term{2}, NodeId{3}}, .log = {1, 2}});
        const Instant before = node.raft.deadline();
        node.now = node.now + milliseconds(100);
        node.receive(2, message);
        return node.raft.deadline() > before;
    };
    CHECK(deadline_moved(append_of(2, id(2, 2))));
    CHECK(deadline_moved(append_of(2, id(9, 2))));  // a refused one is of the leader all the same
    CHECK(deadline_moved(Heartbeat{Term{2}, {}, 1}));
    CHECK(deadline_moved(VoteRequest{Term{3}, id(2, 2), false}));
    CHECK_FALSE(deadline_moved(VoteRequest{Term{2}, id(2, 2), false}));  // has voted for another
    CHECK_FALSE(deadline_moved(append_of(1, id(1, 1))));
    CHECK_FALSE(deadline_moved(Heartbeat{Term{1}, {}, 1}));
}

// Leaders: "If command received from client: append entry to local log." "If last log index >=
// nextIndex for a follower: send AppendEntries with log entries starting at nextIndex."
TEST_CASE("paper fig. 2: requests begin at the follower's next index", "[raft][paper]") {
    Solo node;
    node.lead();
    node.propose(2);
    const Ready ready = node.take();
    for (std::uint32_t peer : {2u, 3u}) {
        const std::optional<AppendRequest> request = sent_to<AppendRequest>(ready, peer);
        REQUIRE(request);
        CHECK(request->entries.front().index == Index{2});
        CHECK(node.peer(peer).next == Index{4});
    }
}

// Leaders: "If successful: update nextIndex and matchIndex for follower." "If AppendEntries fails
// because of log inconsistency: decrement nextIndex and retry."
TEST_CASE(
    "paper fig. 2: success moves next and match up, failure moves next down", "[raft][paper]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 1, 2}});
    node.win();
    const AppendRequest first = *sent_to<AppendRequest>(node.take(), 2);
    REQUIRE(first.previous == id(3, 2));
    node.receive(2,
        AppendResponse{
            .term = Term{3}, .sequence = first.sequence, .previous = Index{3}, .hint = id(2, 1)});
    const AppendRequest retry = *sent_to<AppendRequest>(node.take(), 2);
    CHECK(retry.previous == id(2, 1));
    CHECK(retry.entries.front().index == Index{3});
    CHECK(node.peer(2).match == Index{0});
    node.accept(2, retry);
    CHECK(node.peer(2).match == Index{4});
    CHECK(node.peer(2).next == Index{5});
}

// 5.2: "If the leader's term in the RPC is smaller than the candidate's current term, then the
// candidate rejects the RPC and continues in candidate state."
TEST_CASE("paper 5.2: a candidate goes on when an old leader speaks", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.campaign();
    REQUIRE(node.raft.status().term == Term{2});
    node.take();
    node.receive(2, append_of(1, {}));
    CHECK(node.raft.status().role == Role::candidate);
    CHECK_FALSE(sent_to<AppendResponse>(node.take(), 2)->accepted);
}

// 5.2: "A candidate wins an election if it receives votes from a majority of the servers in the
// full cluster for the same term."
TEST_CASE("paper 5.2: votes of different terms do not add up", "[raft][paper]") {
    Solo node({.voters = 5});
    node.campaign();
    node.store();
    node.receive(2, VoteResponse{Term{1}, true});
    node.take();
    node.campaign();
    node.store();
    node.receive(3, VoteResponse{Term{2}, true});
    CHECK(node.raft.status().role == Role::candidate);
    node.receive(2, VoteResponse{Term{1}, true});
    CHECK(node.raft.status().role == Role::candidate);
    node.receive(2, VoteResponse{Term{2}, true});
    CHECK(node.raft.status().role == Role::leader);
}

// 5.3: "the leader retries AppendEntries RPCs indefinitely (even after it has responded to the
// client) until all followers eventually store all log entries."
TEST_CASE("paper 5.3: a follower gets everything, also what is long committed", "[raft][paper]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 3);
    cluster.run(milliseconds(500));
    REQUIRE(cluster.raft(1).commit() == Index{4});
    REQUIRE(cluster.raft(3).log().last() == Index{1});
    cluster.heal();
    cluster.run(milliseconds(500));
    CHECK(cluster.terms(3) == cluster.terms(1));
    CHECK(cluster.raft(3).commit() == Index{4});
}

// 5.3: "A leader never overwrites or deletes entries in its own log."
TEST_CASE("paper 5.3: no message shortens a leader's log", "[raft][paper]") {
    Solo node;
    node.lead();
    node.propose(3);
    const std::vector<std::uint64_t> terms = terms_of(node.raft.log());
    node.receive(2, append_of(1, {}, {entry_at(1, 1), entry_at(2, 1)}));
    node.receive(3, AppendResponse{.term = Term{1}, .sequence = 1, .previous = Index{4}});
    CHECK(node.raft.status().role == Role::leader);
    CHECK(terms_of(node.raft.log()) == terms);
}

// 5.5: "Raft RPCs are idempotent ... if a follower receives an AppendEntries request that includes
// log entries already present in its log, it ignores those entries in the new request."
TEST_CASE("paper 5.5: a repeated request is answered again and stores nothing", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    const AppendRequest request = append_of(1, {}, {entry_at(1, 1), entry_at(2, 1)}, 1);
    const std::optional<AppendResponse> first = answer(node, request);
    node.receive(2, request);
    const Ready again = node.take();
    CHECK(sent_to<AppendResponse>(again, 2) == first);
    CHECK(again.entries.empty());
    CHECK_FALSE(again.truncate_to);
    CHECK_FALSE(again.hard_state);
    node.receive(3, VoteRequest{Term{1}, {}, false});
    CHECK_FALSE(node.take().hard_state);
}

// 5.4.2: "once an entry from the current term has been committed in this way, then all prior
// entries are committed indirectly."
TEST_CASE("paper 5.4.2: older entries are committed with the own one", "[raft][paper]") {
    Cluster cluster({.nodes = 3});
    cluster.boot(1, {Term{3}, NodeId{}}, log_of({1, 2, 3}));
    cluster.boot(2, {Term{3}, NodeId{}}, log_of({1, 2}));
    cluster.elect(1);
    REQUIRE(cluster.raft(1).status().term == Term{4});
    CHECK(cluster.raft(1).commit() == Index{4});
    CHECK(cluster.terms(2) == std::vector<std::uint64_t>{1, 2, 3, 4});
}

// 6: "if a server receives a RequestVote RPC within the minimum election timeout of hearing from a
// current leader, it does not update its term or grant its vote."
TEST_CASE("paper 6: who hears a leader disregards RequestVote", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, append_of(1, {}));
    node.take();
    node.now = node.now + (Solo::T - milliseconds(1));
    node.receive(3, VoteRequest{Term{2}, {}, false});
    CHECK(node.take().empty());
    CHECK(node.hard_state() == HardState{Term{1}, NodeId{}});
    node.now = node.now + milliseconds(1);
    node.receive(3, VoteRequest{Term{2}, {}, false});
    CHECK(sent_to<VoteResponse>(node.take(), 3) == VoteResponse{Term{2}, true});
}

// 8: "Raft handles this by having each leader commit a blank no-op entry into the log at the start
// of its term."
TEST_CASE("paper 8: a leader's first entry is blank", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1}});
    node.win();
    const Ready ready = node.take();
    REQUIRE(ready.entries.size() == 1);
    CHECK(ready.entries[0].kind == EntryKind::noop);
    CHECK(ready.entries[0].bytes == 0);
    CHECK(ready.entries[0].id() == id(2, 2));
}

}  // namespace ledger::raft
