#include "node/scrubber.h"

#include <catch2/catch.hpp>

namespace ledger::node {
namespace {

constexpr Instant begin{1'000'000'000};

Limits limits_of(std::uint64_t bytes_per_second) {
    Limits limits;
    limits.scrub_bytes_per_second = bytes_per_second;
    limits.scrub_read_bytes = 100;
    limits.scrub_start = seconds(1);
    limits.scrub_pause = seconds(60);
    return limits;
}

LogId cut_at(std::uint64_t index) {
    return {Term{1}, Index{index}};
}

}  // namespace

TEST_CASE("scrubber: it reads all entries, then all chunks, and pauses", "[node]") {
    const Limits limits = limits_of(1000);
    Scrubber scrubber(limits);
    scrubber.boot(begin);
    CHECK_FALSE(scrubber.next(begin, Index{3}, Index{9}));
    Instant now = scrubber.deadline();
    CHECK(now == begin + limits.scrub_start);
    CHECK(scrubber.next(now, Index{3}, Index{9}) == Index{3});
    CHECK(scrubber.deadline() == never);
    CHECK_FALSE(scrubber.next_chunk(now));
    scrubber.done(now, Index{8}, 500);
    CHECK(scrubber.deadline() == now + milliseconds(500));  // the rate
    now = scrubber.deadline();
    CHECK(scrubber.next(now, Index{3}, Index{9}) == Index{9});
    scrubber.failed(now);
    now = scrubber.deadline();
    CHECK_FALSE(scrubber.next(now, Index{3}, Index{9}));
    REQUIRE(scrubber.next_chunk(now) == CutChunk{});
    scrubber.reads({cut_at(4), 0});
    CHECK_FALSE(scrubber.next_chunk(now));
    CHECK(scrubber.deadline() == never);
    scrubber.chunk_done(now, 2000);
    CHECK(scrubber.deadline() == now + seconds(2));
    now = scrubber.deadline();
    CHECK_FALSE(scrubber.next(now, Index{3}, Index{20}));  // entries have had their turn
    REQUIRE(scrubber.next_chunk(now) == CutChunk{cut_at(4), 1});
    scrubber.reads({cut_at(4), 1});
    scrubber.chunk_done(now, 0);  // it could not be read: as much as a read asks for
    CHECK(scrubber.deadline() == now + milliseconds(100));
    now = scrubber.deadline();
    CHECK(scrubber.passes() == 0);
    REQUIRE(scrubber.next_chunk(now) == CutChunk{cut_at(4), 2});
    scrubber.finish(now);
    CHECK(scrubber.passes() == 1);
    CHECK(scrubber.deadline() == now + limits.scrub_pause);
    CHECK(scrubber.next(scrubber.deadline(), Index{3}, Index{20}) == Index{3});
}

TEST_CASE("scrubber: without entries it goes on with chunks, without a rate it never reads",
    "[node]") {
    const Limits limits = limits_of(1000);
    Scrubber scrubber(limits);
    scrubber.boot(begin);
    const Instant now = scrubber.deadline();
    CHECK_FALSE(scrubber.next(now, Index{10}, Index{9}));
    CHECK(scrubber.next_chunk(now) == CutChunk{});
    const Limits none = limits_of(0);
    Scrubber still(none);
    still.boot(begin);
    CHECK(still.deadline() == never);
    CHECK_FALSE(still.next(begin + seconds(1'000'000), Index{1}, Index{9}));
    CHECK_FALSE(still.next_chunk(begin + seconds(1'000'000)));
}

}  // namespace ledger::node
