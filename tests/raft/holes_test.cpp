// Holes: damaged entries of the own disk, as follower and as leader (storage reference 3.3).
#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "raft/invariants.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

using Terms = std::vector<std::uint64_t>;

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

// Terms 1, 1, 2, 2, 2, of which two are known to be committed.
Setup with_damaged(std::vector<std::uint64_t> holes) {
    return {.hard_state = {Term{2}, NodeId{}},
        .log = {1, 1, 2, 2, 2},
        .commit = 2,
        .holes = std::move(holes)};
}

AppendRequest append(std::uint64_t term, LogId previous, std::vector<EntryRef> entries,
    std::uint64_t commit = 2) {
    return {.term = Term{term},
        .previous = previous,
        .commit = Index{commit},
        .sequence = 1,
        .entries = std::move(entries)};
}

AppendResponse answer_to(Solo& node, AppendRequest request) {
    node.take();
    node.receive(2, std::move(request));
    const auto response = sent_to<AppendResponse>(node.raft.ready(), 2);
    REQUIRE(response);
    return *response;
}

std::vector<Index> places_of(const std::vector<EntryRef>& entries) {
    std::vector<Index> places;
    for (const EntryRef& entry : entries) {
        places.push_back(entry.index);
    }
    return places;
}

EntryRef configuration_at(std::uint64_t index, std::uint64_t term, const Configuration& what) {
    EntryRef entry = configuration_entry(what);
    entry.index = Index{index};
    entry.term = Term{term};
    return entry;
}

void never_had(Solo& node, std::uint32_t from, LogId what) {
    node.raft.never_had(node.now, NodeId{from}, what);
}

bool fine(const Solo& node) {
    return violated_state(observe(node.raft)).empty();
}

Configuration of_voters(std::initializer_list<std::uint32_t> voters) {
    Configuration configuration;
    for (const std::uint32_t voter : voters) {
        configuration.voters.insert(NodeId{voter});
    }
    return configuration;
}

}  // namespace

// ---- as follower

TEST_CASE("holes: a follower asks for what is damaged as if it were missing", "[raft]") {
    Solo node(with_damaged({4}));
    const AppendResponse response = answer_to(node, append(2, id(5, 2), {entry_at(6, 2)}));
    CHECK_FALSE(response.accepted);
    CHECK(response.hint == id(3, 2));
    CHECK(node.raft.log().last() == Index{5});
    CHECK(node.raft.ready().entries.empty());
    // A leader of term 3 that knows nothing of term 2 is led back to what both have.
    CHECK(answer_to(node, append(3, id(5, 1), {entry_at(6, 3)})).hint == id(2, 1));
}

TEST_CASE("holes: what lies in front of a hole is acknowledged", "[raft]") {
    Solo node(with_damaged({4}));
    const AppendResponse up_to_it = answer_to(node, append(2, id(3, 2), {}));
    CHECK(up_to_it.accepted);
    CHECK(up_to_it.match == Index{3});
    const AppendResponse at_it = answer_to(node, append(2, id(4, 2), {}));
    CHECK_FALSE(at_it.accepted);
}

TEST_CASE("holes: the leader's resend mends a follower", "[raft]") {
    Solo node(with_damaged({3, 5}));
    const AppendResponse first =
        answer_to(node, append(2, id(2, 1), {entry_at(3, 2), entry_at(4, 2)}, 5));
    CHECK(first.accepted);
    CHECK(first.match == Index{4});
    CHECK(places_of(node.raft.ready().repairs) == std::vector<Index>{Index{3}});
    CHECK(node.raft.ready().entries.empty());
    // It is acknowledged when the copy is on the disk, not before.
    CHECK(sent<AppendResponse>(node.raft.ready()).back().first.durable);
    CHECK(node.raft.commit() == Index{4});
    CHECK(node.raft.log().whole_to() == Index{4});
    const AppendResponse second =
        answer_to(node, append(2, id(4, 2), {entry_at(5, 2), entry_at(6, 2)}, 5));
    CHECK(second.match == Index{6});
    CHECK(places_of(node.raft.ready().repairs) == std::vector<Index>{Index{5}});
    CHECK(places_of(node.raft.ready().entries) == std::vector<Index>{Index{6}});
    CHECK(node.raft.log().holes().empty());
    CHECK(node.raft.commit() == Index{5});
    CHECK(fine(node));
}

