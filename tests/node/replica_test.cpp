#include "node/replica.h"

#include <catch2/catch.hpp>

#include "node/ledger_machine.h"
#include "raft/configuration_body.h"
#include "tests/node/counter_machine.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

std::uint64_t number_in(const ByteVector& bytes) {
    return ByteReader(bytes).u64();
}

const raft::Message* raft_body(const Send& send) {
    const auto* body = std::get_if<raft::Message>(&send.message.body);
    REQUIRE(body != nullptr);
    return body;
}

// A cluster of one that leads.
struct Alone {
    CounterMachine machine;
    TestNode node{NodeId{1}, 1, machine};

    Alone() {
        node.start();
        while (node.role() != raft::Role::leader) {
            node.wake();
            node.work();
        }
        node.work();
        node.groups.clear();
    }
};

}  // namespace

TEST_CASE("replica: a lone node elects itself only once its vote is on the disk", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.start();
    while (node.stores.empty()) {
        node.wake();
    }
    CHECK(node.role() != raft::Role::leader);
    CHECK(node.stores.front().group->hard_state == HardState{Term{1}, NodeId{1}});
    node.work();
    CHECK(node.role() == raft::Role::leader);
    REQUIRE(node.disk.size() == 1);
    CHECK(node.disk[0].entry.kind == EntryKind::noop);
}

TEST_CASE("replica: a command is answered when it is applied, not when it is proposed", "[node]") {
    Alone alone;
    alone.node.ask(1, add(5));
    CHECK(alone.node.replies.empty());
    alone.node.work();
    const auto* applied = outcome_of<Applied>(alone.node, 1);
    REQUIRE(applied != nullptr);
    CHECK(number_in(applied->outcome) == 5);
    CHECK(applied->index == Index{2});
}

TEST_CASE("replica: commands of one turn are one group, whatever is on its way", "[node]") {
    Alone alone;
    for (std::uint64_t request = 1; request <= 5; ++request) {
        alone.node.bring(request, add(1));
    }
    CHECK(alone.node.stores.empty());
    alone.node.end_turn();
    REQUIRE(alone.node.stores.size() == 1);
    CHECK(alone.node.stores[0].group->entries.size() == 5);
    alone.node.work();
    CHECK(number_in(outcome_of<Applied>(alone.node, 5)->outcome) == 5);
}

TEST_CASE("replica: what arrives while two groups are at the disk is the next group", "[node]") {
    Alone alone;
    alone.node.ask(1, add(1));
    alone.node.ask(2, add(1));
    REQUIRE(alone.node.stores.size() == 2);
    CHECK(alone.node.stores[0].group->entries.size() == 1);
    CHECK(alone.node.stores[1].group->entries.size() == 1);
    alone.node.ask(3, add(1));  // waits: two are on their way
    alone.node.ask(4, add(1));
    CHECK(alone.node.replica->raft().log().last() == Index{5});
    CHECK(alone.node.stores.size() == 2);
    alone.node.finish_store();
    REQUIRE(alone.node.stores.size() == 2);
    CHECK(alone.node.stores[1].group->entries.size() == 2);
    CHECK(alone.node.stores[1].ticket == alone.node.stores[0].ticket.next());
    alone.node.work();
    CHECK(number_in(outcome_of<Applied>(alone.node, 4)->outcome) == 4);
}

TEST_CASE("replica: a command waits for a larger group to commit, and then goes at once", "[node]") {
    Alone alone;
    alone.node.bring(1, add(1));
    alone.node.ask(2, add(1));
    alone.node.ask(3, add(1));
    REQUIRE(alone.node.stores.size() == 1);
    alone.node.finish_store();
    CHECK(outcome_of<Applied>(alone.node, 2) != nullptr);
    REQUIRE(alone.node.stores.size() == 1);
    CHECK(alone.node.stores.front().group->entries.size() == 1);
}

TEST_CASE("replica: a command waits no longer than the limit", "[node]") {
    Alone alone;
    alone.node.bring(1, add(1));
    alone.node.ask(2, add(1));
    alone.node.ask(3, add(1));
    CHECK(alone.node.stores.size() == 1);
    CHECK(alone.node.wake_at == alone.node.now + Limits{}.proposal_delay_max);
    alone.node.wake();
    CHECK(alone.node.stores.size() == 2);
}

