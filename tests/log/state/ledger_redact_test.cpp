#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "log/state/ledger.h"
#include "tests/log/state/examples.h"
#include "tests/log/state/relay.h"

namespace ledger::state {
namespace {

Append three(SessionId session = {}, std::uint64_t sequence = 0) {
    Append append{.session = session, .sequence = Sequence{sequence}};
    append.streams = {{"s", {}}};
    append.events = {event_in(0, "payload-1"), event_in(0, "payload-2"), event_in(0, "payload-3")};
    return append;
}

Redact redact_of(std::initializer_list<std::uint64_t> positions, SessionId session = {},
    std::uint64_t sequence = 0) {
    Redact redact{.session = session, .sequence = Sequence{sequence},
        .acknowledged_through = {}, .positions = {}};
    for (const std::uint64_t position : positions) {
        redact.positions.push_back(Position{position});
    }
    return redact;
}

std::vector<Index> just_redacted(const Feed& feed) {
    const std::span<const Index> all = feed.ledger.just_redacted();
    return {all.begin(), all.end()};
}

using Indexes = std::vector<Index>;

TEST_CASE("ledger redact: before its version is in force nobody knows the command", "[state]") {
    Feed feed;
    feed(three());
    CHECK(bool(feed(redact_of({0})) == Outcome{Malformed{}}));
    CHECK_FALSE(feed.ledger.knows_redact());
    const std::uint64_t at = feed.log.size() + 1;
    EntryRef older = redact_known_at(at);
    older.handle = EntryHandle::make(ByteVector{std::byte{2}, {}, {}, {}}, {});
    feed.bytes_of(older);
    CHECK_FALSE(feed.ledger.knows_redact());
    feed.learn_redact();
    CHECK(bool(feed(redact_of({0})) == Outcome{Redacted{1}}));
    CHECK(Ledger({.knows_redact = true}).knows_redact());
}

TEST_CASE("ledger redact: each event counts once, and its entry is named", "[state]") {
    Feed feed;
    feed.learn_redact();
    feed(three());
    feed(three());
    CHECK(bool(feed(redact_of({1, 5})) == Outcome{Redacted{2}}));
    CHECK(just_redacted(feed) == Indexes{Index{2}, Index{3}});
    CHECK(bool(feed(redact_of({0, 1})) == Outcome{Redacted{1}}));
    CHECK(just_redacted(feed) == Indexes{Index{2}});
    CHECK(bool(feed(redact_of({0, 1})) == Outcome{Redacted{0}}));
    CHECK(just_redacted(feed).empty());
    const Answer answer = feed.read(ReadAll{{}, Direction::forward, 10});
    std::string erased;
    for (const RecordedEvent& event : answer.events) {
        erased += event.erased ? 'x' : '-';
    }
    CHECK(erased == "xx---x");
    CHECK(feed.ledger.without_redacted(Index{1}, feed.log[1].handle).erasure() == Erasure::none);
}

TEST_CASE("ledger redact: all or nothing, and what fails is named", "[state]") {
    Feed feed;
    feed.learn_redact();
    feed(three());
    feed(three());
    feed.ledger.retain(Index{2});
    CHECK(bool(feed(redact_of({1, 2, 4, 6, 9})) ==
               Outcome{NoSuchEvents{{Position{1}, Position{2}, Position{6}, Position{9}},
                   Position{3}, Position{6}}}));
    CHECK_FALSE(feed.read(ReadAll{Position{3}, Direction::forward, 10}).events[1].erased);
    CHECK(bool(feed(redact_of({4})) == Outcome{Redacted{1}}));
}

TEST_CASE("ledger redact: exactly once, whatever happened in between", "[state]") {
    Feed feed;
    feed.learn_redact();
    const SessionId session = feed.open();
    feed(three());
    const ByteVector first = feed.bytes_of(redact_of({0, 1}, session, 1));
    CHECK(feed.bytes_of(redact_of({0, 1}, session, 1)) == first);
    CHECK(just_redacted(feed).empty());
    CHECK(bool(feed(redact_of({2}, session, 1)) == Outcome{Mismatch{}}));
    CHECK(bool(feed(redact_of({0}, SessionId{99}, 1)) == Outcome{SessionExpired{}}));
}

TEST_CASE("ledger redact: every copy of a repeated command loses its payloads", "[state]") {
    Feed feed;
    feed.learn_redact();
    const SessionId session = feed.open();
    feed(three(session, 1));  // at index 3
    feed(three(session, 1));  // before
    CHECK(just_redacted(feed).empty());
    feed(redact_of({1}));
    CHECK(just_redacted(feed) == Indexes{Index{3}, Index{4}});
    feed(three(session, 1));  // and after
    CHECK(just_redacted(feed) == Indexes{Index{6}});
    for (const std::uint64_t index : {3u, 4u, 6u}) {
        const EntryHandle left =
            feed.ledger.without_redacted(Index{index}, feed.log[index - 1].handle);
        CHECK(left.erasure() == Erasure::part);
    }
    // A copy of nobody knows what: its reply is gone.
    Append next = three(session, 2);
    next.acknowledged_through = Sequence{1};
    feed(next);
    CHECK(bool(feed(three(session, 1)) == Outcome{SequenceTooOld{}}));
    CHECK(just_redacted(feed) == Indexes{Index{8}});
    CHECK(feed.ledger.without_redacted(Index{8}, feed.log[7].handle).is_erased());
}

TEST_CASE("ledger redact: more copies of a command than are noted go at once", "[state]") {
    Feed feed;
    feed.learn_redact();
    const SessionId session = feed.open();
    feed(three(session, 1));
    for (std::uint32_t copy = 0; copy < Redactions::copies_max; ++copy) {
        feed(three(session, 1));
        CHECK(just_redacted(feed).empty());
    }
    feed(three(session, 1));
    CHECK(just_redacted(feed) == Indexes{feed.ledger.applied()});
}

TEST_CASE("ledger redact: the bound counts what is above the retained point", "[state]") {
    Feed feed({.redactions_max = 3, .knows_redact = true});
    feed(three());
    feed(three());
    CHECK(bool(feed(redact_of({0, 1, 2, 3})) == Outcome{LimitReached{Bound::redactions}}));
    CHECK(bool(feed(redact_of({0, 1, 2})) == Outcome{Redacted{3}}));
    CHECK(bool(feed(redact_of({3})) == Outcome{LimitReached{Bound::redactions}}));
    CHECK(bool(feed(redact_of({0})) == Outcome{Redacted{0}}));
    feed.ledger.retain(Index{1});
    feed.open();  // the next entry drops it
    CHECK(bool(feed(redact_of({3})) == Outcome{Redacted{1}}));
    CHECK(feed.ledger.redacted_from({}) == Index{2});
}

TEST_CASE("ledger redact: a cut holds no payload, but what has to go", "[state]") {
    Feed feed;
    feed.learn_redact();
    const SessionId session = feed.open();
    feed(three(session, 1));
    feed(three(session, 1));
    feed(redact_of({0, 2}));
    const Chunks chunks = chunks_of(feed.ledger, 64u << 10);
    for (const ByteVector& chunk : chunks) {
        CHECK(as_text(chunk).find("payload-") == std::string_view::npos);
    }
    Ledger other;
    REQUIRE(restore(other, chunks).has_value());
    CHECK(other.knows_redact());
    CHECK(other.redacted_from({}) == Index{3});
    CHECK(other.redacted_from(Index{4}) == Index{4});
    CHECK(other.without_redacted(Index{4}, feed.log[3].handle).erasure() == Erasure::part);
    // One that knows nothing of redactions is what it always was.
    Feed plain;
    plain(three());
    for (const ByteVector& chunk : chunks_of(plain.ledger, 64u << 10)) {
        CHECK(chunk[0] == std::byte{1});
    }
    CHECK(chunks[0][0] == std::byte{2});
}

}  // namespace
}  // namespace ledger::state
