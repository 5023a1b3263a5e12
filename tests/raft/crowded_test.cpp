// Crowded: disks without space take no commands, elsewhere they go on, and everything else goes on here.
#include <catch2/catch.hpp>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

const Leader& leader_of(const Solo& node) {
    return std::get<Leader>(node.raft.role_state());
}

EntryRef noop_at(std::uint64_t index, std::uint64_t term) {
    EntryRef entry = entry_at(index, term, 0);
    entry.kind = EntryKind::noop;
    return entry;
}

AppendRequest request_of(std::vector<EntryRef> entries, LogId previous, std::uint64_t commit) {
    return {.term = Term{1},
        .previous = previous,
        .commit = Index{commit},
        .sequence = 1,
        .entries = std::move(entries)};
}

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

// The newest heartbeat is answered by all peers, of which these are crowded.
void beat(Solo& node, std::vector<std::uint32_t> crowded, std::uint32_t voters = 3) {
    node.pass(milliseconds(60));
    for (std::uint32_t peer = 2; peer <= voters; ++peer) {
        const bool full = std::count(crowded.begin(), crowded.end(), peer) > 0;
        node.receive(peer, HeartbeatResponse{Term{1}, leader_of(node).round, full});
    }
}

}  // namespace

TEST_CASE("crowded: a follower takes entries up to the first command", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.raft.set_crowded(node.now, true);
    node.receive(2, request_of({noop_at(1, 1), noop_at(2, 1), entry_at(3, 1), noop_at(4, 1)}, {}, 4));
    const Ready ready = node.take();
    const auto answer = sent_to<AppendResponse>(ready, 2);
    REQUIRE(answer);
    CHECK(answer->accepted);
    CHECK(answer->match == Index{2});
    CHECK(answer->crowded);
    CHECK(ready.entries.size() == 2);
    CHECK(node.raft.log().last() == Index{2});
    CHECK(node.raft.commit() == Index{2});
}

TEST_CASE("crowded: a follower acknowledges commands that it has", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}});
    node.raft.set_crowded(node.now, true);
    node.receive(2, request_of({entry_at(1, 1), entry_at(2, 1), entry_at(3, 1)}, {}, 3));
    const auto answer = sent_to<AppendResponse>(node.take(), 2);
    REQUIRE(answer);
    CHECK(answer->match == Index{2});
    CHECK(node.raft.commit() == Index{2});
}

TEST_CASE("crowded: a conflict is truncated for what can be taken, and for nothing else", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 1}});
    node.raft.set_crowded(node.now, true);
    AppendRequest request = request_of({entry_at(2, 2)}, id(1, 1), 0);
    request.term = Term{2};
    node.receive(2, request);
    CHECK(sent_to<AppendResponse>(node.raft.ready(), 2)->match == Index{1});
    CHECK_FALSE(node.take().truncate_to);
    CHECK(node.raft.log().last() == Index{2});
    request.entries = {noop_at(2, 2)};
    node.receive(2, request);
    CHECK(sent_to<AppendResponse>(node.raft.ready(), 2)->match == Index{2});
    CHECK(node.take().truncate_to == Index{1});
}

TEST_CASE("crowded: votes and answers to heartbeats are those of any node", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.raft.set_crowded(node.now, true);
    node.receive(2, Heartbeat{Term{1}, Index{}, 7});
    CHECK(sent_to<HeartbeatResponse>(node.take(), 2) == HeartbeatResponse{Term{1}, 7, true});
    node.receive(3, VoteRequest{.term = Term{2}, .last = id(1, 1), .transfer = true});
    CHECK(sent_to<VoteResponse>(node.take(), 3)->granted);
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
    node.raft.set_crowded(node.now, false);
    node.receive(2, Heartbeat{Term{2}, Index{}, 8});
    CHECK(sent_to<HeartbeatResponse>(node.take(), 2) == HeartbeatResponse{Term{2}, 8, false});
}

