#pragma once
// Tables: every node state, message and judge's record of a search once, under a number; and what a
// node does in an event, worked out by the production core once and looked up from then on.

#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/base/sometimes.h"
#include "sim/explore/core/node.h"

namespace ledger::sim {

using NodeNumber = std::uint32_t;
using PacketNumber = std::uint32_t;
using RecordNumber = std::uint32_t;

// Place, term, kind and command of an entry in one number; configurations count by their content.
using EntryMark = std::uint32_t;

// 128 bits that add up: the sum over parts in any order is a fingerprint of the whole.
struct Print {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    Print& operator+=(const Print& other) {
        high += other.high;
        low += other.low;
        return *this;
    }
    Print& operator-=(const Print& other) {
        high -= other.high;
        low -= other.low;
        return *this;
    }
    friend auto operator<=>(const Print&, const Print&) = default;
};
// Spreads a part's bits, so that sums do not meet by chance.
Print spread(const Print& part, std::uint64_t salt);

// What the search itself asks of a node state.
struct NodeBrief {
    bool up = false;
    raft::Role role = raft::Role::follower;  // follower if it is down
    std::uint8_t term = 0;
    std::uint8_t leader = 0;  // whom it follows, or itself; 0 = it knows none
    std::uint8_t durable_term = 0;
    std::uint8_t durable_vote = 0;
    std::uint8_t commit = 0;
    std::uint8_t first = 1;  // of the log in memory; what is before was cut away
    std::uint8_t last = 0;
    std::uint8_t disk_first = 1;
    std::uint8_t disk_last = 0;
    std::uint8_t disk_commit = 0;
    std::uint8_t groups = 0;                        // not synced
    std::uint8_t parts = 0;                         // of them
    std::array<EntryMark, core_entries_max> log{};  // at index - 1
    std::array<EntryMark, core_entries_max> disk{};
    // As leader: requests to a node below this number count as old (Progress::since).
    std::array<std::uint32_t, core_nodes_max + 1> since{};
    // Answers to numbered requests that wait for the disk.
    struct Held {
        PacketNumber packet = 0;
        std::uint32_t group = 0;
    };
    std::vector<Held> held;
};

struct PacketBrief {
    NodeId from;
    NodeId to;
    std::uint8_t kind = 0;  // place in raft::Message; beyond it: a cut
    std::uint8_t term = 0;
    std::uint8_t proposed = 0;  // of a pre-vote
    std::uint32_t request = 0;  // a leader's number of it; 0 = has none
    bool answers = false;       // an answer to the numbered request
};

// What all nodes together have shown so far; what the properties of Raft fig. 3 speak about.
struct JudgeRecord {
    static constexpr std::uint8_t no_read = 0xff;

    std::uint8_t committed = 0;  // entries
    std::array<EntryMark, core_entries_max> entries{};
    std::array<std::uint8_t, core_entries_max> terms{};      // in which each was committed
    std::array<std::uint8_t, core_terms_max + 1> leaders{};  // by term; 0 = none yet
    // By number: how much was committed anywhere when the read began; answered or lost: no_read.
    std::array<std::uint8_t, core_entries_max> reads{};

    JudgeRecord() { reads.fill(no_read); }
    friend bool operator==(const JudgeRecord&, const JudgeRecord&) = default;
};

inline constexpr std::size_t marks_max = 256;

struct Step {
    bool taken = false;
    bool idle = false;       // nothing changed, nothing left
    bool elected = false;    // it leads now and did not before
    bool follows = false;    // another one than before, or in another term
    bool committed = false;  // its commit index grew
    bool log_changed = false;
    bool disk_changed = false;
    NodeNumber after = 0;
    std::string_view violation;  // of what holds for one node
    std::span<const PacketNumber> sent;
    std::span<const raft::ReadGrant> granted;
    std::span<const raft::ReadId> dropped;
    std::bitset<marks_max> marks;  // LEDGER_SOMETIMES that were hit

    bool same_as(const Step& other) const;
};

class CoreTables {
  public:
    CoreTables(const CoreBounds& bounds, const Reductions& reductions);
    CoreTables(const CoreTables&) = delete;
    CoreTables& operator=(const CoreTables&) = delete;

