#include "sim/explore/core/state.h"

#include <algorithm>
#include <variant>

#include "log/base/assert.h"
#include "raft/quorum.h"
#include "sim/explore/core/judge.h"

namespace ledger::sim {
namespace {

// The place of a message in raft::Message.
template <typename M>
constexpr std::uint8_t kind_of() {
    return static_cast<std::uint8_t>(raft::Message(M{}).index());
}

// Beyond what may leave a step. What is counted in bits fits.
constexpr std::uint64_t number_bits = 26;

}  // namespace

std::uint64_t pack(const CoreAction& action) {
    LEDGER_ASSERT(action.event.number < (1u << number_bits));
    return action.event.number | (static_cast<std::uint64_t>(action.event.act) << number_bits) |
           (static_cast<std::uint64_t>(action.node.value) << 32) |
           (action.event.late ? 1ULL << 36 : 0) | (action.kept ? 1ULL << 37 : 0) |
           (action.lost ? 1ULL << 38 : 0);
}

CoreAction unpack_action(std::uint64_t packed) {
    CoreAction action;
    action.event.number = static_cast<std::uint32_t>(packed & ((1u << number_bits) - 1));
    action.event.act = static_cast<Act>((packed >> number_bits) & 63);
    action.node = NodeId{static_cast<std::uint32_t>((packed >> 32) & 15)};
    action.event.late = ((packed >> 36) & 1) != 0;
    action.kept = ((packed >> 37) & 1) != 0;
    action.lost = ((packed >> 38) & 1) != 0;
    return action;
}

CoreSteps::CoreSteps(
    const CoreBounds& bounds, const Reductions& reductions, const CoreTarget& target)
    : bounds_(bounds), reductions_(reductions), target_(target), tables_(bounds, reductions) {
    LEDGER_ASSERT(fault_of(bounds).empty());
    for (std::size_t i = 0; i < tables_.marks().size(); ++i) {
        target_mark_[i] = target.mark == tables_.marks()[i]->name;
    }
}

CoreState CoreSteps::first() {
    CoreState state;
    for (std::uint32_t id = 1; id <= bounds_.nodes; ++id) {
        state.nodes[id - 1] = tables_.first_life(NodeId{id});
    }
    state.record = tables_.number(JudgeRecord{});
    return state;
}

// What a number of a request is compared with: is it older than what its leader asks about now?
std::uint64_t CoreSteps::age_of(const CoreState& state, const PacketBrief& packet) const {
    if (packet.request == 0 || !reductions_.request_numbers) {
        return 0;
    }
    const NodeId leader = packet.answers ? packet.to : packet.from;
    const NodeId peer = packet.answers ? packet.from : packet.to;
    const NodeBrief& asker = brief(state, leader);
    if (asker.role != raft::Role::leader || asker.term != packet.term) {
        return 0;
    }
    return packet.request >= asker.since[peer.value] ? 1 : 2;
}

Hash128 CoreSteps::print_of(const CoreState& state) {
    const std::uint32_t namings = tables_.namings();
    std::uint64_t spent = 0;
    for (const std::uint8_t count : state.spent) {
        spent = (spent << 4) | count;
    }
    const Print common = spread({spent, ~spent}, 77);
    // Of every packet its prints and its age, which is the same under all namings.
    struct Part {
        const Print* prints;
        std::uint64_t salt;
    };
    std::array<Part, core_packets_max + 64> parts{};
    std::size_t count = 0;
    for (const PacketNumber number : state.packets_in_flight()) {
        parts[count] = {tables_.packet_prints(number), age_of(state, tables_.packet_brief(number))};
        ++count;
    }
    for (std::uint32_t i = 0; i < bounds_.nodes && reductions_.request_numbers; ++i) {
        for (const NodeBrief::Held& held : tables_.brief(state.nodes[i]).held) {
            LEDGER_ASSERT(count < parts.size());
            const std::uint64_t age = age_of(state, tables_.packet_brief(held.packet));
            parts[count] = {tables_.packet_prints(held.packet), 4 + 4 * held.group + age};
            ++count;
        }
    }
    Print least;
    for (std::uint32_t naming = 0; naming < namings; ++naming) {
        Print sum = common;
        sum += tables_.record_prints(state.record)[naming];
        for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
            sum += tables_.node_prints(state.nodes[i])[naming];
        }
        for (std::size_t i = 0; i < count; ++i) {
            const Print& print = parts[i].prints[naming];
            sum += parts[i].salt == 0 ? print : spread(print, parts[i].salt);
        }
        least = naming == 0 ? sum : std::min(least, sum);
    }
    return {least.high, least.low};
}