TEST_CASE("replica: a group that nothing follows is sealed after the delay", "[node]") {
    Alone alone;
    alone.node.ask(1, add(1));
    alone.node.work();
    const Instant stored_at = alone.node.now;
    REQUIRE(alone.node.wake_at == stored_at + Limits{}.seal_delay);
    alone.node.wake();
    REQUIRE(alone.node.stores.size() == 1);
    CHECK(alone.node.stores.front().group->seal_only());
    CHECK(alone.node.stores.front().group->commit == Index{2});
    alone.node.work();
    // A seal is not sealed again.
    CHECK(alone.node.wake_at > alone.node.now + Limits{}.seal_delay);
}

TEST_CASE("replica: a wall clock that was set is believed from the next wake on", "[node]") {
    Alone alone;
    alone.node.ask(1, add(1));
    alone.node.work();
    const WallTime before = alone.node.disk.back().entry.wall_time;
    alone.node.wall = {1'000'000'000'000};
    CHECK(before < alone.node.wall);
    alone.node.wake();
    alone.node.ask(2, add(1));
    alone.node.work();
    REQUIRE(alone.node.disk.size() == 3);
    CHECK(alone.node.disk.back().entry.wall_time == alone.node.wall);
    alone.node.wall = {1};
    alone.node.wake();
    alone.node.ask(3, add(1));
    alone.node.work();
    REQUIRE(alone.node.disk.size() == 4);
    CHECK(alone.node.disk.back().entry.wall_time == WallTime{1'000'000'000'000});
}

TEST_CASE("replica: after a failed store it halts and sends nothing more", "[node]") {
    Alone alone;
    alone.node.ask(1, add(1));
    alone.node.step(StoreFailed{alone.node.stores.front().ticket});
    CHECK_FALSE(alone.node.halted.empty());
    CHECK(alone.node.replies.empty());
    alone.node.stores.clear();
    alone.node.ask(2, add(1));
    CHECK(alone.node.stores.empty());
    CHECK(alone.node.replies.empty());
}

TEST_CASE("replica: a restarted node applies its log again, the old part from the disk", "[node]") {
    Alone alone;
    for (std::uint64_t request = 1; request <= 10; ++request) {
        alone.node.ask(request, add(request));
        alone.node.work();
    }
    alone.node.commit = Index{8};  // what a durable witness would say
    CounterMachine fresh;
    alone.node.restart(fresh);
    REQUIRE(alone.node.loads.size() == 1);
    CHECK(alone.node.loads.front().first == Index{1});
    CHECK(alone.node.loads.front().last == Index{8});
    while (alone.node.role() != raft::Role::leader) {
        alone.node.work();
        alone.node.wake();
    }
    alone.node.work();
    CHECK(alone.node.replica->applied() == Index{12});  // and the new no-op
    CHECK(fresh.digest() == alone.machine.digest());
}

TEST_CASE("replica: a committed entry that cannot be read stops the node", "[node]") {
    Alone alone;
    alone.node.ask(1, add(1));
    alone.node.work();
    alone.node.commit = Index{2};
    CounterMachine fresh;
    alone.node.restart(fresh);
    REQUIRE(alone.node.loads.size() == 1);
    const std::uint64_t request = alone.node.loads.front().request;
    alone.node.loads.clear();
    alone.node.step(Loaded{request, {}, true});
    CHECK(alone.node.halted == "cannot read committed entry 1");
}

TEST_CASE("replica: a query sees everything that was acknowledged before it", "[node]") {
    Alone alone;
    alone.node.ask(1, add(40));
    alone.node.work();
    alone.node.ask(2, add(2));
    alone.node.ask(3, Query{});
    alone.node.work();
    const auto* answered = outcome_of<Answered>(alone.node, 3);
    REQUIRE(answered != nullptr);
    CHECK(number_in(answered->answer) >= 40);
}

TEST_CASE("replica: bad commands and questions are refused with a reason", "[node]") {
    Alone alone;
    alone.node.ask(1, Command{});
    alone.node.ask(2, Command{EntryHandle::make(as_bytes("four"), {})});
    alone.node.ask(3, Query{ByteVector(Limits{}.question_bytes_max + 1)});
    REQUIRE(outcome_of<Refused>(alone.node, 1) != nullptr);
    REQUIRE(outcome_of<Refused>(alone.node, 2) != nullptr);
    CHECK(outcome_of<Refused>(alone.node, 2)->reason.find("expected 8 bytes") !=
          std::string::npos);
    REQUIRE(outcome_of<Refused>(alone.node, 3) != nullptr);
    CHECK(alone.node.stores.empty());
}

