#include "sim/program/guided_search.h"

#include <algorithm>
#include <optional>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "sim/program/edge_coverage.h"
#include "sim/program/result_record.h"
#include "sim/program/supervise.h"
#include "sim/program/trials.h"
#include "sim/situation.h"

namespace ledger::sim {
namespace {

// Notes each situation and each passage when it comes first.
class Onlooker final : public StepObserver {
  public:
    void watch(const World& world) { world_ = &world; }
    void stepping(
        std::uint64_t step, Instant, NodeId, const node::Event&) override {
        step_ = step;
    }
    void stepped(const node::Replica&, std::span<const node::Effect>) override {
        // The world has looked at the step that is over when the next one begins; one late is as good.
        const std::uint64_t now = situation_of(world_->hosts());
        if (now == last_) {
            return;
        }
        note(situations, seen_, now);
        note(passages, passed_, keyed_bits(last_, Site{0}, now, 0));
        last_ = now;
    }

    std::vector<std::pair<std::uint64_t, std::uint64_t>> situations;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> passages;

  private:
    void note(std::vector<std::pair<std::uint64_t, std::uint64_t>>& list,
        LookupTable<std::uint64_t, bool>& known, std::uint64_t what) {
        if (known.find(what) == nullptr) {
            known[what] = true;
            list.emplace_back(what, step_);
        }
    }

    const World* world_ = nullptr;
    std::uint64_t step_ = 0;
    std::uint64_t last_ = 0;
    LookupTable<std::uint64_t, bool> seen_;
    LookupTable<std::uint64_t, bool> passed_;
};

void write(ByteWriter& writer, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& list) {
    writer.u32(static_cast<std::uint32_t>(list.size()));
    for (const auto& [what, step] : list) {
        writer.u64(what);
        writer.u64(step);
    }
}

void read(ByteReader& reader, std::vector<std::pair<std::uint64_t, std::uint64_t>>& list) {
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        const std::uint64_t what = reader.u64();
        list.emplace_back(what, reader.u64());
    }
}

// In the child. Marks are counted from zero: the parent runs nothing.
ByteVector look_at(const check::Scenario& scenario, const Timeline& timeline, Progress& progress) {
    Onlooker onlooker;
    ProgressObserver observer(progress, &onlooker);
    begin_counting_edges();
    const Finished finished = run_seed({.scenario = scenario,
        .seed = timeline.seed,
        .observer = &observer,
        .begun = [&](const World& world) { onlooker.watch(world); },
        .branches = timeline.branches});
    ByteVector bytes;
    ByteWriter writer(bytes);
    ByteVector result;
    encode_result(finished.result, result);
    writer.sized(result);
    write(writer, onlooker.situations);
    write(writer, onlooker.passages);
    const std::vector<std::uint64_t> edges = edges_taken();
    writer.u32(static_cast<std::uint32_t>(edges.size()));
    for (const std::uint64_t edge : edges) {
        writer.u64(edge);
    }
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (mark->hits > 0) {
            writer.sized(as_bytes(std::string_view(mark->name)));
        }
    }
    return bytes;
}

Met understand(const ChildReport& report, const Progress& progress) {
    Met met;
    met.steps = progress.step;
    if (report.end.signal != 0) {
        met.ok = !report.end.timed_out;
        met.violation = report.end.timed_out
                            ? std::nullopt
                            : std::optional(crash_violation(report.end, progress));
        return met;
    }
    ByteReader reader(report.said);
    if (const std::optional<RunResult> result = decode_result(reader.sized())) {
        met.ok = true;
        met.steps = result->steps;
        met.violation = result->violation;
    }
    read(reader, met.situations);
    read(reader, met.passages);
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        met.edges.push_back(reader.u64());
    }
    while (reader.ok() && !reader.at_end()) {
        met.marks.emplace_back(as_text(reader.sized()));
    }
    return met;
}

}  // namespace