// ---- successors

std::span<const Successor> CoreSteps::successors(const CoreState& state) {
    found_count_ = 0;
    stopped_ = false;
    try_packets(state);
    for (std::uint32_t id = 1; id <= bounds_.nodes; ++id) {
        try_node(state, NodeId{id});
        try_requests(state, NodeId{id});
    }
    return std::span(found_).first(found_count_);
}

const Successor* CoreSteps::successor(const CoreState& state, const CoreAction& action) {
    for (const Successor& next : successors(state)) {
        if (next.action == action) {
            return &next;
        }
    }
    return nullptr;
}

bool CoreSteps::may_spend(const CoreState& state, Spent what) const {
    return state.spent[static_cast<std::size_t>(what)] < bounds_.of(what);
}

void CoreSteps::try_packets(const CoreState& state) {
    const std::span<const PacketNumber> packets = state.packets_in_flight();
    for (std::size_t i = 0; i < packets.size() && !stopped_; ++i) {
        if (i > 0 && packets[i] == packets[i - 1]) {
            continue;  // the same again
        }
        const PacketBrief& packet = tables_.packet_brief(packets[i]);
        const NodeNumber receiver = state.nodes[packet.to.value - 1];
        constexpr Spent drop = Spent::drops;
        constexpr Spent duplicate = Spent::duplicates;
        const NodeEvent event{.act = Act::deliver, .late = false, .number = packets[i]};
        if (may_spend(state, drop)) {
            Step nothing;
            nothing.taken = true;
            nothing.after = receiver;
            add(state, {.event = event, .node = packet.to, .kept = false, .lost = true}, nothing,
                &drop);
        }
        if (!tables_.brief(receiver).up) {
            continue;
        }
        const bool votes = packet.kind == kind_of<raft::PreVoteRequest>() ||
                           packet.kind == kind_of<raft::VoteRequest>();
        const Step& prompt = tables_.step(receiver, event);
        for (const bool late : {false, true}) {
            if (stopped_ || (late && !votes && !bounds_.late_everywhere)) {
                break;
            }
            const NodeEvent when{.act = Act::deliver, .late = late, .number = packets[i]};
            const Step& step = tables_.step(receiver, when);
            if (!step.taken || (late && step.same_as(prompt))) {
                continue;
            }
            marks_ |= step.marks;
            const bool wanted = (step.marks & target_mark_).any();
            if (step.idle && reductions_.idle_deliveries && step.violation.empty() && !wanted) {
                ++cut_off_.idle;
                continue;
            }
            add(state, {.event = when, .node = packet.to}, step, nullptr);
            if (!stopped_ && may_spend(state, duplicate) && !step.idle) {
                add(state, {.event = when, .node = packet.to, .kept = true}, step, &duplicate);
            }
        }
    }
}

void CoreSteps::try_event(const CoreState& state, NodeId node, const NodeEvent& event) {
    if (stopped_) {
        return;
    }
    const Step& step = tables_.step(state.nodes[node.value - 1], event);
    if (step.taken) {
        add(state, {.event = event, .node = node}, step, nullptr);
    }
}

void CoreSteps::try_spending(
    const CoreState& state, NodeId node, const NodeEvent& event, Spent what) {
    if (stopped_ || !may_spend(state, what)) {
        return;
    }
    const Step& step = tables_.step(state.nodes[node.value - 1], event);
    if (step.taken) {
        add(state, {.event = event, .node = node}, step, &what);
    }
}

