#include "sim/check/transactions/cycles.h"

#include <algorithm>
#include <tuple>
#include <optional>
#include <utility>

#include "log/base/assert.h"
#include "sim/check/transactions/components.h"

namespace ledger::check {
namespace {

// Edges that the search for the shortest cycle may look at: in one component, and in all together.
constexpr std::uint64_t component_steps_max = 2'000'000;
constexpr std::uint64_t steps_max = 20'000'000;

// What to look for in a component: walks by `rule`, whose first edge is one of `first` and whose
// other edges are some of `later`.
struct Search {
    WalkRule rule;
    EdgeKinds first = all_edges;
    EdgeKinds later = all_edges;
    bool may_fail = false;  // the component may hold no such cycle
};

// Searches breadth first for walks that come back to where they began.
class Finder {
  public:
    explicit Finder(const DependencyGraph& graph)
        : graph_(graph), seen_(2 * std::uint64_t{graph.nodes()}, 0), came_(seen_.size()) {}

    // The shortest closed walk through `start` inside its component of `within`, of at most
    // `length_max` transactions: its edges. Nothing if there is none.
    std::optional<std::vector<std::uint32_t>> walk_back(std::uint32_t start, const Search& search,
        const Components& within, std::uint64_t length_max, Effort& effort);

  private:
    struct Came {
        std::uint32_t edge = 0;
        std::uint32_t state = 0;
    };

    std::vector<std::uint32_t> path_to(
        std::uint32_t start, std::uint32_t last_edge, std::uint32_t last_state) const;

    const DependencyGraph& graph_;
    std::vector<std::uint32_t> seen_;  // the search that saw a state last
    std::vector<Came> came_;
    std::uint32_t search_ = 0;
    std::vector<std::uint32_t> level_;
    std::vector<std::uint32_t> next_level_;
};

std::vector<std::uint32_t> Finder::path_to(
    std::uint32_t start, std::uint32_t last_edge, std::uint32_t last_state) const {
    std::vector<std::uint32_t> edges = {last_edge};
    for (std::uint32_t state = last_state; state != 2 * start; state = came_[state].state) {
        edges.push_back(came_[state].edge);
    }
    std::reverse(edges.begin(), edges.end());
    return edges;
}

std::optional<std::vector<std::uint32_t>> Finder::walk_back(std::uint32_t start,
    const Search& search, const Components& within, std::uint64_t length_max, Effort& effort) {
    ++search_;
    const std::uint32_t begin = 2 * start;
    const std::uint32_t component = within.of[begin];
    seen_[begin] = search_;
    level_.assign(1, begin);
    for (std::uint64_t length = 0; !level_.empty() && length <= length_max; ++length) {
        next_level_.clear();
        // Junctions first: what they lead to is as near as they are.
        for (const bool junctions : {true, false}) {
            for (std::uint64_t i = 0; (junctions || length < length_max) && i < level_.size();
                ++i) {
                const std::uint32_t state = level_[i];
                if (graph_.is_junction(state / 2) != junctions) {
                    continue;
                }
                const EdgeKinds kinds = state == begin ? search.first : search.later | onward_edges;
                for (std::uint32_t e = graph_.first_edge(state / 2);
                    e < graph_.first_edge(state / 2 + 1); ++e) {
                    const Edge& edge = graph_.edge(e);
                    const int after = search.rule.after(edge, static_cast<int>(state % 2));
                    if (after < 0 || (kinds & bit(edge.kind)) == 0) {
                        continue;
                    }
                    if (!effort.step()) {
                        return std::nullopt;
                    }
                    const std::uint32_t next = 2 * edge.to + static_cast<std::uint32_t>(after);
                    if (next == begin) {
                        return path_to(start, e, state);
                    }
                    if (seen_[next] == search_ || within.of[next] != component) {
                        continue;
                    }
                    seen_[next] = search_;
                    came_[next] = {e, state};
                    (junctions ? level_ : next_level_).push_back(next);
                }
            }
        }
        level_.swap(next_level_);
    }
    return std::nullopt;
}

class Cycles {
  public:
    Cycles(const DependencyGraph& graph, Effort& effort)
        : graph_(graph), effort_(effort), finder_(graph) {}

