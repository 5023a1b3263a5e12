// State words: what two cores that are told apart by them do, and two that are not.
#include "raft/state_words.h"

#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

using Words = std::vector<std::uint64_t>;

Words words_of(Raft core, const StateWords::Naming& naming = {}) {
    core.advance();
    core.restart_clocks();
    StateWords words(naming);
    core.describe(words);
    return {words.words().begin(), words.words().end()};
}

Words words_of(const Message& message, const StateWords::Naming& naming = {}) {
    StateWords words(naming);
    words.add(message);
    return {words.words().begin(), words.words().end()};
}

// What a leader with two followers goes through, one call at a time.
void play(Solo& node, std::uint32_t until) {
    std::uint32_t call = 0;
    const auto goes_on = [&] { return ++call <= until; };
    const Term term{1};
    if (goes_on()) {
        node.timeout();
    }
    if (goes_on()) {
        node.receive(2, PreVoteResponse{Term{}, term, 1, true});
    }
    if (goes_on()) {
        node.store();
    }
    if (goes_on()) {
        node.receive(2, VoteResponse{term, true});
    }
    if (goes_on()) {
        node.store();
    }
    if (goes_on()) {
        node.receive(
            2, AppendResponse{.term = term, .sequence = 1, .accepted = true, .match = Index{1}});
    }
    if (goes_on()) {
        node.propose();
    }
    if (goes_on()) {
        node.raft.read(node.now, ReadId{5});
    }
    if (goes_on()) {
        node.receive(3, HeartbeatResponse{term, 1});
    }
    if (goes_on()) {
        node.receive(
            3, AppendResponse{.term = term, .sequence = 2, .accepted = true, .match = Index{1}});
    }
    if (goes_on()) {
        node.raft.transfer(node.now, NodeId{2});
    }
    if (goes_on()) {
        node.receive(3, VoteRequest{Term{9}, LogId{Term{8}, Index{9}}, true});
    }
}
constexpr std::uint32_t calls = 12;

}  // namespace

TEST_CASE("state words: they tell apart every state that a leader goes through", "[raft]") {
    std::vector<Words> all;
    for (std::uint32_t until = 0; until <= calls; ++until) {
        Solo node;
        play(node, until);
        const Words words = words_of(node.raft);
        for (const Words& other : all) {
            CHECK(words != other);
        }
        all.push_back(words);
        CHECK(words_of(Raft(node.raft)) == words);
    }
}

TEST_CASE("state words: moments are not among them", "[raft]") {
    for (std::uint32_t until = 0; until <= calls; ++until) {
        Solo node;
        Solo slow({.boot_at = Instant{} + seconds(0)});
        slow.now = slow.now + milliseconds(7);
        play(node, until);
        play(slow, until);
        CHECK(words_of(node.raft) == words_of(slow.raft));
    }
}

TEST_CASE("state words: after its clocks are restarted a core waits one full timeout", "[raft]") {
    Solo follower;
    follower.receive(2, Heartbeat{Term{1}, Index{}, 1});
    follower.take();
    follower.raft.restart_clocks();
    CHECK(follower.raft.deadline() >= Instant{} + Solo::T);
    follower.raft.receive(Instant{}, NodeId{3}, PreVoteRequest{Term{1}, Term{2}, LogId{}, 1});
    CHECK(!sent_to<PreVoteResponse>(follower.raft.ready(), 3)->granted);
    follower.take();
    follower.raft.restart_clocks();
    follower.raft.receive(
        Instant{} + Solo::T, NodeId{3}, PreVoteRequest{Term{1}, Term{2}, LogId{}, 1});
    CHECK(sent_to<PreVoteResponse>(follower.raft.ready(), 3)->granted);
}

TEST_CASE("state words: what is due after one timeout can be had alone", "[raft]") {
    const auto leader = [] {
        auto node = std::make_unique<Solo>();
        node->lead();
        node->propose();
        node->take();
        node->raft.transfer(node->now, NodeId{2});
        node->take();
        node->raft.restart_clocks();
        return node;
    };
    const auto sent_after = [&](std::int64_t less) {
        const auto node = leader();
        node->raft.time(Instant{Solo::T.nanoseconds - less});
        const Status status = node->raft.status();
        return std::tuple(sent<AppendRequest>(node->raft.ready()).size() > 0,
            status.transfer_target == NodeId{2}, status.role);
    };
    CHECK(sent_after(4) == std::tuple(false, true, Role::leader));
    CHECK(sent_after(3) == std::tuple(true, true, Role::leader));   // repeats what is unanswered
    CHECK(sent_after(2) == std::tuple(true, false, Role::leader));  // gives the transfer up
    CHECK(std::get<Role>(sent_after(1)) == Role::follower);         // its disk stalls
    const auto silent = leader();
    silent->store();
    silent->take();
    silent->raft.restart_clocks();
    silent->raft.time(Instant{} + Solo::T);
    CHECK(silent->raft.status().role == Role::follower);  // no quorum was heard
}

