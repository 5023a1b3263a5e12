#pragma once
// Sample: searches of the core for tests, and the states on the way to what they find.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/explore/core/search.h"

namespace ledger::sim {

inline CoreBounds bounds_of(std::string_view text) {
    const std::optional<CoreBounds> bounds = parse_bounds(text);
    REQUIRE(bounds.has_value());
    REQUIRE(fault_of(*bounds).empty());
    return *bounds;
}

struct Searched {
    SearchResult result;
    std::set<std::vector<std::uint64_t>>
        node_states;  // of nodes that are up; the least of all names
    CutOff cut_off;
};

// What a node is, whatever the nodes are called and whatever its requests are numbered.
inline std::vector<std::uint64_t> anonymous(const CoreNode& node, std::uint32_t nodes) {
    std::vector<std::uint64_t> least;
    std::array<NodeId, core_nodes_max + 1> names{};
    for (std::uint32_t id = 0; id <= core_nodes_max; ++id) {
        names[id] = NodeId{id};
    }
    do {
        raft::StateWords words({.names = names, .request_numbers = false});
        node.describe(words);
        std::vector<std::uint64_t> named(words.words().begin(), words.words().end());
        least = least.empty() ? named : std::min(least, named);
    } while (std::next_permutation(names.begin() + 1, names.begin() + 1 + nodes));
    return least;
}

inline Searched search(std::string_view text, Reductions reductions,
    SearchOrder order = SearchOrder::breadth, const CoreTarget& target = {},
    bool with_node_states = false) {
    const CoreBounds bounds = bounds_of(text);
    CoreSteps steps(bounds, sound(bounds, reductions), target);
    PrintSet seen(1ULL << 30);
    CoreSearch search(steps, seen, {.order = order});
    Searched found{search.run(), {}, steps.cut_off()};
    for (NodeNumber number = 0; with_node_states && number < steps.tables().nodes(); ++number) {
        const CoreNode& node = steps.tables().node(number);
        if (node.core) {
            found.node_states.insert(anonymous(node, bounds.nodes));
        }
    }
    return found;
}

// Follows the way to a target; stops before the last `before` actions.
struct Walk {
    CoreState state;
    CoreAction next;  // the first of those
};
inline Walk walk(CoreSteps& steps, const std::vector<CoreAction>& actions, std::size_t before) {
    REQUIRE(actions.size() >= before);
    Walk walk{steps.first(), {}};
    for (std::size_t i = 0; i + before < actions.size(); ++i) {
        const Successor* const next = steps.successor(walk.state, actions[i]);
        REQUIRE(next != nullptr);
        walk.state = next->state;
    }
    walk.next = actions[actions.size() - before];
    return walk;
}

inline std::vector<CoreAction> way_to(CoreSteps& steps) {
    PrintSet seen(1ULL << 30);
    CoreSearch search(steps, seen, {});
    const SearchResult result = search.run();
    REQUIRE(result.end == SearchEnd::reached);
    return result.actions;
}

}  // namespace ledger::sim
