// Replica: damaged entries of the own disk, and those of others.
#include <catch2/catch.hpp>

#include "node/replica.h"
#include "raft/configuration_body.h"
#include "tests/node/counter_machine.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

// Node 1 of a cluster; its disk holds commands of term 1 that add 1, 2, 3 ...
struct Damaged {
    CounterMachine machine;
    TestNode node;

    explicit Damaged(std::uint64_t entries, std::uint32_t nodes = 3)
        : node(NodeId{1}, nodes, machine) {
        node.hard_state = {Term{1}, NodeId{}};
        for (std::uint64_t index = 1; index <= entries; ++index) {
            append(add(index).body);
        }
    }
    void append(const EntryHandle& body, EntryKind kind = EntryKind::command) {
        node.disk.push_back(next(body, kind));
    }
    // What would follow the disk's last entry.
    HashedEntry next(const EntryHandle& body, EntryKind kind = EntryKind::command) const {
        EntryRef entry;
        entry.index = Index{node.disk.size() + 1};
        entry.term = Term{1};
        entry.kind = kind;
        entry.handle = body;
        entry.bytes = body ? body->size() : 0;
        return {entry, entry_hash(node.disk.empty() ? Digest{} : node.disk.back().hash, entry)};
    }

    template <typename Body>
    void hear(std::uint32_t from, Body body) {
        // Straight into the variant: GCC 12 takes one that is replaced for uninitialised.
        using Kind = std::conditional_t<std::is_constructible_v<raft::Message, Body>,
            raft::Message, Body>;
        Message event{PeerMessage{.cluster = node.config.cluster,
            .group = node.config.group,
            .from = NodeId{from},
            .to = NodeId{1},
            .body = PeerBody(std::in_place_type<Kind>, std::move(body)),
            .incarnation = {}}};
        node.step(std::move(event));
    }
    void hear_copy(std::uint32_t from, std::uint64_t index) {
        const EntryRef& entry = node.disk[index - 1].entry;
        hear(from, FetchedEntry{.term = term(), .entry = entry.id(), .result = FetchResult::have,
                       .cut = {}, .copy = entry});
    }
    void hear(std::uint32_t from, LogId entry, FetchResult result) {
        hear(from, FetchedEntry{.term = term(), .entry = entry, .result = result, .cut = {},
                       .copy = {}});
    }
    // The last answer that was sent to `to`, with the ticket it waits for.
    std::optional<std::pair<FetchedEntry, Ticket>> answered(std::uint32_t to) const {
        std::optional<std::pair<FetchedEntry, Ticket>> found;
        for (const Send& send : node.sends) {
            const auto* fetched = std::get_if<FetchedEntry>(&send.message.body);
            if (fetched != nullptr && send.message.to == NodeId{to}) {
                found = {*fetched, send.after};
            }
        }
        return found;
    }
    std::vector<LogId> asked() const {
        std::vector<LogId> all;
        for (const Send& send : node.sends) {
            const auto* fetch = std::get_if<FetchEntry>(&send.message.body);
            if (fetch != nullptr && send.message.to == NodeId{2}) {
                all.push_back(fetch->entry);
            }
        }
        return all;
    }
    Term term() const { return node.replica->raft().status().term; }
    std::uint64_t sum() const { return machine.summary().length.value; }
    // Node 2 leads and everything up to `commit` is committed.
    void heartbeat(std::uint64_t commit, std::uint64_t round = 1) {
        hear(2, raft::Heartbeat{Term{1}, Index{commit}, round});
    }
    // Both others support it.
    void win() {
        while (node.role() != raft::Role::leader) {
            if (node.sends.empty()) {
                node.wake();
            }
            for (const Send& send : std::exchange(node.sends, {})) {
                const std::uint32_t to = send.message.to.value;
                if (const auto* ask = raft_message<raft::PreVoteRequest>(send.message)) {
                    hear(to, raft::PreVoteResponse{{}, ask->proposed, ask->attempt, true});
                } else if (const auto* vote = raft_message<raft::VoteRequest>(send.message)) {
                    node.work();
                    hear(to, raft::VoteResponse{vote->term, true});
                }
            }
        }
    }
    std::optional<raft::AppendRequest> request_to(std::uint32_t to) const {
        std::optional<raft::AppendRequest> found;
        for (const Send& send : node.sends) {
            const auto* request = raft_message<raft::AppendRequest>(send.message);
            if (request != nullptr && send.message.to == NodeId{to}) {
                found = *request;
            }
        }
        return found;
    }
};

