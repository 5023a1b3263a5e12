// Replica: what the state wants destroyed goes from memory at once and from the disk soon.
#include <catch2/catch.hpp>

#include "node/ledger_machine.h"
#include "node/replica.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

state::Limits limits() {
    return {.knows_redact = true};
}

Command append_of(std::initializer_list<const char*> payloads) {
    state::Append append;
    append.streams.push_back({"s", {}});
    for (const char* payload : payloads) {
        state::NewEvent event;
        const ByteSpan bytes = as_bytes(payload);
        event.payload.assign(bytes.begin(), bytes.end());
        append.events.push_back(std::move(event));
    }
    return {state::encode_command(append)};
}

Command redact_of(std::initializer_list<std::uint64_t> positions) {
    state::Redact redact;
    for (const std::uint64_t position : positions) {
        redact.positions.push_back(Position{position});
    }
    return {state::encode_command(state::Command{redact})};
}

// Node 1; the log begins with a no-op (1) and an append of three events (2).
struct Alone {
    LedgerMachine machine{limits()};
    LedgerMachine fresh{limits()};
    TestNode node;

    explicit Alone(std::uint64_t cached = 4096) : node(NodeId{1}, 1, machine) {
        node.config.limits.entry_cache_entries = cached;
        node.config.limits.seal_delay = seconds(1000);
        node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
        node.start();
        lead();
        node.ask(1, append_of({"first", "second", "third"}));
        node.work();
        REQUIRE(outcome_of<Applied>(node, 1)->index == Index{2});
    }
    void lead() {
        while (node.role() != raft::Role::leader) {
            node.wake();
            node.work();
        }
        node.work();
        node.groups.clear();
    }
    // Until nothing is left to be erased.
    void wait() {
        while (!node.replica->eraser().idle()) {
            node.wake();
            node.work();
        }
    }
    // Starts again with everything committed on its disk, and has applied it.
    void restart() {
        node.commit = Index{node.disk.size()};
        node.restart(fresh);
        lead();
    }
    std::vector<std::string> read(std::uint64_t request) {
        ByteVector question;
        state::encode_query(
            state::ReadAll{Position{0}, state::Direction::forward, 10}, question);
        node.ask(request, Query{question, ReadLevel::applied});
        node.work();
        const auto* answered = outcome_of<Answered>(node, request);
        REQUIRE(answered != nullptr);
        const auto answer = state::decode_answer(answered->answer);
        REQUIRE(answer.has_value());
        std::vector<std::string> payloads;
        for (const state::RecordedEvent& event : answer->events) {
            payloads.emplace_back(event.erased ? "(erased)" : as_text(event.payload));
        }
        return payloads;
    }
    EntryHandle in_memory(std::uint64_t index) const {
        const EntryRef* entry = node.replica->raft().log().find(Index{index});
        return entry != nullptr ? entry->handle : EntryHandle{};
    }
    EntryHandle on_disk(std::uint64_t index) const { return node.disk[index - 1].entry.handle; }
    std::size_t groups_that_erase() const {
        return static_cast<std::size_t>(std::count_if(node.groups.begin(), node.groups.end(),
            [](const log::Group& group) { return !group.erasures.empty(); }));
    }
};

using Payloads = std::vector<std::string>;

}  // namespace

TEST_CASE("replica erasure: memory and answers at once, the disk after the delay", "[node]") {
    Alone alone;
    alone.node.ask(2, redact_of({1}));
    alone.node.work();
    REQUIRE(outcome_of<Applied>(alone.node, 2) != nullptr);
    CHECK(alone.in_memory(2).erasure() == Erasure::part);
    CHECK(alone.read(3) == Payloads{"first", "(erased)", "third"});
    CHECK(alone.on_disk(2).erasure() == Erasure::none);
    const Instant applied_at = alone.node.now;
    alone.wait();
    CHECK(alone.node.now == applied_at + Limits{}.erase_delay);
    CHECK(alone.on_disk(2).erasure() == Erasure::part);
    CHECK(alone.groups_that_erase() == 1);
    CHECK(alone.read(4) == Payloads{"first", "(erased)", "third"});
}