TEST_CASE("holes: a witness's copy mends, and the log is trimmed then", "[raft]") {
    Solo node(with_damaged({5}));
    AppendRequest request = append(2, id(4, 2), {entry_at(5, 2)});
    request.entries[0].handle = EntryHandle::make_erased(as_bytes("envelope"));
    request.trimmed = true;
    CHECK(answer_to(node, request).trimmed);
    REQUIRE(node.raft.ready().hard_state);
    CHECK(node.raft.ready().hard_state->trimmed);
}

TEST_CASE("holes: what the leader has committed waits in front of a hole", "[raft]") {
    Solo node(with_damaged({4}));
    node.receive(2, Heartbeat{Term{2}, Index{5}, 1});
    CHECK(node.raft.commit() == Index{3});
    node.raft.mend(node.now, entry_at(4, 2));
    CHECK(node.raft.log().whole_to() == Index{5});
    CHECK(places_of(node.raft.ready().repairs) == std::vector<Index>{Index{4}});
    node.receive(2, Heartbeat{Term{2}, Index{5}, 2});
    CHECK(node.raft.commit() == Index{5});
}

TEST_CASE("holes: a copy of another entry, or of one that is whole, mends nothing", "[raft]") {
    Solo node(with_damaged({4}));
    for (const EntryRef& copy : {entry_at(4, 1), entry_at(4, 3), entry_at(3, 2), entry_at(9, 2)}) {
        node.raft.mend(node.now, copy);
        CHECK(node.raft.log().holes().size() == 1);
        CHECK(node.raft.ready().repairs.empty());
    }
}

TEST_CASE("holes: a conflict below a hole takes it away", "[raft]") {
    Solo node(with_damaged({4}));
    const AppendResponse response = answer_to(node, append(3, id(2, 1), {entry_at(3, 3)}));
    CHECK(response.match == Index{3});
    const Ready ready = node.take();
    CHECK(ready.truncate_to == Index{2});
    CHECK(ready.repairs.empty());
    CHECK(node.raft.log().holes().empty());
    CHECK(terms_of(node.raft.log()) == Terms{1, 1, 3});
}

TEST_CASE("holes: a copy and what replaces the entries behind it come together", "[raft]") {
    Solo node(with_damaged({4}));
    answer_to(node, append(3, id(3, 2), {entry_at(4, 2), entry_at(5, 3)}));
    const Ready& ready = node.raft.ready();
    CHECK(places_of(ready.repairs) == std::vector<Index>{Index{4}});
    CHECK(ready.truncate_to == Index{4});
    CHECK(places_of(ready.entries) == std::vector<Index>{Index{5}});
    CHECK(terms_of(node.raft.log()) == Terms{1, 1, 2, 2, 3});
}

TEST_CASE("holes: a copy that is not stored yet goes with a truncation below it", "[raft]") {
    Solo node(with_damaged({4}));
    node.receive(2, append(2, id(3, 2), {entry_at(4, 2)}));
    REQUIRE(node.raft.ready().repairs.size() == 1);
    node.receive(3, append(3, id(2, 1), {entry_at(3, 3)}));
    CHECK(node.raft.ready().repairs.empty());
    CHECK(node.raft.ready().truncate_to == Index{2});
}

TEST_CASE("holes: votes compare the whole log, damaged entries included", "[raft]") {
    Solo node(with_damaged({4, 5}));
    node.receive(2, VoteRequest{Term{3}, id(4, 2), false});
    REQUIRE(sent_to<VoteResponse>(node.raft.ready(), 2));
    CHECK_FALSE(sent_to<VoteResponse>(node.raft.ready(), 2)->granted);
    node.receive(3, VoteRequest{Term{3}, id(5, 2), false});
    REQUIRE(sent_to<VoteResponse>(node.raft.ready(), 3));
    CHECK(sent_to<VoteResponse>(node.raft.ready(), 3)->granted);

    Solo candidate(with_damaged({5}));
    candidate.campaign();
    REQUIRE(sent_to<VoteRequest>(candidate.raft.ready(), 2));
    CHECK(sent_to<VoteRequest>(candidate.raft.ready(), 2)->last == id(5, 2));
}