const StatusAnswer& status_of(TestNode& node, std::uint64_t request) {
    node.ask(request, StatusQuery{});
    const StatusAnswer* status = outcome_of<StatusAnswer>(node, request);
    REQUIRE(status != nullptr);
    return *status;
}

}  // namespace

TEST_CASE("replica repair: applying waits for a damaged entry and goes on with its copy", "[node]") {
    Damaged damaged(5);
    damaged.node.commit = Index{5};
    damaged.node.faulty = {Index{2}};
    damaged.node.faulty_is_known = GENERATE(true, false);
    damaged.node.start();
    damaged.node.work();
    CHECK(damaged.node.halted.empty());
    CHECK(damaged.node.replica->applied() == Index{1});
    CHECK(damaged.asked() == std::vector<LogId>{LogId{Term{1}, Index{2}}});
    for (int turn = 0; turn < 3; ++turn) {
        damaged.node.wake();
        CHECK(damaged.node.loads.empty());  // it is not read again before it is mended
    }
    damaged.hear_copy(3, 2);
    REQUIRE(damaged.node.stores.size() == 1);
    CHECK(damaged.node.stores.front().group->repairs.size() == 1);
    CHECK(damaged.node.replica->applied() == Index{1});
    damaged.node.finish_store();
    damaged.node.wake();
    damaged.node.work();
    CHECK(damaged.node.replica->applied() == Index{5});
    CHECK(damaged.sum() == 1 + 2 + 3 + 4 + 5);
    CHECK(damaged.node.faulty.empty());
}

TEST_CASE("replica repair: a load that fails for another reason still stops the node", "[node]") {
    Damaged damaged(3);
    damaged.node.commit = Index{3};
    damaged.node.start();
    REQUIRE(damaged.node.loads.size() == 1);
    damaged.node.step(Loaded{damaged.node.loads.front().request, {}, true, Index{}});
    CHECK(damaged.node.halted == "cannot read committed entry 1");
}

TEST_CASE("replica repair: uncommitted entries are mended by copies, in any order", "[node]") {
    Damaged damaged(4);
    damaged.node.commit = Index{1};
    damaged.node.faulty = {Index{2}, Index{3}};
    damaged.node.start();
    damaged.node.work();
    damaged.heartbeat(4);
    damaged.node.work();
    CHECK(damaged.node.replica->applied() == Index{1});
    CHECK(damaged.asked().size() == 2);
    damaged.hear_copy(2, 3);
    damaged.hear_copy(3, 2);
    damaged.heartbeat(4, 2);
    damaged.node.work();
    damaged.node.wake();
    damaged.node.work();
    CHECK(damaged.node.replica->applied() == Index{4});
    CHECK(damaged.sum() == 1 + 2 + 3 + 4);
    // The chain is known again: what follows has the hash that it has elsewhere.
    const HashedEntry next = damaged.next(add(5).body);
    damaged.hear(2, raft::AppendRequest{Term{1}, damaged.node.disk.back().entry.id(), Index{4}, 1,
                        {next.entry}});
    damaged.node.work();
    CHECK(damaged.node.disk.back() == next);
}

TEST_CASE("replica repair: the leader's entries mend, and replace what follows", "[node]") {
    Damaged damaged(4);
    damaged.node.commit = Index{1};
    damaged.node.faulty = {Index{2}};
    damaged.node.start();
    damaged.node.work();
    const HashedEntry second = damaged.node.disk[1];
    EntryRef third;
    third.index = Index{3};
    third.term = Term{2};
    damaged.hear(2, raft::AppendRequest{Term{2}, damaged.node.disk[0].entry.id(), Index{1}, 1,
                        {second.entry, third}});
    REQUIRE(damaged.node.stores.size() == 1);
    const log::Group& group = *damaged.node.stores.front().group;
    REQUIRE(group.repairs.size() == 1);
    CHECK(group.truncate_to == Index{2});
    CHECK(group.truncate_hash == second.hash);
    REQUIRE(group.entries.size() == 1);
    CHECK(group.entries[0].hash == entry_hash(second.hash, third));
    damaged.node.work();
    CHECK(damaged.node.disk.size() == 3);
    CHECK(status_of(damaged.node, 1).faulty == 0);
}