TEST_CASE("replica: commands are refused while too much waits for the own disk", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.config.limits.pending_bytes_max = 16;
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    node.start();
    while (node.role() != raft::Role::leader) {
        node.wake();
        node.work();
    }
    node.work();
    // Two groups at the disk, two commands of eight bytes behind them; the next one is too much.
    for (std::uint64_t request = 1; request <= 5; ++request) {
        node.ask(request, add(1));
    }
    CHECK(outcome_of<Overloaded>(node, 4) == nullptr);
    REQUIRE(outcome_of<Overloaded>(node, 5) != nullptr);
    node.work();
    node.ask(6, add(1));
    CHECK(outcome_of<Overloaded>(node, 6) == nullptr);
}

TEST_CASE("replica: an answer takes as many entries as fit and says that there is more", "[node]") {
    LedgerMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.config.limits.answer_bytes_max = 1000;
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    node.start();
    while (node.role() != raft::Role::leader) {
        node.wake();
        node.work();
    }
    for (std::uint64_t request = 1; request <= 10; ++request) {
        state::Append append;
        append.streams.push_back({"s", {}});
        state::NewEvent event{.stream = 0, .id = {1, request}, .type = "t", .metadata = {},
            .salt = {}, .payload = ByteVector(300)};
        append.events.push_back(event);
        node.ask(request, Command{state::encode_command(append)});
        node.work();
    }
    const auto read = [&](state::Direction direction, std::uint64_t request) {
        ByteVector question;
        state::encode_query(state::ReadStream{"s",
                                Revision{direction == state::Direction::forward ? 0u : 99u},
                                direction, 100},
            question);
        node.ask(request, Query{question});
        node.work();
        const auto* answered = outcome_of<Answered>(node, request);
        REQUIRE(answered != nullptr);
        Result<state::Answer> answer = state::decode_answer(answered->answer);
        REQUIRE(answer.has_value());
        return std::move(*answer);
    };
    const state::Answer forward = read(state::Direction::forward, 20);
    CHECK(forward.events.size() == 3);  // about 400 bytes each: the third goes beyond the limit
    CHECK_FALSE(forward.end);
    CHECK(forward.events.front().revision == Revision{0});
    const state::Answer backward = read(state::Direction::backward, 21);
    CHECK(backward.events.size() == 3);
    CHECK_FALSE(backward.end);
    CHECK(backward.events.front().revision == Revision{9});
    CHECK(backward.events.back().revision == Revision{7});
}

TEST_CASE("replica: reads granted together are answered a bounded step at a time", "[node]") {
    LedgerMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.config.limits.answer_bytes_max = 1000;
    const auto lead = [&node] {
        while (node.role() != raft::Role::leader) {
            node.wake();
            if (!node.stores.empty()) {
                node.finish_store();
            }
        }
    };
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    node.start();
    lead();
    node.work();
    state::Append append;
    append.streams.push_back({"s", {}});
    append.events.push_back({.stream = 0, .id = {1, 1}, .type = "t", .metadata = {}, .salt = {},
        .payload = ByteVector(2000)});
    node.ask(1, Command{state::encode_command(append)});
    node.work();
    // A new life knows of no commit: reads wait for the first one of its own term.
    LedgerMachine fresh;
    node.restart(fresh);
    lead();
    ByteVector question;
    state::encode_query(state::ReadStream{"s", {}, state::Direction::forward, 1}, question);
    for (std::uint64_t request = 20; request < 25; ++request) {
        node.ask(request, Query{question});
    }
    CHECK(node.replies.empty());
    node.finish_store();
    for (std::uint64_t answered = 1; answered < 5; ++answered) {
        CHECK(node.replies.size() == answered);
        CHECK(node.wake_at == node.now);
        node.wake();
    }
    CHECK(node.replies.size() == 5);
    CHECK(node.wake_at > node.now);
}

