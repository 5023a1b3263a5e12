// Membership change: joint consensus, learners, witnesses, removal and emptied disks in a group.
#include <catch2/catch.hpp>

#include "tests/raft/cluster.h"
#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

bool started(const ChangeOutcome& outcome) {
    return std::holds_alternative<ChangeStarted>(outcome);
}

std::string refusal(const ChangeOutcome& outcome) {
    const ChangeRefused* refused = std::get_if<ChangeRefused>(&outcome);
    return refused != nullptr ? std::string(refused->reason) : std::string();
}

Configuration voters(std::vector<std::uint32_t> ids) {
    Configuration configuration;
    for (const std::uint32_t id : ids) {
        configuration.voters.insert(NodeId{id});
    }
    return configuration;
}

EntryRef configuration_at(std::uint64_t index, std::uint64_t term, const Configuration& what) {
    EntryRef entry = configuration_entry(what);
    entry.index = Index{index};
    entry.term = Term{term};
    return entry;
}

}  // namespace

TEST_CASE("membership_change: one voter more needs no joint phase", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    REQUIRE(started(cluster.change(1, voters_1_to(4))));
    CHECK(cluster.raft(1).configuration() == voters_1_to(4));  // in force at once (Raft §6)
    cluster.settle();
    CHECK(cluster.raft(4).configuration() == voters_1_to(4));
    CHECK(cluster.raft(4).log().last() == cluster.raft(1).log().last());
    CHECK(cluster.committed_configuration() == voters_1_to(4));
    cluster.must_recover();
}

TEST_CASE("membership_change: several voters at once pass through the joint phase", "[raft]") {
    Cluster cluster({.nodes = 6, .voters = 3});
    cluster.elect(1);
    REQUIRE(started(cluster.change(1, voters({1, 4, 5}))));
    CHECK(cluster.raft(1).configuration().joint());
    CHECK(cluster.raft(1).configuration().outgoing == voters_1_to(3).voters);
    CHECK(refusal(cluster.change(1, voters({1, 4, 6}))) == "another change is under way");
    cluster.settle();
    CHECK(cluster.committed_configuration() == voters({1, 4, 5}));
    CHECK_FALSE(cluster.raft(5).configuration().joint());
    cluster.must_recover();
}

TEST_CASE("membership_change: a joint configuration needs both majorities", "[raft]") {
    Cluster cluster({.nodes = 5, .voters = 3});
    cluster.elect(1);
    cluster.isolate(4);
    cluster.isolate(5);
    REQUIRE(started(cluster.change(1, voters({1, 4, 5}))));
    cluster.settle();
    const Index joint = cluster.raft(1).log().last();
    CHECK(cluster.raft(1).commit() < joint);  // 1, 2, 3 have it, but 4 and 5 do not
    cluster.heal();
    cluster.run(Cluster::T * 2);
    CHECK(cluster.committed_configuration() == voters({1, 4, 5}));
    cluster.must_recover();
}

TEST_CASE("membership_change: none before a commit of the own term (2015)", "[raft]") {
    Solo node;
    node.win();
    CHECK(refusal(node.raft.change_membership(node.now, voters_1_to(4))) ==
          "this term has committed nothing yet");
    CHECK(node.raft.configuration() == voters_1_to(3));
    node.store();
    node.accept_all(2);
    CHECK(started(node.raft.change_membership(node.now, voters_1_to(4))));
    CHECK(std::holds_alternative<Proposed>(node.propose()));  // proposals go on
}

TEST_CASE("membership_change: refused to followers, during a transfer and without sense", "[raft]") {
    Solo node;
    CHECK(std::holds_alternative<NotLeader>(
        node.raft.change_membership(node.now, voters_1_to(4))));
    node.lead();
    CHECK(refusal(node.raft.change_membership(node.now, {})) == "it has no voter");
    node.raft.transfer(node.now, NodeId{2});
    CHECK(refusal(node.raft.change_membership(node.now, voters_1_to(4))) ==
          "leadership is on its way to another node");
}

TEST_CASE("membership_change: a truncated configuration gives way to the one before", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, AppendRequest{Term{1}, {}, Index{}, 1,
                        {entry_at(1, 1), configuration_at(2, 1, voters_1_to(4))}});
    CHECK(node.raft.configuration() == voters_1_to(4));
    CHECK(node.raft.configurations().current_index() == Index{2});
    node.receive(3, AppendRequest{Term{2}, {Term{1}, Index{1}}, Index{}, 1, {entry_at(2, 2)}});
    CHECK(node.raft.configuration() == voters_1_to(3));
    CHECK(node.raft.configurations().current_index() == Index{});
}

