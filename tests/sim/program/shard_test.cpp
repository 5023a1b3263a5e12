#include "sim/program/shard.h"

#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::sim {
namespace {

using Variables = std::map<std::string, std::string>;

ShardWords in(const Variables& variables, const std::string& text = "env") {
    return parse_shard(text, [&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

}  // namespace

TEST_CASE("shards: each seed is in one of them, at one position", "[sim]") {
    rc::prop("any seeds, any number of shards", [] {
        const auto near_the_end = *rc::gen::arbitrary<bool>();
        const auto length = *rc::gen::inRange<std::uint64_t>(1, 200);
        const std::uint64_t first =
            near_the_end ? UINT64_MAX - length + 1 : *rc::gen::inRange<std::uint64_t>(0, 1000);
        const std::uint64_t last = first + (length - 1);
        const auto count = *rc::gen::inRange<std::uint32_t>(1, 300);
        std::set<std::uint64_t> seen;
        std::uint64_t least = UINT64_MAX, most = 0;
        for (std::uint32_t index = 1; index <= count; ++index) {
            const Shard shard{first, last, index, count};
            least = std::min(least, shard.seeds());
            most = std::max(most, shard.seeds());
            for (std::uint64_t position = 0; position < shard.seeds(); ++position) {
                const std::uint64_t seed = shard.seed_at(position);
                RC_ASSERT(first <= seed && seed <= last);
                RC_ASSERT(seen.insert(seed).second);
                RC_ASSERT(shard.position_of(seed) == position);
            }
        }
        RC_ASSERT(seen.size() == length);
        RC_ASSERT(most - least <= 1);
    });
}

TEST_CASE("shards: of all seeds that there are every shard has its part", "[sim]") {
    CHECK(Shard{0, UINT64_MAX, 1, 1}.seeds() == UINT64_MAX);
    CHECK(Shard{1, UINT64_MAX, 1, 1}.seeds() == UINT64_MAX);
    CHECK(Shard{0, UINT64_MAX, 2, 2}.seeds() == std::uint64_t{1} << 63);
    const Shard last{0, UINT64_MAX, 2, 2};
    CHECK(last.seed_at(last.seeds() - 1) == UINT64_MAX);
    CHECK(Shard{5, 5, 2, 2}.seeds() == 0);
    CHECK(Shard{5, 5, 1, shards_max}.seeds() == 1);
}

TEST_CASE("shards: which one is said in words", "[sim]") {
    CHECK(in({}, "3/16").choice == ShardChoice{3, 16});
    CHECK(in({}, "1/1").choice == ShardChoice{1, 1});
    for (const char* wrong : {"", "3", "/", "3/", "/16", "0/16", "17/16", "3/16/2", "-1/4",
             "1/1000001", "3 /16", "x", "99999999999999999999/4"}) {
        CAPTURE(wrong);
        const ShardWords words = in({}, wrong);
        CHECK_FALSE(words.choice);
        CHECK(words.error.find("expected I/N") != std::string::npos);
    }
}

TEST_CASE("shards: which one is said by the environment", "[sim]") {
    CHECK(in({{"LEDGERSIM_SHARD", "3"}, {"LEDGERSIM_SHARDS", "16"}}).choice == ShardChoice{3, 16});
    const Variables slurm = {{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_MIN", "1"},
        {"SLURM_ARRAY_TASK_STEP", "2"}, {"SLURM_ARRAY_TASK_COUNT", "5"}};
    CHECK(in(slurm).choice == ShardChoice{4, 5});
    CHECK(in({{"SLURM_ARRAY_TASK_ID", "0"}, {"SLURM_ARRAY_TASK_MIN", "0"},
                 {"SLURM_ARRAY_TASK_COUNT", "5"}})
              .choice == ShardChoice{1, 5});
    // Kubernetes counts from 0 and does not say how many there are.
    CHECK(
        in({{"JOB_COMPLETION_INDEX", "0"}, {"LEDGERSIM_SHARDS", "4"}}).choice == ShardChoice{1, 4});
    // What is said on purpose counts more.
    Variables both = slurm;
    both["LEDGERSIM_SHARD"] = "2";
    both["LEDGERSIM_SHARDS"] = "9";
    CHECK(in(both).choice == ShardChoice{2, 9});
    for (const Variables& wrong : {Variables{}, {{"LEDGERSIM_SHARDS", "4"}},
             {{"LEDGERSIM_SHARD", "4"}}, {{"LEDGERSIM_SHARD", "5"}, {"LEDGERSIM_SHARDS", "4"}},
             {{"SLURM_ARRAY_TASK_ID", "9"}, {"SLURM_ARRAY_TASK_MIN", "1"},
                 {"SLURM_ARRAY_TASK_COUNT", "3"}},  // a list with gaps
             {{"SLURM_ARRAY_TASK_ID", "4"}}, {{"JOB_COMPLETION_INDEX", "0"}},
             {{"JOB_COMPLETION_INDEX", "4"}, {"LEDGERSIM_SHARDS", "4"}},
             {{"JOB_COMPLETION_INDEX", "18446744073709551615"}, {"LEDGERSIM_SHARDS", "4"}}}) {
        const ShardWords words = in(wrong);
        CHECK_FALSE(words.choice);
        for (const auto& [name, value] : wrong) {
            CAPTURE(words.error);
            CHECK((name == "LEDGERSIM_SHARDS" || words.error.find(value) != std::string::npos));
        }
    }
}

TEST_CASE("seed set: it holds what was added, in as few ranges as there are", "[sim]") {
    rc::prop("against a set", [] {
        SeedSet seeds;
        std::set<std::uint64_t> twin;
        for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
            const auto first = *rc::gen::inRange<std::uint64_t>(0, 60);
            const std::uint64_t last =
                first + *rc::gen::weightedElement<std::uint64_t>({{4, 0}, {1, 1}, {1, 5}});
            bool fresh = true;
            for (std::uint64_t seed = first; seed <= last; ++seed) {
                fresh = fresh && !twin.contains(seed);
            }
            RC_ASSERT(seeds.add(first, last) == fresh);
            for (std::uint64_t seed = first; fresh && seed <= last; ++seed) {
                twin.insert(seed);
            }
        }
        std::size_t gaps = 0;
        for (std::uint64_t seed = 0; seed <= 70; ++seed) {
            RC_ASSERT(seeds.contains(seed) == twin.contains(seed));
            gaps += seed > 0 && twin.contains(seed - 1) && !twin.contains(seed) ? 1u : 0u;
        }
        RC_ASSERT(seeds.ranges().size() == gaps);
        RC_ASSERT(seeds.size() == twin.size());
    });
}

}  // namespace ledger::sim
