#include "sim/explore/shrinker.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

using check::Decision;
using check::Range;
using check::Scenario;
using check::Section;
using check::Setting;

constexpr std::int64_t ms = 1'000'000;

// What a world can be made smaller by, from the value that is tried first.
struct Size {
    Section section;
    std::string_view key;
    check::Unit unit;
    std::array<std::int64_t, 10> values;  // ascending; beyond the present one they are not tried
};
constexpr std::array<Size, 4> sizes = {{
    {Section::workload, "operations", check::Unit::count, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}},
    {Section::swarm, "faults.for", check::Unit::duration,
        {50 * ms, 100 * ms, 200 * ms, 300 * ms, 500 * ms, 700 * ms, 1000 * ms, 1500 * ms,
            2000 * ms, 3000 * ms}},
    {Section::workload, "clients", check::Unit::count, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32}},
    {Section::workload, "subscribers", check::Unit::count, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
}};

// The same seed first; in a smaller world another one may be what it takes. The rarer a failure is,
// the more seeds it needs, and the more there is to gain.
constexpr std::array<std::uint64_t, 3> seeds_tried = {2, 6, 20};
// Of the smallest world.
constexpr std::uint64_t seeds_scanned = 100;
// As long as the world is made smaller; what is left is for decisions.
constexpr std::uint32_t world_percent = 60;
constexpr std::uint32_t all_percent = 100;
// It is begun anew as long as more decisions than this are left, and more time than that.
constexpr std::uint64_t few_decisions = 8;
constexpr std::uint32_t again_percent = 50;
constexpr std::uint64_t attempts_max = 8;
constexpr std::uint64_t seeds_apart = 1000;