TEST_CASE("crowded: what a follower did not take is not sent again until it has space", "[raft]") {
    Solo node({.append_entries_max = 1});
    node.lead();
    node.propose(3);
    node.store();
    const std::vector<std::pair<Outgoing, AppendRequest>> requests = sent<AppendRequest>(node.take());
    std::optional<AppendRequest> first;
    for (const auto& [out, request] : requests) {
        if (out.to == NodeId{2}) {
            first = first ? first : request;
        }
    }
    REQUIRE(first);
    const Index before = first->previous.index;
    node.receive(2, AppendResponse{.term = Term{1}, .sequence = first->sequence, .accepted = true,
        .match = before, .previous = before, .crowded = true});
    // One empty request to agree where it stands, and then nothing.
    const auto probe = sent_to<AppendRequest>(node.take(), 2);
    REQUIRE(probe);
    CHECK(probe->entries.empty());
    node.receive(2, AppendResponse{.term = Term{1}, .sequence = probe->sequence, .accepted = true,
        .match = before, .previous = before, .crowded = true});
    for (int round = 0; round < 5; ++round) {
        beat(node, {2});
        CHECK_FALSE(sent_to<AppendRequest>(node.take(), 2));
        CHECK(violated_state(observe(node.raft)).empty());
    }
    // A refusal of something older says nothing of now.
    node.receive(2, AppendResponse{.term = Term{1}, .sequence = first->sequence, .accepted = false,
        .match = {}, .previous = before});
    CHECK(violated_state(observe(node.raft)).empty());
    CHECK_FALSE(sent_to<AppendRequest>(node.take(), 2));
    node.propose();
    node.store();
    CHECK_FALSE(sent_to<AppendRequest>(node.take(), 2));
    beat(node, {});
    const auto resumed = sent_to<AppendRequest>(node.take(), 2);
    REQUIRE(resumed);
    CHECK(resumed->entries.size() == 1);
}

TEST_CASE("crowded: a follower without space still gets what is no command", "[raft]") {
    Solo node;
    node.lead();
    beat(node, {3});
    node.take();
    Configuration larger = voters_1_to(3);
    larger.learners.insert(NodeId{4});
    REQUIRE(std::holds_alternative<ChangeStarted>(node.raft.change_membership(node.now, larger)));
    const auto request = sent_to<AppendRequest>(node.take(), 3);
    REQUIRE(request);
    CHECK(request->entries.size() == 1);
}

TEST_CASE("crowded: a leader hands over to who has everything and space", "[raft]") {
    Solo node({.voters = 5});
    node.lead();
    for (int round = 0; round < 12; ++round) {
        beat(node, {2, 4}, 5);
    }
    node.take();
    CHECK(node.raft.has_space());
    node.raft.set_crowded(node.now, true);
    // Three of five: nobody else could do better.
    CHECK_FALSE(node.raft.has_space());
    CHECK(node.raft.status().transfer_target == NodeId{});
    beat(node, {2}, 5);
    node.pass(milliseconds(60));
    const NodeId target = node.raft.status().transfer_target;
    CHECK((target == NodeId{3} || target == NodeId{4} || target == NodeId{5}));
    CHECK(sent_to<TimeoutNow>(node.take(), target.value));
    CHECK(node.raft.status().role == Role::leader);
}

TEST_CASE("crowded: leadership is handed over once in a while, not to and fro", "[raft]") {
    Solo node;
    node.lead();
    node.raft.set_crowded(node.now, true);
    std::uint32_t handed_over = 0;
    NodeId before;
    // It has just been elected, perhaps by one that was crowded; and its targets never take over.
    for (Duration passed; passed < Solo::T * 12; passed = passed + milliseconds(60)) {
        CHECK((passed >= Solo::T * 2 || node.raft.status().transfer_target == NodeId{}));
        beat(node, {});
        const NodeId target = node.raft.status().transfer_target;
        handed_over += target != before && target != NodeId{} ? 1u : 0u;
        before = target;
    }
    CHECK(handed_over >= 2);
    CHECK(handed_over <= 3);
}

TEST_CASE("crowded: without a quorum that has space a leader has none", "[raft]") {
    Solo node;
    CHECK_FALSE(node.raft.has_space());
    node.lead();
    beat(node, {2});
    CHECK(node.raft.has_space());
    beat(node, {2, 3});
    CHECK_FALSE(node.raft.has_space());
    beat(node, {3});
    CHECK(node.raft.has_space());
}

}  // namespace ledger::raft