TEST_CASE("replica: a node that does not lead answers from what it has applied", "[node]") {
    CounterMachine machine;
    TestNode leader(NodeId{1}, 1, machine);
    leader.start();
    while (leader.role() != raft::Role::leader) {
        leader.wake();
        leader.work();
    }
    leader.ask(1, add(5));
    leader.work();
    // The same disk in a cluster of three: nobody leads, and what is known to be committed counts.
    CounterMachine copy;
    TestNode node(NodeId{1}, 3, copy);
    node.disk = leader.disk;
    node.hard_state = leader.hard_state;
    node.commit = Index{2};
    node.start();
    node.work();
    REQUIRE(node.role() != raft::Role::leader);
    node.ask(2, Query{{}, ReadLevel::applied});
    node.ask(3, Query{});
    const auto* answered = outcome_of<Answered>(node, 2);
    REQUIRE(answered != nullptr);
    CHECK(number_in(answered->answer) == 5);
    CHECK(answered->index == Index{2});
    CHECK(outcome_of<Redirect>(node, 3) != nullptr);
}

TEST_CASE("replica: a follower that is asked anywhere asks its leader, and answers", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.start();
    node.ask(1, Query{{}, ReadLevel::anywhere});  // no leader is known
    CHECK(outcome_of<Redirect>(node, 1) != nullptr);
    const auto hear = [&](raft::Message&& body) {
        node.step(Message{{node.config.cluster, node.config.group, NodeId{2}, NodeId{1},
            std::move(body), {}}});
        node.work();
    };
    hear(raft::Heartbeat{.term = Term{1}, .commit = {}, .round = 1});
    node.sends.clear();
    node.ask(2, Query{{}, ReadLevel::anywhere});
    REQUIRE(node.sends.size() == 1);
    const auto* asks = std::get_if<raft::ReadRequest>(raft_body(node.sends[0]));
    REQUIRE(asks != nullptr);
    CHECK(outcome_of<Answered>(node, 2) == nullptr);
    hear(raft::ReadResponse{.term = Term{1}, .number = asks->number, .index = {}});
    CHECK(outcome_of<Answered>(node, 2) != nullptr);
}

TEST_CASE("replica: a removed node, or one that cannot know, sends on who waits for what it lacks",
    "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.start();
    const int fate = GENERATE(0, 1, 2);  // it is removed, becomes a learner, stays
    const auto hear = [&](raft::Message&& body) {
        node.step(Message{{node.config.cluster, node.config.group, NodeId{2}, NodeId{1},
            std::move(body), {}}});
        node.work();
    };
    raft::Configuration next = node.config.raft.configuration;
    if (fate < 2) {
        next.voters.erase(NodeId{1});
    }
    if (fate == 1) {
        next.learners.insert(NodeId{1});
    }
    EntryRef change = raft::configuration_entry(next);
    change.index = Index{1};
    change.term = Term{1};
    hear(raft::AppendRequest{.term = Term{1}, .commit = Index{1}, .sequence = 1,
        .entries = {change}});
    node.sends.clear();
    node.ask(1, Query{{}, ReadLevel::anywhere});
    REQUIRE(node.sends.size() == 1);
    const auto* asks = std::get_if<raft::ReadRequest>(raft_body(node.sends[0]));
    REQUIRE(asks != nullptr);
    hear(raft::ReadResponse{.term = Term{1}, .number = asks->number, .index = Index{2}});
    CHECK(outcome_of<Redirect>(node, 1) == nullptr);  // entry 2 may still come
    while (node.replica->raft().status().leader != NodeId{}) {
        node.wake();
        node.work();
    }
    CHECK((outcome_of<Redirect>(node, 1) != nullptr) == (fate < 2));
}

TEST_CASE("replica: with leases a leader answers reads without asking", "[node]") {
    const bool leases = GENERATE(false, true);
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    if (leases) {
        node.config.raft.clock_drift_max = milliseconds(10);
    }
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    node.start();
    const auto answer = [&](NodeId from, raft::Message&& body) {
        node.step(Message{{node.config.cluster, node.config.group, from, NodeId{1},
            std::move(body), {}}});
        node.work();
    };
    while (node.role() != raft::Role::leader) {
        node.wake();
        node.work();
        const std::deque<Send> sends = std::exchange(node.sends, {});
        for (const Send& send : sends) {
            const NodeId to = send.message.to;
            if (const auto* pre = std::get_if<raft::PreVoteRequest>(raft_body(send))) {
                answer(to, raft::PreVoteResponse{
                    .proposed = pre->proposed, .attempt = pre->attempt, .granted = true});
            } else if (const auto* vote = std::get_if<raft::VoteRequest>(raft_body(send))) {
                answer(to, raft::VoteResponse{.term = vote->term, .granted = true});
            }
        }
    }
    const Term term = node.replica->raft().status().term;
    answer(NodeId{2}, raft::AppendResponse{.term = term, .sequence = 1, .accepted = true,
        .match = Index{1}});
    node.sends.clear();
    while (node.sends.empty()) {
        node.wake();  // until the first heartbeat round
    }
    answer(NodeId{2}, raft::HeartbeatResponse{.term = term, .round = 1});
    node.ask(7, Query{});
    CHECK((outcome_of<Answered>(node, 7) != nullptr) == leases);
}

