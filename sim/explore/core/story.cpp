#include "sim/explore/core/story.h"

#include <algorithm>
#include <array>
#include <variant>

#include "log/base/format.h"
#include "raft/transition.h"

namespace ledger::sim {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<raft::Message> + 1> kinds{
    "pre_vote_request", "pre_vote_response", "vote_request", "vote_response", "append_request",
    "append_response", "heartbeat", "heartbeat_response", "timeout_now", "read_request",
    "read_response", "snapshot_offer", "snapshot_status", "cut"};

std::string place(LogId id) {
    return fmt::format("{}@{}", id.index, id.term);
}

// What a message says, for people.
struct Saying {
    std::string operator()(const raft::PreVoteRequest& m) const {
        return fmt::format(
            "may it campaign in term {}? its log ends at {}", m.proposed, place(m.last));
    }
    std::string operator()(const raft::PreVoteResponse& m) const {
        return m.granted ? fmt::format("yes to term {}", m.proposed)
                         : fmt::format("no to term {}, in term {}", m.proposed, m.term);
    }
    std::string operator()(const raft::VoteRequest& m) const {
        return fmt::format("a vote in term {}{}; its log ends at {}", m.term,
            m.transfer ? ", as its leader wished" : "", place(m.last));
    }
    std::string operator()(const raft::VoteResponse& m) const {
        return fmt::format("{} in term {}", m.granted ? "granted" : "refused", m.term);
    }
    std::string operator()(const raft::AppendRequest& m) const {
        std::string text = fmt::format("term {}, after {}:", m.term, place(m.previous));
        for (const EntryRef& entry : m.entries) {
            text += " " + place(entry.id());
        }
        return text + fmt::format("{} commit {}", m.entries.empty() ? " nothing," : ",", m.commit);
    }
    std::string operator()(const raft::AppendResponse& m) const {
        return m.accepted
                   ? fmt::format("term {}, holds up to {}", m.term, m.match)
                   : fmt::format("term {}, lacks {}; has {}", m.term, m.previous, place(m.hint));
    }
    std::string operator()(const raft::Heartbeat& m) const {
        return fmt::format("term {}, round {}, commit {}", m.term, m.round, m.commit);
    }
    std::string operator()(const raft::HeartbeatResponse& m) const {
        return fmt::format("term {}, round {}", m.term, m.round);
    }
    std::string operator()(const raft::TimeoutNow& m) const {
        return fmt::format("campaign now, term {}", m.term);
    }
    std::string operator()(const raft::ReadRequest& m) const {
        return fmt::format("term {}, number {}", m.term, m.number);
    }
    std::string operator()(const raft::ReadResponse& m) const {
        return fmt::format("number {} from index {}", m.number, m.index);
    }
    std::string operator()(const raft::SnapshotOffer& m) const {
        return fmt::format("term {}, a cut at {}", m.term, place(m.cut));
    }
    std::string operator()(const raft::SnapshotStatus& m) const {
        return fmt::format("the cut at {} is {}", place(m.cut), m.held ? "here" : "wanted");
    }
};

std::string say(const Packet& packet) {
    return packet.cut ? fmt::format("at {}", place(packet.cut->id))
                      : std::visit(Saying{}, packet.message);
}

std::string what_happens(const CoreTables& tables, const CoreAction& action) {
    const NodeId node = action.node;
    const std::uint32_t number = action.event.number;
    switch (action.event.act) {
        case Act::deliver: {
            const Packet& packet = tables.packet(number);
            const std::string_view kind = packet_kind(tables.packet_brief(number));
            if (action.lost) {
                return fmt::format(
                    "lost: {} of n{} to n{} ({})", kind, packet.from, node, say(packet));
            }
            return fmt::format("n{} gets {} of n{}{}{} ({})", node, kind, packet.from,
                action.event.late ? " after a long silence" : "",
                action.kept ? ", which will come again" : "", say(packet));
        }
        case Act::time_out: return fmt::format("n{} has waited one election timeout", node);
        case Act::heartbeat: return fmt::format("n{} sends a heartbeat round", node);
        case Act::repeat: return fmt::format("n{} repeats what was not answered", node);
        case Act::give_up: return fmt::format("n{} gives its transfer of leadership up", node);
        case Act::stall: return fmt::format("the disk of n{} has stalled", node);
        case Act::desert: return fmt::format("n{} has heard no quorum for one timeout", node);
        case Act::store:
            return fmt::format("the oldest writes of n{} are on its disk{}", node,
                action.event.late ? ", after a long silence" : "");
        case Act::crash:
            return fmt::format(
                "n{} crashes and is up again; {} parts of what was not synced are on its disk",
                node, number);
        case Act::halt:
            return fmt::format(
                "n{} crashes; {} parts of what was not synced are on its disk", node, number);
        case Act::restart: return fmt::format("n{} is up again", node);
        case Act::propose: return fmt::format("a client proposes command {} at n{}", number, node);
        case Act::read: return fmt::format("a client reads at n{} (read {})", node, number);
        case Act::read_anywhere:
            return fmt::format(
                "a client reads at n{}, which does not lead (read {})", node, number);
        case Act::transfer: return fmt::format("n{} is asked to hand over to n{}", node, number);
        case Act::change: {
            const NodeRules::Change& change = tables.rules().changes()[number];
            std::string text = fmt::format("n{} is asked for a new membership:", node);
            text += change.added != NodeId{0} ? fmt::format(" with n{}", change.added) : "";
            text += change.removed != NodeId{0} ? fmt::format(" without n{}", change.removed) : "";
            return text;
        }
        case Act::cut: return fmt::format("n{} makes a cut of what is committed", node);
    }
    return {};
}

// Role, term, log and commit, where they changed.
std::string what_changed(const NodeBrief& before, const NodeBrief& after, NodeId node) {
    std::string text;
    if (after.up && (before.role != after.role || before.term != after.term)) {
        text += fmt::format("; n{} is {} in term {}", node, raft::to_text(after.role), after.term);
    }
    if (before.last != after.last || before.log != after.log) {
        text += after.last == 0 ? "; its log is empty"
                                : fmt::format("; its log ends at {}@{}", after.last,
                                      after.log[after.last - 1u] >> 24);
    }
    if (before.commit != after.commit) {
        text += fmt::format("; it knows {} as committed", after.commit);
    }
    if (after.groups > before.groups) {
        text += "; it writes";
    }
    return text;
}

}  // namespace

std::string_view packet_kind(const PacketBrief& packet) {
    return kinds[packet.kind];
}

std::string story_of(const CoreTables& tables, const CoreState& before, const CoreAction& action,
    const CoreState& after) {
    const std::size_t at = action.node.value - 1;
    std::string text = what_happens(tables, action);
    if (action.lost) {
        return text;
    }
    text +=
        what_changed(tables.brief(before.nodes[at]), tables.brief(after.nodes[at]), action.node);
    // What is on its way now and was not before.
    std::vector<PacketNumber> fresh(
        after.packets_in_flight().begin(), after.packets_in_flight().end());
    for (const PacketNumber old : before.packets_in_flight()) {
        const auto same = std::find(fresh.begin(), fresh.end(), old);
        if (same != fresh.end()) {
            fresh.erase(same);
        }
    }
    for (const PacketNumber packet : fresh) {
        const PacketBrief& brief = tables.packet_brief(packet);
        text += fmt::format(
            "; {} to n{} ({})", packet_kind(brief), brief.to, say(tables.packet(packet)));
    }
    return text;
}

}  // namespace ledger::sim
