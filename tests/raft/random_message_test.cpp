// Random message: nothing that a member can send makes a node abort or break an invariant.
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "log/base/choice.h"
#include "raft/configuration_body.h"
#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

// A stream of small numbers with some enormous ones among them, drawn from a seed.
class Numbers {
  public:
    explicit Numbers(std::uint64_t seed) : choices_(seed) {}

    std::uint64_t below(std::uint64_t domain) {
        ++count_;
        return choices_.choose(Site::test_b, 0, count_, domain);
    }
    std::uint64_t odd() {
        switch (below(24)) {
            case 0: return UINT64_MAX - below(3);
            case 1: return (1ULL << 62) - 1 + below(3);
            case 2: return 1ULL << 40;
            default: return below(12);
        }
    }
    LogId log_id() {
        const Term term{odd()};
        return {term, Index{odd()}};
    }

  private:
    SeededChoices choices_;
    std::uint64_t count_ = 0;
};

// Memberships of all kinds, one in eight damaged.
EntryHandle configuration_body(Numbers& numbers) {
    Configuration configuration;
    for (std::uint32_t id = 1; id <= 6; ++id) {
        switch (numbers.below(5)) {
            case 0: configuration.learners.insert(NodeId{id}); break;
            case 1: configuration.outgoing.insert(NodeId{id}); break;
            case 2: break;
            default: configuration.voters.insert(NodeId{id}); break;
        }
        Member member{.node = NodeId{id}};
        member.incarnation = Incarnation{numbers.below(3)};
        member.witness = numbers.below(8) == 0;
        member.promote = numbers.below(8) == 0;
        configuration.set_member(member);
    }
    ByteVector bytes;
    encode_configuration(configuration, bytes);
    if (numbers.below(8) == 0) {
        bytes[numbers.below(bytes.size())] = static_cast<std::byte>(numbers.below(256));
    }
    return EntryHandle::make(bytes, {});
}

// Half of the requests continue the node's log, so that they get past the first checks.
AppendRequest append_request(Numbers& numbers, const Raft& raft) {
    AppendRequest request{.term = Term{numbers.odd()},
        .previous = numbers.log_id(),
        .commit = Index{numbers.odd()},
        .sequence = numbers.odd()};
    if (numbers.below(2) == 0) {
        request.term = raft.status().term + numbers.below(2);
        const Index index{numbers.below(raft.log().last().value + 1)};
        request.previous = {*raft.log().term_at(index), index};
    }
    Index index = request.previous.index;
    Term term = request.previous.term;
    for (std::uint64_t i = numbers.below(4); i > 0; --i) {
        index = numbers.below(30) == 0 ? Index{numbers.odd()} : index.next();
        term = numbers.below(30) == 0 ? Term{numbers.odd()} : term + numbers.below(2);
        EntryRef& entry = request.entries.emplace_back(entry_at(index.value, term.value));
        if (numbers.below(6) == 0) {
            entry.kind = EntryKind::configuration;
            entry.handle = configuration_body(numbers);
        }
    }
    return request;
}

AppendResponse append_response(Numbers& numbers, const Raft& raft) {
    return {.term = numbers.below(2) == 0 ? raft.status().term : Term{numbers.odd()},
        .sequence = numbers.odd(),
        .accepted = numbers.below(2) == 0,
        .match = Index{numbers.odd()},
        .previous = Index{numbers.odd()},
        .hint = numbers.log_id(),
        .crowded = numbers.below(4) == 0};
}

Message any_message(Numbers& numbers, const Raft& raft) {
    const Term term =
        numbers.below(2) == 0 ? raft.status().term + numbers.below(2) : Term{numbers.odd()};
    switch (numbers.below(13)) {
        case 0:
            return PreVoteRequest{term, term + numbers.below(2), numbers.log_id(), numbers.odd()};
        case 1:
            return PreVoteResponse{
                term, raft.status().term.next(), numbers.odd(), numbers.below(2) == 0,
                Index{numbers.below(8) == 0 ? numbers.odd() : 0}};
        case 2: return VoteRequest{term, numbers.log_id(), numbers.below(4) == 0};
        case 3: return VoteResponse{term, numbers.below(2) == 0};
        case 4: return append_request(numbers, raft);
        case 5: return append_response(numbers, raft);
        case 6: return Heartbeat{term, Index{numbers.odd()}, numbers.odd()};
        case 7: {
            const std::uint64_t round = numbers.odd();
            return HeartbeatResponse{term, round, numbers.below(4) == 0};
        }
        case 8: return TimeoutNow{term};
        case 9: return ReadRequest{term, numbers.odd()};
        case 10: return ReadResponse{term, numbers.odd(), Index{numbers.odd()}};
        case 11: {
            const EntryHandle body = configuration_body(numbers);
            return SnapshotOffer{term, numbers.log_id(), ClusterTime{5}, WallTime{6}, body};
        }
        default: return SnapshotStatus{term, numbers.log_id(), numbers.below(2) == 0};
    }
}

