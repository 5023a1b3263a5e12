#include "sim/check/committed_log.h"

#include <catch2/catch.hpp>

#include "log/state/command.h"
#include "log/state/ledger.h"
#include "log/state/outcome.h"
#include "sim/check/exactly_once.h"

namespace ledger::check::test {
namespace {

bool says(const Finding& finding, std::string_view part) {
    return finding && finding->find(part) != std::string::npos;
}

EntryRef append_entry(Index index, std::vector<std::uint64_t> ids, std::uint64_t sequence) {
    state::Append append;
    append.session = SessionId{1};
    append.sequence = Sequence{sequence};
    append.streams = {{"orders", {}}, {"audit", {}}};
    for (std::uint64_t id : ids) {
        state::NewEvent event;
        event.stream = static_cast<std::uint32_t>(id % 2);
        event.id = EventId{0, id};
        event.type = "placed";
        append.events.push_back(event);
    }
    EntryRef entry{.index = index, .term = Term{1}, .kind = EntryKind::command};
    entry.handle = state::encode_command(append);
    entry.bytes = entry.handle->size();
    return entry;
}

EntryRef session_entry() {
    EntryRef entry{.index = Index{1}, .term = Term{1}, .kind = EntryKind::command};
    entry.handle = state::encode_command(state::RegisterSession{});
    entry.bytes = entry.handle->size();
    return entry;
}

// A replica that runs the real state machine and reports to the log under test.
class Replica {
  public:
    Replica(NodeId node, CommittedLog& log) : node_(node), log_(log) {}

    Finding apply(const EntryRef& entry) {
        hash_ = entry_hash(hash_, entry);
        ByteVector outcome;
        ledger_.apply(entry, hash_, outcome);
        return log_.applied(
            node_, entry.index, entry.term, entry.kind, hash_, ledger_.digest(), &entry, outcome);
    }