    const NodeRules& rules() const { return rules_; }
    // The renamings under which a state stays the same state; the first one renames nothing.
    std::uint32_t namings() const { return static_cast<std::uint32_t>(namings_.size()); }

    NodeNumber first_life(NodeId self);
    RecordNumber number(const JudgeRecord& record);
    // The event's number is a PacketNumber for Act::deliver. Valid for ever.
    const Step& step(NodeNumber node, const NodeEvent& event);

    const CoreNode& node(NodeNumber number) const { return nodes_[number].node; }
    const NodeBrief& brief(NodeNumber number) const { return nodes_[number].brief; }
    const Packet& packet(PacketNumber number) const { return packets_[number].packet; }
    const PacketBrief& packet_brief(PacketNumber number) const { return packets_[number].brief; }
    const JudgeRecord& record(RecordNumber number) const { return records_[number]; }

    // Under every naming, in their order.
    const Print* node_prints(NodeNumber number) const { return &node_prints_[number * namings()]; }
    const Print* packet_prints(PacketNumber number) const {
        return &packet_prints_[number * namings()];
    }
    const Print* record_prints(RecordNumber number) const {
        return &record_prints_[number * namings()];
    }
    // Whether a read with this number waits there for its index.
    bool awaits_read(NodeNumber number, std::uint32_t read) const;
    // Of what a packet says, whatever numbers it got here: the same in every process.
    std::uint64_t identity(PacketNumber number) const { return packets_[number].identity; }

    // The marks of the core, in the order of their names.
    const std::vector<const SometimesMark*>& marks() const { return marks_; }

    // What the core is being asked at this moment: for who finds an assertion failed.
    struct Asked {
        NodeNumber node = 0;
        NodeEvent event;
    };
    const Asked& asked() const { return asked_; }

    // About as many bytes are in use.
    std::uint64_t bytes() const;
    std::uint64_t nodes() const { return nodes_.size(); }
    std::uint64_t packets() const { return packets_.size(); }
    std::uint64_t steps() const { return steps_.size(); }

    // Every node state that was reached once more, by another way, is asked again what it does in
    // `events` events; for tests that equal words are equal behaviour. Empty, or what differed.
    void examine_twins(bool yes) { examine_twins_ = yes; }
    std::uint64_t twins_examined() const { return twins_examined_; }
    const std::string& different_twin() const { return different_twin_; }

  private:
    struct NodeEntry {
        CoreNode node;
        NodeBrief brief;
    };
    struct PacketEntry {
        Packet packet;
        PacketBrief brief;
        std::uint64_t identity = 0;
    };

    NodeNumber number(CoreNode&& node);
    PacketNumber number(Packet&& packet);
    Step work_out(NodeNumber from, const NodeEvent& event);
    NodeBrief brief_of(const CoreNode& node);
    EntryMark mark_of(const EntryRef& entry);
    void examine(const CoreNode& twin, NodeNumber known);
    raft::StateWords words_for(std::uint32_t naming) const;

    const NodeRules rules_;
    const Reductions reductions_;
    std::vector<std::array<NodeId, core_nodes_max + 1>> namings_;
    std::vector<const SometimesMark*> marks_;
    std::bitset<marks_max> refusals_;
    std::deque<NodeEntry> nodes_;
    std::vector<Print> node_prints_;
    LookupTable<Hash128, NodeNumber> node_numbers_;
    std::deque<PacketEntry> packets_;
    std::vector<Print> packet_prints_;
    LookupTable<Hash128, PacketNumber> packet_numbers_;
    std::deque<JudgeRecord> records_;
    std::vector<Print> record_prints_;
    LookupTable<Hash128, RecordNumber> record_numbers_;
    LookupTable<Hash128, std::uint32_t> configurations_;  // by content, from 1
    std::deque<Step> steps_;
    LookupTable<std::uint64_t, std::uint32_t> step_numbers_;
    std::deque<std::vector<PacketNumber>> sent_;
    std::deque<std::vector<raft::ReadGrant>> granted_;
    std::deque<std::vector<raft::ReadId>> dropped_;
    Asked asked_;
    bool examine_twins_ = false;
    std::uint64_t twins_examined_ = 0;
    std::string different_twin_;
};

}  // namespace ledger::sim