TEST_CASE("holes: a cut covers them, and the entries behind it stay", "[raft]") {
    Solo node(with_damaged({3, 5}));
    ByteVector body;
    encode_configuration(voters_1_to(3), body);
    const auto offer = [&](LogId cut) {
        return SnapshotOffer{Term{2}, cut, ClusterTime{}, WallTime{}, EntryHandle::make(body, {})};
    };
    node.receive(2, offer(id(2, 1)));
    CHECK(node.offered() == LogId{});  // it is committed here
    node.receive(2, offer(id(4, 2)));
    CHECK(node.offered() == id(4, 2));
    REQUIRE(node.raft.snapshot_received(node.now, id(4, 2)));
    CHECK(node.raft.commit() == Index{4});
    CHECK_FALSE(node.raft.ready().restore);
    CHECK(node.raft.ready().state_from == id(4, 2));
    CHECK(node.raft.log().last_id() == id(5, 2));
    CHECK(node.raft.log().whole_to() == Index{4});
    // What stands in the place of the damaged one is no entry.
    CHECK(node.raft.log().find(Index{3}) == nullptr);
    CHECK(node.raft.log().first_in_memory() == Index{4});
    CHECK(fine(node));
}

TEST_CASE("holes: a cut says which configuration was damaged", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}}, .commit = 1, .holes = {2}};
    setup.entries = {entry_at(1, 1), configuration_at(2, 1, voters_1_to(4)), entry_at(3, 1)};
    Solo node(setup);
    ByteVector body;
    encode_configuration(voters_1_to(4), body);
    node.receive(2, SnapshotOffer{Term{1}, id(3, 1), {}, {}, EntryHandle::make(body, {})});
    REQUIRE(node.raft.snapshot_received(node.now, id(3, 1)));
    CHECK(node.raft.configuration() == voters_1_to(4));
    CHECK(node.raft.configuration_at(Index{3}) == voters_1_to(4));
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
}

// ---- UNSEALED

TEST_CASE("holes: what a crash left in doubt comes back behind the log", "[raft]") {
    Solo node(with_damaged({}));
    const std::vector<EntryRef> copies{entry_at(6, 2), configuration_at(7, 2, voters_1_to(5))};
    node.raft.restore_unsealed(copies);
    CHECK(places_of(node.raft.ready().entries) == std::vector<Index>{Index{6}, Index{7}});
    CHECK(node.raft.log().last_id() == id(7, 2));
    CHECK(node.raft.log().durable() == Index{5});
    CHECK(node.raft.configuration() == voters_1_to(5));
    node.receive(2, VoteRequest{Term{3}, id(6, 2), false});
    CHECK_FALSE(sent_to<VoteResponse>(node.raft.ready(), 2)->granted);
}

TEST_CASE("holes: who lacks what was claimed gets no vote", "[raft]") {
    Solo node(with_damaged({}));
    node.raft.claim(id(7, 2));
    node.raft.claim(id(6, 2));  // the later one counts
    node.receive(2, PreVoteRequest{Term{2}, Term{3}, id(6, 2), 1});
    REQUIRE(sent_to<PreVoteResponse>(node.raft.ready(), 2));
    CHECK_FALSE(sent_to<PreVoteResponse>(node.raft.ready(), 2)->granted);
    node.receive(2, VoteRequest{Term{3}, id(6, 2), false});
    CHECK_FALSE(sent_to<VoteResponse>(node.raft.ready(), 2)->granted);
    node.receive(3, VoteRequest{Term{4}, id(7, 2), false});
    CHECK(sent_to<VoteResponse>(node.raft.ready(), 3)->granted);
}

