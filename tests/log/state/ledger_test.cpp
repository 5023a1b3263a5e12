#include "log/state/ledger.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/state/examples.h"

namespace ledger::state {
namespace {

Append to(const std::string& stream, const Expected& expected = {}, int events = 1) {
    Append append{.streams = {{stream, expected}}};
    for (int i = 0; i < events; ++i) {
        append.events.push_back(event_in(0, "payload"));
    }
    return append;
}

Append in_session(Append append, SessionId session, std::uint64_t sequence,
    std::uint64_t acknowledged_through = 0) {
    append.session = session;
    append.sequence = Sequence{sequence};
    append.acknowledged_through = Sequence{acknowledged_through};
    return append;
}

TEST_CASE("ledger: positions are dense over all, revisions in each stream", "[state]") {
    Feed feed;
    feed.time = 5;
    Append append{.streams = {{"a", {}}, {"b", {}}},
        .events = {event_in(0, "1"), event_in(1, "2"), event_in(0, "3")}};
    CHECK(bool(feed(append) == Outcome{Appended{Position{0}, 3,
                                   {Revision{0}, Revision{0}, Revision{1}}, {5}, {1'000'005}}}));
    CHECK(bool(feed(append) == Outcome{Appended{Position{3}, 3,
                                   {Revision{2}, Revision{1}, Revision{3}}, {5}, {1'000'005}}}));
    CHECK(feed.ledger.length() == Position{6});
    CHECK(feed.ledger.applied() == Index{2});
    CHECK(feed.ledger.chain() == feed.chain);
}

TEST_CASE("ledger: a conflict lists every failed check and writes nothing", "[state]") {
    Feed feed;
    feed(to("a"));
    Append append{.streams = {{"a", {Expected::Kind::exact, Revision{3}}},
                      {"b", {Expected::Kind::exists, {}}}, {"c", {}},
                      {"a2", {Expected::Kind::no_stream, {}}}},
        .events = {event_in(2, "x"), event_in(0, "y")}};
    const Conflict wanted{{{"a", {Expected::Kind::exact, Revision{3}}, true, Revision{0}},
                              {"b", {Expected::Kind::exists, {}}, false, {}}},
        Position{1}};
    CHECK(bool(feed(append) == Outcome{wanted}));
    CHECK(feed.ledger.length() == Position{1});
    CHECK_FALSE(feed.ledger.locate(ReadStream{.stream = "c", .count = 1})->stream_exists);
}

TEST_CASE("ledger: an append without events checks and creates nothing", "[state]") {
    Feed feed;
    feed(to("a"));
    CHECK(bool(feed(to("a", {Expected::Kind::exact, Revision{0}}, 0)) ==
               Outcome{Appended{Position{1}, 0, {}, {0}, {1'000'000}}}));
    feed(to("b", {}, 0));
    CHECK_FALSE(feed.ledger.locate(ReadStream{.stream = "b", .count = 1})->stream_exists);
    CHECK(std::holds_alternative<Conflict>(feed(to("b", {Expected::Kind::exists, {}}, 0))));
}

TEST_CASE("ledger: a retry gets the same bytes and changes nothing", "[state]") {
    Feed feed;
    const SessionId session = feed.open();
    CHECK(session == SessionId{1});
    const Append first = in_session(to("a"), session, 1);
    const ByteVector reply = feed.bytes_of(first);
    feed(to("a"));
    feed.time = 1'000;
    CHECK(feed.bytes_of(first) == reply);
    CHECK(feed.ledger.length() == Position{2});
}

TEST_CASE("ledger: a conflict is remembered as the answer, too", "[state]") {
    Feed feed;
    const SessionId session = feed.open();
    const Append doomed = in_session(to("a", {Expected::Kind::exists, {}}), session, 1);
    const ByteVector reply = feed.bytes_of(doomed);
    CHECK(std::holds_alternative<Conflict>(Feed::decoded(reply)));
    feed(to("a"));
    // It would hold by now, but the question was answered.
    CHECK(feed.bytes_of(doomed) == reply);
    CHECK(feed.ledger.length() == Position{1});
}

TEST_CASE("ledger: a sequence used for another command is a mismatch", "[state]") {
    Feed feed;
    const SessionId session = feed.open();
    feed(in_session(to("a"), session, 1));
    CHECK(std::holds_alternative<Mismatch>(feed(in_session(to("b"), session, 1))));
    Append other_payload = in_session(to("a"), session, 1);
    other_payload.events[0].payload = to_bytes("other");
    CHECK(std::holds_alternative<Mismatch>(feed(other_payload)));
    CHECK(feed.ledger.length() == Position{1});
}

TEST_CASE("ledger: what was acknowledged is not executed again", "[state]") {
    Feed feed;
    const SessionId session = feed.open();
    const Append first = in_session(to("a"), session, 1);
    feed(first);
    feed(in_session(to("a"), session, 2, 1));
    CHECK(std::holds_alternative<SequenceTooOld>(feed(first)));
    CHECK(feed.ledger.length() == Position{2});
}

TEST_CASE("ledger: an expired session writes nothing, ever", "[state]") {
    Feed feed({.sessions_max = 1});
    const SessionId first = feed.open();
    feed(in_session(to("a"), first, 1));
    const SessionId second = feed.open();
    CHECK(second == SessionId{3});
    CHECK(std::holds_alternative<SessionExpired>(feed(in_session(to("a"), first, 1))));
    CHECK(std::holds_alternative<SessionExpired>(feed(in_session(to("a"), first, 2))));
    CHECK(std::holds_alternative<SessionExpired>(feed(in_session(to("a"), SessionId{99}, 1))));
    CHECK(std::holds_alternative<Appended>(feed(in_session(to("a"), second, 1))));
    CHECK(feed.ledger.length() == Position{2});
}

TEST_CASE("ledger: without a session each logged command is executed", "[state]") {
    Feed feed;
    feed(to("a"));
    feed(to("a"));
    CHECK(feed.ledger.length() == Position{2});
}

TEST_CASE("ledger: streams are bounded; the last fits, the next is refused whole", "[state]") {
    Feed feed({.streams_max = 2});
    feed(to("a"));
    Append two{.streams = {{"b", {}}, {"c", {}}}, .events = {event_in(0, ""), event_in(1, "")}};
    CHECK(bool(feed(two) == Outcome{LimitReached{Bound::streams}}));
    CHECK(feed.ledger.length() == Position{1});
    two.events.pop_back();
    CHECK(std::holds_alternative<Appended>(feed(two)));
    CHECK(std::holds_alternative<LimitReached>(feed(to("c"))));
    CHECK(std::holds_alternative<Appended>(feed(to("a"))));
}

TEST_CASE("ledger: any bytes can be logged as a command", "[state]") {
    Feed feed;
    CHECK(std::holds_alternative<Malformed>(Feed::decoded(feed.bytes_of(EntryHandle{}))));
    rc::prop("random envelopes", [&feed] {
        const ByteVector envelope = *any::bytes();
        const auto outcome = feed.bytes_of(EntryHandle::make(envelope, {}));
        RC_ASSERT(std::holds_alternative<Malformed>(Feed::decoded(outcome)) ==
                  view_command(envelope).has_error());
    });
    CHECK(std::holds_alternative<Appended>(feed(to("a"))));
}

TEST_CASE("ledger: other entries count as applied and decide nothing", "[state]") {
    Feed feed;
    for (const EntryKind kind : {EntryKind::noop, EntryKind::configuration, EntryKind::cut,
             EntryKind::cut_root, EntryKind::retain}) {
        EntryRef entry = entry_with(feed.log.size() + 1, encode_command(to("a")));
        entry.kind = kind;
        const Hash128 before = feed.ledger.digest();
        CHECK(feed.bytes_of(entry).empty());
        CHECK_FALSE(feed.ledger.digest() == before);
    }
    CHECK(feed.ledger.applied() == Index{5});
    CHECK(feed.ledger.length() == Position{0});
}

TEST_CASE("ledger: apply does not look at the erasable part", "[state]") {
    Feed whole;
    Feed erased;
    const EntryHandle body = encode_command(to("a"));
    CHECK(whole.bytes_of(body) == erased.bytes_of(EntryHandle::make(body.envelope(), {})));
    CHECK(whole.ledger.digest() == erased.ledger.digest());
    const Answer answer = erased.read(ReadAll{.count = 1});
    REQUIRE(answer.events.size() == 1);
    CHECK(answer.events[0].erased);
    CHECK(answer.events[0].type == "t");
}

TEST_CASE("ledger: the digest tells ledgers apart that decided differently", "[state]") {
    Feed wide;
    Feed narrow({.streams_max = 1});
    for (Feed* feed : {&wide, &narrow}) {
        (*feed)(to("a"));
    }
    CHECK(wide.ledger.digest() == narrow.ledger.digest());
    for (Feed* feed : {&wide, &narrow}) {
        (*feed)(to("b"));
    }
    CHECK(wide.chain == narrow.chain);
    CHECK_FALSE(wide.ledger.digest() == narrow.ledger.digest());
}

TEST_CASE("ledger: the digest depends on the chain, whatever was decided", "[state]") {
    Ledger one;
    Ledger other;
    ByteVector outcomes;
    const EntryRef entry = entry_with(1, encode_command(to("a")));
    one.apply(entry, sha256(as_bytes("one")), outcomes);
    other.apply(entry, sha256(as_bytes("other")), outcomes);
    CHECK_FALSE(one.digest() == other.digest());
}

TEST_CASE("ledger: outcomes are appended after what the caller has", "[state]") {
    Ledger ledger;
    ByteVector outcome = to_bytes("before");
    ledger.apply(entry_with(1, encode_command(to("a"))), {}, outcome);
    CHECK(as_text(outcome).starts_with("before"));
    CHECK(decode_outcome(ByteSpan(outcome).subspan(6)).has_value());
}

TEST_CASE("ledger: a read is bounded whatever it asks for", "[state]") {
    Feed feed;
    feed(to("a", {}, 4096));
    feed(to("a", {}, 1));
    const Located all = *feed.ledger.locate(ReadAll{.count = ~0u});
    CHECK(all.events.size() == read_events_max);
    CHECK_FALSE(all.end);
    const Located rest = *feed.ledger.locate(ReadAll{.from = Position{4096}, .count = ~0u});
    REQUIRE(rest.events.size() == 1);
    CHECK(rest.end);
    CHECK(rest.events[0] == EventLocation{Position{4096}, Revision{4096}, Index{2}, 0});
}

}  // namespace
}  // namespace ledger::state