    std::vector<Cycle> find();

  private:
    // `broken`: nodes of components that have given a cycle already; adds those that give one now.
    void find_with(
        std::uint32_t supports, Support support, const Components& all, std::vector<bool>& broken);
    void find_in(const Components& components, const std::vector<Search>& searches, Support support,
        std::vector<bool>& broken);
    std::optional<Cycle> shortest(const std::vector<std::uint32_t>& states,
        const Components& components, const Search& search, Support support);
    Cycle cycle_of(const std::vector<std::uint32_t>& edges, Support support) const;

    const DependencyGraph& graph_;
    Effort& effort_;
    Finder finder_;
    std::vector<Cycle> found_;
    std::uint64_t steps_ = 0;  // of all searches
};

// Consecutive orders are one: who is before the one is before the other.
void join_orders(std::vector<CycleStep>& steps) {
    const auto is_order = [](const CycleStep& step) { return step.kind == EdgeKind::order; };
    const auto other = std::find_if_not(steps.begin(), steps.end(), is_order);
    std::rotate(steps.begin(), other, steps.end());
    std::vector<CycleStep> out;
    for (const CycleStep& step : steps) {
        if (!out.empty() && is_order(out.back()) && is_order(step) &&
            out.back().support == step.support) {
            out.back().to = step.to;
        } else {
            out.push_back(step);
        }
    }
    steps = std::move(out);
}

CycleClass class_of(const std::vector<CycleStep>& steps) {
    std::uint64_t rw = 0;
    bool wr = false;
    bool adjacent = false;
    for (std::uint64_t i = 0; i < steps.size(); ++i) {
        const CycleStep& next = steps[(i + 1) % steps.size()];
        rw += steps[i].kind == EdgeKind::rw ? 1u : 0u;
        wr = wr || steps[i].kind == EdgeKind::wr;
        adjacent = adjacent || (steps[i].kind == EdgeKind::rw && next.kind == EdgeKind::rw);
    }
    if (rw == 0) {
        return wr ? CycleClass::g1c : CycleClass::g0;
    }
    return rw == 1    ? CycleClass::g_single
           : adjacent ? CycleClass::g2_item
                      : CycleClass::g_nonadjacent;
}

Cycle Cycles::cycle_of(const std::vector<std::uint32_t>& edges, Support support) const {
    Cycle cycle;
    cycle.support = support;
    for (const std::uint32_t e : edges) {
        const Edge& edge = graph_.edge(e);
        if (edge.kind != EdgeKind::onward) {
            cycle.steps.push_back({edge.from, edge.to, edge.kind, edge.support, edge.label});
            continue;
        }
        CycleStep& step = cycle.steps.back();
        step.to = edge.to;
        step.support = edge.support == Support::data ? step.support : edge.support;
        if (edge.label.after != EdgeLabel::none) {
            step.label.after = edge.label.after;
            step.label.why = edge.label.why;
        }
    }
    join_orders(cycle.steps);
    cycle.kind = class_of(cycle.steps);
    return cycle;
}

std::optional<Cycle> Cycles::shortest(const std::vector<std::uint32_t>& states,
    const Components& components, const Search& search, Support support) {
    std::optional<std::vector<std::uint32_t>> best;
    std::uint64_t best_length = UINT64_MAX;
    const std::uint64_t begin = effort_.steps();
    for (const std::uint32_t state : states) {
        // Walks begin with transactions, and in the state to which they come back.
        if (graph_.is_junction(state / 2) || state % 2 != 0) {
            continue;
        }
        const std::uint64_t used = effort_.steps() - begin;
        const bool enough = used > component_steps_max || steps_ + used > steps_max;
        if (best_length <= 2 || (enough && (best || search.may_fail))) {
            break;
        }
        auto walk = finder_.walk_back(state / 2, search, components, best_length - 1, effort_);
        if (walk) {
            best = std::move(walk);
            best_length = static_cast<std::uint64_t>(std::count_if(best->begin(), best->end(),
                [this](std::uint32_t edge) { return graph_.edge(edge).kind != EdgeKind::onward; }));
        }
    }
    steps_ += effort_.steps() - begin;
    return best ? std::optional(cycle_of(*best, support)) : std::nullopt;
}

void Cycles::find_in(const Components& components, const std::vector<Search>& searches,
    Support support, std::vector<bool>& broken) {
    // Components of states may share transactions: of those the one with the worst and then the
    // shortest cycle speaks for all.
    struct Candidate {
        std::uint64_t search = 0;
        std::uint64_t component = 0;
        Cycle cycle;  // without steps: there is none
    };
    const auto is_broken = [&](std::uint64_t component) {
        const std::vector<std::uint32_t>& states = components.states[component];
        return std::any_of(states.begin(), states.end(),
            [&](std::uint32_t state) { return broken[state / 2]; });
    };
    std::vector<Candidate> candidates;
    for (std::uint64_t component = 0; component < components.states.size(); ++component) {
        if (effort_.spent()) {
            return;
        }
        if (is_broken(component)) {
            continue;
        }
        Candidate candidate{.search = searches.size(), .component = component, .cycle = {}};
        for (std::uint64_t i = 0; i < searches.size() && candidate.search == searches.size(); ++i) {
            if (auto cycle =
                    shortest(components.states[component], components, searches[i], support)) {
                candidate.cycle = std::move(*cycle);
                candidate.search = i;
            }
        }
        candidates.push_back(std::move(candidate));
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return std::tuple(a.search, a.cycle.steps.size(), a.component) <
               std::tuple(b.search, b.cycle.steps.size(), b.component);
    });
    for (Candidate& candidate : candidates) {
        if (is_broken(candidate.component)) {
            continue;
        }
        if (!candidate.cycle.steps.empty()) {
            found_.push_back(std::move(candidate.cycle));
        }
        for (const std::uint32_t state : components.states[candidate.component]) {
            broken[state / 2] = true;
        }
    }
}

void Cycles::find_with(
    std::uint32_t supports, Support support, const Components& all, std::vector<bool>& broken) {
    const WalkRule g0{ww_edges, supports, false};
    const WalkRule g1c{dependency_edges, supports, false};
    const WalkRule nonadjacent{all_edges, supports, true};
    const WalkRule any{all_edges, supports, false};
    const EdgeKinds rw = bit(EdgeKind::rw);

    const Components within = components_of(graph_, any, &all, effort_);
    find_in(components_of(graph_, g0, &within, effort_), {{g0}}, support, broken);
    find_in(components_of(graph_, g1c, &within, effort_), {{g1c}}, support, broken);
    // No cycle without rw is left. The shortest walk that comes back to where it began without two
    // rw in a row passes no transaction twice: of two rounds at one transaction, that which leaves
    // it by another edge than rw, or comes to it so, would be such a walk itself.
    find_in(components_of(graph_, nonadjacent, &within, effort_),
        {{nonadjacent, rw, dependency_edges, true}, {nonadjacent, rw, all_edges}}, support, broken);
    find_in(within, {{any, rw, all_edges}}, support, broken);
}

std::vector<Cycle> Cycles::find() {
    const Components all = components_of(graph_, WalkRule{}, nullptr, effort_);
    if (all.states.empty()) {
        return {};
    }
    const std::uint32_t data = support_bit(Support::data);
    std::vector<bool> of_data(graph_.nodes(), false);
    find_with(data, Support::data, all, of_data);
    for (const auto& [support, shown] : {std::pair(Support::session, Support::session_shown),
             std::pair(Support::realtime, Support::realtime_shown)}) {
        if (!graph_.has(support) && !graph_.has(shown)) {
            continue;
        }
        // What only reads show comes last: it explains less than who wrote what when.
        std::vector<bool> broken = of_data;
        const std::uint32_t order = data | support_bit(support);
        find_with(order, support, all, broken);
        if (graph_.has(shown)) {
            find_with(order | support_bit(shown), support, all, broken);
        }
    }
    return std::move(found_);
}

}  // namespace

std::vector<Cycle> find_cycles(const DependencyGraph& graph, Effort& effort) {
    return Cycles(graph, effort).find();
}

}  // namespace ledger::check
