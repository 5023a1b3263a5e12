// Thesis: one case per sentence of Ongaro's thesis that prescribes behaviour beyond the paper.
#include <catch2/catch.hpp>

#include "raft/raft.h"
#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

bool granted(Solo& node, std::uint32_t from, const PreVoteRequest& request) {
    node.receive(from, request);
    return sent_to<PreVoteResponse>(node.take(), from)->granted;
}

}  // namespace

// 3.10, step 1: "The prior leader stops accepting new client requests."
TEST_CASE("thesis 3.10: during a transfer nothing is sequenced", "[raft][thesis]") {
    Solo node;
    node.lead();
    node.raft.transfer(node.now, NodeId{2});
    CHECK(std::holds_alternative<Busy>(node.propose()));
    CHECK(node.raft.log().last() == Index{1});
}

// 3.10, step 2: "The prior leader fully updates the target server's log to match its own."
// Step 3: "The prior leader sends a TimeoutNow request."
TEST_CASE("thesis 3.10: the target first gets the whole log", "[raft][thesis]") {
    Solo node;
    node.lead();
    node.propose(2);
    const AppendRequest request = *sent_to<AppendRequest>(node.take(), 2);
    node.raft.transfer(node.now, NodeId{2});
    CHECK_FALSE(sent_to<TimeoutNow>(node.take(), 2));
    node.accept(2, request);
    CHECK(sent_to<TimeoutNow>(node.take(), 2) == TimeoutNow{Term{1}});
}

// 3.10: "This request has the same effect as the target server's election timer firing: the target
// server starts a new election (incrementing its term and becoming a candidate)."
// 4.2.3: "it includes a special flag to indicate it has permission to disrupt the leader".
TEST_CASE("thesis 3.10: TimeoutNow starts an election that may disrupt", "[raft][thesis]") {
    Solo node({.hard_state = {Term{1}, NodeId{2}}});
    node.receive(2, Heartbeat{Term{1}, {}, 1});
    node.take();
    node.receive(2, TimeoutNow{Term{1}});
    CHECK(node.raft.status().role == Role::candidate);
    CHECK(node.raft.status().term == Term{2});
    const Ready ready = node.take();
    REQUIRE(sent<VoteRequest>(ready).size() == 2);
    CHECK(sent_to<VoteRequest>(ready, 2)->transfer);
    Solo voter({.hard_state = {Term{1}, NodeId{2}}});
    voter.receive(2, Heartbeat{Term{1}, {}, 1});
    voter.take();
    voter.receive(3, VoteRequest{Term{2}, {}, true});
    CHECK(sent_to<VoteResponse>(voter.take(), 3) == VoteResponse{Term{2}, true});
}

// 3.10: "If leadership transfer does not complete after about an election timeout, the prior leader
// aborts the transfer and resumes accepting client requests."
TEST_CASE("thesis 3.10: a transfer that does not complete is given up", "[raft][thesis]") {
    Solo node;
    node.lead();
    node.raft.transfer(node.now, NodeId{2});
    const Instant begin = node.now;
    while (node.raft.status().transfer_target != NodeId{0} && node.now - begin < Solo::T * 2) {
        node.timeout();
        if (const auto beat = sent_to<Heartbeat>(node.take(), 3)) {
            node.receive(3, HeartbeatResponse{Term{1}, beat->round});
        }
    }
    CHECK(node.raft.status().role == Role::leader);
    CHECK(node.now - begin >= Solo::T);
    CHECK(node.now - begin <= Solo::T + milliseconds(60));
    CHECK(std::holds_alternative<Proposed>(node.propose()));
}

// 4.2.3: "This does not affect normal elections, where each server waits at least a minimum
// election timeout before starting an election."
TEST_CASE("thesis 4.2.3: who times out has long stopped to protect its leader", "[raft][thesis]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Solo node({.seed = seed, .hard_state = {Term{1}, NodeId{}}});
        node.receive(2, Heartbeat{Term{1}, {}, 1});
        node.take();
        CHECK(node.raft.deadline() >= node.now + Solo::T);
    }
}

// 4.1: "once a cluster configuration entry is in the log it is in force, committed or not." 4.1 and
// the correction of 2015: none before the leader has committed an entry of its own term.
TEST_CASE("thesis 4.1: a configuration is in force on append, and after an own commit",
    "[raft][thesis]") {
    Solo node;
    node.win();
    Configuration target = voters_1_to(3);
    target.learners.insert(NodeId{4});
    CHECK(std::holds_alternative<ChangeRefused>(node.raft.change_membership(node.now, target)));
    node.store();
    node.accept_all(2);
    REQUIRE(node.raft.commit() == Index{1});
    CHECK(std::holds_alternative<ChangeStarted>(node.raft.change_membership(node.now, target)));
    CHECK(node.raft.commit() == Index{1});
    CHECK(node.raft.configuration().learners.contains(NodeId{4}));
}

