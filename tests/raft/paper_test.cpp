// Paper: one case per sentence of the Raft paper that prescribes behaviour.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "raft/raft.h"
#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

AppendRequest append_of(std::uint64_t term, LogId previous = {}, std::vector<EntryRef> entries = {},
    std::uint64_t commit = 0) {
    return AppendRequest{Term{term}, previous, Index{commit}, 1, std::move(entries)};
}

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

}  // namespace

TEST_CASE("paper 5.1: P01 a follower adopts a larger term", "[raft][paper]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, append_of(2));
    CHECK(node.raft.status().term == Term{2});
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.take().hard_state == HardState{Term{2}, NodeId{}});
}

TEST_CASE("paper 5.1: P02 a candidate with an old term becomes follower", "[raft][paper]") {
    Solo node;
    node.campaign();
    REQUIRE(node.raft.status().role == Role::candidate);
    node.receive(2, append_of(2));
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{}});
}

TEST_CASE("paper 5.1: P03 a leader with an old term becomes follower", "[raft][paper]") {
    Solo node;
    node.lead();
    REQUIRE(node.raft.read(node.now, ReadId{7}));
    node.receive(2, append_of(2));
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{}});
    const Ready ready = node.take();
    CHECK(ready.dropped_reads == std::vector{ReadId{7}});
    CHECK(ready.transitions.back().role == Role::follower);
    CHECK(ready.transitions.back().leader == NodeId{2});
    CHECK(ready.transitions.back().cause == Cause::newer_term);
    CHECK(std::holds_alternative<NotLeader>(node.propose()));
}

TEST_CASE("paper 5.1: P04 a request of an old term is refused", "[raft][paper]") {
    Solo node({.hard_state = {Term{2}, NodeId{3}}, .log = {1, 2}});
    const Instant deadline = node.raft.deadline();
    node.now = node.now + milliseconds(10);
    node.receive(2, append_of(1, id(1, 1), {entry_at(2, 1)}));
    CHECK(terms_of(node.raft.log()) == std::vector<std::uint64_t>{1, 2});
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{3}});
    CHECK(node.raft.deadline() == deadline);
    CHECK(node.raft.status().role == Role::follower);
    const Ready ready = node.take();
    REQUIRE(ready.messages.size() == 1);
    CHECK_FALSE(sent_to<AppendResponse>(ready, 2)->accepted);
    CHECK(sent_to<AppendResponse>(ready, 2)->term == Term{2});
}

TEST_CASE("paper 5.2: P05 servers start as followers", "[raft][paper]") {
    Solo node;
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.raft.ready().empty());
    CHECK(node.raft.deadline() - node.now >= Solo::T);
    CHECK(node.raft.deadline() - node.now < Solo::T * 2);
}

TEST_CASE("paper 5.2: P06 the leader sends periodic heartbeats to all", "[raft][paper]") {
    Solo node;
    node.lead();
    for (int i = 0; i < 10; ++i) {
        node.propose();
    }
    node.take();
    const Instant before = node.now;
    node.timeout();
    CHECK(node.now - before == Config{}.heartbeat_interval);
    const Ready ready = node.take();
    REQUIRE(ready.messages.size() == 2);
    for (std::uint32_t peer : {2u, 3u}) {
        REQUIRE(sent_to<Heartbeat>(ready, peer));
        CHECK(sent_to<Heartbeat>(ready, peer)->commit <= node.peer(peer).match);
        CHECK(sent_to<Heartbeat>(ready, peer)->term == Term{1});
    }
}

TEST_CASE("paper 5.2: P07 a follower that hears nothing starts an election", "[raft][paper]") {
    Solo node({.voters = 5, .hard_state = {Term{1}, NodeId{2}}, .log = {1}});
    node.campaign();
    CHECK(node.raft.status().role == Role::candidate);
    const Ready ready = node.take();
    CHECK(ready.hard_state == HardState{Term{2}, NodeId{1}});
    REQUIRE(sent<VoteRequest>(ready).size() == 4);
    for (const auto& [out, request] : sent<VoteRequest>(ready)) {
        CHECK(out.durable);
        CHECK(request == VoteRequest{Term{2}, id(1, 1), false});
    }
    const Candidate* candidate = std::get_if<Candidate>(&node.raft.role_state());
    CHECK(candidate->granted.empty());
    node.store();
    CHECK(candidate->granted.contains(NodeId{1}));
}

