#include "sim/program/campaign_totals.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/base/choice.h"
#include "sim/program/shard.h"

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
    run.violation = check::Violation{
        .check = check, .kind = check::Kind::safety, .step = 9, .sentence = sentence};
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

TEST_CASE(
    "campaign totals: runs that found the same are one discovery, with the smallest run", "[sim]") {
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

TEST_CASE("campaign totals: of runs as short the one of the lowest seed is the smallest", "[sim]") {
    RunResult low = bad_run(seed_without_canary(10), "durability", "n1 lacks entry 7");
    RunResult high = bad_run(seed_without_canary(50), "durability", "n1 lacks entry 9");
    low.steps = high.steps = 70;
    CampaignTotals up, down;
    up.add(low, 1);
    up.add(high, 1);
    down.add(high, 1);
    down.add(low, 1);
    CHECK(up.discoveries.begin()->second.smallest.seed == low.seed);
    CHECK(down.discoveries.begin()->second.smallest.seed == low.seed);
}

namespace {

// Some run that has this seed; the same one each time.
RunResult run_of(std::uint64_t seed) {
    const auto draw = [&](std::uint64_t what, std::uint64_t below) {
        return keyed_bits(seed, Site::nemesis_profile, 2000, what) % below;
    };
    static constexpr const char* sentences[] = {
        "n1 lacks entry 7", "n2 and n3 differ at index 9", "a reply to request 12 never came"};
    RunResult run = draw(0, 3) > 0 ? ok_run(seed)
                                   : bad_run(seed, draw(1, 2) > 0 ? "durability" : "agreement",
                                         sentences[draw(2, 3)]);
    if (has_canary(seed) && draw(3, 2) > 0) {
        run = bad_run(seed, "canary", "it sang");
    } else if (draw(4, 9) == 0) {
        run = ok_run(seed);
        run.verdict = check::Verdict::inconclusive;
    }
    run.steps = 1 + draw(5, 20);
    run.virtual_time = {static_cast<std::int64_t>(draw(6, 1'000'000))};
    run.operations.ok = draw(7, 100);
    run.operations.unknown = draw(8, 10);
    run.leader_changes_with_uncommitted = draw(9, 3);
    run.faults.counts[draw(10, fault_count)] = {draw(11, 5), draw(12, 5)};
    run.checks.push_back({"erasure", check::CheckResult::Verdict::idle, 0});
    run.checks.push_back({"cuts",
        draw(13, 4) == 0 ? check::CheckResult::Verdict::violated : check::CheckResult::Verdict::ok,
        draw(14, 4)});
    return run;
}

void run_into(CampaignTotals& totals, std::uint64_t seed) {
    totals.add(run_of(seed), 1 + seed);
    totals.marks["raft.never"] += 0;
    totals.marks[seed % 3 == 0 ? "raft.fizz" : "raft.other"] += seed % 5;
}

std::string told(const CampaignTotals& totals) {
    return totals_json(totals, Timings::no) + totals_text(totals);
}

// In some order; RapidCheck shrinks it to the order that it has.
template <typename T>
std::vector<T> shuffled(std::vector<T> list) {
    for (std::size_t left = list.size(); left > 1; --left) {
        std::swap(list[left - 1], list[*rc::gen::inRange<std::size_t>(0, left)]);
    }
    return list;
}

}  // namespace

TEST_CASE(
    "campaign totals: the shards of a campaign together are the whole, in any order", "[sim]") {
    rc::prop("parts of shards, as they come", [] {
        const auto first = *rc::gen::inRange<std::uint64_t>(0, 1'000);
        const std::uint64_t last = first + *rc::gen::inRange<std::uint64_t>(0, 120);
        const auto count = *rc::gen::inRange<std::uint32_t>(1, 20);
        CampaignTotals whole;
        for (std::uint64_t seed = first; seed <= last; ++seed) {
            run_into(whole, seed);
        }
        std::vector<CampaignTotals> parts;
        for (std::uint32_t index = 1; index <= count; ++index) {
            const Shard shard{first, last, index, count};
            std::vector<std::uint64_t> seeds;
            for (std::uint64_t position = 0; position < shard.seeds(); ++position) {
                seeds.push_back(shard.seed_at(position));
            }
            parts.emplace_back();
            for (const std::uint64_t seed : shuffled(seeds)) {
                if (*rc::gen::inRange(0, 4) == 0) {
                    parts.emplace_back();  // the file was written to
                }
                run_into(parts.back(), seed);
            }
        }
        CampaignTotals merged;
        for (const CampaignTotals& part : shuffled(parts)) {
            ByteVector bytes;
            encode_totals(part, bytes);
            const std::optional<CampaignTotals> read = decode_totals(bytes);
            RC_ASSERT(read.has_value());
            merged.add(*read);
        }
        RC_ASSERT(told(merged) == told(whole));
        ByteVector one, other;
        merged.slowest_seed = whole.slowest_seed;
        encode_totals(merged, one);
        encode_totals(whole, other);
        RC_ASSERT(one == other);
    });
}

TEST_CASE("campaign totals: as bytes they are all of it, or nothing", "[sim]") {
    CampaignTotals totals;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        run_into(totals, seed);
    }
    totals.wall_microseconds = 77;
    ByteVector bytes;
    encode_totals(totals, bytes);
    const std::optional<CampaignTotals> again = decode_totals(bytes);
    REQUIRE(again);
    CHECK(told(*again) == told(totals));
    CHECK(again->marks == totals.marks);
    CHECK(again->wall_microseconds == 77);
    ByteVector twice;
    encode_totals(*again, twice);
    CHECK(twice == bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        REQUIRE_FALSE(decode_totals(ByteSpan(bytes).first(length)));
    }
    bytes.push_back(std::byte{0});
    CHECK_FALSE(decode_totals(bytes));
}

}  // namespace ledger::sim
