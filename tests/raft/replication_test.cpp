// Replication: appending, conflicts, commit, durability, merging of several calls into one Ready.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

AppendRequest append_of(std::uint64_t term, LogId previous, std::vector<EntryRef> entries,
    std::uint64_t commit = 0, std::uint64_t sequence = 1) {
    return AppendRequest{Term{term}, previous, Index{commit}, sequence, std::move(entries)};
}

std::vector<LogId> ids_of(const std::vector<EntryRef>& entries) {
    std::vector<LogId> ids;
    for (const EntryRef& entry : entries) {
        ids.push_back(entry.id());
    }
    return ids;
}

}  // namespace

TEST_CASE("replication: a delayed request shortens nothing", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1, 1}});
    node.receive(2, append_of(1, id(1, 1), {entry_at(2, 1)}));
    node.receive(2, append_of(1, id(1, 1), {}));
    CHECK(node.raft.log().last() == Index{4});
    const Ready ready = node.take();
    CHECK(ready.entries.empty());
    CHECK_FALSE(ready.truncate_to.has_value());
    CHECK(sent<AppendResponse>(ready)[0].second.match == Index{2});
    CHECK(sent<AppendResponse>(ready)[1].second.match == Index{1});
}

TEST_CASE("replication: a follower commits only what the request covers", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}});
    node.receive(2, append_of(2, id(1, 1), {entry_at(2, 1)}, 9));
    CHECK(node.raft.commit() == Index{2});
    node.receive(2, append_of(2, id(1, 1), {}, 9));
    CHECK(node.raft.commit() == Index{2});
}

TEST_CASE("replication: a heartbeat commits up to its own bound", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}});
    node.receive(2, Heartbeat{Term{1}, Index{2}, 4});
    CHECK(node.raft.commit() == Index{2});
    node.receive(2, Heartbeat{Term{1}, Index{1}, 5});
    CHECK(node.raft.commit() == Index{2});
    node.receive(2, Heartbeat{Term{1}, Index{9}, 6});
    CHECK(node.raft.commit() == Index{2});
    const Ready ready = node.take();
    CHECK(sent_to<HeartbeatResponse>(ready, 2) == HeartbeatResponse{Term{1}, 6});
    CHECK_FALSE(ready.messages[0].durable);
}

TEST_CASE("replication: two requests before advance merge into one Ready", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1}});
    node.receive(2, append_of(2, id(2, 1), {entry_at(3, 2), entry_at(4, 2)}));
    node.receive(3, append_of(3, id(3, 2), {entry_at(4, 3)}));
    const Ready ready = node.take();
    CHECK_FALSE(ready.truncate_to.has_value());
    CHECK(ids_of(ready.entries) == std::vector{id(3, 2), id(4, 3)});
    CHECK(ready.hard_state == HardState{Term{3}, NodeId{}});
}

TEST_CASE("replication: a deeper conflict swallows entries not yet handed over", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}});
    node.receive(2, append_of(2, id(2, 1), {entry_at(3, 2)}));
    node.receive(3, append_of(3, id(1, 1), {entry_at(2, 3)}));
    node.receive(3, append_of(3, id(2, 3), {entry_at(3, 3)}));
    const Ready ready = node.take();
    CHECK(ready.truncate_to == Index{1});
    CHECK(ids_of(ready.entries) == std::vector{id(2, 3), id(3, 3)});
}

TEST_CASE("replication: exactly the entries not handed over are replaced", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1}});
    node.receive(2, append_of(2, id(1, 1), {entry_at(2, 2)}));
    node.receive(3, append_of(3, id(1, 1), {entry_at(2, 3)}));
    const Ready ready = node.take();
    CHECK_FALSE(ready.truncate_to.has_value());
    CHECK(ids_of(ready.entries) == std::vector{id(2, 3)});
}

TEST_CASE("replication: a contradiction to what is committed is dropped", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}, .commit = 2});
    node.receive(2, append_of(2, id(1, 1), {entry_at(2, 2)}));
    node.receive(2, append_of(2, id(2, 2), {entry_at(3, 2)}));
    CHECK(node.take().empty());
    CHECK(node.raft.status().term == Term{1});
    CHECK(terms_of(node.raft.log()) == std::vector<std::uint64_t>{1, 1, 1});
}

TEST_CASE("replication: the leader does not count itself before its disk does", "[raft]") {
    Solo node;
    node.win();
    node.accept_all(2);
    CHECK(node.raft.commit() == Index{0});
    node.store();
    CHECK(node.raft.commit() == Index{1});
}

TEST_CASE("replication: two followers commit without the leader's disk", "[raft]") {
    Solo node;
    node.win();
    node.accept_all(2);
    node.accept_all(3);
    CHECK(node.raft.commit() == Index{1});
    CHECK(node.raft.status().durable == Index{0});
}

TEST_CASE("replication: a report about an overwritten tail raises nothing", "[raft]") {
    Solo node;
    node.win();
    node.propose(2);
    const LogId stored_upto = node.raft.log().last_id();
    const HardState stored_state = node.hard_state();
    node.receive(3, append_of(2, LogId{}, {entry_at(1, 2)}));
    CHECK(node.raft.log().last_id() == id(1, 2));
    node.raft.stored(node.now, stored_upto, stored_state);
    CHECK(node.raft.status().durable == Index{0});
    node.store();
    CHECK(node.raft.status().durable == Index{1});
}