TEST_CASE("membership_change: a restart finds the configuration in the log", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    REQUIRE(started(cluster.change(1, voters_1_to(4))));
    cluster.settle();
    for (std::uint32_t id = 1; id <= 4; ++id) {
        cluster.crash(id);
        cluster.restart(id);
        CHECK(cluster.raft(id).configuration() == voters_1_to(4));
    }
    cluster.must_recover();
}

TEST_CASE("membership_change: an entry that is no configuration is dropped", "[raft]") {
    Solo node;
    EntryRef broken = entry_at(1, 1);
    broken.kind = EntryKind::configuration;
    node.receive(2, AppendRequest{Term{1}, {}, Index{}, 1, {broken}});
    CHECK(node.take().empty());
    CHECK(node.raft.log().last() == Index{});
}

TEST_CASE("membership_change: a learner catches up and is promoted by itself", "[raft]") {
    Cluster cluster({.nodes = 4, .append_entries_max = 2, .voters = 3});
    cluster.elect(1);
    cluster.propose(1, 50);
    cluster.settle();
    REQUIRE(started(cluster.change(
        1, with_learner(voters_1_to(3), {.node = NodeId{4}, .promote = true}))));
    CHECK_FALSE(cluster.raft(1).configuration().is_voter(NodeId{4}));
    cluster.run(Cluster::T);
    CHECK(cluster.committed_configuration() == voters_1_to(4));
    cluster.must_recover();
}

TEST_CASE("membership_change: a learner that does not answer is never promoted", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    cluster.isolate(4);
    cluster.change(1, with_learner(voters_1_to(3), {.node = NodeId{4}, .promote = true}));
    cluster.run(Cluster::T * 20);
    CHECK(cluster.raft(1).configuration().learners.contains(NodeId{4}));
    CHECK(cluster.propose(1));
    cluster.heal();
    cluster.run(Cluster::T * 4);
    CHECK(cluster.committed_configuration() == voters_1_to(4));
}

TEST_CASE("membership_change: a learner that is always too slow is given up", "[raft]") {
    Solo node;
    node.lead();
    Member fresh{.node = NodeId{4}, .promote = true};
    const Configuration target = with_learner(node.raft.configuration(), fresh);
    REQUIRE(std::holds_alternative<ChangeStarted>(node.raft.change_membership(node.now, target)));
    node.store();
    node.accept_all(2);
    // Every answer of n4 comes late, and meanwhile the log has grown.
    std::uint32_t rounds = 0;
    for (int i = 0; i < 20 && !node.peer(4).catch_up.given_up(); ++i) {
        for (int beat = 0; beat < 6; ++beat) {  // longer than a timeout, while all live
            node.timeout();
            for (const auto& [out, message] : sent<Heartbeat>(node.take())) {
                node.receive(out.to.value, HeartbeatResponse{message.term, message.round});
            }
        }
        const Index held = node.raft.log().last();
        node.propose();
        node.store();
        node.accept_all(2);
        node.take();
        node.receive(4,
            AppendResponse{.term = Term{1}, .sequence = 1, .accepted = true, .match = held});
        rounds = std::max(rounds, node.peer(4).catch_up.rounds);
    }
    CHECK(rounds == catch_up_rounds_max);
    CHECK(node.peer(4).catch_up.given_up());
    // Quick from now on: it stays a learner, until somebody asks again.
    for (int i = 0; i < 20; ++i) {
        node.propose();
        node.store();
        for (const auto& [out, request] : sent<AppendRequest>(node.take())) {
            node.accept(out.to.value, request);
        }
    }
    CHECK(node.raft.configuration().learners.contains(NodeId{4}));
    CHECK_FALSE(node.raft.configuration().joint());
}

