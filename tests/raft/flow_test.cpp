// Flow: windows, loads from the disk, and recovery from everything that can get lost.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

// Heartbeats until `peer` was asked, each answered by it. Returns the requests sent to it.
std::vector<AppendRequest> after_heartbeat(Solo& node, std::uint32_t peer) {
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.raft.ready(), peer)->round;
    node.receive(peer, HeartbeatResponse{node.raft.status().term, round});
    std::vector<AppendRequest> requests;
    for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
        if (out.to == NodeId{peer}) {
            requests.push_back(request);
        }
    }
    return requests;
}

void reject(Solo& node, std::uint32_t peer, const AppendRequest& request, LogId hint) {
    node.receive(peer, AppendResponse{.term = request.term,
                           .sequence = request.sequence,
                           .accepted = false,
                           .previous = request.previous.index,
                           .hint = hint});
}

// A leader whose log is in memory only from `first_in_memory` on.
void forget(Solo& node, std::uint64_t upto) {
    node.raft.release_entries(Index{upto});
}

}  // namespace

TEST_CASE("flow: a full window stops sending, an answer opens it", "[raft]") {
    Solo node({.inflight_messages_max = 2});
    node.lead();
    for (int i = 0; i < 4; ++i) {
        node.propose();
    }
    const auto requests = sent<AppendRequest>(node.take());
    CHECK(requests.size() == 4);  // two for each follower
    CHECK(node.peer(2).inflight.count() == 2);
    node.accept(2, requests[0].second);
    const Ready ready = node.take();
    REQUIRE(ready.messages.size() == 1);
    CHECK(sent_to<AppendRequest>(ready, 2)->entries.size() == 2);
}

TEST_CASE("flow: a probe is one request at a time", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}, .log = {1}});
    node.win();
    CHECK(sent<AppendRequest>(node.take()).size() == 2);
    node.propose();
    CHECK(sent<AppendRequest>(node.take()).empty());
    CHECK(node.peer(2).state == Progress::State::probe);
}

TEST_CASE("flow: a lost probe is repeated after an answered heartbeat, empty", "[raft]") {
    Solo node;
    node.win();
    node.take();
    const std::vector<AppendRequest> requests = after_heartbeat(node, 2);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].entries.empty());
    CHECK(requests[0].previous == LogId{});
    node.accept(2, requests[0]);
    CHECK(node.peer(2).state == Progress::State::replicate);
    CHECK(sent_to<AppendRequest>(node.take(), 2)->entries.size() == 1);
}

TEST_CASE("flow: an answer to an older heartbeat releases no probe", "[raft]") {
    Solo node;
    node.lead();
    node.timeout();
    const std::uint64_t round = sent_to<Heartbeat>(node.take(), 2)->round;
    node.propose();
    node.take();
    node.raft.peer_down(node.now, NodeId{2});
    node.propose();
    CHECK(sent_to<AppendRequest>(node.take(), 2)->entries.size() == 2);
    node.receive(2, HeartbeatResponse{Term{1}, round});
    CHECK(node.take().messages.empty());
    CHECK(after_heartbeat(node, 2).size() == 1);
}

TEST_CASE("flow: when everything in flight was lost a heartbeat finds out", "[raft]") {
    for (const std::uint32_t window : {1u, 16u}) {  // full and not full
        Solo node({.inflight_messages_max = window});
        node.lead();
        node.propose(3);
        node.take();
        const std::vector<AppendRequest> nudge = after_heartbeat(node, 2);
        REQUIRE(nudge.size() == 1);
        CHECK(nudge[0].entries.empty());
        CHECK(nudge[0].previous.index == Index{4});
        reject(node, 2, nudge[0], {Term{1}, Index{1}});
        const AppendRequest again = *sent_to<AppendRequest>(node.take(), 2);
        CHECK(again.previous.index == Index{1});
        CHECK(again.entries.size() == 3);
        node.accept(2, again);
        CHECK(node.peer(2).match == Index{4});
    }
}

TEST_CASE("flow: a slow disk gets at most one nudge per heartbeat interval", "[raft]") {
    Solo node;
    node.lead();
    node.propose();
    node.take();
    CHECK(after_heartbeat(node, 2).size() == 1);
    for (std::uint64_t i = 0; i < 20; ++i) {  // rounds for reads come much faster
        node.now = node.now + microseconds(100);
        REQUIRE(node.raft.read(node.now, ReadId{i}));
        const auto beat = sent_to<Heartbeat>(node.take(), 2);
        REQUIRE(beat.has_value());
        node.receive(2, HeartbeatResponse{Term{1}, beat->round});
        CHECK(sent<AppendRequest>(node.take()).empty());
    }
}