std::uint64_t Corpus::draw(std::uint64_t domain) {
    return SeededChoices(key_).choose(Site::explore_step, 0, ++draws_, domain);
}

// The one of a few that was tried least: new ones come first, and nobody is forgotten.
std::size_t Corpus::pick() {
    constexpr int looks = 4;
    std::size_t best = draw(entries_.size());
    for (int i = 1; i < looks; ++i) {
        const std::size_t other = draw(entries_.size());
        best = entries_[other].tried < entries_[best].tried ? other : best;
    }
    return best;
}

Timeline Corpus::next() {
    constexpr std::uint64_t fresh_every = 4;
    constexpr std::uint64_t seeds = std::uint64_t{1} << 48;
    if (entries_.empty() || draw(fresh_every) == 0) {
        return {.seed = 1 + draw(seeds), .branches = {}};
    }
    Entry& entry = entries_[pick()];
    ++entry.tried;
    const std::uint64_t step = entry.discoveries[draw(entry.discoveries.size())];
    Timeline timeline{.seed = entry.timeline.seed, .branches = {}};
    for (const Branch& branch : entry.timeline.branches) {
        if (branch.step < step) {
            timeline.branches.push_back(branch);
        }
    }
    timeline.branches.push_back({step, 1 + draw(seeds)});
    return timeline;
}

std::uint64_t Corpus::add(const Timeline& timeline, const Met& met) {
    Entry entry{.timeline = timeline, .discoveries = {}};
    const auto take = [&](const auto& list, LookupTable<std::uint64_t, bool>& known) {
        for (const auto& [what, step] : list) {
            if (known.find(what) == nullptr) {
                known[what] = true;
                entry.discoveries.push_back(step);
            }
        }
    };
    take(met.situations, situations_);
    take(met.passages, passages_);
    const std::uint64_t found = entry.discoveries.size();
    for (const std::uint64_t edge : met.edges) {
        edges_[edge] = true;
    }
    for (const std::string& mark : met.marks) {
        marks_[mark] = true;
    }
    std::sort(entry.discoveries.begin(), entry.discoveries.end());
    entry.discoveries.erase(std::unique(entry.discoveries.begin(), entry.discoveries.end()),
        entry.discoveries.end());
    if (!entry.discoveries.empty() && !met.violation) {
        entries_.push_back(std::move(entry));
    }
    return found;
}

std::vector<Met> meet(const check::Scenario& scenario, const ScenarioChoice& choice,
    const std::vector<Timeline>& timelines) {
    constexpr std::size_t side_by_side_max = 64;
    constexpr std::uint64_t microseconds_max = 120'000'000;
    static auto* const progress =
        static_cast<Progress*>(share_memory(side_by_side_max * sizeof(Progress)));
    LEDGER_ASSERT(timelines.size() <= side_by_side_max);
    std::vector<std::function<void(const Say&)>> bodies;
    for (std::size_t i = 0; i < timelines.size(); ++i) {
        progress[i] = {};
        bodies.push_back([&, i](const Say& say) {
            say(look_at(scenario_of_seed(scenario, choice, timelines[i].seed), timelines[i],
                progress[i]));
        });
    }
    const std::vector<ChildReport> reports = run_side_by_side(bodies, microseconds_max);
    std::vector<Met> all;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        all.push_back(understand(reports[i], progress[i]));
    }
    return all;
}

Candidate spell_out(
    const check::Scenario& scenario, const ScenarioChoice& choice, const Timeline& timeline) {
    Candidate candidate{.scenario = scenario_of_seed(scenario, choice, timeline.seed),
        .seed = timeline.seed};
    candidate.scenario.tape = find(candidate, timeline.branches).tape;
    candidate.scenario.answers = check::AnsweredBy::kind;
    candidate.scenario.seed_first = candidate.scenario.seed_last = timeline.seed;
    return candidate;
}

}  // namespace ledger::sim