  private:
    NodeId node_;
    CommittedLog& log_;
    state::Ledger ledger_;
    Digest hash_;
};

ByteVector encoded(const state::Outcome& outcome) {
    ByteVector bytes;
    state::encode_outcome(outcome, bytes);
    return bytes;
}

Digest hash_of(std::uint8_t mark) {
    Digest digest;
    digest.bytes[0] = static_cast<std::byte>(mark);
    return digest;
}

const NodeId n1{1};
const NodeId n2{2};

}  // namespace

TEST_CASE(
    "committed log: replicas that apply the same entries agree and build the order", "[check]") {
    CommittedLog log;
    Replica first(n1, log);
    Replica second(n2, log);
    const std::vector<EntryRef> entries = {
        session_entry(), append_entry(Index{2}, {10, 11}, 1), append_entry(Index{3}, {12}, 2)};
    for (const EntryRef& entry : entries) {
        CHECK(log.wants(entry.index));
        REQUIRE_FALSE(first.apply(entry));
        CHECK_FALSE(log.wants(entry.index));
        REQUIRE_FALSE(second.apply(entry));
    }
    CHECK(log.result() == CheckResult{"agreement", CheckResult::Verdict::ok, 3});
    CHECK(log.length() == 3);
    CHECK(log.index_of(Position{2}) == Index{3});
    CHECK(log.order().event(Position{1}).id == EventId{0, 11});
    CHECK(log.order().name(log.order().event(Position{1}).stream) == "audit");
    CHECK(log.order().event(Position{2}).revision == Revision{1});
    CHECK(log.entry(Index{2}).envelope_digest == entries[1].handle.envelope_digest());
}

TEST_CASE("committed log: a repeated command keeps its one place in the order", "[check]") {
    CommittedLog log;
    Replica replica(n1, log);
    REQUIRE_FALSE(replica.apply(session_entry()));
    REQUIRE_FALSE(replica.apply(append_entry(Index{2}, {10}, 1)));
    EntryRef again = append_entry(Index{3}, {10}, 1);
    CHECK_FALSE(replica.apply(again));
    CHECK(log.length() == 1);
}

TEST_CASE("committed log: disagreement names both nodes, the index and what differs", "[check]") {
    CommittedLog log;
    const EntryRef noop{.index = Index{1}, .term = Term{3}, .kind = EntryKind::noop};
    REQUIRE_FALSE(
        log.applied(n1, Index{1}, Term{3}, EntryKind::noop, hash_of(1), Hash128{}, &noop, {}));
    SECTION("term") {
        const Finding finding =
            log.applied(n2, Index{1}, Term{4}, EntryKind::noop, hash_of(2), Hash128{}, nullptr, {});
        CHECK(says(finding,
            "n2 applied a noop entry of term 4 at index 1, where n1 had applied a "
            "noop entry of term 3"));
    }
    SECTION("hash") {
        const Finding finding =
            log.applied(n2, Index{1}, Term{3}, EntryKind::noop, hash_of(2), Hash128{}, nullptr, {});
        CHECK(says(finding, "n2 applied an entry with hash 02"));
        CHECK(says(finding, "n1 had applied one with hash 01"));
    }
    SECTION("state") {
        Hash128 other;
        other.add(1);
        const Finding finding =
            log.applied(n2, Index{1}, Term{3}, EntryKind::noop, hash_of(1), other, nullptr, {});
        CHECK(says(finding, "n2 and n1 applied the same entry at index 1 but decided differently"));
    }
    SECTION("an earlier life") {
        log.restarted(n1);
        const Finding finding =
            log.applied(n1, Index{1}, Term{3}, EntryKind::noop, hash_of(2), Hash128{}, nullptr, {});
        CHECK(says(finding, "n1 in an earlier life"));
    }
    CHECK(log.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE("committed log: indexes are applied one after the other, again from 1 after a restart",
    "[check]") {
    CommittedLog log;
    const auto apply = [&log](NodeId node, std::uint64_t index) {
        const EntryRef noop{.index = Index{index}, .term = Term{1}, .kind = EntryKind::noop};
        return log.applied(
            node, Index{index}, Term{1}, EntryKind::noop, hash_of(1), Hash128{}, &noop, {});
    };
    REQUIRE_FALSE(apply(n1, 1));
    REQUIRE_FALSE(apply(n1, 2));
    CHECK(log.applied_by(n1) == Index{2});
    SECTION("a gap") {
        CHECK(says(apply(n2, 2), "n2 applied index 2 after index 0: it skipped"));
    }
    SECTION("back without a restart") {
        CHECK(says(apply(n1, 1), "n1 applied index 1 after index 2: it went back"));
    }
    SECTION("a restart") {
        log.restarted(n1);
        CHECK_FALSE(apply(n1, 1));
        CHECK_FALSE(apply(n1, 2));
        CHECK(log.result().examined == 2);
    }
}

TEST_CASE("committed log: replicated clocks never go back", "[check]") {
    CommittedLog log;
    Replica first(NodeId{1}, log);
    EntryRef one = session_entry();
    one.cluster_time = {500};
    one.wall_time = {900};
    REQUIRE_FALSE(first.apply(one));
    EntryRef two = append_entry(Index{2}, {7}, 1);
    two.cluster_time = {500};
    two.wall_time = {900};
    CHECK_FALSE(first.apply(two));
    EntryRef three = append_entry(Index{3}, {8}, 2);
    three.cluster_time = {499};
    three.wall_time = {901};
    CHECK(says(first.apply(three), "n1 applied index 3 whose cluster time lies before"));
}

TEST_CASE("committed log: positions and revisions are dense", "[check]") {
    CommittedLog log;
    const EntryRef entry = append_entry(Index{1}, {2, 4}, 1);
    const auto claim = [&](state::Appended appended) {
        return log.applied(n1, Index{1}, Term{1}, EntryKind::command, hash_of(1), Hash128{}, &entry,
            encoded(appended));
    };
    SECTION("a gap in positions") {
        CHECK(says(
            claim({.first = Position{1}, .events = 2, .revisions = {Revision{0}, Revision{1}}}),
            "n1 gave the append at index 1 position 1, but the ledger had 0 events"));
    }
    SECTION("a gap in revisions") {
        const Finding finding =
            claim({.first = Position{0}, .events = 2, .revisions = {Revision{0}, Revision{2}}});
        CHECK(says(finding, "n1 gave event 4 at index 1 revision 2 of stream orders"));
    }
    SECTION("another number of events") {
        CHECK(says(claim({.first = Position{0}, .events = 1, .revisions = {Revision{0}}}),
            "n1 answered the append of 2 events at index 1 with 1 position"));
    }
    SECTION("no outcome at all") {
        CHECK(says(log.applied(n1, Index{1}, Term{1}, EntryKind::command, hash_of(1), Hash128{},
                       &entry, {}),
            "no readable outcome"));
    }
}

TEST_CASE("committed log: a command applied twice is for exactly-once to find", "[check]") {
    CommittedLog log;
    ExactlyOnce once(log.order());
    Operation op;
    op.id = OperationId{1};
    op.client = ClientId{5};
    op.session = SessionId{1};
    op.sequence = Sequence{1};
    op.call = AppendCall{{{"orders", {}}, {"audit", {}}}, {{0, EventId{0, 2}}}, {}};
    once.called(op);
    for (std::uint64_t i = 1; i <= 2; ++i) {
        const EntryRef entry = append_entry(Index{i}, {2}, 1);
        const state::Appended twice{
            .first = Position{i - 1}, .events = 1, .revisions = {Revision{i - 1}}};
        CHECK_FALSE(log.applied(n1, Index{i}, Term{1}, EntryKind::command, hash_of(1), Hash128{},
            &entry, encoded(twice)));
    }
    CHECK(says(once.advance(), "the append of client 5 (session 1, sequence 1) took effect twice"));
}

}  // namespace ledger::check::test
