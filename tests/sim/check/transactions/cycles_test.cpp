// Cycles: on random graphs against a search for all cycles, and on large ones.

#include "sim/check/transactions/cycles.h"

#include <functional>
#include <optional>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {
namespace {

// All simple cycles of a small graph without junctions: the worst class that there is, by supports.
class AllCycles {
  public:
    AllCycles(const DependencyGraph& graph, Support support) : graph_(graph), support_(support) {
        for (std::uint32_t node = 0; node < graph.transactions(); ++node) {
            path_.clear();
            visit(node, node);
        }
    }
    std::optional<CycleClass> worst;
    std::uint64_t shortest = UINT64_MAX;  // of the worst class

  private:
    void visit(std::uint32_t begin, std::uint32_t node) {
        for (const Edge& edge : graph_.from(node)) {
            const bool usable = edge.support == Support::data || edge.support == support_;
            // Each cycle once, from its smallest transaction.
            if (!usable || edge.to < begin) {
                continue;
            }
            if (edge.to == begin) {
                path_.push_back(edge.kind);
                note();
                path_.pop_back();
            } else if ((seen_ >> edge.to & 1) == 0) {
                seen_ |= 1u << edge.to;
                path_.push_back(edge.kind);
                visit(begin, edge.to);
                path_.pop_back();
                seen_ &= ~(1u << edge.to);
            }
        }
    }

    void note() {
        std::uint64_t rw = 0;
        bool wr = false;
        bool adjacent = false;
        for (std::size_t i = 0; i < path_.size(); ++i) {
            rw += path_[i] == EdgeKind::rw ? 1u : 0u;
            wr = wr || path_[i] == EdgeKind::wr;
            adjacent = adjacent ||
                       (path_[i] == EdgeKind::rw && path_[(i + 1) % path_.size()] == EdgeKind::rw);
        }
        const CycleClass kind = rw == 0    ? (wr ? CycleClass::g1c : CycleClass::g0)
                                : rw == 1  ? CycleClass::g_single
                                : adjacent ? CycleClass::g2_item
                                           : CycleClass::g_nonadjacent;
        if (!worst || kind < *worst) {
            worst = kind;
            shortest = path_.size();
        } else if (kind == *worst) {
            shortest = std::min<std::uint64_t>(shortest, path_.size());
        }
    }

    const DependencyGraph& graph_;
    const Support support_;
    std::vector<EdgeKind> path_;
    std::uint32_t seen_ = 0;
};

Edge random_edge(std::uint64_t seed, std::uint64_t i, std::uint32_t nodes) {
    const auto pick = [&](std::uint64_t what, std::uint64_t below) {
        return static_cast<std::uint32_t>(keyed_bits(seed, Site{902}, i, what) % below);
    };
    constexpr EdgeKind kinds[] = {EdgeKind::ww, EdgeKind::wr, EdgeKind::rw, EdgeKind::rw};
    Edge edge;
    edge.from = pick(0, nodes);
    edge.to = pick(1, nodes);
    edge.kind = kinds[pick(2, 4)];
    return edge;
}

const Cycle* worst_of(const std::vector<Cycle>& cycles, Support support) {
    const Cycle* worst = nullptr;
    for (const Cycle& cycle : cycles) {
        if (cycle.support == support && (worst == nullptr || cycle.kind < worst->kind)) {
            worst = &cycle;
        }
    }
    return worst;
}

bool closed(const Cycle& cycle) {
    for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
        if (cycle.steps[i].to != cycle.steps[(i + 1) % cycle.steps.size()].from) {
            return false;
        }
    }
    return cycle.steps.size() > 1;
}

}  // namespace