TEST_CASE("paper 5.2: P08 a candidate without a majority starts anew", "[raft][paper]") {
    Solo node;
    node.campaign();
    node.store();
    REQUIRE(node.raft.status().term == Term{1});
    node.take();
    const Instant before = node.now;
    node.campaign();
    CHECK(node.now - before >= Solo::T);
    CHECK(node.now - before < Solo::T * 2);
    CHECK(node.raft.status().role == Role::candidate);
    CHECK(node.hard_state() == HardState{Term{2}, NodeId{1}});
    CHECK(sent<VoteRequest>(node.take()).size() == 2);
}

TEST_CASE("paper 5.2: P09 one round of votes is won, lost or open", "[raft][paper]") {
    struct Row {
        std::uint32_t voters;
        std::uint32_t yes;
        std::uint32_t no;
        Role role;
    };
    const Row rows[] = {{1, 0, 0, Role::leader}, {3, 1, 0, Role::leader}, {3, 2, 0, Role::leader},
        {5, 2, 0, Role::leader}, {5, 3, 0, Role::leader}, {5, 4, 0, Role::leader},
        {3, 0, 2, Role::follower}, {5, 0, 4, Role::follower}, {5, 1, 3, Role::follower},
        {3, 0, 0, Role::candidate}, {5, 0, 0, Role::candidate}, {5, 1, 0, Role::candidate},
        {5, 0, 2, Role::candidate}};
    for (const Row& row : rows) {
        CAPTURE(row.voters, row.yes, row.no);
        Solo node({.voters = row.voters});
        node.campaign();
        node.store();
        std::uint32_t peer = 2;
        for (std::uint32_t i = 0; i < row.yes + row.no; ++i) {
            node.receive(peer, VoteResponse{Term{1}, i < row.yes});
            ++peer;
        }
        CHECK(node.raft.status().role == row.role);
        CHECK(node.raft.status().term == Term{1});
    }
}

TEST_CASE("paper 5.2: P10 at most one vote per term, first come first served", "[raft][paper]") {
    for (std::uint32_t vote : {0u, 2u, 3u}) {
        for (std::uint32_t from : {2u, 3u}) {
            CAPTURE(vote, from);
            Solo node({.hard_state = {Term{1}, NodeId{vote}}});
            node.receive(from, VoteRequest{Term{1}, LogId{}, false});
            const Ready ready = node.take();
            const bool granted = vote == 0 || vote == from;
            REQUIRE(ready.messages.size() == 1);
            CHECK(sent_to<VoteResponse>(ready, from)->granted == granted);
            CHECK(ready.messages[0].durable == granted);
            CHECK(ready.hard_state.has_value() == (vote == 0));
            CHECK(node.raft.status().vote == NodeId{granted ? from : vote});
        }
    }
}

TEST_CASE("paper 5.2: P11 a candidate recognises the leader of its term", "[raft][paper]") {
    for (std::uint64_t term : {1u, 2u}) {
        Solo node;
        node.campaign();
        node.receive(2, append_of(term));
        CHECK(node.raft.status().role == Role::follower);
        CHECK(node.raft.status().leader == NodeId{2});
        CHECK(node.hard_state() == HardState{Term{term}, NodeId{term == 1 ? 1u : 0u}});
    }
}

namespace {

// In which tenth of [T, 2T) a node times out: as a fresh follower or as a fresh candidate.
int tenth_of_timeout(std::uint64_t seed, bool candidate) {
    Solo node({.seed = seed});
    if (candidate) {
        node.campaign();
    }
    const Duration drawn = node.raft.deadline() - node.now - Solo::T;
    REQUIRE(drawn >= Duration{});
    REQUIRE(drawn < Solo::T);
    return static_cast<int>(drawn.nanoseconds * 10 / Solo::T.nanoseconds);
}

// Of 1 000 rounds of five nodes, those in which the first tenth with a timeout has several.
int conflicts_of_five(bool candidate) {
    int conflicts = 0;
    for (std::uint64_t round = 0; round < 1000; ++round) {
        std::array<int, 10> timeouts{};
        for (std::uint64_t node = 0; node < 5; ++node) {
            ++timeouts[static_cast<std::size_t>(tenth_of_timeout(round * 5 + node, candidate))];
        }
        const int first =
            *std::find_if(timeouts.begin(), timeouts.end(), [](int n) { return n > 0; });
        conflicts += first > 1 ? 1 : 0;
    }
    return conflicts;
}

std::set<int> tenths_of_500(bool candidate) {
    std::set<int> tenths;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        tenths.insert(tenth_of_timeout(seed, candidate));
    }
    return tenths;
}

}  // namespace