TEST_CASE("membership_change: a joint phase can wait to be left by hand", "[raft]") {
    Cluster cluster({.nodes = 5, .leaves_joint_phase = false, .voters = 3});
    cluster.elect(1);
    cluster.settle();
    Configuration target = voters_1_to(5);
    target.voters.erase(NodeId{1});
    target.voters.erase(NodeId{2});
    const Raft& leader = cluster.raft(1);
    REQUIRE(std::holds_alternative<ChangeRefused>(cluster.leave(1)));
    REQUIRE(std::holds_alternative<ChangeStarted>(cluster.change(1, target)));
    CHECK(std::holds_alternative<ChangeRefused>(cluster.leave(1)));  // not committed yet
    cluster.settle();
    CHECK(leader.configuration().joint());
    CHECK(std::holds_alternative<ChangeRefused>(cluster.change(1, target)));
    CHECK(std::holds_alternative<ChangeStarted>(cluster.leave(1)));
    const Index last = leader.log().last();
    CHECK(std::holds_alternative<ChangeRefused>(cluster.leave(1)));  // twice is once
    CHECK(leader.log().last() == last);
    cluster.settle();
    CHECK_FALSE(cluster.raft(3).configuration().joint());
    CHECK(cluster.raft(3).configuration().voters == target.voters);
}

TEST_CASE("membership_change: a learner counts in no quorum and never campaigns", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 2});
    cluster.elect(1);
    Configuration target = voters_1_to(2);
    target.learners.insert(NodeId{3});
    target.learners.insert(NodeId{4});
    REQUIRE(started(cluster.change(1, target)));
    cluster.settle();
    cluster.crash(2);
    cluster.propose(1);
    cluster.settle();
    CHECK(cluster.raft(1).commit() < cluster.raft(1).log().last());
    CHECK(cluster.raft(3).log().last() == cluster.raft(1).log().last());
    CHECK_FALSE(cluster.raft(3).may_lead());
    cluster.run(Cluster::T * 2);
    CHECK(cluster.role(1) != Role::leader);  // a quorum of voters did not answer
}

TEST_CASE("membership_change: a node is replaced in one verb", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3});
    cluster.elect(1);
    cluster.propose(1, 20);
    cluster.crash(3);
    REQUIRE(started(
        cluster.change(1, with_replacement(voters_1_to(3), NodeId{3}, {.node = NodeId{4}}))));
    cluster.run(Cluster::T * 2);
    CHECK(cluster.committed_configuration() == voters({1, 2, 4}));
    cluster.must_recover();
}

TEST_CASE("membership_change: a leader that is removed hands over and does not count", "[raft]") {
    Cluster cluster({.nodes = 3});
    cluster.elect(1);
    cluster.propose(1, 3);
    cluster.settle();
    REQUIRE(started(cluster.change(1, voters({2, 3}))));
    cluster.store(1);
    cluster.deliver_all(2);
    cluster.store(2);
    cluster.deliver_all(1);
    CHECK(cluster.raft(1).commit() < cluster.raft(1).log().last());  // 2 alone is no majority
    cluster.settle();
    CHECK(cluster.leader() != NodeId{1});
    CHECK(cluster.raft(cluster.leader().value).status().term == Term{2});  // without a timeout
    cluster.run(Cluster::T);
    CHECK(cluster.role(1) == Role::follower);
    cluster.run(Cluster::T * 10);
    CHECK(cluster.raft(1).deadline() == never);
    CHECK(cluster.raft(cluster.leader().value).status().term == Term{2});
}

TEST_CASE("membership_change: a removed leader steps down when nobody takes over", "[raft]") {
    Solo node;
    node.lead();
    REQUIRE(started(node.raft.change_membership(node.now, voters({2, 3}))));
    const Ready ready = node.take();
    node.store();
    node.accept(2, *sent_to<AppendRequest>(ready, 2));
    node.accept(3, *sent_to<AppendRequest>(ready, 3));
    CHECK(node.raft.status().transfer_target != NodeId{});
    const Instant asked = node.now;
    while (node.raft.status().role == Role::leader && node.now < asked + Solo::T * 3) {
        node.timeout();
        const std::uint64_t round = std::holds_alternative<Leader>(node.raft.role_state())
                                        ? std::get<Leader>(node.raft.role_state()).round
                                        : 1;
        node.receive(2, HeartbeatResponse{Term{1}, round});
        node.receive(3, HeartbeatResponse{Term{1}, round});
    }
    CHECK(node.raft.status().role == Role::follower);
    CHECK(node.now - asked <= Solo::T);
    CHECK(node.raft.deadline() == never);
}

TEST_CASE("membership_change: a removed node is told and forgotten", "[raft]") {
    Cluster cluster({.nodes = 4});
    cluster.elect(1);
    REQUIRE(started(cluster.change(1, voters_1_to(3))));
    cluster.run(Cluster::T);
    CHECK(cluster.raft(4).configuration() == voters_1_to(3));
    CHECK(cluster.raft(4).commit() == cluster.raft(1).commit());
    CHECK_FALSE(cluster.raft(4).may_lead());
    CHECK(std::get<Leader>(cluster.raft(1).role_state()).peers.size() == 2);
    cluster.run(Cluster::T * 10);
    CHECK(cluster.leader() == NodeId{1});
    CHECK(cluster.raft(1).status().term == Term{1});
}