TEST_CASE(
    "cycles: the worst class of random graphs is found, by a shortest cycle", "[transactions]") {
    std::uint64_t by_class[6] = {};
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        const auto nodes = static_cast<std::uint32_t>(2 + seed % 6);
        DependencyGraph graph(nodes);
        for (std::uint64_t i = 0; i < nodes + seed % 5; ++i) {
            graph.add(random_edge(seed, i, nodes));
        }
        graph.finish();
        Unlimited budget;
        Effort effort(budget);
        const std::vector<Cycle> cycles = find_cycles(graph, effort);
        const AllCycles all(graph, Support::data);
        const Cycle* worst = worst_of(cycles, Support::data);
        INFO("seed " << seed);
        REQUIRE(all.worst.has_value() == (worst != nullptr));
        if (worst != nullptr) {
            REQUIRE(closed(*worst));
            REQUIRE(worst->kind == *all.worst);
            REQUIRE(worst->steps.size() >= all.shortest);
            ++by_class[static_cast<std::size_t>(worst->kind)];
            if (cycles.size() == 1) {
                REQUIRE(worst->steps.size() == all.shortest);
            }
        }
    }
    for (std::size_t kind = 1; kind < 6; ++kind) {
        INFO(kind);
        CHECK(by_class[kind] > 10);
    }
}

TEST_CASE("cycles: an order by sessions or time is needed only where the data allow all",
    "[transactions]") {
    std::uint64_t found = 0;
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        const auto nodes = static_cast<std::uint32_t>(2 + seed % 5);
        DependencyGraph graph(nodes);
        for (std::uint64_t i = 0; i < nodes; ++i) {
            Edge edge = random_edge(seed, i, nodes);
            if (i % 3 == 0) {
                edge.kind = EdgeKind::order;
                edge.support = seed % 2 == 0 ? Support::session : Support::realtime;
            }
            graph.add(edge);
        }
        graph.finish();
        Unlimited budget;
        Effort effort(budget);
        const std::vector<Cycle> cycles = find_cycles(graph, effort);
        const Support support = seed % 2 == 0 ? Support::session : Support::realtime;
        const bool by_data = AllCycles(graph, Support::data).worst.has_value();
        const bool with_order = AllCycles(graph, support).worst.has_value();
        INFO("seed " << seed);
        REQUIRE((worst_of(cycles, Support::data) != nullptr) == by_data);
        if (!by_data) {
            REQUIRE((worst_of(cycles, support) != nullptr) == with_order);
            found += with_order ? 1 : 0;
        }
    }
    CHECK(found > 100);
}

TEST_CASE("cycles: the order of time is exactly who returned before whose call", "[transactions]") {
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        const std::uint32_t nodes = 6;
        std::vector<Span> spans;
        for (std::uint32_t i = 0; i < nodes; ++i) {
            const std::uint64_t called = keyed_bits(seed, Site{903}, i, 0) % 12;
            const std::uint64_t length = keyed_bits(seed, Site{903}, i, 1) % 6;
            spans.push_back({i, called, length == 5 ? UINT64_MAX : called + length});
        }
        std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.called < b.called; });
        DependencyGraph graph(nodes);
        graph.add_order(spans, Support::realtime);
        graph.finish();
        for (const Span& from : spans) {
            std::vector<bool> reached(graph.nodes(), false);
            std::vector<std::uint32_t> stack = {from.node};
            while (!stack.empty()) {
                const std::uint32_t node = stack.back();
                stack.pop_back();
                for (const Edge& edge : graph.from(node)) {
                    if (!reached[edge.to]) {
                        reached[edge.to] = true;
                        stack.push_back(edge.to);
                    }
                }
            }
            for (const Span& to : spans) {
                INFO("seed " << seed << ", " << from.node << " and " << to.node);
                REQUIRE(reached[to.node] == (from.returned < to.called));
            }
        }
    }
}

TEST_CASE("cycles: a component of 200000 transactions gives a short cycle", "[transactions]") {
    // A long ring with one short way back, and rw edges everywhere that lead nowhere soon.
    const std::uint32_t nodes = 200'000;
    DependencyGraph graph(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) {
        graph.add({i, (i + 1) % nodes, EdgeKind::wr, Support::data, {}});
    }
    graph.add({3, 1, EdgeKind::wr, Support::data, {}});
    graph.finish();
    Unlimited budget;
    Effort effort(budget);
    const std::vector<Cycle> cycles = find_cycles(graph, effort);
    REQUIRE(cycles.size() == 1);
    CHECK(cycles[0].kind == CycleClass::g1c);
    CHECK(cycles[0].steps.size() == 3);
    CHECK(effort.steps() < 20'000'000);
}

}  // namespace ledger::check::test