// How long the others were silent before counts only for a leader, who may think its quorum gone.
void CoreSteps::try_store(const CoreState& state, NodeId node) {
    constexpr NodeEvent prompt{.act = Act::store};
    constexpr NodeEvent late{.act = Act::store, .late = true};
    try_event(state, node, prompt);
    if (stopped_ || brief(state, node).role != raft::Role::leader) {
        return;
    }
    const NodeNumber number = state.nodes[node.value - 1];
    if (!tables_.step(number, late).same_as(tables_.step(number, prompt))) {
        try_event(state, node, late);
    }
}

// What comes from its clock and its disk.
void CoreSteps::try_node(const CoreState& state, NodeId node) {
    const NodeBrief& now = brief(state, node);
    if (!now.up) {
        try_event(state, node, {.act = Act::restart});
        return;
    }
    if (now.groups > 0) {
        try_store(state, node);
    }
    if (now.role == raft::Role::leader) {
        try_spending(state, node, {.act = Act::heartbeat}, Spent::heartbeats);
        try_spending(state, node, {.act = Act::repeat}, Spent::heartbeats);
        try_spending(state, node, {.act = Act::give_up}, Spent::timeouts);
        try_spending(state, node, {.act = Act::desert}, Spent::timeouts);
        try_spending(state, node, {.act = Act::stall}, Spent::stalls);
    } else {
        try_spending(state, node, {.act = Act::time_out}, Spent::timeouts);
    }
    if (may_spend(state, Spent::crashes)) {
        const Act act = reductions_.prompt_restarts ? Act::crash : Act::halt;
        for (std::uint32_t parts = 0; parts <= now.parts; ++parts) {
            try_spending(state, node, {.act = act, .late = false, .number = parts}, Spent::crashes);
        }
    }
}

// What clients and operators want.
void CoreSteps::try_requests(const CoreState& state, NodeId node) {
    const NodeBrief& now = brief(state, node);
    if (!now.up) {
        return;
    }
    const auto next = [&](Spent what) { return state.spent[static_cast<std::size_t>(what)] + 1u; };
    if (now.role != raft::Role::leader) {
        if (bounds_.reads_anywhere) {
            try_spending(state, node,
                {.act = Act::read_anywhere, .late = false, .number = next(Spent::reads)},
                Spent::reads);
        }
    } else {
        try_spending(state, node,
            {.act = Act::propose, .late = false, .number = next(Spent::requests)}, Spent::requests);
        try_spending(state, node, {.act = Act::read, .late = false, .number = next(Spent::reads)},
            Spent::reads);
        for (std::uint32_t to = 1; to <= bounds_.nodes; ++to) {
            try_spending(
                state, node, {.act = Act::transfer, .late = false, .number = to}, Spent::transfers);
        }
        if (may_spend(state, Spent::changes)) {
            const auto count = static_cast<std::uint32_t>(tables_.rules().changes().size());
            for (std::uint32_t change = 0; change < count; ++change) {
                try_spending(state, node, {.act = Act::change, .late = false, .number = change},
                    Spent::changes);
            }
        }
    }
    try_spending(state, node, {.act = Act::cut}, Spent::cuts);
}

