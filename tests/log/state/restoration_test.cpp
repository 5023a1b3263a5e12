#include "log/state/restoration.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/state/allocations.h"
#include "tests/log/state/damage.h"
#include "tests/log/state/examples.h"
#include "tests/log/state/relay.h"

namespace ledger::state {
namespace {

constexpr std::uint64_t large = 64u << 10;

// A state with every kind of record: one chunk of each table.
Chunks example() {
    Feed feed;
    const SessionId session = feed.open();
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
        Append append{.session = session, .sequence = Sequence{sequence}};
        append.streams = {{"a", {}}, {"bc", {}}};
        append.events = {event_in(0, "x"), event_in(1, "y")};
        append.acknowledged_through = Sequence{sequence > 2 ? 1u : 0u};
        feed(append);
        feed.open();
    }
    feed.learn_redact();
    feed(Redact{.session = session, .sequence = Sequence{5}, .acknowledged_through = {},
        .positions = {Position{2}, Position{5}, Position{6}}});
    feed.ledger.retain(Index{3});
    return chunks_of(feed.ledger, large);
}

std::string error_of(const Chunks& chunks) {
    Ledger ledger;
    const Result<void> restored = restore(ledger, chunks);
    return restored ? "" : restored.error().place;
}

// What was accepted must be usable: every query, and further entries.
void use(Ledger& ledger) {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
        for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{3}, ~std::uint64_t{0}}) {
            (void)ledger.locate(ReadAll{Position{from}, direction, 10});
            (void)ledger.locate(ReadStream{"a", Revision{from}, direction, 10});
            (void)ledger.locate(Follow{Position{from}, "bc", 10, 0});
        }
    }
    Append append{.session = SessionId{1}, .sequence = Sequence{9}};
    append.streams = {{"a", {}}};
    append.events = {event_in(0, "x")};
    ByteVector outcome;
    if (ledger.applied().value < UINT64_MAX && ledger.length().value < UINT64_MAX - 1) {
        ledger.apply(
            entry_with(ledger.applied().value + 1, encode_command(append)), {}, outcome);
    }
}

TEST_CASE("restoration: damaged chunks are refused or are another state", "[state]") {
    const Chunks whole = example();
    REQUIRE(whole.size() == cut_tables);
    std::uint64_t refused = 0;
    std::uint64_t accepted = 0;
    for (std::uint64_t at = 0; at < whole.size(); ++at) {
        for_each_damage(whole[at], [&](const ByteVector& bytes) {
            Chunks chunks = whole;
            chunks[at] = bytes;
            Ledger ledger;
            const Result<void> restored = restore(ledger, chunks);
            if (!restored) {
                ++refused;
                REQUIRE_FALSE(restored.error().place.empty());
                return;
            }
            ++accepted;
            REQUIRE(bool(chunks_of(ledger, large) == chunks));
            use(ledger);
        });
    }
    CHECK(refused > 100);
    CHECK(accepted > 100);
}

TEST_CASE("restoration: any bytes are an error, at no great cost", "[state]") {
    rc::prop("random chunks", [] {
        const Chunks whole = example();
        Chunks chunks = whole;
        const auto damages = *rc::gen::nonEmpty<std::vector<std::pair<std::uint32_t, ByteVector>>>(
            rc::gen::container<std::vector<std::pair<std::uint32_t, ByteVector>>>(
                rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, 1000), any::bytes())));
        for (const auto& [place, bytes] : damages) {
            ByteVector& chunk = chunks[place % chunks.size()];
            const std::uint64_t from = place % chunk.size();
            for (std::uint64_t i = 0; i < bytes.size() && from + i < chunk.size(); ++i) {
                chunk[from + i] = bytes[i];
            }
        }
        const std::uint64_t before = bytes_held();
        std::uint64_t most = 0;
        Ledger ledger;
        ledger.begin_restore();
        bool ok = true;
        for (const ByteVector& chunk : chunks) {
            ok = ok && ledger.restore_chunk(chunk).has_value();
            most = std::max(most, bytes_held() - before);
        }
        RC_ASSERT(most < (1u << 20));
        if (ok && ledger.end_restore()) {
            RC_ASSERT(bool(chunks_of(ledger, large) == chunks));
        }
    });
}

TEST_CASE("restoration: what is missing, double or out of order is named", "[state]") {
    const Chunks whole = example();
    CHECK(error_of(whole).empty());
    CHECK(error_of({}) == "cut, table summary, record 0: the cut ends too early");
    CHECK(error_of({whole[0], whole[1], whole[2]}) ==
          "cut, table sessions, record 9: the cut ends too early");
    CHECK(error_of({whole[1]}) ==
          "cut, table summary, record 0: a chunk of another table was expected");
    CHECK(error_of({whole[0], whole[0]}) ==
          "cut, table summary, record 1: a chunk of another table was expected");
    CHECK(error_of({whole[0], whole[2]}) ==
          "cut, table summary, record 1: a chunk of another table was expected");
    CHECK(error_of({whole[0], {}}) ==
          "cut, table summary, record 1: a chunk has at least 3 bytes");
    Chunks longer = whole;
    longer[1].push_back(std::byte{1});
    CHECK(error_of(longer) == "cut, table streams, record 2: bytes after the last one");
    Chunks twice = whole;
    twice[1] = to_bytes("\2\2\1a\1\3\1a\1\3");
    CHECK(error_of(twice) == "cut, table streams, record 1: wrong name: there is one already");
    Chunks newer = whole;
    newer[0][0] = std::byte{3};
    Ledger ledger;
    CHECK(restore(ledger, newer).error().code == make_error_code(Errc::unsupported_version));
    Chunks mixed = whole;
    mixed[1][0] = std::byte{1};
    CHECK(error_of(mixed) == "cut, table summary, record 1: a chunk of another version");
}

TEST_CASE("restoration: the limits of the ledger hold for a cut", "[state]") {
    const Chunks whole = example();
    for (const Limits& limits : {Limits{.sessions_max = 4}, Limits{.stored_replies_max = 2},
             Limits{.stored_reply_bytes_max = 60}, Limits{.streams_max = 1},
             Limits{.redactions_max = 2}}) {
        Ledger ledger(limits);
        CHECK_FALSE(restore(ledger, whole).has_value());
        CHECK(restore(ledger, chunks_of(*std::make_unique<Ledger>(limits), large)).has_value());
    }
}

TEST_CASE("restoration: chunks may be cut anywhere", "[state]") {
    const Chunks whole = example();
    Chunks bytewise;
    for (const ByteVector& chunk : whole) {
        for (std::uint64_t at = chunk_header_bytes; at < chunk.size(); ++at) {
            bytewise.push_back({chunk[0], chunk[1], chunk[at]});
        }
    }
    Ledger ledger;
    REQUIRE(restore(ledger, bytewise).has_value());
    CHECK(bool(chunks_of(ledger, large) == whole));
}

}  // namespace
}  // namespace ledger::state