TEST_CASE("paper 5.2: P12 follower timeouts are randomised", "[raft][paper]") {
    CHECK(tenths_of_500(false).size() == 10);
}

TEST_CASE("paper 5.2: P13 candidate timeouts are randomised", "[raft][paper]") {
    CHECK(tenths_of_500(true).size() == 10);
}

TEST_CASE("paper 5.2: P14 simultaneous follower timeouts are rare", "[raft][paper]") {
    CHECK(conflicts_of_five(false) <= 300);
}

TEST_CASE("paper 5.2: P15 simultaneous candidate timeouts are rare", "[raft][paper]") {
    CHECK(conflicts_of_five(true) <= 300);
}

TEST_CASE("paper 5.3: P16 the leader appends, then sends in parallel", "[raft][paper]") {
    Solo node;
    node.lead();
    REQUIRE(node.raft.commit() == Index{1});
    node.propose();
    CHECK(node.raft.log().last() == Index{2});
    CHECK(node.raft.commit() == Index{1});
    const Ready ready = node.take();
    REQUIRE(ready.entries.size() == 1);
    CHECK(ready.entries[0].id() == id(2, 1));
    REQUIRE(ready.messages.size() == 2);
    for (std::uint32_t peer : {2u, 3u}) {
        const std::optional<AppendRequest> request = sent_to<AppendRequest>(ready, peer);
        REQUIRE(request);
        CHECK(request->previous == id(1, 1));
        CHECK(request->commit == Index{1});
        REQUIRE(request->entries.size() == 1);
        CHECK(request->entries[0] == ready.entries[0]);
    }
    CHECK_FALSE(ready.messages[0].durable);
}

TEST_CASE("paper 5.3: P17 the leader commits what is replicated and says so", "[raft][paper]") {
    Solo node;
    node.lead();
    node.propose();
    node.accept_all(2);
    node.store();
    CHECK(node.raft.commit() == Index{2});
    node.accept_all(3);
    node.take();
    node.propose();
    CHECK(sent_to<AppendRequest>(node.raft.ready(), 2)->commit == Index{2});
    CHECK(sent_to<AppendRequest>(node.raft.ready(), 3)->commit == Index{2});
}

TEST_CASE("paper 5.3: P18 an entry is committed once a majority has stored it", "[raft][paper]") {
    for (std::uint32_t voters : {1u, 3u, 5u}) {
        for (std::uint32_t acks = 0; acks < voters; ++acks) {
            CAPTURE(voters, acks);
            Solo node({.voters = voters});
            node.lead();
            node.propose();
            node.store();
            for (std::uint32_t peer = 2; peer < 2 + acks; ++peer) {
                node.accept_all(peer);
            }
            CHECK((node.raft.commit() == Index{2}) == (acks + 1 >= voters / 2 + 1));
        }
    }
}

TEST_CASE("paper 5.3: P19 a commit commits everything before it", "[raft][paper]") {
    for (const std::vector<std::uint64_t>& log : {std::vector<std::uint64_t>{}, {2}, {1, 2}, {1}}) {
        Solo node({.hard_state = {Term{2}, NodeId{}}, .log = log});
        node.win();
        REQUIRE(node.raft.status().term == Term{3});
        node.propose();
        node.store();
        node.accept_all(2);
        node.take();
        node.accept(2, append_of(3, node.raft.log().last_id()));
        const Index last{log.size() + 2};
        CHECK(node.raft.commit() == last);
        std::vector<std::uint64_t> expected = log;
        expected.insert(expected.end(), {3, 3});
        CHECK(terms_of(node.raft.log()) == expected);
        CHECK(node.raft.log().find(Index{log.size() + 1})->kind == EntryKind::noop);
        CHECK(node.raft.log().find(last)->kind == EntryKind::command);
    }
}

TEST_CASE("paper 5.3: P20 a follower commits what the leader has committed", "[raft][paper]") {
    struct Row {
        std::vector<std::uint32_t> bytes;  // stands for the payload
        std::uint64_t commit;
    };
    for (const Row& row : {Row{{1}, 1}, Row{{1, 2}, 2}, Row{{2, 1}, 2}, Row{{1, 2}, 1}}) {
        Solo node({.hard_state = {Term{1}, NodeId{}}});
        std::vector<EntryRef> entries;
        for (std::uint32_t bytes : row.bytes) {
            entries.push_back(entry_at(entries.size() + 1, 1, bytes));
        }
        node.receive(2, append_of(1, {}, entries, row.commit));
        REQUIRE(node.raft.commit() == Index{row.commit});
        for (std::uint64_t i = 1; i <= row.commit; ++i) {
            CHECK(node.raft.log().find(Index{i})->bytes == row.bytes[i - 1]);
        }
    }
}