TEST_CASE("flow: a request without an answer for an election timeout is sent again", "[raft]") {
    Solo node;
    node.lead();
    node.propose();
    node.take();
    node.store();
    const Instant sent_at = node.now;
    std::optional<AppendRequest> again;
    while (!again && node.now - sent_at < Solo::T * 2) {
        node.timeout();
        again = sent_to<AppendRequest>(node.raft.ready(), 2);
        const std::uint64_t round = sent_to<Heartbeat>(node.raft.ready(), 3)->round;
        node.receive(3, HeartbeatResponse{Term{1}, round});  // keeps the leadership
        node.take();
    }
    REQUIRE(again.has_value());
    CHECK(again->entries.size() == 1);
    CHECK(node.now - sent_at >= Solo::T);
    CHECK(node.peer(2).state == Progress::State::probe);
}

TEST_CASE("flow: a broken link goes back to probing from what is known", "[raft]") {
    Solo node;
    node.lead();
    node.propose(2);
    node.take();
    node.raft.peer_down(node.now, NodeId{3});
    CHECK(node.peer(3).state == Progress::State::probe);
    CHECK(node.peer(3).next == Index{2});
    CHECK(node.peer(3).inflight.empty());
    CHECK(node.peer(2).state == Progress::State::replicate);
    const std::vector<AppendRequest> requests = after_heartbeat(node, 3);
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].entries.size() == 2);
}

TEST_CASE("flow: reordered requests cost a detour, not the position", "[raft]") {
    Solo node;
    node.lead();
    node.propose();
    const AppendRequest first = *sent_to<AppendRequest>(node.take(), 2);
    node.propose();
    const AppendRequest second = *sent_to<AppendRequest>(node.take(), 2);
    reject(node, 2, second, {Term{1}, Index{1}});
    CHECK(node.peer(2).state == Progress::State::probe);
    node.accept(2, first);
    CHECK(node.peer(2).match == Index{2});
    CHECK(node.peer(2).state == Progress::State::replicate);
    reject(node, 2, second, {Term{1}, Index{1}});  // repeated by the network
    CHECK(node.peer(2).state == Progress::State::replicate);
}

TEST_CASE("flow: a rejection from before a broken link moves nothing afterwards", "[raft]") {
    Solo node({.append_entries_max = 1});
    node.lead();
    node.propose(4);
    std::vector<AppendRequest> before;
    for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
        if (out.to == NodeId{2}) {
            before.push_back(request);
        }
    }
    REQUIRE(before.size() == 4);
    node.raft.peer_down(node.now, NodeId{2});
    const std::vector<AppendRequest> probe = after_heartbeat(node, 2);
    REQUIRE(probe.size() == 1);
    node.accept(2, probe[0]);
    REQUIRE(node.peer(2).match == Index{2});
    REQUIRE(node.peer(2).next == Index{6});
    reject(node, 2, before[2], {Term{1}, Index{1}});
    CHECK(node.peer(2).state == Progress::State::replicate);
    CHECK(node.peer(2).next == Index{6});
}

TEST_CASE("flow: entries that left memory are asked for once and then sent", "[raft]") {
    Solo node({.append_entries_max = 2});
    node.lead();
    node.propose(6);
    node.store();
    const auto requests = sent<AppendRequest>(node.take());
    for (const auto& [out, request] : requests) {
        if (out.to == NodeId{3}) {
            node.accept(3, request);
        }
    }
    REQUIRE(node.raft.commit() == Index{7});
    forget(node, 6);
    node.take();
    node.raft.peer_down(node.now, NodeId{2});
    const std::vector<AppendRequest> probe = after_heartbeat(node, 2);
    REQUIRE(probe.size() == 1);
    CHECK(probe[0].entries.empty());  // nothing is read before a common entry is known
    node.accept(2, probe[0]);
    Ready ready = node.take();
    REQUIRE(ready.loads.size() == 1);
    CHECK(ready.loads[0].first == Index{2});
    CHECK(ready.loads[0].last == Index{3});
    node.propose();
    CHECK(node.raft.ready().loads.empty());
    node.take();
    node.raft.loaded(node.now, NodeId{2}, std::vector{entry_at(2, 1), entry_at(3, 1)});
    ready = node.take();
    CHECK(sent_to<AppendRequest>(ready, 2)->entries.size() == 2);
    CHECK(sent_to<AppendRequest>(ready, 2)->previous.index == Index{1});
    REQUIRE(ready.loads.size() == 1);
    CHECK(ready.loads[0].first == Index{4});
}

