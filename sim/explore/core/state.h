#pragma once
// State: all nodes, what is on its way between them, what was shown and spent so far; and its
// successors.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/hash128.h"
#include "sim/explore/core/tables.h"

namespace ledger::sim {

// By numbers of CoreTables, which belong to one process.
struct CoreState {
    std::array<NodeNumber, core_nodes_max> nodes{};
    RecordNumber record = 0;
    std::array<std::uint8_t, spent_count> spent{};
    std::uint8_t packets_count = 0;
    std::array<PacketNumber, core_packets_max> packets{};  // ascending; only the first count

    std::span<const PacketNumber> packets_in_flight() const {
        return {packets.data(), packets_count};
    }
};

// What the environment does next: one choice among CoreSteps::actions().
struct CoreAction {
    NodeEvent event;
    NodeId node;        // to whom
    bool kept = false;  // a delivered packet stays on its way, too
    bool lost = false;  // not delivered: the packet is gone
    friend bool operator==(const CoreAction&, const CoreAction&) = default;
};
std::uint64_t pack(const CoreAction& action);
CoreAction unpack_action(std::uint64_t packed);

// Where a search ends although nothing is wrong.
struct CoreTarget {
    std::string mark;             // a LEDGER_SOMETIMES of the core was hit on the way there
    std::uint32_t committed = 0;  // so many commands were committed
    std::uint32_t leaders = 0;    // so many nodes lead at the same time
    std::uint32_t term = 0;       // a node leads this term
    bool given() const { return !mark.empty() || committed > 0 || leaders > 0 || term > 0; }
};

// A state that an action leads to.
struct Successor {
    CoreAction action;
    CoreState state;
    Hash128 print;
    std::string_view violation;  // empty: all is well
    bool target = false;
};

// How often the bounds and reductions cut a way off, beside what is spent.
struct CutOff {
    std::uint64_t messages = 0;  // more on their way than allowed
    std::uint64_t idle = 0;      // deliveries without effect
    std::uint64_t dead = 0;      // messages that nobody will take notice of any more
};

// Successors, invariants and fingerprints of states.
class CoreSteps {
  public:
    // `reductions` as they are: sound() is the caller's.
    CoreSteps(const CoreBounds& bounds, const Reductions& reductions, const CoreTarget& target);

    CoreState first();
    Hash128 print_of(const CoreState& state);
    // All successors of a state, in an order that depends on the state and its numbers only. The
    // states are checked; one with a violation is the last. Valid until the next call.
    std::span<const Successor> successors(const CoreState& state);
    // The one of this action; nothing if that is none.
    const Successor* successor(const CoreState& state, const CoreAction& action);

    CoreTables& tables() { return tables_; }
    const CoreTables& tables() const { return tables_; }
    const CoreBounds& bounds() const { return bounds_; }
    const Reductions& reductions() const { return reductions_; }
    const CutOff& cut_off() const { return cut_off_; }
    const std::bitset<marks_max>& marks() const { return marks_; }

  private:
    void try_node(const CoreState& state, NodeId node);
    void try_store(const CoreState& state, NodeId node);
    void try_requests(const CoreState& state, NodeId node);
    void try_packets(const CoreState& state);
    void try_event(const CoreState& state, NodeId node, const NodeEvent& event);
    void try_spending(const CoreState& state, NodeId node, const NodeEvent& event, Spent what);
    bool may_spend(const CoreState& state, Spent what) const;
    bool add(const CoreState& state, const CoreAction& action, const Step& step, const Spent* what);
    bool is_dead(const PacketBrief& packet, const NodeBrief& receiver) const;
    bool reached(const Successor& next, const Step& step) const;
    const NodeBrief& brief(const CoreState& state, NodeId node) const {
        return tables_.brief(state.nodes[node.value - 1]);
    }
    std::uint64_t age_of(const CoreState& state, const PacketBrief& packet) const;

    const CoreBounds bounds_;
    const Reductions reductions_;
    const CoreTarget target_;
    CoreTables tables_;
    std::vector<Successor> found_;
    std::size_t found_count_ = 0;
    bool stopped_ = false;
    CutOff cut_off_;
    std::bitset<marks_max> marks_;
    std::bitset<marks_max> target_mark_;
};

}  // namespace ledger::sim
