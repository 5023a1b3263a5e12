#include "node/snapshotter.h"

#include <catch2/catch.hpp>

#include "tests/node/counter_machine.h"
#include "tests/node/harness.h"

namespace ledger::node {
namespace {

std::uint64_t number_in(const ByteVector& bytes) {
    return ByteReader(bytes).u64();
}

std::uint64_t count_of(const TestNode& node, EntryKind kind) {
    std::uint64_t count = 0;
    for (const HashedEntry& entry : node.disk) {
        count += entry.entry.index > Index{} && entry.entry.kind == kind ? 1u : 0u;
    }
    return count;
}

// A cluster of one that leads, and cuts its state after every few entries.
struct Cutter {
    CounterMachine machine;
    TestNode node{NodeId{1}, 1, machine};
    std::uint64_t requests = 0;

    explicit Cutter(std::uint64_t cut_entries, std::uint64_t retain_entries = 0) {
        node.config.limits.cut_entries = cut_entries;
        node.config.limits.retain_entries = retain_entries;
        node.config.limits.kept_entries_min = 0;
        node.config.limits.kept_entries_max = 0;
        node.config.limits.discard_entries = 1;
        node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
        node.start();
        lead(node);
    }
    static void lead(TestNode& node) {
        while (node.role() != raft::Role::leader && node.halted.empty()) {
            node.wake();
            node.work();
        }
        node.work();
    }
    void add_one(std::uint64_t value) {
        node.ask(++requests, add(value));
        node.work();
    }
};

}  // namespace

TEST_CASE("snapshotter: a leader cuts after so many entries, and the root is agreed", "[node]") {
    Cutter cutter(4);
    for (std::uint64_t value = 1; value <= 3; ++value) {
        cutter.add_one(value);
    }
    REQUIRE(cutter.node.cuts.size() == 1);
    const log::CutManifest& cut = cutter.node.cuts.begin()->second.manifest;
    CHECK(cut.id.index == Index{5});
    CHECK(cut.entry_hash == cutter.node.disk[4].hash);
    CHECK(cut.chunks.size() == 1);
    CHECK(count_of(cutter.node, EntryKind::cut) == 1);
    REQUIRE(count_of(cutter.node, EntryKind::cut_root) == 1);
    const AgreedCut* agreed = cutter.node.replica->snapshots().control().find(Index{5});
    REQUIRE(agreed != nullptr);
    CHECK(agreed->root == cut.root());
    CHECK(cutter.node.replica->snapshots().verified() == Index{5});
}

TEST_CASE("snapshotter: without a limit nothing is cut", "[node]") {
    Cutter cutter(0);
    for (std::uint64_t value = 1; value <= 30; ++value) {
        cutter.add_one(value);
    }
    CHECK(cutter.node.cuts.empty());
    CHECK(count_of(cutter.node, EntryKind::cut) == 0);
}

TEST_CASE("snapshotter: a node begins its next life with its newest cut", "[node]") {
    Cutter cutter(4);
    for (std::uint64_t value = 1; value <= 20; ++value) {
        cutter.add_one(value);
    }
    const Index applied = cutter.node.replica->applied();
    const Index newest = cutter.node.cuts.rbegin()->first.index;
    cutter.node.commit = Index{1};  // what the disk knew to be committed is older than the cut
    CounterMachine fresh;
    cutter.node.restart(fresh);
    CHECK(cutter.node.replica->snapshots().restoring());
    CHECK(cutter.node.replica->raft().commit() == newest);
    Cutter::lead(cutter.node);
    CHECK(cutter.node.halted.empty());
    CHECK(cutter.node.replica->applied() > applied);
    cutter.add_one(100);
    const auto* answer = outcome_of<Applied>(cutter.node, cutter.requests);
    REQUIRE(answer != nullptr);
    CHECK(number_in(answer->outcome) == 310);
}

TEST_CASE("snapshotter: a cut that cannot be read is passed over if the log has everything",
    "[node]") {
    Cutter cutter(4);
    for (std::uint64_t value = 1; value <= 9; ++value) {
        cutter.add_one(value);
    }
    REQUIRE_FALSE(cutter.node.cuts.empty());
    cutter.node.damaged = cutter.node.cuts.rbegin()->first;
    CounterMachine fresh;
    cutter.node.restart(fresh);
    Cutter::lead(cutter.node);
    CHECK(cutter.node.halted.empty());
    cutter.add_one(0);
    const auto* answer = outcome_of<Applied>(cutter.node, cutter.requests);
    REQUIRE(answer != nullptr);
    CHECK(number_in(answer->outcome) == 45);
}

namespace {

// Its cuts have a second part, the past, without which it adds, but not 777, and answers nothing.
class Historian final : public CounterMachine {
  public:
    bool next_chunk(std::uint64_t bytes_max, ByteVector& out) override {
        if (given_ == 0 && CounterMachine::next_chunk(bytes_max, out)) {
            given_ = 1;
            return true;
        }
        if (given_ == 1) {
            out.resize(8);
            given_ = 2;
            return true;
        }
        given_ = 0;
        return false;
    }
    void begin_restore() override {
        CounterMachine::begin_restore();
        parts_ = 0;
        to_settle_ = 3;
    }
    void abandon_restore() override {
        CounterMachine::abandon_restore();
        to_settle_ = 0;
    }
    Result<void> restore_chunk(ByteSpan chunk) override {
        return parts_++ == 0 ? CounterMachine::restore_chunk(chunk) : Result<void>();
    }
    bool has_front() const override { return parts_ == 1; }
    bool needs_past(const EntryRef& entry) const override {
        return to_settle_ > 0 && entry.kind == EntryKind::command &&
               ByteReader(entry.handle.envelope()).u64() == 777;
    }
    bool settle() override { return to_settle_ > 0 && --to_settle_ > 0; }
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        REQUIRE_FALSE(needs_past(entry.entry));
        CounterMachine::apply(entry, outcome);
    }
    Result<QueryPlan> query(ByteSpan question) const override {
        REQUIRE(to_settle_ == 0);
        return CounterMachine::query(question);
    }