TEST_CASE("paper 5.3: P21 the consistency check on the previous entry", "[raft][paper]") {
    struct Row {
        LogId previous;
        bool accepted;
        LogId hint;
    };
    const Row rows[] = {{id(0, 0), true, {}}, {id(1, 1), true, {}}, {id(2, 2), true, {}},
        {id(2, 1), false, id(1, 1)}, {id(3, 3), false, id(2, 2)}};
    for (const Row& row : rows) {
        CAPTURE(row.previous);
        Solo node({.hard_state = {Term{3}, NodeId{}}, .log = {1, 2}, .commit = 1});
        node.receive(2, append_of(3, row.previous));
        const Ready ready = node.take();
        REQUIRE(ready.messages.size() == 1);
        const AppendResponse response = *sent_to<AppendResponse>(ready, 2);
        CHECK(response.accepted == row.accepted);
        CHECK(response.hint == row.hint);
        CHECK(response.previous == row.previous.index);
        CHECK(response.sequence == 1);
        CHECK(ready.messages[0].durable == row.accepted);
    }
}

TEST_CASE("paper 5.3: P22 conflicting entries are replaced, missing ones added", "[raft][paper]") {
    struct Row {
        LogId previous;
        std::vector<EntryRef> entries;
        std::vector<std::uint64_t> terms;
        std::optional<Index> truncate_to;
        std::vector<LogId> written;
    };
    const Row rows[] = {
        {id(2, 2), {entry_at(3, 3)}, {1, 2, 3}, {}, {id(3, 3)}},
        {id(1, 1), {entry_at(2, 3), entry_at(3, 4)}, {1, 3, 4}, Index{1}, {id(2, 3), id(3, 4)}},
        {id(0, 0), {entry_at(1, 1)}, {1, 2}, {}, {}},
        {id(0, 0), {entry_at(1, 3)}, {3}, Index{0}, {id(1, 3)}},
    };
    for (const Row& row : rows) {
        Solo node({.hard_state = {Term{4}, NodeId{}}, .log = {1, 2}});
        node.receive(2, append_of(4, row.previous, row.entries));
        CHECK(terms_of(node.raft.log()) == row.terms);
        const Ready ready = node.take();
        CHECK(ready.truncate_to == row.truncate_to);
        std::vector<LogId> written;
        for (const EntryRef& entry : ready.entries) {
            written.push_back(entry.id());
        }
        CHECK(written == row.written);
        CHECK(sent_to<AppendResponse>(ready, 2)->match == row.previous.index + row.entries.size());
    }
}

TEST_CASE("paper 5.3: P23 the leader brings any log into agreement (figure 7)", "[raft][paper]") {
    const std::vector<std::uint64_t> leader_log{1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
    const std::vector<std::vector<std::uint64_t>> follower_logs{{1, 1, 1, 4, 4, 5, 5, 6, 6},
        {1, 1, 1, 4}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
        {1, 1, 1, 4, 4, 4, 4}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}};
    for (const std::vector<std::uint64_t>& log : follower_logs) {
        Cluster cluster({.nodes = 3});
        cluster.boot(1, {Term{7}, NodeId{}}, log_of(leader_log));
        cluster.boot(2, {Term{7}, NodeId{}}, log_of(log));
        cluster.boot(3, {Term{7}, NodeId{}}, {});
        cluster.cut(1, 2);
        cluster.elect(1);
        REQUIRE(cluster.leader() == NodeId{1});
        cluster.heal();
        cluster.propose(1);
        cluster.run(milliseconds(400));
        CHECK(cluster.terms(1) == cluster.terms(2));
        CHECK(cluster.terms(1).size() == leader_log.size() + 2);
        CHECK(cluster.raft(2).commit() == cluster.raft(1).commit());
    }
}

