#include <catch2/catch.hpp>

#include "log/state/ledger.h"
#include "tests/log/state/allocations.h"
#include "tests/log/state/examples.h"
#include "tests/log/state/relay.h"

namespace ledger::state {
namespace {

Append to_stream(const std::string& stream, std::uint32_t events = 1) {
    Append append;
    append.streams = {{stream, {}}};
    append.events.assign(events, event_in(0, "payload"));
    return append;
}

std::string refusal(const Ledger& ledger, const Query& query) {
    const Result<Located> located = ledger.locate(query);
    return located ? "" : located.error().code.message() + ": " + located.error().place;
}

TEST_CASE("ledger cut: while it is restored, a ledger answers no query", "[state]") {
    Feed feed;
    feed(to_stream("a"));
    const Chunks chunks = chunks_of(feed.ledger, 100);
    feed.ledger.begin_restore();
    CHECK(refusal(feed.ledger, ReadAll{}) == "being restored: this node's state; ask again");
    CHECK(feed.ledger.length() == Position{});
    REQUIRE(feed.ledger.restore_chunk(chunks[0]).has_value());
    // Half of it, then from the beginning.
    REQUIRE(restore(feed.ledger, chunks).has_value());
    CHECK(refusal(feed.ledger, ReadAll{}).empty());
    CHECK(feed.ledger.length() == Position{1});
}

TEST_CASE("ledger cut: entries are applied before the past has come, and stand behind it", "[state]") {
    Feed feed;
    feed.learn_redact();
    const SessionId session = feed.open();
    for (std::uint32_t i = 0; i < 40; ++i) {
        feed(to_stream("s" + std::to_string(i % 7), 1 + i % 3));
    }
    Append said = to_stream("s1");
    said.session = session;
    said.sequence = Sequence{1};
    feed(said);
    const Chunks chunks = chunks_of(feed.ledger, 32);

    Ledger late;
    ByteVector outcome;
    late.begin_restore();
    std::size_t taken = 0;
    while (!late.may_apply()) {
        REQUIRE(taken < chunks.size());
        REQUIRE(late.restore_chunk(chunks[taken++]).has_value());
    }
    CHECK(taken + 3 < chunks.size());
    CHECK(late.length() == feed.ledger.length());
    CHECK(late.digest() == feed.ledger.digest());
    CHECK_FALSE(late.is_whole());
    const auto both = [&](const EntryHandle& body) {
        const EntryRef entry = entry_with(feed.log.size() + 1, body);
        CHECK_FALSE(late.needs_past(entry));
        const ByteVector wanted = feed.bytes_of(entry);
        outcome.clear();
        late.apply(entry, feed.chain, outcome);
        CHECK(outcome == wanted);
        CHECK(late.digest() == feed.ledger.digest());
    };
    Append exact = to_stream("s2", 2);
    exact.streams[0].expected = {Expected::Kind::exact, Revision{0}};
    both(encode_command(exact));  // a conflict, with the actual revision
    both(encode_command(to_stream("s2", 2)));
    both(encode_command(to_stream("new", 3)));
    both(encode_command(to_stream("new", 1)));
    // What names events of the past waits for it.
    CHECK(late.needs_past(entry_with(1, encode_command(said))));
    CHECK(late.needs_past(entry_with(1, encode_command(Redact{.session = session,
                                            .sequence = Sequence{2},
                                            .acknowledged_through = {},
                                            .positions = {Position{2}}}))));
    CHECK(refusal(late, ReadAll{}) == "being restored: this node's state; ask again");
    while (taken < chunks.size()) {
        REQUIRE(late.restore_chunk(chunks[taken++]).has_value());
    }
    REQUIRE(late.end_restore().has_value());
    while (late.settle()) {
    }
    CHECK(late.is_whole());
    CHECK(late.length() == feed.ledger.length());
    CHECK_FALSE(late.needs_past(entry_with(1, encode_command(said))));
    for (const Query& query : {Query{ReadAll{{}, Direction::forward, 999}},
             Query{ReadStream{"s2", {}, Direction::forward, 999}},
             Query{ReadStream{"new", Revision{9}, Direction::backward, 999}},
             Query{Follow{Position{3}, "s1", 999, 999}}}) {
        const auto wanted = feed.ledger.locate(query);
        const auto found = late.locate(query);
        REQUIRE((wanted && found));
        CHECK(bool(*found == *wanted));
    }
    CHECK(bool(chunks_of(late, 32) == chunks_of(feed.ledger, 32)));
}

TEST_CASE("ledger cut: a past that gives a stream other events than it has is refused", "[state]") {
    Feed feed;
    feed.learn_redact();
    feed(to_stream("a"));
    feed(to_stream("b"));
    Chunks chunks = chunks_of(feed.ledger, 1000);
    REQUIRE(chunks.size() == 3);
    chunks[2].back() = std::byte{0};  // the second event is of the first stream, too
    Ledger ledger;
    ledger.begin_restore();
    REQUIRE(ledger.restore_chunk(chunks[0]).has_value());
    REQUIRE(ledger.restore_chunk(chunks[1]).has_value());
    REQUIRE(ledger.may_apply());
    const auto taken = ledger.restore_chunk(chunks[2]);
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().place == "cut, table entries, record 1: wrong stream");
}

TEST_CASE("ledger cut: what a restored state replaces is freed entry by entry", "[state]") {
    Feed empty;
    const Chunks chunks = chunks_of(empty.ledger, 100);
    const std::uint64_t before = bytes_held();
    auto ledger = std::make_unique<Ledger>();
    ByteVector outcome;
    for (std::uint64_t index = 1; index <= 3000; ++index) {
        outcome.clear();
        ledger->apply(entry_with(index, index % 2 == 0
                                            ? encode_command(RegisterSession{})
                                            : encode_command(to_stream(std::to_string(index)))),
            {}, outcome);
    }
    const std::uint64_t full = bytes_held() - before;
    ledger->freeze();
    REQUIRE(restore(*ledger, chunks).has_value());
    EntryRef noop = entry_with(1, {});
    noop.kind = EntryKind::noop;
    for (std::uint64_t index = 1; index <= 100; ++index) {
        noop.index = Index{index};
        ledger->apply(noop, {}, outcome);
    }
    CHECK(bytes_held() - before < full / 2);
}

TEST_CASE("ledger cut: reads below the retained point are refused by name", "[state]") {
    Feed feed;
    feed(to_stream("a", 2));  // positions 0, 1
    feed(to_stream("b", 1));  // 2
    feed(to_stream("a", 2));  // 3, 4
    feed(to_stream("c", 1));  // 5
    feed.ledger.retain(Index{2});
    const Ledger& ledger = feed.ledger;
    CHECK(ledger.retained() == Position{3});
    const std::string all = "expired: the ledger begins at position 3";
    CHECK(refusal(ledger, ReadAll{Position{0}, Direction::forward, 9}) == all);
    CHECK(refusal(ledger, ReadAll{Position{2}, Direction::backward, 9}) == all);
    CHECK(refusal(ledger, Follow{Position{2}, "", 9, 9}) == all);
    CHECK(refusal(ledger, Follow{Position{2}, "a", 9, 9}) == all);
    CHECK(refusal(ledger, ReadStream{"a", Revision{1}, Direction::forward, 9}) ==
          "expired: the stream begins at revision 2");
    CHECK(refusal(ledger, ReadStream{"b", Revision{0}, Direction::forward, 9}) ==
          "expired: the stream begins at revision 1");
    CHECK(refusal(ledger, ReadStream{"b", Revision{0}, Direction::backward, 9}) ==
          "expired: the stream begins at revision 1");
    // What has lost nothing is read as ever.
    CHECK(feed.read(ReadStream{"c", {}, Direction::forward, 9}).events.size() == 1);
    CHECK(feed.read(Follow{Position{0}, "c", 9, 9}).events.size() == 1);
    CHECK(feed.read(Follow{Position{0}, "nobody", 9, 9}).events.empty());
    CHECK(feed.read(Follow{Position{3}, "b", 9, 9}).events.empty());
    CHECK(feed.read(ReadStream{"b", Revision{1}, Direction::forward, 9}).end);
    // Backward, a page ends at the retained point, and says that there was more.
    const Answer back = feed.read(ReadAll{Position{9}, Direction::backward, 9});
    CHECK(back.events.size() == 3);
    CHECK_FALSE(back.end);
    CHECK(feed.read(ReadAll{Position{9}, Direction::backward, 3}).events.size() == 3);
}

TEST_CASE("ledger cut: a stream whose events are gone keeps its length", "[state]") {
    Feed feed;
    feed(to_stream("a", 2));
    feed.ledger.retain(Index{1});
    CHECK(feed.ledger.retained() == Position{2});
    CHECK(feed.ledger.length() == Position{2});
    Append next = to_stream("a");
    next.streams[0].expected = {Expected::Kind::exact, Revision{1}};
    const Outcome outcome = feed(next);
    REQUIRE(std::get_if<Appended>(&outcome) != nullptr);
    CHECK(std::get_if<Appended>(&outcome)->revisions[0] == Revision{2});
    // An older point changes nothing.
    feed.ledger.retain(Index{0});
    CHECK(feed.ledger.retained() == Position{2});
}

// A ledger with so many events in each of so many streams, one stream after the other.
struct Filled {
    explicit Filled(std::uint64_t streams) {
        for (std::uint64_t i = 0; i < streams * 8; ++i) {
            apply(encode_command(to_stream("stream-" + std::to_string(i % streams), 4)));
        }
    }
    void apply(EntryHandle body) {
        outcome.clear();
        const Index index = ledger.applied().next();
        ledger.apply(entry_with(index.value, std::move(body)), {}, outcome);
    }

