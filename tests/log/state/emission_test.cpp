#include "log/state/emission.h"

#include <catch2/catch.hpp>

#include "tests/log/state/examples.h"
#include "tests/log/state/relay.h"

namespace ledger::state {
namespace {

Append numbered(SessionId session, std::uint64_t sequence) {
    Append append{.session = session, .sequence = Sequence{sequence}};
    append.streams = {{"stream-" + std::to_string(sequence % 40), {}}};
    append.events.assign(1 + sequence % 3, event_in(0, "payload"));
    return append;
}

void fill(Feed& feed) {
    const SessionId first = feed.open();
    const SessionId second = feed.open();
    for (std::uint64_t sequence = 1; sequence <= 200; ++sequence) {
        ++feed.time;
        feed(numbered(sequence % 2 == 0 ? first : second, sequence));
    }
}

TEST_CASE("emission: an empty ledger is one chunk, which restores it", "[state]") {
    Ledger ledger;
    const Chunks chunks = chunks_of(ledger, 64u << 10);
    CHECK(chunks.size() == 1);
    Ledger other;
    REQUIRE(restore(other, chunks).has_value());
    CHECK(other.digest() == ledger.digest());
    CHECK(other.applied() == Index{});
}

TEST_CASE("emission: chunks are full but for the last of each table", "[state]") {
    Feed feed;
    fill(feed);
    const std::uint64_t bytes_max = 500;
    const Chunks chunks = chunks_of(feed.ledger, bytes_max);
    CHECK(chunks.size() > 10);
    for (std::uint64_t at = 0; at < chunks.size(); ++at) {
        const bool last = at + 1 == chunks.size() || chunks[at + 1][1] != chunks[at][1];
        CHECK(chunks[at].size() <= bytes_max);
        CHECK((last || chunks[at].size() == bytes_max));
        CHECK((at == 0 || chunks[at - 1][1] <= chunks[at][1]));
    }
    CHECK(bool(chunks_of(feed.ledger, bytes_max) == chunks));
}

TEST_CASE("emission: a reply longer than a chunk is spread over several", "[state]") {
    Feed feed;
    const SessionId session = feed.open();
    Append append{.session = session, .sequence = Sequence{1}};
    for (std::uint32_t number = 0; number < 1000; ++number) {
        append.streams.push_back({std::string(1000, 'x') + std::to_string(number),
            {Expected::Kind::exists, {}}});
    }
    const ByteVector conflict = feed.bytes_of(append);
    REQUIRE(conflict.size() > 1'000'000);
    Ledger other;
    REQUIRE(restore(other, chunks_of(feed.ledger, 64u << 10)).has_value());
    // A retry at the other one is answered with the same bytes.
    ByteVector again;
    other.apply(entry_with(feed.log.size() + 1, encode_command(append)), {}, again);
    CHECK(again == conflict);
}

TEST_CASE("emission: the frozen state does not see what is applied meanwhile", "[state]") {
    Feed feed;
    fill(feed);
    const Chunks wanted = chunks_of(feed.ledger, 300);
    feed.ledger.freeze();
    Chunks chunks;
    ByteVector chunk;
    std::uint64_t sequence = 1000;
    while (feed.ledger.next_chunk(300, chunk)) {
        chunks.push_back(std::exchange(chunk, {}));
        ++feed.time;
        feed(numbered(SessionId{1}, ++sequence));  // changes the session that is first
        feed(numbered(feed.open(), 1));
    }
    CHECK(bool(chunks == wanted));
    feed.ledger.thaw();
    CHECK_FALSE(bool(chunks_of(feed.ledger, 300) == wanted));
}

TEST_CASE("emission: a thaw in the middle leaves nothing behind", "[state]") {
    Feed feed;
    fill(feed);
    ByteVector chunk;
    feed.ledger.freeze();
    for (int i = 0; i < 3; ++i) {
        REQUIRE(feed.ledger.next_chunk(100, chunk));
    }
    feed(numbered(SessionId{1}, 5000));
    feed.ledger.thaw();
    const Chunks chunks = chunks_of(feed.ledger, 100);
    Ledger other;
    REQUIRE(restore(other, chunks).has_value());
    CHECK(other.digest() == feed.ledger.digest());
}

}  // namespace
}  // namespace ledger::state