TEST_CASE("paper 5.4.1: P24 a vote request carries the last entry's id", "[raft][paper]") {
    for (std::uint64_t term : {1u, 2u}) {
        const std::vector<std::uint64_t> log =
            term == 1 ? std::vector<std::uint64_t>{1} : std::vector<std::uint64_t>{1, 2};
        Solo node({.hard_state = {Term{term}, NodeId{}}, .log = log});
        node.campaign();
        const Ready ready = node.take();
        for (std::uint32_t peer : {2u, 3u}) {
            CHECK(sent_to<VoteRequest>(ready, peer) ==
                  VoteRequest{Term{term + 1}, id(term, term), false});
        }
    }
}

TEST_CASE("paper 5.4.1: P25 a voter refuses an older log", "[raft][paper]") {
    struct Row {
        std::vector<std::uint64_t> own;
        LogId candidate;
        bool granted;
    };
    const Row rows[] = {{{1}, id(1, 1), true}, {{1}, id(2, 1), true}, {{1, 1}, id(1, 1), false},
        {{1, 1}, id(1, 2), true}, {{1}, id(1, 2), true}, {{1}, id(2, 2), true},
        {{2}, id(2, 1), false}, {{2}, id(1, 1), false}, {{1, 2}, id(1, 1), false}};
    for (const Row& row : rows) {
        CAPTURE(row.candidate);
        Solo node({.hard_state = {Term{2}, NodeId{}}, .log = row.own});
        node.receive(2, VoteRequest{Term{3}, row.candidate, false});
        CHECK(sent_to<VoteResponse>(node.take(), 2)->granted == row.granted);
        CHECK(node.raft.status().term == Term{3});
    }
}

TEST_CASE("paper 5.4.2: P26 only own-term entries are committed by counting", "[raft][paper]") {
    for (std::uint64_t match : {1u, 2u, 3u}) {
        Solo node({.voters = 2, .hard_state = {Term{2}, NodeId{}}, .log = {1, 2}});
        node.win();
        node.store();
        REQUIRE(node.raft.status().term == Term{3});
        const AppendRequest request = *sent_to<AppendRequest>(node.raft.ready(), 2);
        node.receive(2, AppendResponse{.term = Term{3},
                            .sequence = request.sequence,
                            .accepted = true,
                            .match = Index{match},
                            .previous = request.previous.index});
        CHECK(node.raft.commit() == Index{match == 3 ? 3u : 0u});
    }
}

TEST_CASE("paper 5.4.2: figure 8, an old entry on a majority is not yet safe", "[raft][paper]") {
    // (c): node 1 leads term 4 with its old entry (2, term 2) on nodes 1, 2, 3.
    Cluster cluster({.nodes = 5});
    cluster.boot(1, {Term{3}, NodeId{}}, log_of({1, 2}));
    cluster.boot(2, {Term{3}, NodeId{}}, log_of({1, 2}));
    cluster.boot(3, {Term{3}, NodeId{}}, log_of({1}));
    cluster.boot(4, {Term{3}, NodeId{}}, log_of({1}));
    cluster.boot(5, {Term{3}, NodeId{5}}, log_of({1, 3}));
    cluster.cut(1, 5);
    cluster.start_election(1);
    cluster.settle_until([&] { return cluster.role(1) == Role::leader; });
    REQUIRE(cluster.raft(1).status().term == Term{4});
    // Its no-op (3, term 4) reaches nobody; the older entry reaches node 3.
    const Raft& leader = cluster.raft(1);
    cluster.drop_all();
    const std::uint64_t sequence = std::get<Leader>(leader.role_state()).sequence;
    cluster.inject(1, 3, AppendRequest{Term{4}, id(1, 1), Index{}, sequence, {entry_at(2, 2)}});
    cluster.deliver_all(3);
    cluster.store_all();
    cluster.deliver_all(1);
    CHECK(cluster.terms(3) == std::vector<std::uint64_t>{1, 2});
    CHECK(std::get<Leader>(leader.role_state()).peers[1].match == Index{2});
    CHECK(leader.commit() == Index{0});
    // (d): node 1 fails and node 5 overwrites the old entry everywhere, rightly.
    cluster.crash(1);
    cluster.drop_all();
    cluster.heal();
    for (int i = 0; i < 3 && cluster.role(5) != Role::leader; ++i) {
        cluster.elect(5);
    }
    REQUIRE(cluster.role(5) == Role::leader);
    cluster.restart(1);
    cluster.run(milliseconds(700));
    for (std::uint32_t node = 1; node <= 5; ++node) {
        CAPTURE(node);
        CHECK(cluster.terms(node)[1] == 3);
        CHECK(cluster.raft(node).commit() >= Index{3});
    }
}

}  // namespace ledger::raft