    Ledger ledger;
    ByteVector outcome;
};

TEST_CASE("ledger cut: what is retained no more gives its memory back, bit by bit", "[state]") {
    Filled filled(2000);
    Ledger& ledger = filled.ledger;
    const Index last = ledger.applied();
    const std::uint64_t full = bytes_held();
    const std::uint64_t calls = allocations();
    ledger.retain(last);
    CHECK(bytes_held() == full);
    CHECK(allocations() - calls <= 1);
    for (std::uint64_t i = 0; i < 100; ++i) {
        filled.apply(encode_command(to_stream("stream-0")));
    }
    // 2000 streams of 32 events each: 12 bytes by position, 8 by stream, 16 per entry.
    CHECK(full - bytes_held() > 64'000 * (12 + 8) * 9 / 10);
    CHECK(refusal(ledger, ReadStream{"stream-7", Revision{31}, Direction::forward, 1}) ==
          "expired: the stream begins at revision 32");
}

TEST_CASE("ledger cut: nothing that is frozen is dropped", "[state]") {
    Filled filled(300);
    Ledger& ledger = filled.ledger;
    const Chunks wanted = chunks_of(ledger, 1000);
    ledger.freeze();
    ledger.retain(ledger.applied());
    Chunks chunks(1);
    while (ledger.next_chunk(1000, chunks.back())) {
        chunks.emplace_back();
        filled.apply(encode_command(to_stream("stream-0")));
    }
    chunks.pop_back();
    CHECK(bool(chunks == wanted));
    ledger.thaw();
    // The retained point is part of the state, however much was freed so far.
    const Chunks early = chunks_of(ledger, 1000);
    Ledger other;
    REQUIRE(restore(other, early).has_value());
    CHECK(other.retained() == ledger.retained());
    CHECK(other.digest() == ledger.digest());
    for (std::uint64_t i = 0; i < 100; ++i) {
        const EntryHandle body = encode_command(to_stream("stream-1"));
        filled.apply(body);
        other.apply(entry_with(ledger.applied().value, body), {}, filled.outcome);
    }
    CHECK(bool(chunks_of(other, 1000) == chunks_of(ledger, 1000)));
}

}  // namespace
}  // namespace ledger::state