TEST_CASE("membership_change: a removed node that was away disturbs nobody and learns it", "[raft]") {
    Cluster cluster({.nodes = 4});
    cluster.elect(1);
    cluster.crash(4);
    REQUIRE(started(cluster.change(1, voters_1_to(3))));
    cluster.run(Cluster::T * 10);
    CHECK(std::get<Leader>(cluster.raft(1).role_state()).peers.size() == 2);
    cluster.restart(4);
    cluster.run(Cluster::T * 10);
    CHECK(cluster.leader() == NodeId{1});
    CHECK(cluster.raft(1).status().term == Term{1});
    CHECK(cluster.raft(4).status().removed == Index{2});
    CHECK(cluster.raft(4).deadline() == never);
    // Taken in again, it takes part again.
    REQUIRE(started(cluster.change(1, voters_1_to(4))));
    cluster.run(Cluster::T * 2);
    CHECK(cluster.raft(4).status().removed == Index{});
    CHECK(cluster.raft(4).deadline() != never);
    cluster.must_recover();
}

TEST_CASE("membership_change: a removal that nobody committed silences nobody", "[raft]") {
    Solo node({.hard_state = {Term{1}, NodeId{}}});
    node.receive(2, AppendRequest{Term{1}, {}, Index{}, 1,
                        {entry_at(1, 1), configuration_at(2, 1, voters({1, 2}))}});
    node.pass(Solo::T);
    node.take();
    node.receive(3, PreVoteRequest{Term{1}, Term{2}, {Term{1}, Index{1}}, 1});
    CHECK(sent_to<PreVoteResponse>(node.take(), 3)->removed == Index{});
    node.receive(2, AppendRequest{Term{1}, {Term{1}, Index{2}}, Index{2}, 2, {}});
    node.take();
    node.receive(3, PreVoteRequest{Term{1}, Term{2}, {Term{1}, Index{1}}, 2});
    CHECK(sent_to<PreVoteResponse>(node.take(), 3)->removed == Index{2});
}

TEST_CASE("membership_change: a witness gets envelopes, votes, and never leads", "[raft]") {
    Configuration target = voters_1_to(3);
    target.set_member({.node = NodeId{3}, .priority = 9, .witness = true});
    Solo node({.configuration = target});
    node.lead();
    EntryRef whole;
    whole.kind = EntryKind::command;
    whole.handle = EntryHandle::make(as_bytes("envelope"), as_bytes("payload"));
    whole.bytes = whole.handle->size();
    node.raft.propose(node.now, std::span(&whole, 1));
    const Ready first = node.take();
    const EntryRef all = sent_to<AppendRequest>(first, 2)->entries.at(0);
    CHECK(all.bytes == 15);
    // If the leader crashed now, nobody who may lead would hold what only the witness has.
    CHECK_FALSE(sent_to<AppendRequest>(first, 3));
    node.store();
    const Ready second = node.take();
    REQUIRE(sent_to<AppendRequest>(second, 3));
    const EntryRef got = sent_to<AppendRequest>(second, 3)->entries.at(0);
    CHECK(got.kind == EntryKind::command);
    CHECK(got.handle.is_erased());
    CHECK(as_text(got.handle.envelope()) == "envelope");
    CHECK(got.bytes == 8);
    CHECK(entry_hash({}, got) == entry_hash({}, all));
    CHECK(std::holds_alternative<TransferRefused>(node.raft.transfer(node.now, NodeId{3})));
    node.accept(3, *sent_to<AppendRequest>(second, 3));
    CHECK(node.raft.commit() == Index{2});  // the leader and the witness are a majority
    Solo witness({.configuration = target, .self = 3});
    CHECK(witness.raft.deadline() == never);
    witness.receive(1, VoteRequest{Term{5}, LogId{}, false});
    CHECK(witness.raft.status().vote == NodeId{1});
}

