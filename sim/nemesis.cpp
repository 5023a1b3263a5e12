#include "sim/nemesis.h"

#include <algorithm>
#include <array>
#include <string>

#include "log/base/assert.h"

namespace ledger::sim {

Nemesis::Nemesis(const Profile& profile, ChoiceSource& choices, FaultCounts& faults,
    Network& network, NemesisPort& port)
    : profile_(profile), choices_(choices), faults_(faults), network_(network), port_(port) {
    const NemesisProfile& may = profile.nemesis;
    if (may.crashes) {
        repertoire_.push_back(Action::crash);
        repertoire_.push_back(Action::crash_mid_step);
        // The moment that decides what was promised: worth more than its share.
        for (int share = 0; share < 4; ++share) {
            repertoire_.push_back(Action::crash_before_sync);
        }
    }
    if (may.crashes && may.aim_at_leader) {
        repertoire_.push_back(Action::crash_leader);
        repertoire_.push_back(Action::crash_leader);
    }
    if (may.crashes && may.crash_storms) {
        repertoire_.push_back(Action::crash_storm);
    }
    if (may.partitions && profile.hosts() > 1) {
        repertoire_.push_back(Action::split);
    }
    if (may.partitions && may.aim_at_leader && profile.hosts() > 1) {
        repertoire_.push_back(Action::isolate_leader);
    }
    if (may.one_way && profile.hosts() > 1) {
        repertoire_.push_back(Action::one_way);
    }
    if (may.bridges && profile.hosts() > 2) {
        repertoire_.push_back(Action::bridge);
    }
    if (may.pauses) {
        repertoire_.push_back(Action::pause);
    }
    if (may.disk_stalls) {
        repertoire_.push_back(Action::disk_stall);
    }
    for (int share = 0; may.disk_errors && share < 5; ++share) {
        repertoire_.push_back(Action::disk_error);
    }
    if (may.clock_jumps) {
        repertoire_.push_back(Action::clock_jump);
    }
}

std::uint64_t Nemesis::draw(Site site, std::uint64_t domain) {
    return choices_.choose(site, turn_, ++draws_, domain);
}

Duration Nemesis::draw_duration() {
    // A hunted leader is away until there is another one, and comes back while its entries still
    // matter.
    const Duration mean =
        hunting_ ? profile_.election_timeout * 3 : profile_.nemesis.duration_mean;
    return draw_latency(LatencyFamily::exponential, milliseconds(10), mean,
        draw(Site::nemesis_duration, UINT64_MAX));
}

NodeId Nemesis::random_node() {
    return NodeId{static_cast<std::uint32_t>(1 + draw(Site::nemesis_target, profile_.hosts()))};
}

bool Nemesis::chance(Site site, PartsPerMillion probability) {
    return choices_.strikes(site, turn_, ++draws_, probability);
}

std::optional<Nemesis::Moment> Nemesis::elected(NodeId) {
    begin_turn(hunts, ++elections_);
    if (!chance(Site::nemesis_action, profile_.nemesis.hunt)) {
        return std::nullopt;
    }
    // At once, so that only its own disk has its first entry; when it learns that a follower holds
    // what it sent first, and no later; or after a few messages and syncs.
    const std::uint64_t moment = draw(Site::nemesis_action, 3);
    if (moment < 2) {
        return Moment{.at_acceptance = moment == 1, .after = {}};
    }
    const Duration few = profile_.network.latency_min + profile_.network.latency_mean +
                         profile_.disk.sync_mean;
    return Moment{.at_acceptance = false,
        .after = draw_latency(LatencyFamily::exponential, {}, few * 3,
            draw(Site::nemesis_interval, UINT64_MAX))};
}

void Nemesis::hunt(NodeId leader) {
    const bool may_isolate = profile_.nemesis.partitions && profile_.hosts() > 1;
    if (!profile_.nemesis.crashes && !may_isolate) {
        return;
    }
    begin_turn(chases, ++chases_);
    faults_.fire(Fault::leader_hunted);
    faults_.consume(Fault::leader_hunted);
    hunting_ = true;
    // The one that was cut off before comes back with what only it has: two logs of different
    // terms take turns at the third node (Raft figure 8).
    end(hunted_);
    hunted_ = 0;
    const bool crashes = draw(Site::nemesis_action, 3) == 0;
    if (!may_isolate || (profile_.nemesis.crashes && crashes)) {
        crash(leader);
    } else {
        isolate(leader, Fault::isolate_leader);
        hunted_ = actions_;
    }
    hunting_ = false;
}

void Nemesis::begin_turn(std::uint64_t kind, std::uint64_t number) {
    turn_ = kind << 32 | number;
    draws_ = 0;
}

// Anywhere in its own interval: when one comes does not depend on those before it.
Instant Nemesis::next_strike() {
    begin_turn(strikes, strikes_ + 1);
    const auto mean = static_cast<std::uint64_t>(profile_.nemesis.interval_mean.nanoseconds);
    const std::uint64_t late = bounded(draw(Site::nemesis_interval, UINT64_MAX), mean);
    return Instant{static_cast<std::int64_t>(strikes_ * mean + late)};
}

void Nemesis::strike() {
    begin_turn(strikes, ++strikes_);
    draws_ = 1;  // behind the one that said when
    if (repertoire_.empty()) {
        return;
    }
    // Nothing, which is the kind answer, or one of the repertoire.
    constexpr std::uint64_t shares = 64;
    const std::uint64_t answer =
        draw(Site::nemesis_action, 1 + shares * repertoire_.size());
    if (answer > 0) {
        act(repertoire_[(answer - 1) / shares], port_.leader());
    }
}

void Nemesis::act(Action action, NodeId leader) {
    switch (action) {
        case Action::crash: crash(random_node()); break;
        case Action::crash_leader:
            if (leader != NodeId{}) {
                faults_.fire(Fault::crash_leader);
                faults_.consume(Fault::crash_leader);
                crash(leader);
            }
            break;
        case Action::crash_storm: storm(); break;
        case Action::split: split(); break;
        case Action::isolate_leader:
            if (leader != NodeId{}) {
                isolate(leader, Fault::isolate_leader);
            }
            break;
        case Action::one_way: one_way(); break;
        case Action::bridge: bridge(); break;
        case Action::crash_mid_step:
        case Action::crash_before_sync: harm(action, random_node()); break;
        case Action::pause:
        case Action::disk_stall:
        case Action::disk_error:
        case Action::clock_jump: harm(action, victim(leader)); break;
    }
}

// What is done to one node that is up.
void Nemesis::harm(Action action, NodeId node) {
    if (node == NodeId{} || !port_.up(node)) {
        return;
    }
    if (action == Action::crash_mid_step) {
        port_.crash_mid_step(node, draw_duration());
    } else if (action == Action::crash_before_sync) {
        port_.crash_before_sync(node, draw_duration());
    } else if (action == Action::pause) {
        port_.pause(node, draw_duration());
    } else if (action == Action::disk_stall) {
        // Longer than any leader may wait for its disk.
        port_.stall_disk(node, profile_.election_timeout * 3 / 2 + draw_duration());
    } else if (action == Action::disk_error) {
        // Reads are rarer than groups: as a rule nothing is read before the next crash.
        constexpr std::array kinds = {Fault::disk_sync_failed, Fault::disk_write_failed,
            Fault::disk_full, Fault::disk_read_failed, Fault::disk_read_failed,
            Fault::disk_read_failed};
        const Fault fault = kinds[draw(Site::nemesis_action, kinds.size())];
        port_.fail_disk(node, fault, draw_duration());
    } else {
        // Up to an hour back or ahead.
        const Duration most = seconds(3600);
        const auto by = static_cast<std::int64_t>(draw(
            Site::nemesis_duration, 2 * static_cast<std::uint64_t>(most.nanoseconds)));
        port_.set_wall_clock(node, nanoseconds(by) - most);
    }
}

NodeId Nemesis::victim(NodeId leader) {
    const bool aims = profile_.nemesis.aim_at_leader && draw(Site::nemesis_target, 2) == 0;
    return aims ? leader : random_node();
}

void Nemesis::crash(NodeId node) {
    if (port_.up(node)) {
        port_.crash(node, draw_duration());
    }
}

void Nemesis::storm() {
    // At least a majority, often everybody, within one moment.
    const std::uint64_t victims =
        profile_.hosts() / 2 + 1 + draw(Site::nemesis_target, profile_.hosts() - profile_.hosts() / 2);
    const std::uint64_t first = draw(Site::nemesis_target, profile_.hosts());
    std::uint32_t struck = 0;
    for (std::uint64_t i = 0; i < victims; ++i) {
        const NodeId node{static_cast<std::uint32_t>(1 + (first + i) % profile_.hosts())};
        struck += port_.up(node) ? 1u : 0u;
        crash(node);
    }
    if (struck > 1 || struck == profile_.hosts()) {
        faults_.fire(Fault::crash_storm);
        faults_.consume(Fault::crash_storm);
    }
}

void Nemesis::partition(Fault fault, std::vector<std::pair<NodeId, NodeId>>&& links,
    const std::string& text) {
    faults_.fire(fault);
    std::uint64_t dropped = 0;
    for (const auto& [from, to] : links) {
        network_.cut(from, to);
        dropped += network_.dropped(from, to);
    }
    const Duration length = draw_duration();
    partitions_.push_back({++actions_, fault, dropped, std::move(links)});
    port_.nemesis_ends(actions_, length);
    port_.note("network", text, length);
}

void Nemesis::split() {
    std::vector<NodeId> left;
    std::string text = "cut off:";
    for (std::uint32_t node = 1; node <= profile_.hosts(); ++node) {
        if (draw(Site::nemesis_target, 2) == 1) {
            left.push_back(NodeId{node});
            text += " n" + std::to_string(node);
        }
    }
    if (left.empty() || left.size() == profile_.hosts()) {
        isolate(random_node(), Fault::partition_symmetric);
        return;
    }
    std::vector<std::pair<NodeId, NodeId>> links;
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        const NodeId other{number};
        if (std::find(left.begin(), left.end(), other) != left.end()) {
            continue;
        }
        for (const NodeId node : left) {
            links.emplace_back(node, other);
            links.emplace_back(other, node);
        }
    }
    partition(Fault::partition_symmetric, std::move(links), text);
}