TEST_CASE("replica erasure: redactions of one entry are one group", "[node]") {
    Alone alone;
    alone.node.ask(2, redact_of({1}));
    alone.node.work();
    alone.node.ask(3, redact_of({0, 2}));
    alone.node.work();
    CHECK(alone.in_memory(2).is_erased());
    alone.wait();
    CHECK(alone.on_disk(2).is_erased());
    CHECK(alone.groups_that_erase() == 1);
    CHECK(alone.read(4) == Payloads{"(erased)", "(erased)", "(erased)"});
}

TEST_CASE("replica erasure: entries that are not in memory are read first", "[node]") {
    Alone alone(0);
    alone.node.ask(2, redact_of({0}));
    alone.node.work();
    CHECK_FALSE(bool(alone.in_memory(2)));
    CHECK(alone.read(3) == Payloads{"(erased)", "second", "third"});  // read from the disk as it is
    CHECK(alone.on_disk(2).erasure() == Erasure::none);
    alone.wait();
    CHECK(alone.on_disk(2).erasure() == Erasure::part);
}

TEST_CASE("replica erasure: what a crash broke off is done in the next life", "[node]") {
    Alone alone(0);
    alone.node.ask(2, redact_of({0}));
    alone.node.work();
    const bool before_crash = GENERATE(false, true);
    if (before_crash) {
        alone.wait();
    }
    alone.restart();
    CHECK(alone.read(3) == Payloads{"(erased)", "second", "third"});
    alone.wait();
    CHECK(alone.on_disk(2).erasure() == Erasure::part);
    // What has that form already is not written again.
    CHECK(alone.groups_that_erase() == (before_crash ? 0 : 1));
}

TEST_CASE("replica erasure: a copy that knows nothing of the redaction is stored without", "[node]") {
    Alone alone(0);
    alone.node.ask(2, redact_of({0}));
    alone.node.work();
    const EntryRef whole = alone.node.disk[1].entry;
    alone.node.faulty.insert(Index{2});
    for (const NodeId other : {NodeId{2}, NodeId{3}}) {
        alone.node.config.raft.configuration.voters.insert(other);
    }
    alone.node.faulty_is_known = false;
    alone.node.commit = Index{alone.node.disk.size()};
    alone.node.faulty.clear();
    alone.node.restart(alone.fresh);
    alone.node.work();
    REQUIRE(alone.node.replica->applied() == Index{3});
    alone.node.faulty.insert(Index{2});
    while (alone.node.replica->repair().damaged() == 0) {
        alone.node.wake();
        alone.node.work();
    }
    PeerMessage message;
    message.cluster = alone.node.config.cluster;
    message.group = alone.node.config.group;
    message.from = NodeId{2};
    message.to = NodeId{1};
    message.body.emplace<FetchedEntry>(
        FetchedEntry{.term = alone.node.replica->raft().status().term, .entry = whole.id(),
            .result = FetchResult::have, .cut = {}, .copy = whole});
    alone.node.step(Message{std::move(message)});
    alone.node.work();
    CHECK(alone.on_disk(2).erasure() == Erasure::part);
}

TEST_CASE("replica erasure: the leader of an older cluster refuses to redact", "[node]") {
    LedgerMachine machine;
    TestNode node(NodeId{1}, 1, machine);
    node.start();
    while (node.role() != raft::Role::leader) {
        node.wake();
        node.work();
    }
    node.work();
    node.ask(1, redact_of({0}));
    const auto* refused = outcome_of<Refused>(node, 1);
    REQUIRE(refused != nullptr);
    CHECK(refused->reason.find("needs feature version 3 in force") != std::string::npos);
}

}  // namespace ledger::node