namespace {

// A leader that waits for entries [2, 3] for node 2.
void lead_and_want(Solo& node) {
    node.lead();
    node.propose(2);
    node.store();
    node.accept_all(3);
    REQUIRE(node.raft.commit() == Index{3});
    forget(node, 3);
    node.take();
    node.raft.peer_down(node.now, NodeId{2});
    const std::vector<AppendRequest> probe = after_heartbeat(node, 2);
    REQUIRE(probe.size() == 1);
    node.accept(2, probe[0]);
    REQUIRE(node.take().loads.size() == 1);
}

}  // namespace

TEST_CASE("flow: a load that fails is tried again after a heartbeat", "[raft]") {
    Solo node;
    lead_and_want(node);
    node.raft.loaded(node.now, NodeId{2}, {});
    CHECK(node.take().empty());
    const std::vector<AppendRequest> probe = after_heartbeat(node, 2);
    REQUIRE(probe.size() == 1);
    node.accept(2, probe[0]);
    CHECK(node.take().loads.size() == 1);
}

TEST_CASE("flow: loaded entries that are not our log are never sent", "[raft]") {
    Solo node;
    lead_and_want(node);
    node.raft.loaded(node.now, NodeId{2}, std::vector{entry_at(2, 7)});
    CHECK(sent<AppendRequest>(node.take()).empty());
}

TEST_CASE("flow: a load for a place that moved is thrown away", "[raft]") {
    Solo node;
    lead_and_want(node);
    node.receive(2, AppendResponse{.term = Term{1},
                        .sequence = 1,
                        .accepted = true,
                        .match = Index{3},
                        .previous = Index{1}});
    node.raft.loaded(node.now, NodeId{2}, std::vector{entry_at(2, 1), entry_at(3, 1)});
    CHECK(sent<AppendRequest>(node.take()).empty());
    node.raft.loaded(node.now, NodeId{2}, std::vector{entry_at(2, 1)});  // nobody asked
    CHECK(node.take().empty());
}

TEST_CASE("flow: a load that comes back to a follower is ignored", "[raft]") {
    Solo node;
    lead_and_want(node);
    node.receive(3, Heartbeat{Term{2}, Index{}, 1});
    node.take();
    node.raft.loaded(node.now, NodeId{2}, std::vector{entry_at(2, 1)});
    CHECK(node.take().empty());
}

namespace {

// A leader whose follower 2 lacks `count` entries of `bytes` each, which are on the disk only, and
// has just been found at entry 1.
void lead_far_ahead(Solo& node, std::uint32_t count, std::uint32_t bytes) {
    node.lead();
    node.propose(count, bytes);
    node.store();
    for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
        if (out.to == NodeId{3}) {
            node.accept(3, request);
        }
    }
    while (node.raft.commit() < Index{count + 1}) {
        for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
            if (out.to == NodeId{3}) {
                node.accept(3, request);
            }
        }
    }
    forget(node, count + 1);
    node.take();
    node.raft.peer_down(node.now, NodeId{2});
    const std::vector<AppendRequest> probe = after_heartbeat(node, 2);
    REQUIRE(probe.size() == 1);
    node.accept(2, probe[0]);
}

std::vector<EntryRef> read_from_disk(const LoadWanted& wanted, std::uint32_t bytes) {
    std::vector<EntryRef> entries;
    std::uint64_t sum = 0;
    for (Index i = wanted.first; i <= wanted.last; ++i) {
        sum += bytes;
        if (sum > wanted.bytes_max && !entries.empty()) {
            break;
        }
        entries.push_back(entry_at(i.value, 1, bytes));
    }
    return entries;
}