namespace {

// The disk of a witness: a no-op and an append of one event, without its payload.
void fill_as_witness(TestNode& node) {
    state::Append append;
    append.streams.push_back({"s", {}});
    append.events.push_back({.stream = 0, .id = {1, 1}, .type = "t", .payload = ByteVector(30)});
    const EntryHandle body = state::encode_command(append);
    for (const EntryHandle& handle : {EntryHandle{}, body.erased()}) {
        EntryRef entry;
        entry.index = Index{node.disk.size() + 1};
        entry.term = Term{1};
        entry.kind = handle ? EntryKind::command : EntryKind::noop;
        entry.handle = handle;
        entry.bytes = handle ? handle->size() : 0;
        const Digest before = node.disk.empty() ? Digest{} : node.disk.back().hash;
        node.disk.push_back({entry, entry_hash(before, entry)});
    }
    node.hard_state = {Term{1}, NodeId{}, true};
    node.commit = Index{2};
}

}  // namespace

TEST_CASE("replica: a witness applies like everybody and sends on who wants payloads", "[node]") {
    LedgerMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.config.raft.configuration.set_member({.node = NodeId{1}, .witness = true});
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    fill_as_witness(node);
    node.start();
    node.work();
    CHECK(machine.summary().length == Position{1});
    ByteVector question;
    state::encode_query(
        state::ReadStream{"s", Revision{0}, state::Direction::forward, 9}, question);
    node.ask(1, Query{question, ReadLevel::applied});
    node.work();
    CHECK(outcome_of<Redirect>(node, 1) != nullptr);
    question.clear();
    state::encode_query(
        state::ReadStream{"nothing", Revision{0}, state::Direction::forward, 9}, question);
    node.ask(2, Query{question, ReadLevel::applied});
    node.work();
    CHECK(outcome_of<Answered>(node, 2) != nullptr);  // nothing of it has a payload
}

TEST_CASE("replica: a node without a configuration of its own waits to be made a member", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{4}, 0, machine);
    node.start();
    CHECK(node.wake_at == never);
    node.ask(1, StatusQuery{});
    CHECK(outcome_of<StatusAnswer>(node, 1)->members.empty());
    node.ask(2, add(1));
    CHECK(outcome_of<Redirect>(node, 2) != nullptr);
}

TEST_CASE("replica: it announces what it has applied, once, behind the replies", "[node]") {
    Alone alone;
    std::vector<Advanced> heard;
    const auto listen = [&](Event&& event) {
        bool replied_after = false;
        for (const Effect& effect : alone.node.replica->step(alone.node.now, std::move(event))) {
            if (const auto* advanced = std::get_if<Advanced>(&effect)) {
                heard.push_back(*advanced);
                replied_after = false;
            }
            replied_after = replied_after || std::holds_alternative<Reply>(effect);
        }
        CHECK((heard.empty() || !replied_after));
    };
    alone.node.ask(1, add(7));
    const Ticket ticket = alone.node.stores.front().ticket;
    listen(Stored{ticket});
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].applied == Index{2});
    CHECK(heard[0].length == alone.machine.summary().length);
    heard.clear();
    listen(Client{ClientId{1}, {RequestId{2}, StatusQuery{}}});
    CHECK(heard.empty());
}