  private:
    std::uint32_t given_ = 0;
    std::uint32_t parts_ = 0;
    std::uint32_t to_settle_ = 0;
};

// A node alone, whose cuts have a past, at the beginning of its next life.
struct Returning {
    Historian machine;
    Historian fresh;
    TestNode node{NodeId{1}, 1, machine};
    std::uint64_t requests = 0;

    Returning() {
        node.config.limits.cut_entries = 4;
        node.replica = std::make_unique<Replica>(node.config, machine, node.choices);
        node.start();
        Cutter::lead(node);
        for (std::uint64_t value = 1; value <= 20; ++value) {
            node.ask(++requests, add(value));
            node.work();
        }
        REQUIRE_FALSE(node.cuts.empty());
        node.restart(fresh);
        REQUIRE(node.replica->snapshots().restoring());
        node.finish_chunk_load();
        while (node.role() != raft::Role::leader && node.halted.empty()) {
            node.wake();
            work_on_log();
        }
        REQUIRE_FALSE(node.replica->snapshots().restoring());
        REQUIRE(node.replica->snapshots().lacks_past());
    }
    // Runs the disk, but reads no part of a cut.
    void work_on_log() {
        while (!node.stores.empty() || !node.loads.empty() || !node.cut_work.empty()) {
            if (!node.stores.empty()) {
                node.finish_store();
            } else if (!node.loads.empty()) {
                node.finish_load();
            } else {
                node.finish_cut_work();
            }
        }
    }
    std::optional<std::uint64_t> sum(std::uint64_t request) const {
        if (const auto* applied = outcome_of<Applied>(node, request)) {
            return number_in(applied->outcome);
        }
        const auto* answered = outcome_of<Answered>(node, request);
        return answered == nullptr ? std::nullopt : std::optional(number_in(answered->answer));
    }
    void work_until_quiet() {
        node.work();
        while (node.wake_at <= node.now && node.halted.empty()) {
            node.wake();
            node.work();
        }
    }
};

}  // namespace

TEST_CASE("snapshotter: a node goes on before its past has come", "[node]") {
    Returning returning;
    TestNode& node = returning.node;
    node.ask(101, add(5));
    returning.work_on_log();
    CHECK(returning.sum(101) == 215);
    // What needs the past waits for it, and what follows that.
    node.ask(102, Query{});
    node.ask(103, add(777));
    node.ask(104, add(1));
    returning.work_on_log();
    CHECK_FALSE(returning.sum(102));
    CHECK_FALSE(returning.sum(103));
    CHECK_FALSE(returning.sum(104));
    returning.work_until_quiet();
    CHECK_FALSE(node.replica->snapshots().lacks_past());
    CHECK(returning.sum(102).value_or(0) >= 215);
    CHECK(returning.sum(103) == 992);
    CHECK(returning.sum(104) == 993);
    CHECK(node.halted.empty());
}

TEST_CASE("snapshotter: while its past is coming a node makes no cut and drops none", "[node]") {
    Returning returning;
    TestNode& node = returning.node;
    const std::size_t cuts = node.cuts.size();
    for (std::uint64_t value = 0; value < 20; ++value) {
        node.ask(200 + value, add(1));
        returning.work_on_log();
    }
    CHECK(node.cuts.size() == cuts);
    returning.work_until_quiet();
    for (std::uint64_t value = 0; value < 10; ++value) {
        node.ask(300 + value, add(1));
        returning.work_until_quiet();
    }
    CHECK(node.cuts.rbegin()->first.index > node.replica->applied() - 8);
    CHECK(returning.sum(309) == 240);
}