// 4.2.2: "a leader that is removed ... manages a cluster that does not include itself: it
// replicates log entries but does not count itself in majorities."
TEST_CASE("thesis 4.2.2: a leader that leaves does not count itself", "[raft][thesis]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.cut(1, 3);
    Configuration target;
    target.voters.insert(NodeId{2});
    target.voters.insert(NodeId{3});
    REQUIRE(std::holds_alternative<ChangeStarted>(cluster.change(1, target)));
    cluster.settle();
    // On the disks of 1 and 2: one of the two voters.
    CHECK(cluster.raft(1).commit() == Index{1});
    cluster.heal();
    cluster.run(Cluster::T * 3);
    CHECK(cluster.leader() != NodeId{1});
    CHECK(cluster.raft(2).configuration() == target);
    CHECK(cluster.raft(2).commit() >= Index{2});
}

// 4.3: "Agreement (for elections and entry commitment) requires majorities from both the old and
// new configurations."
TEST_CASE("thesis 4.3: the joint phase needs both majorities", "[raft][thesis]") {
    for (const bool old_majority : {false, true}) {
        CAPTURE(old_majority);
        Cluster cluster({.nodes = 5, .voters = 3});
        cluster.elect(1);
        for (std::uint32_t away : {old_majority ? 4u : 2u, old_majority ? 5u : 3u}) {
            cluster.cut(1, away);
        }
        Configuration target;
        for (std::uint32_t voter : {1u, 4u, 5u}) {
            target.voters.insert(NodeId{voter});
        }
        REQUIRE(std::holds_alternative<ChangeStarted>(cluster.change(1, target)));
        cluster.settle();
        CHECK(cluster.raft(1).configuration().joint());
        CHECK(cluster.raft(1).commit() == Index{1});
        cluster.heal();
        cluster.run(Cluster::T * 2);
        CHECK(cluster.raft(4).configuration() == target);
    }
}

// 5.1: "a follower ... discards its entire log; it is all superseded by the snapshot." 5: "the
// leader must send it a snapshot when it no longer has the entries that the follower needs."
TEST_CASE("thesis 5: who lacks what was cut starts from the cut", "[raft][thesis]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, 5);
    cluster.run(milliseconds(200));
    cluster.make_cut(1);
    REQUIRE(cluster.raft(1).log().first() == Index{7});
    cluster.heal();
    cluster.run(milliseconds(500));
    CHECK(cluster.snapshots_taken() == 1);
    CHECK(cluster.raft(3).log().first() == Index{7});
    CHECK(cluster.raft(3).commit() == Index{6});
}

// 6.2: "a leader in Raft steps down if an election timeout elapses without a successful round of
// heartbeats to a majority of its cluster."
TEST_CASE("thesis 6.2: a leader without a majority steps down", "[raft][thesis]") {
    for (std::uint32_t voters : {2u, 3u, 4u, 5u}) {
        CAPTURE(voters);
        Solo node({.voters = voters});
        node.lead();
        const Instant begin = node.now;
        // Just too few answer: with the leader itself half of an even group, or less.
        const std::uint32_t answering = (voters - 1) / 2 - (voters % 2 == 0 ? 0 : 1);
        while (node.raft.status().role == Role::leader && node.now - begin < Solo::T * 3) {
            node.timeout();
            const Ready ready = node.take();
            for (std::uint32_t peer = 2; peer < 2 + answering; ++peer) {
                if (const auto beat = sent_to<Heartbeat>(ready, peer)) {
                    node.receive(peer, HeartbeatResponse{Term{1}, beat->round});
                }
            }
        }
        CHECK(node.raft.status().role == Role::follower);
        CHECK(node.raft.status().term == Term{1});
        CHECK(node.now - begin == Solo::T);
    }
}

// 6.4, step 1: "If the leader has not yet marked an entry from its current term committed, it waits
// until it has done so."
TEST_CASE("thesis 6.4: no read index before the term's first commit", "[raft][thesis]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}, .commit = 2});
    node.win();
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    const AppendRequest request = *sent_to<AppendRequest>(node.take(), 2);
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    node.receive(2, HeartbeatResponse{Term{2}, round});
    CHECK(node.take().reads.empty());
    node.store();
    node.accept(2, request);
    REQUIRE(node.raft.commit() == Index{3});
    const std::optional<Heartbeat> beat = sent_to<Heartbeat>(node.take(), 2);
    REQUIRE(beat);
    node.receive(2, HeartbeatResponse{Term{2}, beat->round});
    const Ready ready = node.take();
    REQUIRE(ready.reads.size() == 1);
    CHECK(ready.reads[0].index == Index{3});
}

// 6.4, step 2: "The leader saves its current commit index in a local variable readIndex."
// Step 3: "It issues a new round of heartbeats and waits for their acknowledgments from a majority
// of the cluster."
TEST_CASE("thesis 6.4: a read waits for a round of its own", "[raft][thesis]") {
    Solo node({.voters = 5});
    node.lead();
    node.timeout();
    const std::uint64_t before = sent_to<Heartbeat>(node.take(), 2)->round;
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    CHECK(round > before);
    node.receive(2, HeartbeatResponse{Term{1}, before});
    node.receive(3, HeartbeatResponse{Term{1}, before});
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(node.take().reads.empty());
    node.receive(4, HeartbeatResponse{Term{1}, round});
    const Ready ready = node.take();
    REQUIRE(ready.reads.size() == 1);
    CHECK(ready.reads[0].index == Index{1});
}

