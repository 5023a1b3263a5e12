#include <cstdio>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "sim/program/commands.h"
#include "sim/program/divergence.h"
#include "sim/program/output.h"
#include "sim/program/supervise.h"

namespace ledger::sim {
namespace {

// What one run of one seed came to, in memory shared between the two processes.
struct Trail {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint64_t steps = 0;
    friend bool operator==(const Trail&, const Trail&) = default;
};

struct Mismatch {
    std::uint64_t seed = 0;
    std::optional<Divergence> where;  // if it differs when it is run once more
};

}  // namespace

// Two processes run the same seeds in opposite orders, so that neither a seed's second run nor
// what other seeds left behind in the process can hide a difference.
int command_doublecheck(const DoublecheckOptions& options) {
    Result<check::Scenario> scenario = load_scenario(options.scenario);
    if (!scenario) {
        return complain(scenario.error(), exit_usage);
    }
    const std::uint64_t count = options.last - options.first + 1;
    auto* up = static_cast<Trail*>(share_memory(count * sizeof(Trail)));
    auto* down = static_cast<Trail*>(share_memory(count * sizeof(Trail)));
    const std::uint64_t start = wall_clock_microseconds();
    const auto run_into = [&](Trail* trails, std::uint64_t place) {
        const std::uint64_t seed = options.first + place;
        const Finished run =
            run_seed({.scenario = scenario_of_seed(*scenario, options.scenario, seed),
                .seed = seed, .input = nullptr, .kept_operations = 0, .observer = nullptr});
        trails[place] = {run.result.trace_hash.high(), run.result.trace_hash.low(),
            run.result.steps};
    };
    const ChildEnd end = supervise([&] {
        const ChildEnd other = supervise_beside(
            [&] {
                for (std::uint64_t place = 0; place < count; ++place) {
                    run_into(up, place);
                }
                return 0;
            },
            [&] {
                for (std::uint64_t place = count; place-- > 0;) {
                    run_into(down, place);
                }
            });
        return other.signal == 0 ? other.exit_code : exit_violated;
    });
    std::vector<Mismatch> mismatches;
    std::uint64_t compared = 0;
    for (std::uint64_t place = 0; place < count; ++place) {
        if (up[place].steps == 0 || down[place].steps == 0) {
            continue;  // a process died before it came here
        }
        ++compared;
        if (!(up[place] == down[place])) {
            const std::uint64_t seed = options.first + place;
            // Only of the first ones: each costs two more runs.
            constexpr std::size_t explained_max = 3;
            const bool explain = mismatches.size() < explained_max;
            mismatches.push_back({seed,
                explain ? find_divergence(scenario_of_seed(*scenario, options.scenario, seed), seed)
                        : std::nullopt});
        }
    }
    const bool died = end.signal != 0 || end.exit_code != 0;
    const check::Verdict verdict = !mismatches.empty() ? check::Verdict::violated
                                   : died || compared < count ? check::Verdict::inconclusive
                                                              : check::Verdict::ok;
    std::string text;
    if (options.json) {
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledgersim.doublecheck/1");
        writer.key("verdict").text(check::to_text(verdict));
        writer.key("seeds_run").number(compared);
        writer.key("mismatches").begin_array();
        for (const Mismatch& mismatch : mismatches) {
            writer.number(mismatch.seed);
        }
        writer.end_array().key("divergences").begin_array();
        for (const Mismatch& mismatch : mismatches) {
            if (mismatch.where) {
                writer.begin_object().key("seed").number(mismatch.seed);
                writer.key("step").number(mismatch.where->step);
                writer.key("before").text(mismatch.where->before);
                writer.key("one").text(mismatch.where->one);
                writer.key("other").text(mismatch.where->other).end_object();
            }
        }
        writer.end_array().key("wall_seconds");
        writer.fixed(static_cast<std::int64_t>(wall_clock_microseconds() - start), 6);
        writer.end_object();
        text.push_back('\n');
    } else {
        text = fmt::format("{} of {} seeds ran twice, {} with different hashes\n", compared, count,
            mismatches.size());
        for (const Mismatch& mismatch : mismatches) {
            text += fmt::format("  seed {}\n", mismatch.seed);
            if (mismatch.where) {
                text += fmt::format("    the same    {}\n    one run     {}\n    the other   {}\n",
                    mismatch.where->before, mismatch.where->one, mismatch.where->other);
            }
        }
        text += fmt::format("verdict: {}\n", check::to_text(verdict));
    }
    return answer(text, check::exit_code(verdict));
}

}  // namespace ledger::sim
