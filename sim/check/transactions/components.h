#pragma once
// Components: the strongly connected components of a part of a dependency graph.

#include <cstdint>
#include <vector>

#include "sim/check/transactions/dependency_graph.h"
#include "sim/check/transactions/effort.h"

namespace ledger::check {

using EdgeKinds = std::uint32_t;  // bits 1 << EdgeKind
constexpr EdgeKinds bit(EdgeKind kind) {
    return 1u << static_cast<unsigned>(kind);
}
inline constexpr EdgeKinds onward_edges = bit(EdgeKind::onward);
inline constexpr EdgeKinds ww_edges = bit(EdgeKind::ww) | bit(EdgeKind::order) | onward_edges;
inline constexpr EdgeKinds dependency_edges = ww_edges | bit(EdgeKind::wr);
inline constexpr EdgeKinds all_edges = dependency_edges | bit(EdgeKind::rw);

constexpr std::uint32_t support_bit(Support support) {
    return 1u << static_cast<unsigned>(support);
}
inline constexpr std::uint32_t all_supports = 31;

// Which walks count. With `nonadjacent` no two rw edges may follow each other: a node is then in
// one of two states, reached by rw (1) or not (0), and components are of states.
struct WalkRule {
    EdgeKinds kinds = all_edges;
    std::uint32_t supports = all_supports;  // support_bit()s
    bool nonadjacent = false;

    // The state behind `edge` when coming in `state`; -1 = the edge must not be taken.
    int after(const Edge& edge, int state) const {
        if ((kinds & bit(edge.kind)) == 0 || (supports & support_bit(edge.support)) == 0) {
            return -1;
        }
        if (!nonadjacent) {
            return 0;
        }
        if (edge.kind == EdgeKind::rw) {
            return state == 0 ? 1 : -1;
        }
        return edge.kind == EdgeKind::onward ? state : 0;
    }
};

struct Components {
    static constexpr std::uint32_t none = 0;
    // Per state 2 * node + state its component, from 1; none = alone on no cycle, or not looked at.
    std::vector<std::uint32_t> of;
    std::vector<std::vector<std::uint32_t>> states;  // states[c - 1], sorted

    std::uint32_t at(std::uint32_t node, int state) const {
        return of[2 * node + static_cast<std::uint32_t>(state)];
    }
};

// The components of at least two states, of edges inside one component of `outer` only (of its
// state 0; nullptr = of everything). Incomplete once effort.spent().
Components components_of(
    const DependencyGraph& graph, const WalkRule& rule, const Components* outer, Effort& effort);

}  // namespace ledger::check