TEST_CASE("holes: who lacks what it claimed does not stand until its log is as long", "[raft]") {
    Solo node(with_damaged({}));
    node.raft.claim(id(6, 2));
    CHECK(node.raft.deadline() == never);
    node.pass(Solo::T * 3);
    CHECK(node.raft.status().role == Role::follower);
    node.receive(2, append(2, id(5, 2), {entry_at(6, 2)}));
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
}

TEST_CASE("holes: a term that no cluster reaches is not adopted", "[raft]") {
    Solo node(with_damaged({}));
    node.raft.adopt_term(node.now, Term{UINT64_MAX});
    node.raft.adopt_term(node.now, Term{1});
    CHECK(node.raft.status().term == Term{2});
    CHECK(node.raft.ready().empty());
    node.raft.adopt_term(node.now, Term{9});
    REQUIRE(node.raft.ready().hard_state);
    CHECK(node.raft.ready().hard_state->term == Term{9});
}

// ---- as leader

TEST_CASE("holes: a leader settles what is damaged before anything else", "[raft]") {
    Solo node(with_damaged({4}));
    node.win();
    REQUIRE(node.raft.status().role == Role::leader);
    CHECK(node.raft.settling());
    CHECK(fine(node));
    CHECK(node.raft.log().last() == Index{5});
    CHECK(node.raft.ready().entries.empty());
    node.pass(Solo::T / 3);
    node.receive(2, HeartbeatResponse{node.raft.status().term, 1});
    CHECK(sent<AppendRequest>(node.raft.ready()).empty());
    CHECK_FALSE(sent<Heartbeat>(node.raft.ready()).empty());
    CHECK(std::holds_alternative<Busy>(node.propose()));
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now)));
    const ChangeOutcome change = node.raft.change_membership(node.now, voters_1_to(4));
    REQUIRE(std::holds_alternative<ChangeRefused>(change));
    CHECK(std::get<ChangeRefused>(change).passes);
    REQUIRE(node.raft.read(node.now, ReadId{1}));
    node.receive(3, HeartbeatResponse{node.raft.status().term, 1});
    CHECK(node.raft.ready().reads.empty());
    CHECK(node.raft.log().last() == Index{5});
    CHECK(fine(node));
}

TEST_CASE("holes: a leader begins its term once copies have made its log whole", "[raft]") {
    Solo node(with_damaged({3, 4}));
    node.win();
    node.take();
    node.raft.mend(node.now, entry_at(4, 2));
    CHECK(node.raft.settling());
    CHECK(node.raft.ready().entries.empty());
    node.raft.mend(node.now, entry_at(3, 2));
    CHECK_FALSE(node.raft.settling());
    CHECK(places_of(node.raft.ready().repairs) == std::vector<Index>{Index{4}, Index{3}});
    REQUIRE(places_of(node.raft.ready().entries) == std::vector<Index>{Index{6}});
    CHECK(node.raft.ready().entries.front().kind == EntryKind::noop);
    CHECK(node.raft.ready().entries.front().term == node.raft.status().term);
    CHECK(sent<AppendRequest>(node.raft.ready()).size() == 2);
    CHECK(fine(node));
    node.raft.mend(node.now, entry_at(3, 2));  // once more, from somebody else
    CHECK(node.raft.log().last() == Index{6});
    node.store();
    node.accept_all(2);
    CHECK(node.raft.commit() == Index{6});
    CHECK(std::holds_alternative<Proposed>(node.propose()));
}

TEST_CASE("holes: stamps go on from a copy's", "[raft]") {
    Solo node(with_damaged({5}));
    node.win();
    EntryRef copy = entry_at(5, 2);
    copy.cluster_time = ClusterTime{1'000'000'000'000};
    copy.wall_time = WallTime{77};
    node.raft.mend(node.now, copy);
    REQUIRE(node.raft.log().last() == Index{6});
    CHECK(node.raft.log().find(Index{6})->cluster_time >= copy.cluster_time);
    CHECK(node.raft.log().find(Index{6})->wall_time >= copy.wall_time);
}