// Requests with entries until follower 2 has everything.
std::uint64_t requests_to_catch_up(std::optional<std::uint32_t> catch_up_entries_max) {
    Solo node({.append_entries_max = 512, .catch_up_entries_max = catch_up_entries_max});
    lead_far_ahead(node, 10'000, 200);
    std::uint64_t requests = 0;
    while (node.peer(2).match < node.raft.log().last()) {
        const Ready ready = node.take();
        for (const LoadWanted& load : ready.loads) {
            node.raft.loaded(node.now, load.peer, read_from_disk(load, 200));
        }
        for (const auto& [out, request] : sent<AppendRequest>(ready)) {
            requests += request.entries.empty() ? 0u : 1u;
            node.accept(2, request);
        }
        node.now = std::max(node.now, node.raft.deadline());
        node.raft.time(node.now);
    }
    return requests;
}

}  // namespace

TEST_CASE("flow: what must be read from the disk goes in bulk", "[raft]") {
    CHECK(requests_to_catch_up({}) == 20);        // as many as of entries in memory
    CHECK(requests_to_catch_up(16'384) == 1);     // 2 MB
    Solo follower({.self = 2});
    AppendRequest bulk{Term{1}, {}, {}, 1, {}};
    for (std::uint64_t i = 1; i <= 10'000; ++i) {
        bulk.entries.push_back(entry_at(i, 1, 200));
    }
    follower.receive(1, bulk);
    CHECK(follower.take().entries.size() == 10'000);  // one Ready is one group, one flush
}

TEST_CASE("flow: loads are paced by the clock and hold up nothing else", "[raft]") {
    // 4 MiB may be owed; that is 4.194304 s.
    constexpr std::uint32_t body = 1'000'000;
    Solo node({.catch_up_entries_max = 2, .catch_up_bytes_per_second = 1'000'000});
    lead_far_ahead(node, 40, body);
    const Instant begin = node.now;
    std::uint64_t bytes = 0;
    const auto load_if_wanted = [&] {
        const Ready ready = node.take();
        for (const auto& [out, beat] : sent<Heartbeat>(ready)) {
            node.receive(out.to.value, HeartbeatResponse{beat.term, beat.round});
        }
        for (const auto& [out, request] : sent<AppendRequest>(ready)) {
            node.accept(out.to.value, request);
        }
        for (const LoadWanted& load : ready.loads) {
            const std::vector<EntryRef> entries = read_from_disk(load, body);
            bytes += entries.size() * body;
            node.raft.loaded(node.now, load.peer, entries);
        }
        return !ready.loads.empty() || !node.raft.ready().empty();
    };
    while (load_if_wanted()) {
    }
    CHECK(bytes == 6 * body);  // 6 s to pay for
    node.propose();
    CHECK(sent_to<AppendRequest>(node.raft.ready(), 3)->entries.size() == 1);  // at once
    node.store();
    while (bytes == 6 * body) {
        node.timeout();
        load_if_wanted();
    }
    CHECK(node.now == begin + microseconds(6'000'000 - 4'194'304));
    while (node.peer(2).match < Index{42}) {
        node.timeout();
        while (load_if_wanted()) {
        }
        const auto elapsed = static_cast<std::uint64_t>((node.now - begin).nanoseconds);
        REQUIRE(bytes <= elapsed / 1000 + 4'194'304 + 2 * body);
    }
    CHECK(bytes == 40 * body);
}

TEST_CASE("flow: what is not durable or not committed stays in memory", "[raft]") {
    Solo node;
    node.lead();
    node.propose(2);
    node.raft.release_entries(Index{3});
    CHECK(node.raft.log().first_in_memory() == Index{2});
    node.store();
    node.raft.release_entries(Index{3});
    CHECK(node.raft.log().first_in_memory() == Index{2});
    node.accept_all(2);
    node.raft.release_entries(Index{3});
    CHECK(node.raft.log().first_in_memory() == Index{4});
}

TEST_CASE("flow: a follower far behind catches up from the leader's disk", "[raft]") {
    Cluster cluster({.nodes = 3, .keep_entries = 0, .append_entries_max = 4});
    cluster.elect(1);
    cluster.isolate(3);
    for (int i = 0; i < 100; ++i) {
        cluster.propose(1, 3);
        cluster.settle();
    }
    cluster.heal();
    cluster.run(milliseconds(300));
    CHECK(cluster.terms(3) == cluster.terms(1));
    cluster.must_recover();
}

}  // namespace ledger::raft