TEST_CASE("replica repair: a leader drops what nobody else ever had, and leads", "[node]") {
    Damaged damaged(3);
    damaged.node.commit = Index{2};
    damaged.node.faulty = {Index{3}};
    damaged.node.start();
    damaged.node.work();
    damaged.win();
    damaged.node.work();
    CHECK(damaged.node.disk.size() == 3);
    damaged.node.ask(1, add(9));
    CHECK(outcome_of<Overloaded>(damaged.node, 1) != nullptr);
    const LogId third = damaged.node.disk.back().entry.id();
    damaged.hear(2, third, FetchResult::never_had);
    damaged.hear(2, third, FetchResult::never_had);
    CHECK(damaged.node.replica->raft().settling());
    damaged.hear(3, third, FetchResult::never_had);
    CHECK_FALSE(damaged.node.replica->raft().settling());
    damaged.node.work();
    REQUIRE(damaged.node.disk.size() == 3);
    CHECK(damaged.node.disk.back().entry.kind == EntryKind::noop);
    CHECK(damaged.node.disk.back().hash ==
          entry_hash(damaged.node.disk[1].hash, damaged.node.disk.back().entry));
    CHECK(status_of(damaged.node, 2).faulty == 0);
}

TEST_CASE("replica repair: the status tells what is damaged and where it is stuck", "[node]") {
    Damaged damaged(4);
    damaged.node.commit = Index{4};
    damaged.node.faulty = {Index{2}, Index{3}};
    damaged.node.start();
    damaged.node.work();
    CHECK(status_of(damaged.node, 1).faulty == 2);
    CHECK(status_of(damaged.node, 2).repair_blocked == Index{});
    damaged.hear(2, LogId{Term{1}, Index{2}}, FetchResult::faulty);
    damaged.hear(3, LogId{Term{1}, Index{2}}, FetchResult::faulty);
    damaged.node.wake();
    CHECK(status_of(damaged.node, 3).repair_blocked == Index{2});
    damaged.hear_copy(2, 2);
    damaged.node.work();
    CHECK(status_of(damaged.node, 4).repair_blocked == Index{3});
    CHECK(status_of(damaged.node, 5).faulty == 1);
}

TEST_CASE("replica repair: a damaged configuration is learnt before anybody stands", "[node]") {
    raft::Configuration five;
    for (std::uint32_t voter = 1; voter <= 5; ++voter) {
        five.voters.insert(NodeId{voter});
    }
    Damaged damaged(1);
    damaged.append(raft::configuration_entry(five).handle, EntryKind::configuration);
    damaged.append(add(3).body);
    damaged.node.commit = GENERATE(Index{1}, Index{3});
    damaged.node.faulty = {Index{2}};
    damaged.node.start();
    damaged.node.work();
    const auto patience = damaged.node.now + seconds(5);
    while (damaged.node.wake_at < patience) {
        damaged.node.wake();
        damaged.node.work();
    }
    CHECK(damaged.node.role() == raft::Role::follower);
    damaged.hear_copy(3, 2);
    CHECK(damaged.node.replica->raft().configuration() == five);
    damaged.node.work();
    CHECK(damaged.node.faulty.empty());
    damaged.win();
    CHECK(damaged.node.role() == raft::Role::leader);
}

TEST_CASE("replica repair: what another disk says that it never had does not count", "[node]") {
    Damaged damaged(3);
    damaged.node.config.raft.configuration.set_member(
        {.node = NodeId{2}, .incarnation = Incarnation{7}});
    damaged.node.replica =
        std::make_unique<Replica>(damaged.node.config, damaged.machine, damaged.node.choices);
    damaged.node.commit = Index{1};
    damaged.node.faulty = {Index{2}};
    damaged.node.start();
    damaged.node.work();
    damaged.hear_copy(2, 2);  // it does not say which disk it is
    CHECK(damaged.node.stores.empty());
    damaged.hear_copy(3, 2);
    CHECK(damaged.node.stores.size() == 1);
}

TEST_CASE("replica repair: an answer waits until the term in which it is given is durable", "[node]") {
    Damaged damaged(3);
    damaged.node.commit = Index{1};
    damaged.node.start();
    damaged.node.work();
    damaged.node.sends.clear();
    damaged.hear(2, FetchEntry{Term{8}, LogId{Term{1}, Index{9}}, 0});
    const auto denied = damaged.answered(2);
    REQUIRE(denied);
    CHECK(denied->first.result == FetchResult::never_had);
    CHECK(denied->first.term == Term{8});
    REQUIRE(damaged.node.stores.size() == 1);
    CHECK(damaged.node.stores.front().group->hard_state == HardState{Term{8}, NodeId{}});
    CHECK(denied->second == damaged.node.stores.front().ticket);
    damaged.node.work();
    damaged.node.sends.clear();
    damaged.hear(2, FetchEntry{Term{8}, LogId{Term{1}, Index{9}}, 0});
    CHECK(damaged.answered(2)->second == Ticket{});
    // Behind it, an older leader's entry comes too late.
    damaged.hear(3, raft::AppendRequest{Term{7}, damaged.node.disk.back().entry.id(), Index{1}, 1,
                        {damaged.next(add(4).body).entry}});
    CHECK(damaged.node.replica->raft().log().last() == Index{3});
}