// What is committed becomes a cut, and some of it is forgotten.
void cut_log(Numbers& numbers, Solo& node) {
    const Index commit = node.raft.commit();
    const std::optional<Term> term = node.raft.log().term_at(commit);
    const bool known = fault_of(node.raft.configuration_at(commit)).empty();
    if (commit > node.cut && term && known) {
        node.cut = commit;
        node.raft.cut_durable(
            {{*term, commit}, ClusterTime{}, WallTime{}, node.raft.configuration_at(commit)});
    }
    node.raft.discard_to(
        node.raft.discardable(numbers.below(3), 3 + numbers.below(4)));
}

// Everything else that may happen to a node between two messages.
void anything_else(Numbers& numbers, Solo& node) {
    switch (numbers.below(16)) {
        case 0: node.pass(milliseconds(static_cast<std::int64_t>(numbers.below(700)))); return;
        case 1: node.timeout(); return;
        case 2: node.propose(1 + static_cast<std::uint32_t>(numbers.below(3))); return;
        case 3: node.store(); return;
        case 4: node.raft.read(node.now, ReadId{numbers.below(1000)}); return;
        case 5: node.raft.release_entries(Index{numbers.odd()}); return;
        case 6: node.raft.peer_down(node.now, NodeId{2}); return;
        case 7:
            node.raft.loaded(
                node.now, NodeId{2}, std::vector{entry_at(numbers.odd(), numbers.odd())});
            return;
        case 8:
            node.raft.transfer(node.now, NodeId{static_cast<std::uint32_t>(numbers.below(5))});
            return;
        case 9: {
            const auto target = decode_configuration(configuration_body(numbers).envelope());
            node.raft.change_membership(node.now, target.value_or(Configuration{}));
            return;
        }
        case 10: {
            const auto path = static_cast<ReadPath>(1 + numbers.below(3));
            node.raft.read(node.now, ReadId{numbers.below(1000)}, path);
            return;
        }
        case 11:
            if (node.raft.snapshot_received(node.now, node.offered())) {
                node.cut = std::max(node.cut, node.raft.log().first().previous());
            }
            return;
        case 12: node.raft.snapshot_failed(node.now, NodeId{2}); return;
        case 13: cut_log(numbers, node); return;
        case 14: node.raft.set_crowded(node.now, numbers.below(2) == 0); return;
        default: node.take(); return;
    }
}

void survive(std::uint64_t seed, std::uint64_t steps) {
    Numbers numbers(seed);
    Solo node({.voters = static_cast<std::uint32_t>(1 + numbers.below(5)),
        .seed = seed,
        .hard_state = {Term{2}, NodeId{}},
        .log = {1, 1, 2},
        .commit = numbers.below(4),
        .append_entries_max = 2,
        .inflight_messages_max = 2,
        .incarnation = Incarnation{numbers.below(3)}});
    Observation before = observe(node.raft);
    for (std::uint64_t step = 0; step < steps; ++step) {
        if (numbers.below(3) == 0) {
            anything_else(numbers, node);
        } else {
            const auto from = static_cast<std::uint32_t>(numbers.below(7));
            Message message = any_message(numbers, node.raft);
            node.receive(from, std::move(message), Incarnation{numbers.below(3)});
        }
        const Observation after = observe(node.raft);
        REQUIRE(std::string(violated_state(after)).empty());
        REQUIRE(std::string(violated_transition(before, after)).empty());
        before = after;
    }
}

}  // namespace

TEST_CASE("random_message: messages of any shape trip no assert", "[raft]") {
    CHECK(rc::check("a node survives and keeps its invariants", [] {
        const auto seed = *rc::gen::arbitrary<std::uint64_t>();
        survive(seed, 800);
    }));
}

TEST_CASE("random_message: impossible numbers are dropped without an answer", "[raft]") {
    Solo node({.hard_state = {Term{2}, NodeId{}}, .log = {1, 2}});
    const LogId huge{Term{1}, Index{UINT64_MAX}};
    const Term far{UINT64_MAX};
    node.receive(2, Heartbeat{Term{0}, Index{}, 1});
    node.receive(2, Heartbeat{far, Index{}, 1});
    node.receive(2, VoteRequest{far, LogId{}, false});
    node.receive(2, VoteRequest{Term{3}, LogId{Term{3}, Index{5}}, false});
    node.receive(2, VoteRequest{Term{3}, LogId{Term{0}, Index{5}}, false});
    node.receive(2, PreVoteRequest{Term{3}, Term{9}, LogId{}, 1});
    node.receive(2, AppendRequest{Term{3}, huge, Index{}, 1, {entry_at(0, 1)}});
    node.receive(2, AppendRequest{Term{3}, LogId{}, Index{}, 1, {entry_at(2, 1)}});
    node.receive(2, AppendRequest{Term{3}, LogId{}, Index{}, 1, {entry_at(1, 0)}});
    node.receive(2, AppendRequest{Term{3}, LogId{}, Index{}, 1, {entry_at(1, 4)}});
    node.receive(2, AppendRequest{Term{3}, LogId{}, Index{}, 1, {entry_at(1, 3), entry_at(2, 2)}});
    CHECK(node.take().empty());
    CHECK(node.raft.status().term == Term{2});
}

TEST_CASE("random_message: a commit index beyond everything commits what is covered", "[raft]") {
    Solo node;
    node.receive(2, AppendRequest{Term{1}, LogId{}, Index{UINT64_MAX}, 1, {entry_at(1, 1)}});
    CHECK(node.raft.commit() == Index{1});
}

}  // namespace ledger::raft