void Nemesis::isolate(NodeId node, Fault fault) {
    std::vector<std::pair<NodeId, NodeId>> links;
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        const NodeId other{number};
        if (other != node) {
            links.emplace_back(node, other);
            links.emplace_back(other, node);
        }
    }
    partition(fault, std::move(links), "isolated: n" + std::to_string(node.value));
}

void Nemesis::one_way() {
    const NodeId leader = port_.leader();
    const NodeId node =
        profile_.nemesis.aim_at_leader && leader != NodeId{} ? leader : random_node();
    const bool outgoing = draw(Site::nemesis_target, 2) == 0;
    std::vector<std::pair<NodeId, NodeId>> links;
    for (std::uint32_t number = 1; number <= profile_.hosts(); ++number) {
        const NodeId other{number};
        if (other != node) {
            links.push_back(outgoing ? std::pair(node, other) : std::pair(other, node));
        }
    }
    partition(Fault::partition_one_way, std::move(links), "n" + std::to_string(node.value) +
                                    (outgoing ? " cannot be heard" : " hears nobody"));
}

// Two that do not hear each other and a third one that hears both.
void Nemesis::bridge() {
    const NodeId leader = port_.leader();
    const NodeId one = profile_.nemesis.aim_at_leader && leader != NodeId{} ? leader : random_node();
    const std::uint64_t further = 1 + draw(Site::nemesis_target, profile_.hosts() - 1);
    const NodeId other{
        static_cast<std::uint32_t>(1 + (one.value - 1 + further) % profile_.hosts())};
    partition(Fault::partition_bridge, {{one, other}, {other, one}},
        "n" + std::to_string(one.value) + " and n" + std::to_string(other.value) +
            " do not hear each other");
}

void Nemesis::end(std::uint64_t action) {
    const auto at = std::find_if(partitions_.begin(), partitions_.end(),
        [&](const Partition& open) { return open.action == action; });
    if (at == partitions_.end()) {
        return;
    }
    std::uint64_t dropped = 0;
    for (const auto& [from, to] : at->links) {
        network_.heal(from, to);
        dropped += network_.dropped(from, to);
    }
    if (dropped > at->dropped_before) {
        faults_.consume(at->fault);  // it kept at least one message from arriving
    }
    partitions_.erase(at);
}

void Nemesis::end_all() {
    while (!partitions_.empty()) {
        end(partitions_.back().action);
    }
}

}  // namespace ledger::sim
