#include "sim/program/campaign_totals.h"

#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/base/choice.h"

namespace ledger::sim {
namespace {

RunResult ok_run(std::uint64_t seed) {
    RunResult run;
    run.verdict = check::Verdict::ok;
    run.seed = seed;
    run.steps = 100 + seed;
    run.checks = {{"agreement", check::CheckResult::Verdict::ok, 5}};
    return run;
}

RunResult bad_run(std::uint64_t seed, const std::string& check, const std::string& sentence) {
    RunResult run = ok_run(seed);
    run.verdict = check::Verdict::violated;
    run.violation =
        check::Violation{.check = check, .kind = check::Kind::safety, .step = 9, .sentence = sentence};
    return run;
}

std::uint64_t seed_with_canary(std::uint64_t from = 1) {
    while (!has_canary(from)) {
        ++from;
    }
    return from;
}

std::uint64_t seed_without_canary(std::uint64_t from = 1) {
    while (has_canary(from)) {
        ++from;
    }
    return from;
}

}  // namespace

TEST_CASE("seed set: it holds what was added, in as few ranges as there are", "[sim]") {
    rc::prop("against a set", [] {
        SeedSet seeds;
        std::set<std::uint64_t> twin;
        const auto added = *rc::gen::container<std::vector<std::uint64_t>>(
            rc::gen::inRange<std::uint64_t>(0, 60));
        for (const std::uint64_t seed : added) {
            seeds.add(seed);
            twin.insert(seed);
        }
        std::size_t gaps = 0;
        for (std::uint64_t seed = 0; seed <= 61; ++seed) {
            RC_ASSERT(seeds.contains(seed) == twin.contains(seed));
            gaps += seed > 0 && twin.contains(seed - 1) && !twin.contains(seed) ? 1u : 0u;
        }
        RC_ASSERT(seeds.ranges().size() == gaps);
    });
}

TEST_CASE("campaign totals: runs that found the same are one discovery, with the smallest run", "[sim]") {
    CampaignTotals totals;
    const std::uint64_t a = seed_without_canary(10);
    const std::uint64_t b = seed_without_canary(a + 1);
    const std::uint64_t c = seed_without_canary(b + 1);
    totals.add(bad_run(c, "durability", "n3 lacks entry 70"), 5);
    totals.add(bad_run(a, "durability", "n1 lacks entry 7"), 9);
    totals.add(bad_run(b, "agreement", "n1 lacks entry 7"), 7);
    REQUIRE(totals.discoveries.size() == 2);
    const Discovery& both = totals.discoveries.at("durability (safety): n# lacks entry #");
    CHECK(both.seeds == std::vector{a, c});
    CHECK(both.smallest.seed == a);
    CHECK(totals.violated() == std::vector{a, b, c});
    CHECK(totals.verdict() == check::Verdict::violated);
    CHECK(totals.slowest_seed == a);
}

TEST_CASE("campaign totals: a canary that is heard is no violation, one that is not is", "[sim]") {
    const std::uint64_t seed = seed_with_canary();
    CampaignTotals heard;
    heard.expected = 2;
    heard.add(bad_run(seed, "canary", "it sang"), 1);
    heard.add(ok_run(seed_without_canary()), 1);
    CHECK(heard.verdict() == check::Verdict::ok);
    CHECK(heard.violated().empty());
    REQUIRE(heard.canary);
    CHECK(heard.canary->seeds == std::vector{seed});
    CampaignTotals silent;
    RunResult run = ok_run(seed);
    silent.expected = 1;
    silent.add(run, 1);
    CHECK(silent.verdict() == check::Verdict::ok);  // it had no reason
    run.leader_changes_with_uncommitted = 1;
    silent.add(run, 1);
    CHECK(silent.canary_failed());
    CHECK(silent.verdict() == check::Verdict::violated);
    CampaignTotals never;
    std::uint64_t next = 0;
    for (int i = 0; i < 16; ++i) {
        next = seed_with_canary(next + 1);
        CHECK_FALSE(never.canary_failed());
        never.add(ok_run(next), 1);
    }
    CHECK_FALSE(never.canary_failed());  // a quiet scenario gives no reason
    RunResult wild = ok_run(seed_without_canary());
    wild.leader_changes_with_uncommitted = 100;
    never.add(wild, 1);
    CHECK(never.canary_failed());
    // Where a scenario has one in every run it is a finding.
    CampaignTotals asked;
    asked.add(bad_run(seed_without_canary(), "canary", "it sang"), 1);
    CHECK(asked.discoveries.size() == 1);
}

TEST_CASE("campaign totals: what is kept on disk is all of it, or nothing", "[sim]") {
    CampaignTotals totals;
    totals.expected = 40;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        totals.add(seed % 7 == 0 ? bad_run(seed, "durability", "n1 lacks entry 7") : ok_run(seed), seed);
    }
    totals.add(bad_run(seed_with_canary(), "canary", "it sang"), 1);
    RunResult undecided = ok_run(35);
    undecided.verdict = check::Verdict::inconclusive;
    totals.add(undecided, 3);
    totals.marks = {{"raft.a", 3}, {"raft.b", 0}};
    totals.wall_microseconds = 77;
    ByteVector bytes = encode_totals(totals, "this one");
    const std::optional<CampaignTotals> again = decode_totals(bytes, "this one");
    REQUIRE(again);
    CHECK(totals_json(*again, 5) == totals_json(totals, 5));
    CHECK(totals_text(*again, 5) == totals_text(totals, 5));
    CHECK(again->done.ranges() == totals.done.ranges());
    CHECK(again->marks == totals.marks);
    CHECK(again->wall_microseconds == 77);
    CHECK(encode_totals(*again, "this one") == bytes);
    CHECK_FALSE(decode_totals(bytes, "another one"));
    rc::prop("damage", [&] {
        ByteVector damaged = bytes;
        const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
        const auto bit = *rc::gen::inRange(0, 8);
        damaged[at] ^= static_cast<std::byte>(1u << bit);
        RC_ASSERT(!decode_totals(damaged, "this one").has_value());
        damaged = bytes;
        damaged.resize(at);
        RC_ASSERT(!decode_totals(damaged, "this one").has_value());
    });
}

}  // namespace ledger::sim