TEST_CASE("replica repair: an entry that is asked for is read from the disk if need be", "[node]") {
    Damaged damaged(3);
    damaged.node.commit = Index{3};
    damaged.node.start();
    damaged.node.work();
    damaged.node.sends.clear();
    const LogId second = damaged.node.disk[1].entry.id();
    damaged.hear(2, FetchEntry{Term{1}, second, 0});
    CHECK_FALSE(damaged.answered(2));
    REQUIRE(damaged.node.loads.size() == 1);
    // Whatever is damaged in front of it.
    CHECK(damaged.node.loads.front().bytes_max == Load::alone);
    damaged.node.work();
    REQUIRE(damaged.answered(2));
    CHECK(damaged.answered(2)->first.result == FetchResult::have);
    CHECK((*damaged.answered(2)->first.copy == damaged.node.disk[1].entry));
    // What that read finds damaged is not given, and asked for in turn.
    damaged.node.faulty = {Index{3}};
    damaged.hear(2, FetchEntry{Term{1}, damaged.node.disk[2].entry.id(), 0});
    damaged.node.work();
    CHECK(damaged.answered(2)->first.result == FetchResult::faulty);
    CHECK(damaged.asked() == std::vector<LogId>{damaged.node.disk[2].entry.id()});
}

TEST_CASE("replica repair: below a cut a damaged entry is neither hole nor entry", "[node]") {
    Damaged damaged(4);
    ByteVector configuration;
    raft::encode_configuration(damaged.node.config.raft.configuration, configuration);
    const HashedEntry& at = damaged.node.disk[2];
    ByteVector chunk;
    ByteWriter(chunk).u64(1 + 2 + 3);
    damaged.node.cuts[at.entry.id()] = {{.id = at.entry.id(),
                                            .entry_hash = at.hash,
                                            .configuration = configuration,
                                            .chunks = {sha256(chunk)},
                                            .bytes = chunk.size()},
        {chunk}};
    damaged.node.faulty = {Index{2}};
    damaged.node.start();
    damaged.node.work();
    REQUIRE(damaged.node.halted.empty());
    CHECK(damaged.node.replica->raft().commit() == Index{3});
    CHECK(damaged.node.replica->raft().log().holes().empty());
    CHECK(damaged.node.replica->raft().log().find(Index{2}) == nullptr);
    CHECK(damaged.node.replica->raft().log().find(Index{4}) != nullptr);
    // It is damaged nevertheless: nobody gets it from here before it is mended.
    damaged.node.sends.clear();
    damaged.hear(3, FetchEntry{Term{1}, damaged.node.disk[1].entry.id(), 0});
    CHECK(damaged.answered(3)->first.result == FetchResult::faulty);
    damaged.hear_copy(2, 2);
    damaged.node.work();
    CHECK(damaged.node.faulty.empty());
}

TEST_CASE("replica repair: a cut takes the place of what is damaged and gone elsewhere", "[node]") {
    Damaged damaged(5);
    damaged.node.commit = Index{1};
    damaged.node.faulty = {Index{2}, Index{5}};
    damaged.node.start();
    damaged.node.work();
    const LogId second = damaged.node.disk[1].entry.id();
    damaged.hear(2, second, FetchResult::compacted);
    // The leader's log begins behind index 3.
    const HashedEntry third = damaged.node.disk[2];
    ByteVector configuration;
    raft::encode_configuration(damaged.node.config.raft.configuration, configuration);
    ByteVector chunk;
    ByteWriter(chunk).u64(1 + 2 + 3);
    ByteVector control;
    encode_control({.last_cut = Index{3}}, control);
    ByteVector manifest;
    log::encode_manifest({.id = third.entry.id(),
                             .entry_hash = third.hash,
                             .configuration = configuration,
                             .control = control,
                             .chunks = {sha256(chunk)},
                             .bytes = chunk.size()},
        manifest);
    damaged.hear(2, raft::SnapshotOffer{Term{1}, third.entry.id(), {}, {},
                        EntryHandle::make(configuration, {})});
    damaged.node.work();
    damaged.hear(2, CutPart{third.entry.id(), 0, manifest});
    damaged.node.work();
    damaged.hear(2, CutPart{third.entry.id(), 1, chunk});
    damaged.node.work();
    damaged.node.end_turn();
    damaged.node.work();
    REQUIRE(damaged.node.halted.empty());
    CHECK(damaged.node.replica->raft().commit() == Index{3});
    CHECK(damaged.node.replica->applied() == Index{3});
    CHECK(damaged.sum() == 1 + 2 + 3);
    // Nothing of the log was given up, and it goes on behind the cut.
    CHECK(damaged.node.disk.size() == 5);
    CHECK(damaged.node.replica->raft().log().last() == Index{5});
    damaged.hear_copy(2, 5);
    damaged.heartbeat(5);
    damaged.node.work();
    damaged.node.wake();
    damaged.node.work();
    CHECK(damaged.node.replica->applied() == Index{5});
    CHECK(damaged.sum() == 1 + 2 + 3 + 4 + 5);
    const HashedEntry next = damaged.next(add(6).body);
    damaged.hear(2, raft::AppendRequest{Term{1}, damaged.node.disk.back().entry.id(), Index{5}, 1,
                        {next.entry}});
    damaged.node.work();
    CHECK(damaged.node.disk.back() == next);
}