TEST_CASE("holes: what a majority never had is dropped, and all behind it", "[raft]") {
    Solo node(with_damaged({4}));
    node.win();
    node.take();
    never_had(node, 2, id(4, 2));
    CHECK(node.raft.settling());
    const Observation before = observe(node.raft);
    never_had(node, 3, id(4, 2));
    CHECK_FALSE(node.raft.settling());
    CHECK(node.raft.ready().truncate_to == Index{3});
    CHECK(places_of(node.raft.ready().entries) == std::vector<Index>{Index{4}});
    CHECK(terms_of(node.raft.log()) == Terms{1, 1, 2, 3});
    const Observation after = observe(node.raft);
    CHECK(violated_state(after).empty());
    CHECK(violated_transition(before, after).empty());
    // The others may have more than what is left.
    for (const std::uint32_t peer : {2u, 3u}) {
        const auto request = sent_to<AppendRequest>(node.raft.ready(), peer);
        REQUIRE(request);
        CHECK(request->previous == id(3, 2));
    }
    node.store();
    node.accept_all(2);
    CHECK(node.raft.commit() == Index{4});
}

TEST_CASE("holes: a drop at the first hole takes the later ones with it", "[raft]") {
    Solo node(with_damaged({3, 5}));
    node.win();
    node.take();
    never_had(node, 2, id(5, 2));
    never_had(node, 3, id(5, 2));
    CHECK(node.raft.settling());  // one hole after the other
    never_had(node, 2, id(3, 2));
    never_had(node, 3, id(3, 2));
    CHECK(terms_of(node.raft.log()) == Terms{1, 1, 3});
    CHECK(node.raft.log().holes().empty());
}

TEST_CASE("holes: what does not say that the first hole never was does not count", "[raft]") {
    Solo node(with_damaged({3, 5}));
    node.win();
    node.take();
    never_had(node, 2, id(3, 2));
    never_had(node, 2, id(3, 2));  // the same node
    never_had(node, 3, id(3, 1));  // another entry
    never_had(node, 3, id(4, 2));  // whole
    never_had(node, 3, id(5, 2));  // not the first
    for (std::uint32_t stranger = 4; stranger < 40; ++stranger) {
        never_had(node, stranger, id(3, 2));
    }
    CHECK(node.raft.settling());
    CHECK(node.raft.ready().empty());
    // Of the next hole nothing has been said yet.
    node.raft.mend(node.now, entry_at(3, 2));
    never_had(node, 3, id(5, 2));
    CHECK(node.raft.settling());
    never_had(node, 2, id(5, 2));
    CHECK_FALSE(node.raft.settling());
    never_had(node, 2, id(5, 3));  // nothing is damaged any more
    CHECK(node.raft.log().last_id() == id(5, 3));
}

TEST_CASE("holes: what was said in an earlier term does not count", "[raft]") {
    Solo node(with_damaged({4}));
    node.win();
    never_had(node, 2, id(4, 2));
    node.raft.adopt_term(node.now, Term{5});
    CHECK(node.raft.status().role == Role::follower);
    never_had(node, 3, id(4, 2));  // who does not lead decides nothing
    CHECK(node.raft.log().last() == Index{5});
    node.take();
    node.win();
    REQUIRE(node.raft.settling());
    never_had(node, 3, id(4, 2));
    CHECK(node.raft.settling());
    never_had(node, 2, id(4, 2));
    CHECK_FALSE(node.raft.settling());
}

TEST_CASE("holes: a settling leader that hears nobody gives up", "[raft]") {
    Solo node(with_damaged({4}));
    node.win();
    for (int round = 0; round < 20 && node.raft.status().role == Role::leader; ++round) {
        node.timeout();
    }
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.raft.log().holes().size() == 1);
}

TEST_CASE("holes: in a joint configuration a majority of each half decides", "[raft]") {
    Configuration joint = of_voters({1, 2, 3});
    for (const std::uint32_t voter : {1u, 4u, 5u}) {
        joint.outgoing.insert(NodeId{voter});
    }
    Setup setup = with_damaged({4});
    setup.voters = 5;
    setup.configuration = joint;
    Solo node(setup);
    node.win();
    never_had(node, 2, id(4, 2));
    never_had(node, 3, id(4, 2));
    never_had(node, 4, id(4, 2));
    CHECK(node.raft.settling());
    never_had(node, 5, id(4, 2));
    CHECK_FALSE(node.raft.settling());
}