TEST_CASE("state words: nodes can be called by other names", "[raft]") {
    constexpr std::array<NodeId, 4> swapped{NodeId{0}, NodeId{2}, NodeId{1}, NodeId{3}};
    Solo one({.self = 1});
    Solo two({.self = 2});
    const auto follow = [](Solo& node, std::uint32_t leader) {
        node.receive(leader,
            AppendRequest{
                .term = Term{3}, .commit = Index{1}, .sequence = 1, .entries = log_of({1, 3})});
        node.receive(3, VoteRequest{Term{4}, LogId{Term{3}, Index{7}}, true});
    };
    follow(one, 2);
    follow(two, 1);
    CHECK(words_of(one.raft) != words_of(two.raft));
    CHECK(words_of(one.raft, {.names = swapped}) == words_of(two.raft));
    Solo first({.self = 1});
    Solo second({.self = 2});
    for (Solo* node : {&first, &second}) {
        node->timeout();
        node->receive(3, PreVoteResponse{Term{}, Term{1}, 1, true});
        node->store();
        node->receive(3, VoteResponse{Term{1}, true});
    }
    CHECK(words_of(first.raft, {.names = swapped}) == words_of(second.raft));
}

TEST_CASE("state words: numbers of requests can be left out", "[raft]") {
    const auto leader = [](std::uint32_t more) {
        auto node = std::make_unique<Solo>();
        node->lead();
        for (std::uint32_t i = 0; i < more; ++i) {
            node->raft.peer_down(node->now, NodeId{3});
        }
        node->take();
        return node;
    };
    CHECK(words_of(leader(1)->raft) == words_of(leader(2)->raft));
    AppendResponse answer{.term = Term{1}, .sequence = 4, .accepted = true};
    const Words fourth = words_of(answer);
    const Words any = words_of(answer, {.request_numbers = false});
    answer.sequence = 5;
    CHECK(words_of(answer) != fourth);
    CHECK(words_of(answer, {.request_numbers = false}) == any);
}

TEST_CASE("state words: every message says all that it says", "[raft]") {
    const std::vector<Message> messages{PreVoteRequest{Term{1}, Term{2}, {}, 1},
        PreVoteRequest{Term{1}, Term{2}, {}, 2}, PreVoteResponse{Term{1}, Term{2}, 1, true},
        PreVoteResponse{Term{1}, Term{2}, 1, false}, VoteRequest{Term{2}, {Term{1}, Index{1}}},
        VoteRequest{Term{2}, {Term{1}, Index{2}}}, VoteRequest{Term{2}, {Term{1}, Index{2}}, true},
        VoteResponse{Term{2}, true}, VoteResponse{Term{2}, false},
        AppendRequest{.term = Term{2}, .sequence = 1},
        AppendRequest{.term = Term{2}, .sequence = 1, .entries = log_of({2})},
        AppendRequest{.term = Term{2}, .commit = Index{1}, .sequence = 1, .entries = log_of({2})},
        AppendResponse{.term = Term{2}, .sequence = 1},
        AppendResponse{.term = Term{2}, .sequence = 1, .accepted = true},
        AppendResponse{.term = Term{2}, .sequence = 1, .match = Index{1}},
        Heartbeat{Term{2}, Index{}, 1}, Heartbeat{Term{2}, Index{1}, 1},
        Heartbeat{Term{2}, Index{}, 2}, HeartbeatResponse{Term{2}, 1},
        HeartbeatResponse{Term{2}, 1, true}, TimeoutNow{Term{2}}, ReadRequest{Term{2}, 1},
        ReadResponse{Term{2}, 1, Index{}}, ReadResponse{Term{2}, 1, Index{1}},
        SnapshotStatus{Term{2}, {}, false}, SnapshotStatus{Term{2}, {}, true}};
    for (std::size_t i = 0; i < messages.size(); ++i) {
        for (std::size_t j = 0; j < messages.size(); ++j) {
            CHECK((words_of(messages[i]) == words_of(messages[j])) == (i == j));
        }
    }
}

}  // namespace ledger::raft