// ---- UNSEALED

TEST_CASE("replica repair: a node in doubt neither follows nor votes, but answers", "[node]") {
    Damaged damaged(2);
    const EntryRef lost = damaged.next(add(3).body).entry;
    damaged.node.unsealed = {lost};
    damaged.node.start();
    CHECK(damaged.asked() == std::vector<LogId>{lost.id()});
    damaged.hear(2, raft::VoteRequest{Term{5}, {Term{1}, Index{2}}, true});
    damaged.hear(2, raft::Heartbeat{Term{5}, Index{2}, 1});
    CHECK(damaged.term() == Term{1});
    CHECK(damaged.node.stores.empty());
    damaged.node.sends.clear();
    damaged.hear(3, FetchEntry{Term{4}, lost.id(), 0});
    REQUIRE(damaged.answered(3));
    CHECK(damaged.answered(3)->first.result == FetchResult::faulty);
    REQUIRE(damaged.node.stores.size() == 1);
    CHECK(damaged.node.stores.front().group->hard_state == HardState{Term{4}, NodeId{}});
    CHECK(damaged.node.stores.front().group->entries.empty());
    damaged.node.work();
    // With a quorum's word it is cut, and the node takes part again.
    damaged.hear(3, lost.id(), FetchResult::never_had);
    CHECK(damaged.node.replica->repair().settled());
    damaged.hear(2, raft::VoteRequest{Term{5}, {Term{1}, Index{2}}, true});
    CHECK(damaged.node.replica->raft().status().vote == NodeId{2});
}

TEST_CASE("replica repair: a copy of what was in doubt is stored and followed", "[node]") {
    Damaged damaged(2);
    const HashedEntry lost = damaged.next(add(3).body);
    damaged.node.unsealed = {lost.entry};
    damaged.node.start();
    damaged.hear(3, FetchedEntry{.term = Term{1}, .entry = lost.entry.id(),
                        .result = FetchResult::have, .cut = {}, .copy = lost.entry});
    damaged.node.work();
    REQUIRE(damaged.node.disk.size() == 3);
    CHECK(damaged.node.disk.back() == lost);
    damaged.heartbeat(3);
    damaged.node.work();
    CHECK(damaged.sum() == 1 + 2 + 3);
}

TEST_CASE("replica repair: in doubt it waits for one timeout at most", "[node]") {
    Damaged damaged(2);
    damaged.node.unsealed = {damaged.next(add(3).body).entry};
    damaged.node.start();
    const Instant end = damaged.node.now + damaged.node.config.raft.election_timeout_min;
    while (!damaged.node.replica->repair().settled()) {
        REQUIRE(damaged.node.wake_at <= end);
        damaged.node.wake();
    }
    CHECK(damaged.node.now == end);
    damaged.win();
    CHECK(damaged.node.role() == raft::Role::leader);
}

TEST_CASE("replica repair: a node alone cuts what is in doubt and leads", "[node]") {
    Damaged damaged(2, 1);
    damaged.node.unsealed = {damaged.next(add(3).body).entry};
    damaged.node.start();
    CHECK(damaged.node.replica->repair().settled());
    while (damaged.node.role() != raft::Role::leader) {
        damaged.node.wake();
        damaged.node.work();
    }
    damaged.node.work();
    CHECK(damaged.node.replica->applied() == Index{3});
    CHECK(damaged.sum() == 1 + 2);
}

}  // namespace ledger::node