// False if that ends the work on this state.
bool CoreSteps::add(
    const CoreState& state, const CoreAction& action, const Step& step, const Spent* what) {
    const std::size_t gone = action.event.act == Act::deliver && !action.kept ? 1 : 0;
    if (found_.size() == found_count_) {
        found_.emplace_back();
    }
    Successor& next = found_[found_count_];
    next.action = action;
    next.violation = step.violation;
    next.target = false;
    next.state.nodes = state.nodes;
    next.state.record = state.record;
    next.state.spent = state.spent;
    next.state.nodes[action.node.value - 1] = step.after;
    if (what != nullptr) {
        ++next.state.spent[static_cast<std::size_t>(*what)];
    }
    const NodeBrief& before = brief(state, action.node);
    const NodeBrief& after = tables_.brief(step.after);
    const bool may_die =
        reductions_.dead_messages && (before.durable_term != after.durable_term ||
                                         before.term != after.term || before.role != after.role);
    // Both are sorted: one walk makes the union.
    std::size_t count = 0;
    bool skipped = gone == 0;
    bool overflow = false;
    const auto put = [&](PacketNumber packet, bool fresh) {
        const PacketBrief& brief_of_it = tables_.packet_brief(packet);
        const bool changed = may_die && brief_of_it.to == action.node;
        if (reductions_.dead_messages && (fresh || changed) &&
            is_dead(brief_of_it, tables_.brief(next.state.nodes[brief_of_it.to.value - 1]))) {
            ++cut_off_.dead;
            return;
        }
        if (count == bounds_.messages) {
            overflow = true;
            return;
        }
        next.state.packets[count] = packet;
        ++count;
    };
    std::size_t sent = 0;
    for (const PacketNumber packet : state.packets_in_flight()) {
        if (!skipped && packet == action.event.number) {
            skipped = true;
            continue;
        }
        while (sent < step.sent.size() && step.sent[sent] <= packet) {
            put(step.sent[sent], true);
            ++sent;
        }
        put(packet, false);
    }
    for (; sent < step.sent.size(); ++sent) {
        put(step.sent[sent], true);
    }
    LEDGER_ASSERT(skipped);
    if (overflow) {
        ++cut_off_.messages;
        return true;
    }
    next.state.packets_count = static_cast<std::uint8_t>(count);
    marks_ |= step.marks;
    if (next.violation.empty()) {
        next.violation = judge_step(tables_, bounds_, state, next.state, action, step);
    }
    next.target = next.violation.empty() && target_.given() && reached(next, step);
    next.print = print_of(next.state);
    ++found_count_;
    stopped_ = !next.violation.empty() || next.target;
    return !stopped_;
}

// Whether nothing that the receiver may still become would take notice. A term on a disk never goes
// back, and a node that does not campaign in a term of its disk never will.
bool CoreSteps::is_dead(const PacketBrief& packet, const NodeBrief& receiver) const {
    const bool in_term = receiver.up && receiver.term == packet.term;
    const bool over = packet.term <= receiver.durable_term;
    if (packet.kind == kind_of<raft::PreVoteResponse>()) {
        return packet.proposed <= receiver.durable_term;
    }
    if (packet.kind == kind_of<raft::VoteResponse>()) {
        return over && !(in_term && receiver.role == raft::Role::candidate);
    }
    if (packet.kind == kind_of<raft::AppendResponse>() ||
        packet.kind == kind_of<raft::HeartbeatResponse>() ||
        packet.kind == kind_of<raft::SnapshotStatus>() ||
        packet.kind == kind_of<raft::ReadRequest>()) {
        const bool leads =
            receiver.role == raft::Role::leader || receiver.role == raft::Role::candidate;
        return over && !(in_term && leads);
    }
    const bool told_once =
        packet.kind == kind_of<raft::TimeoutNow>() || packet.kind == kind_of<raft::ReadResponse>();
    return told_once && packet.term < receiver.durable_term;
}

bool CoreSteps::reached(const Successor& next, const Step& step) const {
    if (!target_.mark.empty() && (step.marks & target_mark_).any()) {
        return true;
    }
    const JudgeRecord& record = tables_.record(next.state.record);
    std::uint32_t commands = 0;
    for (std::uint32_t i = 0; i < record.committed; ++i) {
        const auto kind = static_cast<EntryKind>((record.entries[i] >> 16) & 0xff);
        commands += kind == EntryKind::command ? 1u : 0u;
    }
    std::uint32_t leaders = 0;
    bool term = false;
    for (std::uint32_t i = 0; i < bounds_.nodes; ++i) {
        const NodeBrief& node = tables_.brief(next.state.nodes[i]);
        leaders += node.role == raft::Role::leader ? 1u : 0u;
        term = term || (node.role == raft::Role::leader && node.term >= target_.term);
    }
    return (target_.committed > 0 && commands >= target_.committed) ||
           (target_.leaders > 0 && leaders >= target_.leaders) || (target_.term > 0 && term);
}

}  // namespace ledger::sim