TEST_CASE("replica: a question's own bound on bytes cuts its answer short", "[node]") {
    LedgerMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.start();
    while (node.role() != raft::Role::leader) {
        node.wake();
        node.work();
    }
    for (std::uint64_t number = 1; number <= 6; ++number) {
        state::Append append;
        append.streams.push_back({number % 2 == 0 ? "even" : "odd", {}});
        append.events.push_back({.stream = 0, .id = {1, number}, .type = "t", .metadata = {},
            .salt = {1, number}, .payload = ByteVector(100)});
        node.ask(number, Command{state::encode_command(append)});
        node.work();
    }
    const auto follow = [&](std::uint64_t request, const state::Follow& page) {
        ByteVector question;
        state::encode_query(page, question);
        node.ask(request, Query{question, ReadLevel::applied});
        node.work();
        const auto* answered = outcome_of<Answered>(node, request);
        REQUIRE(answered != nullptr);
        return *state::decode_answer(answered->answer);
    };
    const state::Answer one = follow(20, {.from = Position{2}, .count = 10});
    REQUIRE(one.events.size() == 1);  // a bound of 0 bytes: one always fits
    CHECK(one.events[0].position == Position{2});
    CHECK_FALSE(one.end);
    const state::Answer even =
        follow(21, {.from = Position{2}, .stream = "even", .count = 10, .bytes_max = 1u << 20});
    REQUIRE(even.events.size() == 2);
    CHECK(even.events[0].position == Position{3});
    CHECK(even.events[1].position == Position{5});
    CHECK(even.end);
}

TEST_CASE("replica: a subscription is not its business", "[node]") {
    Alone alone;
    alone.node.ask(1, Subscribe{});
    alone.node.ask(2, Grant{});
    CHECK(outcome_of<Refused>(alone.node, 1) != nullptr);
    CHECK(outcome_of<Refused>(alone.node, 2) != nullptr);
}

TEST_CASE("replica: a follower sends clients on and drops what is not meant for it", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.start();
    node.ask(1, add(1));
    node.ask(2, Query{});
    CHECK(outcome_of<Redirect>(node, 1) != nullptr);
    CHECK(outcome_of<Redirect>(node, 2) != nullptr);
    node.sends.clear();
    const raft::Message heartbeat = raft::Heartbeat{Term{9}, Index{}, 1};
    node.step(Message{{ClusterId{8, 8}, GroupId{1}, NodeId{2}, NodeId{1}, heartbeat}});
    node.step(Message{{node.config.cluster, GroupId{2}, NodeId{2}, NodeId{1}, heartbeat}});
    node.step(Message{{node.config.cluster, GroupId{1}, NodeId{2}, NodeId{3}, heartbeat}});
    CHECK(node.replica->raft().status().term == Term{0});
    node.step(Message{{node.config.cluster, GroupId{1}, NodeId{2}, NodeId{1}, heartbeat}});
    CHECK(node.replica->raft().status().term == Term{9});
}

TEST_CASE("replica: a status query is answered at once, in every role", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{2}, 1, machine);
    node.config.raft.configuration.voters = {};
    node.config.raft.configuration.voters.insert(NodeId{2});
    node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
    node.start();
    node.ask(1, StatusQuery{});
    const auto* follower = outcome_of<StatusAnswer>(node, 1);
    REQUIRE(follower != nullptr);
    StatusAnswer expected{.node = NodeId{2}, .cluster = node.config.cluster};
    expected.features = newest_feature;
    expected.active = newest_feature;
    expected.members.push_back({.member = {.node = NodeId{2}}, .voter = true});
    CHECK(*follower == expected);
    node.wake();
    node.work();
    REQUIRE(node.role() == raft::Role::leader);
    node.ask(2, add(3));
    node.ask(3, StatusQuery{});
    const auto* before = outcome_of<StatusAnswer>(node, 3);
    REQUIRE(before != nullptr);
    CHECK(before->last == Index{2});
    CHECK(before->applied == Index{1});
    node.work();
    node.ask(4, StatusQuery{});
    const auto* leader = outcome_of<StatusAnswer>(node, 4);
    REQUIRE(leader != nullptr);
    CHECK(leader->role == raft::Role::leader);
    CHECK(leader->leader == NodeId{2});
    CHECK(leader->term == Term{1});
    CHECK(leader->durable == Index{2});
    CHECK(leader->commit == Index{2});
    CHECK(leader->applied == Index{2});
    CHECK(leader->length == Position{3});
    REQUIRE(leader->members.size() == 1);
    CHECK(leader->members[0].match == Index{2});
    CHECK(leader->members[0].answers);
}