template <typename T>
std::vector<T> without(const std::vector<T>& all, std::size_t from, std::size_t to) {
    std::vector<T> rest(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
    rest.insert(rest.end(), all.begin() + static_cast<std::ptrdiff_t>(to), all.end());
    return rest;
}

class Shrinker {
  public:
    // `further`: what is added to the seeds that are tried beside the present one.
    Shrinker(const Candidate& start, TrialPort& port, std::uint64_t further)
        : port_(port), further_(further) {
        result_.candidate = start;
    }

    Shrunk run() {
        shrink_world();
        if (!time_left() || !put_on_tape()) {
            return std::move(result_);
        }
        bool smaller = true;
        while (smaller && time_left()) {
            smaller = drop_groups([](const Decision& decision) {
                return std::pair(static_cast<std::uint64_t>(decision.site), std::uint64_t{0});
            });
            smaller |= drop_groups([](const Decision& decision) {
                return std::pair(std::uint64_t{0}, decision.entity);
            });
            smaller |= drop_groups([](const Decision& decision) {
                return std::pair(static_cast<std::uint64_t>(decision.site), decision.entity);
            });
            smaller |= drop_acts(1);
            smaller |= lower_sizes(1);
            smaller |= drop_settings(1);
            smaller |= drop_decisions();
            smaller |= lower_answers();
        }
        result_.finished = !smaller && time_left();
        return std::move(result_);
    }

  private:
    bool time_left() const { return port_.time_left(percent_); }
    Scenario& scenario() { return result_.candidate.scenario; }
    std::vector<Decision>& tape() { return scenario().tape; }

    // The first of the candidates that fails as it should takes the place of the present one.
    std::optional<std::size_t> take_first(std::span<const Candidate> candidates) {
        for (std::size_t next = 0; next < candidates.size() && time_left();) {
            const std::size_t count = std::min<std::size_t>(port_.width(), candidates.size() - next);
            const std::vector<Trial> trials = port_.run(candidates.subspan(next, count));
            LEDGER_ASSERT(trials.size() == count);
            result_.trials += count;
            for (std::size_t i = 0; i < count; ++i) {
                if (trials[i].same) {
                    take(candidates[next + i], trials[i]);
                    return next + i;
                }
            }
            next += count;
        }
        return std::nullopt;
    }

    // Drops parts of a list, halves first, then quarters, down to one by one; from the end, since what
    // came late is the likeliest not to matter.
    struct List {
        std::function<std::size_t()> size;
        // What to try instead of these; nothing if they have gone already.
        std::function<std::vector<Candidate>(std::size_t from, std::size_t to)> without;
        // They have been dropped.
        std::function<void(std::size_t from, std::size_t to)> dropped;
    };
    bool drop_parts(const List& list) {
        bool smaller = false;
        for (std::size_t part = list.size(); part > 0; part /= 2) {
            for (std::size_t to = list.size(); to > 0 && time_left();) {
                // As many parts as can be tried at once.
                std::vector<Candidate> candidates;
                std::vector<std::pair<std::size_t, std::size_t>> parts;  // of each candidate
                std::size_t from = to;
                while (from > 0 && candidates.size() < port_.width()) {
                    const std::size_t end = std::exchange(from, from - std::min(part, from));
                    for (Candidate& candidate : list.without(from, end)) {
                        candidates.push_back(std::move(candidate));
                        parts.emplace_back(from, end);
                    }
                }
                if (const std::optional<std::size_t> taken = take_first(candidates)) {
                    smaller = true;
                    from = parts[*taken].first;
                    list.dropped(from, parts[*taken].second);
                }
                to = std::min(from, list.size());
            }
        }
        return smaller;
    }

    void take(const Candidate& candidate, const Trial& trial) {
        result_.candidate = candidate;
        result_.candidate.steps = trial.steps;
        result_.steps = trial.steps;
        // Decisions that nobody asked for are none.
        if (trial.asked.size() < tape().size()) {
            std::vector<Decision> asked;
            for (const std::uint32_t place : trial.asked) {
                asked.push_back(tape()[place]);
            }
            tape() = std::move(asked);
        }
    }

    // The candidate with each of the seeds that are worth a try.
    void add(std::vector<Candidate>& candidates, const Scenario& scenario, std::uint64_t seeds) {
        for (std::uint64_t i = 0; i < seeds; ++i) {
            candidates.push_back({.scenario = scenario,
                .seed = result_.candidate.seed + (i == 0 ? 0 : further_ + i),
                .guest = result_.candidate.guest,
                .steps = result_.candidate.steps});
        }
    }

    // --- the world, while the seed still answers

    void shrink_world() {
        result_.decisions_before = decisions(scenario());
        percent_ = world_percent;
        for (const std::uint64_t seeds : seeds_tried) {
            for (bool smaller = true; smaller && time_left();) {
                smaller = lower_sizes(seeds);
                smaller |= drop_settings(seeds);
                smaller |= drop_acts(seeds);
            }
        }
        take_shortest();
        percent_ = all_percent;
    }

    // Of the seeds of this world the one that fails in the fewest steps: it has the least to decide.
    void take_shortest() {
        std::vector<Candidate> candidates;
        add(candidates, scenario(), seeds_scanned);
        std::optional<std::pair<Candidate, Trial>> shortest;
        for (std::size_t next = 0; next < candidates.size() && time_left();) {
            const std::size_t count = std::min<std::size_t>(port_.width(), candidates.size() - next);
            const std::vector<Trial> trials = port_.run(std::span(candidates).subspan(next, count));
            result_.trials += count;
            for (std::size_t i = 0; i < count; ++i) {
                if (trials[i].same && (!shortest || trials[i].steps < shortest->second.steps)) {
                    shortest.emplace(candidates[next + i], trials[i]);
                }
            }
            next += count;
        }
        if (shortest) {
            take(shortest->first, shortest->second);
        }
    }

    // Every decision of the run by its name, and kind answers to what is not on the tape.
    bool put_on_tape() {
        Candidate taped = result_.candidate;
        taped.scenario.tape = port_.record(taped);
        taped.scenario.answers = check::AnsweredBy::kind;
        return take_first({&taped, 1}).has_value();
    }

    // --- passes; each says whether it took something away

    bool lower_sizes(std::uint64_t seeds) {
        bool lowered = lower_voters(seeds);
        for (const Size& size : sizes) {
            const Range* range = scenario().find(size.section, size.key);
            const std::int64_t now = range == nullptr ? 0 : range->value(0);
            std::vector<Candidate> candidates;
            for (const std::int64_t value : size.values) {
                if (value < now) {
                    Scenario smaller = scenario();
                    smaller.set(size.section, size.key, size.unit, Range::one(value));
                    add(candidates, smaller, seeds);
                }
            }
            lowered |= take_first(candidates).has_value();
        }
        return lowered;
    }

    bool lower_voters(std::uint64_t seeds) {
        std::vector<Candidate> candidates;
        for (std::uint32_t voters = 1; voters < scenario().voters; ++voters) {
            Scenario smaller = scenario();
            smaller.voters = voters;
            add(candidates, smaller, seeds);
        }
        return take_first(candidates).has_value();
    }

    bool drop_settings(std::uint64_t seeds) {
        const auto without_these = [&](std::size_t from, std::size_t to) {
            Scenario kinder = scenario();
            std::vector<Setting>& settings = kinder.settings;
            const auto begin = settings.begin() + static_cast<std::ptrdiff_t>(from);
            const auto end = settings.begin() + static_cast<std::ptrdiff_t>(to);
            settings.erase(std::remove_if(begin, end,
                               [](const Setting& setting) { return !is_size(setting); }),
                end);
            std::vector<Candidate> candidates;
            if (settings.size() < scenario().settings.size()) {
                add(candidates, kinder, seeds);
            }
            return candidates;
        };
        return drop_parts({.size = [&] { return scenario().settings.size(); },
            .without = without_these,
            .dropped = [](std::size_t, std::size_t) {}});
    }

    bool drop_acts(std::uint64_t seeds) {
        const auto without_these = [&](std::size_t from, std::size_t to) {
            Scenario calmer = scenario();
            calmer.nemesis = without(calmer.nemesis, from, to);
            std::vector<Candidate> candidates;
            add(candidates, calmer, seeds);
            return candidates;
        };
        return drop_parts({.size = [&] { return scenario().nemesis.size(); },
            .without = without_these,
            .dropped = [](std::size_t, std::size_t) {}});
    }

    // All decisions at once that have the same key; those groups last that have the most.
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    bool drop_groups(const std::function<Key(const Decision&)>& key) {
        std::map<Key, std::size_t> sizes_of;
        for (const Decision& decision : tape()) {
            ++sizes_of[key(decision)];
        }
        std::vector<std::pair<std::size_t, Key>> groups;
        for (const auto& [one, size] : sizes_of) {
            if (size > 1) {  // what is alone is dropped alone
                groups.emplace_back(size, one);
            }
        }
        std::sort(groups.begin(), groups.end());
        const auto without_these = [&](std::size_t from, std::size_t to) {
            std::set<Key> going;
            for (std::size_t i = from; i < to; ++i) {
                going.insert(groups[i].second);
            }
            Candidate fewer = result_.candidate;
            std::erase_if(fewer.scenario.tape,
                [&](const Decision& decision) { return going.contains(key(decision)); });
            // Some have gone meanwhile, since nobody asked for them any more.
            const bool gone = fewer.scenario.tape.size() == tape().size();
            return gone ? std::vector<Candidate>() : std::vector<Candidate>{std::move(fewer)};
        };
        return drop_parts({.size = [&] { return groups.size(); },
            .without = without_these,
            .dropped = [&](std::size_t from, std::size_t to) { groups = without(groups, from, to); }});
    }

    bool drop_decisions() {
        const auto without_these = [&](std::size_t from, std::size_t to) {
            Candidate fewer = result_.candidate;
            fewer.scenario.tape = without(tape(), from, to);
            return std::vector<Candidate>{std::move(fewer)};
        };
        return drop_parts({.size = [&] { return tape().size(); },
            .without = without_these,
            .dropped = [](std::size_t, std::size_t) {}});
    }

    bool lower_answers() {
        bool lowered = false;
        for (std::size_t place = 0; place < tape().size() && time_left(); ++place) {
            const Decision now = tape()[place];
            std::vector<Candidate> candidates;
            const std::uint64_t domain = now.domain;
            std::vector<std::uint64_t> answers{1, 2, domain / 64, domain / 8, domain / 4, domain / 2};
            std::sort(answers.begin(), answers.end());
            std::uint64_t before = 0;
            for (const std::uint64_t answer : answers) {
                if (answer > before && answer < now.answer) {
                    before = answer;
                    Candidate lower = result_.candidate;
                    lower.scenario.tape[place].answer = answer;
                    candidates.push_back(std::move(lower));
                }
            }
            lowered |= take_first(candidates).has_value();
        }
        return lowered;
    }

    TrialPort& port_;
    const std::uint64_t further_;
    std::uint32_t percent_ = all_percent;
    Shrunk result_;
};

}  // namespace

bool is_size(const Setting& setting) {
    return std::any_of(sizes.begin(), sizes.end(), [&](const Size& size) {
        return size.section == setting.section && size.key == setting.key;
    });
}

std::uint64_t decisions(const Scenario& scenario) {
    const auto settings = std::count_if(scenario.settings.begin(), scenario.settings.end(),
        [](const Setting& setting) { return !is_size(setting); });
    return scenario.tape.size() + scenario.nemesis.size() + static_cast<std::uint64_t>(settings);
}

Shrunk shrink(const Candidate& start, TrialPort& port) {
    Shrunk best = Shrinker(start, port, 0).run();
    // Other seeds lead to other small worlds, and some of them need less.
    for (std::uint64_t attempt = 1; attempt < attempts_max && best.finished; ++attempt) {
        if (decisions(best.candidate.scenario) <= few_decisions || !port.time_left(again_percent)) {
            break;
        }
        Shrunk other = Shrinker(start, port, attempt * seeds_apart).run();
        const std::uint64_t trials = best.trials + other.trials;
        if (other.finished &&
            decisions(other.candidate.scenario) < decisions(best.candidate.scenario)) {
            best = std::move(other);
        }
        best.trials = trials;
    }
    return best;
}

}  // namespace ledger::sim