// 6.4: "the leader can use a single round of heartbeats for any number of read-only queries that it
// has accumulated."
TEST_CASE("thesis 6.4: one round confirms all reads that it follows", "[raft][thesis]") {
    Solo node;
    node.lead();
    for (std::uint64_t read = 1; read <= 5; ++read) {
        REQUIRE(node.raft.read(node.now, ReadId{read}));
    }
    const Ready asked = node.take();
    CHECK(sent<Heartbeat>(asked).size() == 2);
    node.receive(3, HeartbeatResponse{Term{1}, sent_to<Heartbeat>(asked, 3)->round});
    CHECK(node.take().reads.size() == 5);
}

// 9.6: "a candidate only increments its term if it first learns from a majority of the cluster that
// they would be willing to grant the candidate their votes."
TEST_CASE("thesis 9.6: the term rises only after a won pre-vote", "[raft][thesis]") {
    Solo node({.voters = 5, .hard_state = {Term{3}, NodeId{}}});
    node.timeout();
    const PreVoteRequest asked = *sent_to<PreVoteRequest>(node.take(), 2);
    CHECK(asked.term == Term{3});
    CHECK(asked.proposed == Term{4});
    node.receive(2, PreVoteResponse{Term{3}, Term{4}, asked.attempt, true});
    CHECK(node.raft.status().role == Role::pre_candidate);
    CHECK(node.hard_state() == HardState{Term{3}, NodeId{}});
    CHECK(node.take().empty());
    node.receive(3, PreVoteResponse{Term{3}, Term{4}, asked.attempt, true});
    CHECK(node.raft.status().role == Role::candidate);
    CHECK(node.hard_state() == HardState{Term{4}, NodeId{1}});
}

// 9.6: voters would grant "if the candidate's log is sufficiently up-to-date, and the voters have
// not received heartbeats from a valid leader for at least a baseline election timeout."
TEST_CASE("thesis 9.6: a pre-vote needs a good log and a silent leader", "[raft][thesis]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 2}});
    const HardState before = node.hard_state();
    CHECK(granted(node, 3, {Term{2}, Term{3}, id(2, 2), 1}));
    CHECK(granted(node, 3, {Term{2}, Term{3}, id(3, 2), 1}));
    CHECK_FALSE(granted(node, 3, {Term{2}, Term{3}, id(1, 2), 1}));
    CHECK_FALSE(granted(node, 3, {Term{2}, Term{3}, id(9, 1), 1}));
    // Several at once: a pre-vote is no vote.
    CHECK(granted(node, 2, {Term{2}, Term{3}, id(2, 2), 1}));
    node.receive(2, Heartbeat{Term{2}, {}, 1});
    node.take();
    CHECK_FALSE(granted(node, 3, {Term{2}, Term{3}, id(2, 2), 1}));
    node.now = node.now + (Solo::T - milliseconds(1));
    CHECK_FALSE(granted(node, 3, {Term{2}, Term{3}, id(2, 2), 1}));
    node.now = node.now + milliseconds(1);
    CHECK(granted(node, 3, {Term{2}, Term{3}, id(2, 2), 1}));
    CHECK(node.hard_state() == before);
}

// 10.2.1: "the leader writes to its disk in parallel with replicating to the followers."
// "The leader may even commit an entry before it has been written to its own disk, if a majority of
// followers have written it to their disks; this is still safe."
TEST_CASE("thesis 10.2.1: a majority of other disks is enough", "[raft][thesis]") {
    Solo node({.voters = 5});
    node.lead();
    node.propose();
    const Ready ready = node.take();
    CHECK(ready.entries.size() == 1);
    for (const auto& [out, request] : sent<AppendRequest>(ready)) {
        CHECK_FALSE(out.durable);  // does not wait for the own disk
    }
    node.accept(2, *sent_to<AppendRequest>(ready, 2));
    node.accept(3, *sent_to<AppendRequest>(ready, 3));
    CHECK(node.raft.commit() == Index{1});  // two disks of five, the own one does not count yet
    node.accept(4, *sent_to<AppendRequest>(ready, 4));
    CHECK(node.raft.commit() == Index{2});
    CHECK(node.raft.log().durable() == Index{1});
}

// 10.2.1: "the leader can send the next AppendEntries before the previous one has been
// acknowledged: it updates nextIndex immediately." "If an RPC fails, nextIndex is set back."
TEST_CASE("thesis 10.2.1: requests are pipelined", "[raft][thesis]") {
    Solo node;
    node.lead();
    for (std::uint64_t i = 2; i <= 4; ++i) {
        node.propose();
        const AppendRequest request = *sent_to<AppendRequest>(node.take(), 2);
        CHECK(request.previous.index == Index{i - 1});
        CHECK(node.peer(2).next == Index{i + 1});
    }
    CHECK(node.peer(2).match == Index{1});
    node.raft.peer_down(node.now, NodeId{2});
    CHECK(node.peer(2).next == Index{2});
}

}  // namespace ledger::raft
