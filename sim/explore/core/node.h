#pragma once
// Node: one production Raft core with its disk, as a value that events turn into the next one.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "raft/invariants.h"
#include "raft/raft.h"
#include "raft/state_words.h"
#include "sim/explore/core/bounds.h"

namespace ledger::sim {

// On its way from one node to another: a message, or the bytes of a cut, which travel beside Raft.
struct Packet {
    NodeId from;
    NodeId to;
    raft::Message message;
    std::optional<raft::Cut> cut;  // then there is no message
};
void describe(const Packet& packet, raft::StateWords& out);

// What a host makes of Ready::hard_state, truncate_to and entries: written in this order, synced
// once.
struct WriteGroup {
    std::optional<HardState> hard_state;
    std::optional<raft::Cut> restore;
    std::optional<Index> truncate_to;
    std::vector<EntryRef> entries;
    Index commit;              // known when it was written
    LogId upto;                // what stored() is told
    HardState state;           // as well
    std::vector<Packet> held;  // leave when it is on the disk

    // How many parts may be on the disk without those behind them.
    std::uint32_t parts() const;
};

// What is on the disk for good.
struct NodeDisk {
    HardState hard_state;
    LogId base;  // the log begins after it
    std::vector<EntryRef> entries;
    Index commit;
    std::optional<raft::Cut> cut;

    Index last() const { return base.index + entries.size(); }
    const EntryRef* find(Index index) const;
    // Writes the first `parts` parts of a group; all of them include the commit index. Empty, or
    // what is wrong with the order in which the core asks for writes.
    std::string_view write(const WriteGroup& group, std::uint32_t parts);
    void begin_after(Index upto);
    raft::Boot boot() const;
};

enum class Act : std::uint8_t {
    deliver,    // of a packet
    time_out,   // no leader was heard, or nobody won, for one election timeout
    heartbeat,  // a leader's round is due
    repeat,     // a leader's round, so late that unanswered requests are sent once more
    give_up,    // a leader's transfer has taken too long
    stall,      // a leader's disk has finished nothing for one timeout
    desert,     // a leader has heard no quorum for one timeout
    store,  // the oldest group of writes is on the disk; late: after a long silence of all others
    crash,  // `number` parts of what was not synced are on the disk; up again
    halt,   // the same, and it is down
    restart,
    propose,  // command `number`
    read,     // number `number`
    read_anywhere,
    transfer,  // to node `number`
    change,    // of the membership, the `number`th one
    cut,       // what is committed and on the disk becomes a cut; the log begins after it
};
std::string_view to_text(Act act);

// What happens to one node.
struct NodeEvent {
    Act act = Act::store;
    bool late = false;  // nothing was heard for one minimum timeout before; deliver and store
    std::uint32_t number = 0;  // see Act
    friend bool operator==(const NodeEvent&, const NodeEvent&) = default;
};

// What a node does in one event, beside changing.
struct NodeOutcome {
    bool taken = false;          // else the event is none for this node: nothing has happened
    std::string_view violation;  // of what holds for one node
    std::vector<Packet> sent;
    std::vector<raft::ReadGrant> granted;
    std::vector<raft::ReadId> dropped;
};

// A node's part of a state. Copied before every event.
struct CoreNode {
    NodeId self;
    std::optional<raft::Raft> core;  // nothing while it is down
    NodeDisk disk;
    std::vector<WriteGroup> pending;  // not synced, in order
    std::uint32_t lives = 0;

    std::uint32_t parts() const;
    // All of it as words. Nothing of it refers to a moment.
    void describe(raft::StateWords& out) const;
};

// What the nodes of one search have in common.
class NodeRules {
  public:
    explicit NodeRules(const CoreBounds& bounds);

    CoreNode first_life(NodeId self) const;
    // `packet` is given for Act::deliver only.
    NodeOutcome step(CoreNode& node, const NodeEvent& event, const Packet* packet) const;

    const CoreBounds& bounds() const { return bounds_; }
    // How many changes there are to choose from; the voter that each adds and removes, 0 = none.
    struct Change {
        NodeId added;
        NodeId removed;
    };
    const std::vector<Change>& changes() const { return changes_; }

  private:
    void boot(CoreNode& node) const;
    bool perform(
        CoreNode& node, const NodeEvent& event, const Packet* packet, NodeOutcome& out) const;
    bool deliver(CoreNode& node, const Packet& packet, bool late, NodeOutcome& out) const;
    bool pass(CoreNode& node, Act act) const;
    bool ask(CoreNode& node, const NodeEvent& event) const;
    bool make_cut(CoreNode& node) const;
    void collect(CoreNode& node, NodeOutcome& out) const;
    void store_one(CoreNode& node, Instant now, NodeOutcome& out) const;

    CoreBounds bounds_;
    std::vector<Change> changes_;
    raft::Configuration founders_;
};

}  // namespace ledger::sim