TEST_CASE("holes: every configuration since has its say, and those behind the hole go", "[raft]") {
    Setup setup{.voters = 5, .hard_state = {Term{2}, NodeId{}}, .commit = 1, .holes = {2}};
    setup.configuration = voters_1_to(3);
    setup.entries = {entry_at(1, 1), entry_at(2, 1), configuration_at(3, 1, voters_1_to(5))};
    Solo node(setup);
    node.win();
    REQUIRE(node.raft.settling());
    CHECK(node.raft.configuration() == voters_1_to(5));
    never_had(node, 2, id(2, 1));
    never_had(node, 3, id(2, 1));  // two of three, but only two of five
    CHECK(node.raft.settling());
    never_had(node, 5, id(2, 1));
    CHECK_FALSE(node.raft.settling());
    CHECK(node.raft.configuration() == voters_1_to(3));
    CHECK_FALSE(node.peer(2).leaving);
    CHECK(node.peer(5).leaving);  // it is told
    CHECK(terms_of(node.raft.log()) == Terms{1, 3});
    CHECK(fine(node));
}

TEST_CASE("holes: a leader that a drop turns out of the configuration ends its term", "[raft]") {
    Setup setup{.voters = 4, .hard_state = {Term{2}, NodeId{}}, .commit = 1, .holes = {2}};
    setup.configuration = of_voters({2, 3, 4});
    setup.entries = {entry_at(1, 1), entry_at(2, 1), configuration_at(3, 1, voters_1_to(4))};
    Solo node(setup);
    node.win();
    REQUIRE(node.raft.settling());
    const Observation before = observe(node.raft);
    never_had(node, 2, id(2, 1));
    never_had(node, 3, id(2, 1));
    CHECK(node.raft.settling());
    never_had(node, 4, id(2, 1));
    CHECK_FALSE(node.raft.configuration().is_member(NodeId{1}));
    CHECK(violated_transition(before, observe(node.raft)).empty());
    node.store();
    node.accept_all(2);
    CHECK(node.raft.commit() == Index{1});  // its own copy does not count
    node.accept_all(3);
    CHECK(node.raft.commit() == Index{2});
    CHECK(node.raft.status().transfer_target != NodeId{});  // it hands over
}

TEST_CASE("holes: dropping equals counting by hand", "[raft]") {
    CHECK(rc::check("a majority of every configuration since", [] {
        const auto half = [] {
            NodeSet nodes;
            nodes.insert(NodeId{1});
            for (std::uint32_t node = 2; node <= 5; ++node) {
                if (*rc::gen::arbitrary<bool>()) {
                    nodes.insert(NodeId{node});
                }
            }
            return nodes;
        };
        Configuration before;
        before.voters = half();
        Configuration after;
        after.voters = half();
        after.outgoing = *rc::gen::arbitrary<bool>() ? before.voters : NodeSet{};
        Setup setup{.voters = 5, .hard_state = {Term{2}, NodeId{}}, .commit = 1, .holes = {2}};
        setup.configuration = before;
        setup.entries = {entry_at(1, 1), entry_at(2, 1), configuration_at(3, 1, after)};
        Solo node(setup);
        node.campaign();
        node.store();
        for (std::uint32_t peer = 2; peer <= 5; ++peer) {
            node.receive(peer, VoteResponse{node.raft.status().term, true});
        }
        RC_PRE(node.raft.settling());
        NodeSet said;
        const auto most_of = [&](const NodeSet& voters) {
            std::uint32_t count = 0;
            for (const NodeId voter : voters) {
                count += said.contains(voter) ? 1u : 0u;
            }
            return voters.empty() || count * 2 > voters.size();
        };
        for (int left = 8; left > 0; --left) {
            const auto from = *rc::gen::inRange<std::uint32_t>(2, 8);
            if (!node.raft.settling()) {
                break;
            }
            said.insert(NodeId{from});
            never_had(node, from, id(2, 1));
            const bool lost =
                most_of(before.voters) && most_of(after.voters) && most_of(after.outgoing);
            RC_ASSERT(node.raft.settling() == !lost);
        }
    }));
}