TEST_CASE("membership_change: a leader that leaves gives a witness only what others hold", "[raft]") {
    // Thesis §4.2.2: it goes on for a while, but what it alone shares with the witness nobody could
    // ever continue, since it will not campaign and the witness votes for nobody who lacks it.
    Configuration before = voters_1_to(3);
    before.set_member({.node = NodeId{3}, .witness = true});
    Solo node({.configuration = before});
    node.lead();
    REQUIRE(std::holds_alternative<ChangeStarted>(
        node.raft.change_membership(node.now, without(before, NodeId{1}))));
    node.store();
    const Ready ready = node.take();
    CHECK_FALSE(sent_to<AppendRequest>(ready, 3));
    REQUIRE(sent_to<AppendRequest>(ready, 2));
    node.accept(2, *sent_to<AppendRequest>(ready, 2));
    const auto told = sent_to<AppendRequest>(node.take(), 3);
    REQUIRE(told);
    CHECK(told->entries.size() == 1);
}

namespace {

EntryRef data_entry(std::uint64_t index) {
    EntryRef entry = entry_at(index, 1);
    entry.handle = EntryHandle::make(as_bytes("envelope"), as_bytes("payload"));
    entry.bytes = entry.handle->size();
    return entry;
}

EntryRef trimmed_entry(std::uint64_t index) {
    EntryRef entry = data_entry(index);
    entry.handle = entry.handle.erased();
    entry.bytes = entry.handle->size();
    return entry;
}

}  // namespace

TEST_CASE("membership_change: a log that lacks payloads is marked, durably, and never leads", "[raft]") {
    Solo node({.voters = 3});
    node.receive(2, AppendRequest{Term{1}, {}, {}, 1, {data_entry(1)}, {}, true});
    CHECK_FALSE(node.take().hard_state->trimmed);  // whole in spite of what the message says
    const bool trimmed = GENERATE(true, false);
    // Erased for all (no witness is spoken to), or for a witness.
    node.receive(
        2, AppendRequest{Term{1}, {Term{1}, Index{1}}, {}, 2, {trimmed_entry(2)}, {}, trimmed});
    const Ready ready = node.take();
    REQUIRE(sent_to<AppendResponse>(ready, 2));
    CHECK(ready.hard_state.has_value() == trimmed);
    node.receive(2, AppendRequest{Term{1}, {Term{1}, Index{2}}, {}, 3, {data_entry(3)}});
    CHECK(sent_to<AppendResponse>(node.take(), 2)->trimmed == trimmed);
    const HardState before{Term{1}, NodeId{}, trimmed};
    Solo again({.voters = 3, .hard_state = before, .log = {1, 1, 1}});
    CHECK((again.raft.deadline() == never) == trimmed);  // also after a restart, as a voter
    again.receive(3, VoteRequest{Term{5}, {Term{4}, Index{9}}, false});
    CHECK(again.hard_state() == HardState{Term{5}, NodeId{3}, trimmed});
    again.receive(3, Heartbeat{Term{5}, {}, 1});
    again.receive(3, TimeoutNow{Term{5}});
    CHECK((again.raft.status().term == Term{5}) == trimmed);
}

TEST_CASE("membership_change: the mark goes with the log", "[raft]") {
    Solo node({.voters = 3, .hard_state = {Term{2}, NodeId{}, true}, .log = {1, 1}});
    const LogId cut{Term{2}, Index{9}};
    ByteVector body;
    encode_configuration(voters_1_to(3), body);
    SnapshotOffer offer{.term = Term{2}, .cut = cut};
    offer.configuration = EntryHandle::make(body, {});
    node.receive(2, offer);
    node.take();
    REQUIRE(node.raft.snapshot_received(node.now, cut));
    const Ready ready = node.take();
    REQUIRE(ready.restore);
    CHECK(ready.hard_state == HardState{Term{2}, NodeId{}, false});
    CHECK(node.raft.deadline() != never);
}

TEST_CASE("membership_change: the disk of a former witness is not promoted to hold data", "[raft]") {
    const bool trimmed = GENERATE(true, false);
    const bool witness = GENERATE(true, false);
    Configuration members = voters_1_to(2);
    members.learners.insert(NodeId{3});
    members.set_member({.node = NodeId{3}, .witness = witness, .promote = true});
    Solo node({.voters = 2, .configuration = members});
    node.lead();
    AppendResponse answer{.term = node.raft.status().term, .sequence = 2, .accepted = true,
        .match = node.raft.status().last, .previous = {}, .hint = {}, .trimmed = trimmed};
    node.receive(3, answer);
    CHECK(node.raft.configuration().voters.contains(NodeId{3}) == (witness || !trimmed));
}