TEST_CASE("snapshotter: a past that cannot be read leads back to where the log begins", "[node]") {
    Returning returning;
    TestNode& node = returning.node;
    node.rotten.insert({node.cuts.rbegin()->first, 1});
    node.ask(101, add(5));
    returning.work_on_log();
    CHECK(returning.sum(101) == 215);
    const Index applied = node.replica->applied();
    while (!node.chunk_loads.empty()) {
        node.finish_chunk_load();
    }
    returning.work_until_quiet();
    CHECK(node.halted.empty());
    CHECK_FALSE(node.replica->snapshots().lacks_past());
    CHECK(node.replica->applied() >= applied);
    node.ask(102, add(777));
    returning.work_until_quiet();
    CHECK(returning.sum(102) == 992);
}

TEST_CASE("snapshotter: a log that begins behind every cut stops the node, in words", "[node]") {
    Cutter cutter(4, 1);
    for (std::uint64_t value = 1; value <= 20; ++value) {
        cutter.add_one(value);
    }
    REQUIRE(cutter.node.first > Index{1});
    cutter.node.commit = cutter.node.replica->applied();
    SECTION("no cut is there") {
        cutter.node.cuts.clear();
    }
    SECTION("the only one cannot be read") {
        cutter.node.damaged = cutter.node.cuts.rbegin()->first;
        REQUIRE(cutter.node.cuts.size() == 1);
    }
    CounterMachine fresh;
    cutter.node.restart(fresh);
    cutter.node.work();
    CHECK(cutter.node.halted.find("no intact cut") != std::string::npos);
}

TEST_CASE("snapshotter: a state that differs from the agreed one stops the node", "[node]") {
    Cutter cutter(4);
    for (std::uint64_t value = 1; value <= 3; ++value) {
        cutter.add_one(value);
    }
    // The same log, but another value in the first command: the state that comes of it differs.
    std::vector<HashedEntry> log = cutter.node.disk;
    log[1].entry.handle = add(77).body;
    Digest hash;
    for (HashedEntry& entry : log) {
        entry.hash = hash = entry_hash(hash, entry.entry);
    }
    cutter.node.disk = log;
    cutter.node.cuts.clear();
    CounterMachine fresh;
    cutter.node.restart(fresh);
    Cutter::lead(cutter.node);
    CHECK(cutter.node.halted.find("not what the cluster agreed upon") != std::string::npos);
}

TEST_CASE("snapshotter: what is older than an agreed cut goes when it is no longer wanted",
    "[node]") {
    Cutter cutter(4, 6);
    for (std::uint64_t value = 1; value <= 40; ++value) {
        cutter.add_one(value);
    }
    const Snapshotter& snapshots = cutter.node.replica->snapshots();
    CHECK(snapshots.control().retained > Index{0});
    CHECK(snapshots.control().retained + 6 <= cutter.node.replica->applied());
    CHECK(cutter.node.first == snapshots.control().retained.next());
    CHECK(cutter.node.cuts.begin()->first.index >= snapshots.control().retained);
    CHECK(cutter.node.cuts.size() == 1);
    cutter.node.commit = cutter.node.first.previous();
    CounterMachine fresh;
    cutter.node.restart(fresh);
    Cutter::lead(cutter.node);
    cutter.add_one(0);
    CHECK(number_in(outcome_of<Applied>(cutter.node, cutter.requests)->outcome) == 820);
}

TEST_CASE("snapshotter: parts that nobody asked for, or that are wrong, change nothing", "[node]") {
    Cutter cutter(4);
    cutter.add_one(1);
    PeerMessage message{.cluster = cutter.node.config.cluster,
        .group = cutter.node.config.group,
        .from = NodeId{2},
        .to = NodeId{1}};
    const Index applied = cutter.node.replica->applied();
    message.body = CutPart{{Term{9}, Index{1000}}, 0, ByteVector(100)};
    cutter.node.step(Message{message});
    message.body = CutPart{{Term{9}, Index{1000}}, UINT32_MAX, {}};
    cutter.node.step(Message{message});
    message.body = CutRequest{{Term{9}, Index{1000}}, 0};
    cutter.node.step(Message{message});
    message.body = CutRequest{{Term{1}, Index{5}}, UINT32_MAX};
    cutter.node.step(Message{message});
    cutter.node.work();
    CHECK(cutter.node.halted.empty());
    CHECK(cutter.node.replica->applied() == applied);
    CHECK(cutter.node.cuts.empty());
}

}  // namespace ledger::node
