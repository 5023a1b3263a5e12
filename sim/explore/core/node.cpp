#include "sim/explore/core/node.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "log/base/assert.h"
#include "raft/configuration_body.h"

namespace ledger::sim {
namespace {

using raft::Raft;

constexpr Duration timeout_min = milliseconds(300);
constexpr Duration heartbeat_interval = milliseconds(60);

// Every timeout is the same: who times out first is the search's choice.
class EqualChoices final : public ChoiceSource {
  public:
    std::uint64_t choose(Site, std::uint64_t, std::uint64_t, std::uint64_t domain) override {
        return domain / 2;
    }
};
EqualChoices equal_choices;

// Moments after restart_clocks(). What is due after one minimum timeout is due one nanosecond
// apart.
Instant after(Duration duration, std::int64_t nanoseconds_less = 0) {
    return Instant{duration.nanoseconds - nanoseconds_less};
}

// Asks for a vote that who hears a leader does not give.
bool asks_in_vain(const Packet& packet) {
    const auto* const request = std::get_if<raft::VoteRequest>(&packet.message);
    return !packet.cut && request != nullptr && !request->transfer;
}

// Thesis 4.2.3, of a node that has heard its leader, or leads, just now.
std::string_view violated_patience(
    const raft::Observation& before, const raft::Observation& after) {
    const bool patient = before.leader != NodeId{0};
    return patient && (after.term != before.term || after.vote != before.vote)
               ? "who hears its leader helps nobody else"
               : std::string_view{};
}

void add_cut(raft::StateWords& out, const std::optional<raft::Cut>& cut) {
    out.add(cut.has_value());
    if (cut) {
        out.add(cut->id);
        out.add(cut->configuration);
    }
}

}  // namespace

std::string_view to_text(Act act) {
    switch (act) {
        case Act::deliver: return "deliver";
        case Act::time_out: return "time-out";
        case Act::heartbeat: return "heartbeat";
        case Act::repeat: return "repeat";
        case Act::give_up: return "give-up";
        case Act::stall: return "stall";
        case Act::desert: return "desert";
        case Act::store: return "store";
        case Act::crash: return "crash";
        case Act::halt: return "halt";
        case Act::restart: return "restart";
        case Act::propose: return "propose";
        case Act::read: return "read";
        case Act::read_anywhere: return "read-anywhere";
        case Act::transfer: return "transfer";
        case Act::change: return "change";
        case Act::cut: return "cut";
    }
    return "unknown";
}

void describe(const Packet& packet, raft::StateWords& out) {
    out.add(packet.from);
    out.add(packet.to);
    add_cut(out, packet.cut);
    if (!packet.cut) {
        out.add(packet.message);
    }
}

// ---- the disk

std::uint32_t WriteGroup::parts() const {
    return (hard_state ? 1u : 0u) + (restore ? 1u : 0u) + (truncate_to ? 1u : 0u) +
           static_cast<std::uint32_t>(entries.size());
}

const EntryRef* NodeDisk::find(Index index) const {
    const bool held = index > base.index && index <= last();
    return held ? &entries[index - base.index - 1] : nullptr;
}

std::string_view NodeDisk::write(const WriteGroup& group, std::uint32_t parts) {
    const bool whole = parts >= group.parts();
    const auto next = [&parts] { return parts > 0 && parts-- > 0; };
    if (group.hard_state && next()) {
        if (group.hard_state->term < hard_state.term) {
            return "the term on a disk never goes back";
        }
        hard_state = *group.hard_state;
    }
    if (group.restore && next()) {
        if (group.restore->id.index <= commit) {
            return "a disk goes back to no older cut";
        }
        base = group.restore->id;
        entries.clear();
        cut = *group.restore;
    }
    if (group.truncate_to && next()) {
        if (*group.truncate_to < commit) {
            return "a disk truncates nothing committed";
        }
        if (*group.truncate_to >= last() || *group.truncate_to < base.index) {
            return "a truncation shortens";
        }
        entries.resize(*group.truncate_to - base.index);
    }
    for (const EntryRef& entry : group.entries) {
        if (!next()) {
            break;
        }
        if (entry.index != last().next()) {
            return "a disk's log has no gap";
        }
        entries.push_back(entry);
    }
    if (whole) {
        commit = std::max(commit, std::min(group.commit, last()));
    }
    return {};
}

void NodeDisk::begin_after(Index upto) {
    if (upto > base.index) {
        const std::uint64_t count = upto - base.index;
        base = entries[count - 1].id();
        entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
    }
}

raft::Boot NodeDisk::boot() const {
    raft::Boot boot;
    boot.hard_state = hard_state;
    boot.previous = base;
    boot.first = base.index.next();
    boot.last = last();
    boot.commit = commit;
    for (const EntryRef& entry : entries) {
        if (boot.terms.empty() || boot.terms.back().term != entry.term) {
            boot.terms.push_back({entry.index, entry.term});
        }
        boot.tail.push_back(entry);  // all of it stays in memory: nothing is ever loaded
        if (entry.index <= commit && entry.kind == EntryKind::configuration) {
            boot.configuration = raft::ConfigurationAt{entry.index, *raft::configuration_of(entry)};
        }
    }
    boot.cut = cut;
    if (!entries.empty()) {
        boot.last_cluster_time = entries.back().cluster_time;
        boot.last_wall_time = entries.back().wall_time;
    }
    return boot;
}

// ---- the node

std::uint32_t CoreNode::parts() const {
    std::uint32_t sum = 0;
    for (const WriteGroup& group : pending) {
        sum += group.parts();
    }
    return sum;
}

void CoreNode::describe(raft::StateWords& out) const {
    out.add(self);
    out.add(static_cast<std::uint64_t>(lives));
    out.add(core.has_value());
    if (core) {
        core->describe(out);
    }
    out.add(disk.hard_state);
    out.add(disk.base);
    out.add(static_cast<std::uint64_t>(disk.entries.size()));
    for (const EntryRef& entry : disk.entries) {
        out.add(entry);
    }
    out.add(disk.commit);
    add_cut(out, disk.cut);
    out.add(static_cast<std::uint64_t>(pending.size()));
    for (const WriteGroup& group : pending) {
        out.add(group.hard_state.has_value());
        out.add(group.hard_state.value_or(HardState{}));
        add_cut(out, group.restore);
        out.add(group.truncate_to.has_value());
        out.add(group.truncate_to.value_or(Index{}));
        out.add(static_cast<std::uint64_t>(group.entries.size()));
        for (const EntryRef& entry : group.entries) {
            out.add(entry);
        }
        out.add(group.commit);
        out.add(group.upto);
        out.add(group.state);
        // In the order of the names: they leave all together.
        std::vector<std::vector<std::uint64_t>> held;
        for (const Packet& packet : group.held) {
            raft::StateWords words = out.same_naming();
            sim::describe(packet, words);
            held.emplace_back(words.words().begin(), words.words().end());
        }
        std::sort(held.begin(), held.end());
        out.add(static_cast<std::uint64_t>(held.size()));
        for (const std::vector<std::uint64_t>& one : held) {
            for (const std::uint64_t word : one) {
                out.add(word);
            }
        }
    }
}

NodeRules::NodeRules(const CoreBounds& bounds) : bounds_(bounds) {
    for (std::uint32_t id = 1; id <= bounds.founders(); ++id) {
        founders_.voters.insert(NodeId{id});
    }
    for (std::uint32_t added = 0; added <= bounds.nodes; ++added) {
        for (std::uint32_t removed = 0; removed <= bounds.nodes; ++removed) {
            if (added != removed) {
                changes_.push_back({NodeId{added}, NodeId{removed}});
            }
        }
    }
}

CoreNode NodeRules::first_life(NodeId self) const {
    CoreNode node;
    node.self = self;
    boot(node);
    return node;
}

void NodeRules::boot(CoreNode& node) const {
    raft::Config config;
    config.self = node.self;
    if (node.self.value <= bounds_.founders()) {
        config.configuration = founders_;
    }
    config.election_timeout_min = timeout_min;
    config.heartbeat_interval = heartbeat_interval;
    config.choices = &equal_choices;
    node.pending.clear();
    // Numbers of forwarded reads begin with the clock, and clocks go on while a node is down.
    constexpr std::int64_t numbers_of_a_life = 16;
    const bool forwards = bounds_.reads_anywhere && bounds_.of(Spent::reads) > 0;
    const Instant now{forwards ? node.lives * numbers_of_a_life : 0};
    node.core.emplace(config, node.disk.boot(), now);
    node.lives += forwards ? 1 : 0;
}

NodeOutcome NodeRules::step(CoreNode& node, const NodeEvent& event, const Packet* packet) const {
    NodeOutcome out;
    std::optional<raft::Observation> before;
    if (node.core) {
        before = raft::observe(*node.core);
    }
    out.taken = perform(node, event, packet, out);
    if (!out.taken || !out.violation.empty()) {
        return out;
    }
    if (bounds_.prompt_disks) {
        while (!node.pending.empty() && out.violation.empty()) {
            store_one(node, Instant{}, out);
        }
    }
    if (node.core) {
        node.core->restart_clocks();
        const raft::Observation now = raft::observe(*node.core);
        const bool same_life = before && event.act != Act::crash;
        const bool sworn =
            event.act == Act::deliver && !event.late && before && asks_in_vain(*packet);
        for (const std::string_view broken : {raft::violated_state(now),
                 sworn ? violated_patience(*before, now) : std::string_view{},
                 same_life ? raft::violated_transition(*before, now) : std::string_view{}}) {
            out.violation = out.violation.empty() ? broken : out.violation;
        }
    }
    return out;
}

bool NodeRules::perform(
    CoreNode& node, const NodeEvent& event, const Packet* packet, NodeOutcome& out) const {
    switch (event.act) {
        case Act::deliver: return node.core && deliver(node, *packet, event.late, out);
        case Act::time_out:
        case Act::heartbeat:
        case Act::repeat:
        case Act::give_up:
        case Act::stall:
        case Act::desert:
            if (!node.core || !pass(node, event.act)) {
                return false;
            }
            collect(node, out);
            return true;
        case Act::store:
            if (!node.core || node.pending.empty()) {
                return false;
            }
            store_one(node, event.late ? after(timeout_min) : Instant{}, out);
            return true;
        case Act::crash:
        case Act::halt: {
            if (!node.core || event.number > node.parts()) {
                return false;
            }
            std::uint32_t left = event.number;
            for (const WriteGroup& group : node.pending) {
                const std::uint32_t parts = std::min(left, group.parts());
                // What follows a group that is only partly there was not begun.
                if (parts == 0) {
                    break;
                }
                out.violation = node.disk.write(group, parts);
                left -= parts;
            }
            node.core.reset();
            node.pending.clear();
            if (event.act == Act::crash && out.violation.empty()) {
                boot(node);
            }
            return true;
        }
        case Act::restart:
            if (node.core) {
                return false;
            }
            boot(node);
            return true;
        case Act::propose:
        case Act::read:
        case Act::read_anywhere:
        case Act::transfer:
        case Act::change:
            if (!node.core || !ask(node, event)) {
                return false;
            }
            collect(node, out);
            return true;
        case Act::cut: return node.core && make_cut(node);
    }
    return false;
}

bool NodeRules::deliver(CoreNode& node, const Packet& packet, bool late, NodeOutcome& out) const {
    if (!packet.cut) {
        // Not so late that the receiver's own deadline would have passed.
        const Instant now = late ? after(timeout_min) : Instant{};
        node.core->receive(now, packet.from, raft::Message(packet.message));
        collect(node, out);
        return true;
    }
    if (late) {
        return false;
    }
    if (node.core->snapshot_received(Instant{}, packet.cut->id)) {
        collect(node, out);
        return true;
    }
    // Its sender gives it up when it hears nothing for long; here that is its next heartbeat.
    node.core->advance();
    return true;
}

bool NodeRules::pass(CoreNode& node, Act act) const {
    Raft& core = *node.core;
    const raft::Leader* const leader = std::get_if<raft::Leader>(&core.role_state());
    if ((act == Act::time_out) == (leader != nullptr)) {
        return false;
    }
    switch (act) {
        case Act::time_out:
            if (core.deadline() == never) {
                return false;
            }
            core.time(core.deadline());
            return true;
        case Act::heartbeat: core.time(after(heartbeat_interval)); return true;
        case Act::repeat: {
            const bool sending = std::any_of(leader->peers.begin(), leader->peers.end(),
                [](const raft::Progress& peer) { return peer.sending; });
            const bool unanswered = std::any_of(leader->peers.begin(), leader->peers.end(),
                [](const raft::Progress& peer) { return !peer.inflight.empty(); });
            if (!unanswered && !sending) {
                return false;
            }
            std::vector<NodeId> silent;
            for (const raft::Progress& peer : leader->peers) {
                if (peer.sending) {
                    silent.push_back(peer.node);
                }
            }
            for (const NodeId peer : silent) {
                core.snapshot_failed(Instant{}, peer);
            }
            core.time(after(timeout_min, 3));
            return true;
        }
        case Act::give_up:
            if (!leader->transfer) {
                return false;
            }
            core.time(after(timeout_min, 2));
            return true;
        case Act::stall:
            if (core.log().durable() == core.log().last()) {
                return false;
            }
            core.time(after(timeout_min, 1));
            return true;
        case Act::desert: core.time(after(timeout_min)); return true;
        default: return false;
    }
}

bool NodeRules::ask(CoreNode& node, const NodeEvent& event) const {
    Raft& core = *node.core;
    switch (event.act) {
        case Act::propose: {
            std::array<EntryRef, 1> entries{};
            entries[0].kind = EntryKind::command;
            entries[0].bytes = event.number;  // tells the commands apart
            return std::holds_alternative<raft::Proposed>(core.propose(Instant{}, entries));
        }
        case Act::read: return core.read(Instant{}, raft::ReadId{event.number});
        case Act::read_anywhere:
            return core.status().role != raft::Role::leader &&
                   core.read(Instant{}, raft::ReadId{event.number}, raft::ReadPath::anywhere);
        case Act::transfer:
            return std::holds_alternative<raft::TransferStarted>(
                core.transfer(Instant{}, NodeId{event.number}));
        case Act::change: {
            if (event.number >= changes_.size()) {
                return false;
            }
            const Change& change = changes_[event.number];
            raft::Configuration target = core.configuration();
            if ((change.added != NodeId{0} && !target.voters.insert(change.added)) ||
                (change.removed != NodeId{0} && !target.voters.erase(change.removed)) ||
                target.voters.empty()) {
                return false;
            }
            return std::holds_alternative<raft::ChangeStarted>(
                core.change_membership(Instant{}, target));
        }
        default: return false;
    }
}

bool NodeRules::make_cut(CoreNode& node) const {
    Raft& core = *node.core;
    const Index at = std::min({core.commit(), node.disk.last(), core.log().durable()});
    const EntryRef* const entry = node.disk.find(at);
    if (entry == nullptr || at <= core.newest_cut().index ||
        core.configuration_at(at).voters.empty()) {
        return false;
    }
    const raft::Cut cut{
        entry->id(), entry->cluster_time, entry->wall_time, core.configuration_at(at)};
    node.disk.cut = cut;
    node.disk.commit = std::max(node.disk.commit, at);
    core.cut_durable(cut);
    core.discard_to(core.discardable(0, 0));
    node.disk.begin_after(core.log().first().previous());
    return true;
}

// The caller's duties (raft.h).
void NodeRules::collect(CoreNode& node, NodeOutcome& out) const {
    Raft& core = *node.core;
    raft::Ready& ready = core.ready();
    if (ready.hard_state || ready.restore || ready.truncate_to || !ready.entries.empty()) {
        const raft::Status status = core.status();
        node.pending.push_back({.hard_state = ready.hard_state,
            .restore = ready.restore,
            .truncate_to = ready.truncate_to,
            .entries = ready.entries,
            .commit = status.commit,
            .upto = core.log().last_id(),
            .state = {status.term, status.vote, status.trimmed},
            .held = {}});
    }
    for (raft::Outgoing& message : ready.messages) {
        Packet packet{node.self, message.to, std::move(message.message), std::nullopt};
        if (message.durable && !node.pending.empty()) {
            node.pending.back().held.push_back(std::move(packet));
        } else {
            out.sent.push_back(std::move(packet));
        }
    }
    for (const raft::SnapshotWanted& wanted : ready.snapshots) {
        out.sent.push_back({node.self, wanted.peer, {}, wanted.cut});
    }
    out.granted.insert(out.granted.end(), ready.reads.begin(), ready.reads.end());
    out.dropped.insert(out.dropped.end(), ready.dropped_reads.begin(), ready.dropped_reads.end());
    core.advance();
}

void NodeRules::store_one(CoreNode& node, Instant now, NodeOutcome& out) const {
    WriteGroup group = std::move(node.pending.front());
    node.pending.erase(node.pending.begin());
    out.violation = node.disk.write(group, group.parts());
    if (!out.violation.empty()) {
        return;
    }
    for (Packet& packet : group.held) {
        out.sent.push_back(std::move(packet));
    }
    node.core->stored(now, group.upto, group.state);
    collect(node, out);
}

}  // namespace ledger::sim