TEST_CASE("membership_change: what is for another disk is not taken", "[raft]") {
    Setup setup{.voters = 3};
    setup.incarnation = Incarnation{7};
    Solo node(setup);
    AppendRequest request{Term{1}, {}, {}, 1, {entry_at(1, 1)}, Incarnation{6}};
    node.receive(2, request);
    CHECK(node.take().messages.empty());
    CHECK(node.raft.status().last == Index{});
    request.addressee = GENERATE(Incarnation{7}, Incarnation{0});
    node.receive(2, request);
    CHECK(node.raft.status().last == Index{1});
}

TEST_CASE("membership_change: the leader writes down whose disks the members have", "[raft]") {
    Cluster cluster({.nodes = 3, .incarnations = true});
    cluster.elect(1);
    cluster.run(Cluster::T);
    const Configuration bound = cluster.committed_configuration();
    for (std::uint32_t id = 1; id <= 3; ++id) {
        CHECK(bound.member(NodeId{id}).incarnation == cluster.incarnation(id));
    }
    const Index last = cluster.raft(1).log().last();
    CHECK(last <= Index{4});
    cluster.run(Cluster::T * 5);
    CHECK(cluster.raft(1).log().last() == last);
}

TEST_CASE("membership_change: an emptied disk neither votes nor acknowledges", "[raft]") {
    Cluster cluster({.nodes = 3, .incarnations = true});
    cluster.elect(1);
    cluster.run(Cluster::T);
    cluster.wipe(3);
    cluster.restart(3);
    cluster.crash(2);
    cluster.propose(1);
    cluster.settle();
    CHECK(cluster.raft(1).commit() < cluster.raft(1).log().last());
    cluster.run(Cluster::T * 3);
    CHECK(cluster.leader() == NodeId{});
    cluster.restart(2);
    cluster.run(Cluster::T * 6);
    REQUIRE(cluster.leader() != NodeId{});
    // It comes back under its new identity.
    const std::uint32_t leader = cluster.leader().value;
    const Configuration bound = cluster.committed_configuration();
    REQUIRE(started(cluster.change(leader, without(bound, NodeId{3}))));
    cluster.run(Cluster::T);
    const Configuration two = cluster.committed_configuration();
    REQUIRE(started(cluster.change(leader,
        with_learner(two,
            {.node = NodeId{3}, .incarnation = cluster.incarnation(3), .promote = true}))));
    cluster.run(Cluster::T * 2);
    CHECK(cluster.committed_configuration().voters == voters_1_to(3).voters);
    cluster.must_recover();
}

TEST_CASE("membership_change: a node without configuration votes when it is meant", "[raft]") {
    const auto granted = [](Incarnation own, Incarnation addressee) {
        Solo node({.configuration = Configuration{}, .incarnation = own});
        CHECK(node.raft.deadline() == never);
        const LogId last{Term{1}, Index{1}};
        node.receive(2, PreVoteRequest{Term{1}, Term{2}, last, 1, addressee});
        const bool pre_vote = sent_to<PreVoteResponse>(node.take(), 2)->granted;
        node.receive(2, VoteRequest{Term{2}, last, false, addressee});
        CHECK(node.take().messages.size() == (pre_vote ? 1 : 0));
        CHECK((node.raft.status().vote == NodeId{2}) == pre_vote);
        return pre_vote;
    };
    CHECK(granted(Incarnation{}, Incarnation{}));
    CHECK(granted(Incarnation{}, Incarnation{7}));
    CHECK(granted(Incarnation{7}, Incarnation{7}));
    CHECK_FALSE(granted(Incarnation{7}, Incarnation{}));
    CHECK_FALSE(granted(Incarnation{7}, Incarnation{6}));
}

TEST_CASE("membership_change: where disks have identities a new voter needs one", "[raft]") {
    Cluster cluster({.nodes = 4, .voters = 3, .incarnations = true});
    cluster.elect(1);
    cluster.run(Cluster::T);
    Configuration target = cluster.committed_configuration();
    target.voters.insert(NodeId{4});
    CHECK(refusal(cluster.change(1, target)) == "a new voter needs its incarnation");
    // A learner's is found out before it is promoted.
    const Configuration current = cluster.committed_configuration();
    REQUIRE(started(
        cluster.change(1, with_learner(current, {.node = NodeId{4}, .promote = true}))));
    cluster.run(Cluster::T * 2);
    const Member fourth = cluster.committed_configuration().member(NodeId{4});
    CHECK(cluster.committed_configuration().voters.contains(NodeId{4}));
    CHECK(fourth.incarnation == cluster.incarnation(4));
}

}  // namespace ledger::raft