TEST_CASE("replication: all proposals of a call travel in one request", "[raft]") {
    Solo node;
    node.lead();
    const ProposeOutcome outcome = node.propose(5);
    const Proposed* proposed = std::get_if<Proposed>(&outcome);
    REQUIRE(proposed != nullptr);
    CHECK(proposed->first == id(2, 1));
    CHECK(proposed->last == id(6, 1));
    const Ready ready = node.take();
    CHECK(ready.messages.size() == 2);
    CHECK(sent_to<AppendRequest>(ready, 3)->entries.size() == 5);
    CHECK(ids_of(ready.entries) == ids_of(sent_to<AppendRequest>(ready, 3)->entries));
}

TEST_CASE("replication: requests are cut by count and bytes, one entry always fits", "[raft]") {
    Solo node({.append_entries_max = 3, .append_bytes_max = 100});
    node.lead();
    node.propose(7, 10);
    std::vector<std::size_t> sizes;
    for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
        sizes.push_back(request.entries.size());
    }
    CHECK(sizes == std::vector<std::size_t>{3, 3, 1, 3, 3, 1});
    node.propose(3, 60);
    CHECK(sent<AppendRequest>(node.take()).size() == 6);
    node.propose(1, 5000);
    CHECK(sent_to<AppendRequest>(node.take(), 2)->entries.size() == 1);
}

TEST_CASE("replication: late, repeated and impossible acknowledgements are harmless", "[raft]") {
    Solo node;
    node.lead();
    node.propose(3);
    const AppendRequest request = *sent_to<AppendRequest>(node.take(), 2);
    node.accept(2, request);
    CHECK(node.peer(2).match == Index{4});
    node.receive(2, AppendResponse{.term = Term{1},
                        .sequence = request.sequence,
                        .accepted = true,
                        .match = Index{2},
                        .previous = Index{1}});
    CHECK(node.peer(2).match == Index{4});
    for (const std::uint64_t sequence : {std::uint64_t{0}, request.sequence + 100}) {
        node.receive(3, AppendResponse{.term = Term{1},
                            .sequence = sequence,
                            .accepted = true,
                            .match = Index{4},
                            .previous = Index{1}});
    }
    node.receive(3, AppendResponse{.term = Term{1},
                        .sequence = request.sequence,
                        .accepted = true,
                        .match = Index{5},
                        .previous = Index{1}});
    CHECK(node.peer(3).match == Index{1});
    CHECK(node.raft.commit() == Index{1});
    // A rejection of something acknowledged since then is stale.
    node.receive(2, AppendResponse{.term = Term{1},
                        .sequence = request.sequence,
                        .accepted = false,
                        .previous = Index{1}});
    CHECK(node.peer(2).next == Index{5});
    CHECK(node.peer(2).state == Progress::State::replicate);
}

TEST_CASE("replication: backtracking skips whole terms at both ends", "[raft]") {
    // The follower has 200 entries of term 2, the leader 200 of term 3 after a common prefix.
    std::vector<std::uint64_t> mine(5, 1);
    std::vector<std::uint64_t> theirs(5, 1);
    mine.insert(mine.end(), 200, 3);
    theirs.insert(theirs.end(), 200, 2);
    Cluster cluster({.nodes = 3});
    cluster.boot(1, {Term{3}, NodeId{}}, log_of(mine));
    cluster.boot(2, {Term{3}, NodeId{}}, log_of(theirs));
    cluster.boot(3, {Term{3}, NodeId{}}, log_of(mine));
    cluster.start_election(1);
    std::uint64_t rejections = 0;
    cluster.settle_until([&] {
        for (const Cluster::InFlight& one : cluster.network()) {
            const AppendResponse* response = std::get_if<AppendResponse>(&one.message);
            rejections +=
                response != nullptr && !response->accepted && &one == &cluster.network().front()
                    ? 1u
                    : 0u;
        }
        return false;
    });
    CHECK(cluster.terms(2) == cluster.terms(1));
    CHECK(rejections > 0);
    CHECK(rejections <= 2);
}

TEST_CASE("replication: a hint that leads nowhere still moves the search down", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1, 1, 1}});
    node.win();
    Index previous = sent_to<AppendRequest>(node.raft.ready(), 2)->previous.index;
    REQUIRE(previous == Index{3});
    while (previous > Index{0}) {
        const AppendRequest request = *sent_to<AppendRequest>(node.take(), 2);
        CHECK(request.previous.index == previous);
        node.receive(2, AppendResponse{.term = Term{2},
                            .sequence = request.sequence,
                            .accepted = false,
                            .previous = request.previous.index,
                            .hint = id(99, 99)});
        previous = previous.previous();
    }
    CHECK(sent_to<AppendRequest>(node.take(), 2)->previous == LogId{});
}

TEST_CASE("replication: an acknowledgement waits for the disk and dies with a crash", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.run(milliseconds(100));
    cluster.isolate(3);
    cluster.propose(1);
    cluster.deliver_all(2);
    cluster.store(1);
    CHECK(cluster.groups(2) == 1);
    CHECK(cluster.raft(2).log().last() == Index{2});
    CHECK(cluster.raft(1).commit() == Index{1});
    cluster.crash(2);
    cluster.restart(2);
    CHECK(cluster.raft(2).log().last() == Index{1});
    cluster.run(milliseconds(500));
    CHECK(cluster.raft(1).commit() >= Index{2});
}

TEST_CASE("replication: entries of an old term commit with the leader's own", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 2}});
    node.win();
    node.accept_all(2);
    CHECK(node.raft.commit() == Index{0});
    node.store();
    CHECK(node.raft.commit() == Index{3});
}

}  // namespace ledger::raft