// ---- configurations

TEST_CASE("holes: who cannot read its configuration does not stand", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}}, .commit = 1, .holes = {2}};
    const EntryRef entry = configuration_at(2, 1, voters_1_to(4));
    setup.entries = {entry_at(1, 1), entry, entry_at(3, 1)};
    Solo node(setup);
    CHECK(node.raft.configuration() == voters_1_to(3));
    node.pass(Solo::T * 3);
    CHECK(node.raft.status().role == Role::follower);
    node.raft.mend(node.now, entry);
    CHECK(node.raft.configuration() == voters_1_to(4));
    CHECK(node.raft.configurations().current_index() == Index{2});
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
}

TEST_CASE("holes: a configuration between others that are known takes its place", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}}, .commit = 1, .holes = {2}};
    const EntryRef entry = configuration_at(2, 1, voters_1_to(4));
    setup.entries = {entry_at(1, 1), entry, configuration_at(3, 1, voters_1_to(5))};
    Solo node(setup);
    const ConfigurationHistory& history = node.raft.configurations();
    CHECK_FALSE(history.knows(Index{2}));
    CHECK(history.knows(Index{3}));
    node.receive(2, append(1, id(1, 1), {entry}, 1));
    CHECK(history.knows(Index{2}));
    CHECK(history.in_force_at(Index{2}).configuration == voters_1_to(4));
    CHECK(history.current() == voters_1_to(5));
    node.receive(3, append(2, id(2, 1), {entry_at(3, 2)}, 1));
    CHECK(history.current() == voters_1_to(4));
}

TEST_CASE("holes: a damaged configuration that is truncated was never in force", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}}, .commit = 1, .holes = {2}};
    setup.entries = {entry_at(1, 1), configuration_at(2, 1, voters_1_to(4))};
    Solo node(setup);
    CHECK(node.raft.deadline() == never);
    node.receive(2, append(2, id(1, 1), {entry_at(2, 2)}, 1));
    CHECK(node.raft.configurations().knows_current());
    CHECK(node.raft.configuration() == voters_1_to(3));
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
}

TEST_CASE("holes: a damaged committed configuration is learnt from a copy", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}},
        .log = {1, 1, 1},
        .commit = 3,
        .unreadable_configuration = 2};
    Solo node(setup);
    CHECK_FALSE(node.raft.configurations().knows(Index{2}));
    CHECK(node.raft.configuration_at(Index{3}).voters.empty());  // no cut before it is known
    node.pass(Solo::T * 3);
    CHECK(node.raft.status().role == Role::follower);
    node.raft.mend(node.now, configuration_at(2, 1, voters_1_to(5)));
    CHECK(node.raft.configuration() == voters_1_to(5));
    CHECK(node.raft.configuration_at(Index{3}) == voters_1_to(5));
    CHECK(node.raft.ready().repairs.empty());  // it is no hole: the caller stores it
}

TEST_CASE("holes: who could not campaign does when it may again, whatever term it heard of", "[raft]") {
    Setup setup{.hard_state = {Term{1}, NodeId{}},
        .log = {1, 1, 1},
        .commit = 3,
        .unreadable_configuration = 2};
    Solo node(setup);
    CHECK(node.raft.deadline() == never);
    node.receive(2, VoteResponse{Term{4}, false});
    CHECK(node.raft.status().term == Term{4});
    CHECK(node.raft.deadline() == never);
    node.raft.mend(node.now, configuration_at(2, 1, voters_1_to(3)));
    CHECK(node.raft.deadline() <= node.now + Solo::T * 2);
    node.timeout();
    CHECK(node.raft.status().role == Role::pre_candidate);
}

}  // namespace ledger::raft