TEST_CASE("replica: a change of the membership is answered when its entry is committed", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.start();
    node.ask(1, ChangeMembership{MembershipVerb::add_learner, NodeId{2}, {}, 0});
    CHECK(outcome_of<Redirect>(node, 1) != nullptr);
    node.wake();
    node.finish_store();
    REQUIRE(node.role() == raft::Role::leader);
    node.ask(2, ChangeMembership{MembershipVerb::add_learner, NodeId{2}, {}, 0});
    CHECK(outcome_of<Overloaded>(node, 2) != nullptr);  // nothing of its term is committed yet
    node.work();
    node.ask(3, ChangeMembership{MembershipVerb::remove, NodeId{9}, {}, 0});
    REQUIRE(outcome_of<Refused>(node, 3) != nullptr);
    CHECK(outcome_of<Refused>(node, 3)->reason == "n9 is no member");
    node.ask(4, ChangeMembership{MembershipVerb::remove, NodeId{1}, {}, 0});
    REQUIRE(outcome_of<Refused>(node, 4) != nullptr);
    CHECK(outcome_of<Refused>(node, 4)->reason == "it has no voter");
    node.ask(5, ChangeMembership{MembershipVerb::add_learner, NodeId{2}, {}, 0});
    node.ask(6, ChangeMembership{MembershipVerb::add_learner, NodeId{3}, {}, 0});
    CHECK(outcome_of<Refused>(node, 6)->reason == "another change is under way");
    CHECK(outcome_of<MembershipChanged>(node, 5) == nullptr);
    node.work();
    REQUIRE(outcome_of<MembershipChanged>(node, 5) != nullptr);
    CHECK(outcome_of<MembershipChanged>(node, 5)->index == Index{2});
    node.ask(7, StatusQuery{});
    const auto* status = outcome_of<StatusAnswer>(node, 7);
    REQUIRE(status->members.size() == 2);
    CHECK(status->configuration_index == Index{2});
    CHECK(status->members[1].learner);
    CHECK(status->members[1].match == Index{});
}

TEST_CASE("replica: leadership is handed over where it can be", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.start();
    node.ask(1, TransferLeadership{});
    CHECK(outcome_of<Redirect>(node, 1) != nullptr);
    node.wake();
    node.work();
    node.ask(2, TransferLeadership{NodeId{1}});
    REQUIRE(outcome_of<LeadershipMoves>(node, 2) != nullptr);
    CHECK(outcome_of<LeadershipMoves>(node, 2)->target == NodeId{1});
    node.ask(3, TransferLeadership{});
    CHECK(outcome_of<Refused>(node, 3) != nullptr);
}

TEST_CASE("replica: a vote waits for the ticket of the group that stores it", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.start();
    node.sends.clear();
    node.step(Message{{node.config.cluster, GroupId{1}, NodeId{2}, NodeId{1},
        raft::VoteRequest{Term{4}, {}, false}}});
    REQUIRE(node.stores.size() == 1);
    CHECK(node.stores.front().group->hard_state == HardState{Term{4}, NodeId{2}});
    REQUIRE(node.sends.size() == 1);
    const auto* vote = raft_message<raft::VoteResponse>(node.sends.front().message);
    REQUIRE(vote != nullptr);
    CHECK(vote->granted);
    CHECK(node.sends.front().after == node.stores.front().ticket);
}

TEST_CASE("replica: commands of a leader that loses office end indeterminate, once", "[node]") {
    CounterMachine machine;
    TestNode node(NodeId{1}, 3, machine);
    node.start();
    const auto receive = [&](raft::Message message) {
        node.step(Message{{node.config.cluster, GroupId{1}, NodeId{2}, NodeId{1}, message}});
    };
    while (node.role() != raft::Role::leader) {
        node.wake();
        for (const std::deque<Send> sent = std::exchange(node.sends, {}); const Send& send : sent) {
            if (send.message.to != NodeId{2}) {
                continue;
            }
            if (const auto* ask = raft_message<raft::PreVoteRequest>(send.message)) {
                receive(raft::PreVoteResponse{{}, ask->proposed, ask->attempt, true});
            }
        }
        node.work();
        for (const std::deque<Send> sent = std::exchange(node.sends, {}); const Send& send : sent) {
            if (const auto* ask = raft_message<raft::VoteRequest>(send.message);
                ask != nullptr && send.message.to == NodeId{2}) {
                receive(raft::VoteResponse{ask->term, true});
            }
        }
    }
    node.ask(1, add(1));
    node.ask(2, Query{});
    CHECK(node.replies.empty());
    const Term term = node.replica->raft().status().term;
    receive(raft::Heartbeat{term.next(), Index{}, 1});
    CHECK(outcome_of<Indeterminate>(node, 1) != nullptr);
    CHECK(outcome_of<Redirect>(node, 2) != nullptr);
    CHECK(node.replies.size() == 2);
}

}  // namespace ledger::node
