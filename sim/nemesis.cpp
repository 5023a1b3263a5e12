#include "sim/nemesis.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

using Part = check::Who::Part;

// What a strike may be aimed at beside the leader. The last two are rarely there.
constexpr std::array<std::pair<Part, Fault>, 5> aims = {
    {{Part::candidate, Fault::aimed_at_candidate}, {Part::laggard, Fault::aimed_at_laggard},
        {Part::boundary, Fault::aimed_at_boundary}, {Part::newcomer, Fault::aimed_at_newcomer},
        {Part::receiver, Fault::aimed_at_receiver}}};
constexpr std::size_t first_rare = 3;

}  // namespace

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
    const auto may_link = [&](bool flag, Action action, std::uint32_t hosts) {
        if (flag && profile.hosts() >= hosts) {
            repertoire_.push_back(action);
        }
    };
    may_link(may.rings, Action::ring, 4);  // of three nodes each hears both others
    may_link(may.flapping, Action::flap, 2);
    may_link(may.clogs, Action::clog, 2);
    may_link(may.slow_links, Action::slow_link, 2);
    may_link(may.half_open, Action::half_open, 2);
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
    if (length_) {
        return *length_;
    }
    // A hunted leader is away until there is another one, and comes back while its entries still
    // matter.
    const Duration mean =
        hunting_ ? profile_.election_timeout * 3 : profile_.nemesis.duration_mean;
    return draw_latency(LatencyFamily::exponential, milliseconds(10), mean,
        draw(Site::nemesis_duration, UINT64_MAX));
}

NodeId Nemesis::random_node() {
    if (profile_.nemesis.aim_at_roles) {
        // Half of the strikes; some parts are rarely played, see lie_in_wait().
        const std::uint64_t answer = draw(Site::nemesis_target, 2 * aims.size());
        if (answer >= aims.size()) {
            const auto& [part, fault] = aims[answer - aims.size()];
            if (const NodeId node = port_.playing(part); node != NodeId{}) {
                faults_.fire(fault);
                faults_.consume(fault);
                return node;
            }
        }
    }
    return NodeId{static_cast<std::uint32_t>(1 + draw(Site::nemesis_target, profile_.hosts()))};
}

void Nemesis::lie_in_wait() {
    const bool may_isolate = profile_.nemesis.partitions && profile_.hosts() > 1;
    if (!profile_.nemesis.aim_at_roles || (!profile_.nemesis.crashes && !may_isolate)) {
        return;
    }
    for (std::size_t i = 0; i < prey_.size(); ++i) {
        const auto& [part, fault] = aims[first_rare + i];
        const NodeId node = port_.playing(part);
        if (node == std::exchange(prey_[i], node) || node == NodeId{}) {
            continue;
        }
        begin_turn(ambushes, ++ambushes_);
        constexpr PartsPerMillion often = 700'000;
        if (!chance(Site::nemesis_action, often)) {
            continue;
        }
        faults_.fire(fault);
        faults_.consume(fault);
        const bool crashes = draw(Site::nemesis_action, 2) == 0;
        if (profile_.nemesis.crashes && (crashes || !may_isolate)) {
            crash(node);
        } else {
            isolate(node, Fault::partition_symmetric);
        }
    }
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

NodeId Nemesis::resolve(const check::Who& who) const {
    if (who.part != check::Who::Part::number) {
        return port_.playing(who.part);
    }
    return who.number <= profile_.hosts() ? NodeId{who.number} : NodeId{};
}

bool Nemesis::carry_out(const check::NemesisLine& line) {
    const NodeId node = resolve(line.who);
    const NodeId other = check::is_of_link(line.verb) ? resolve(line.other) : NodeId{};
    if (node == NodeId{} || (check::is_of_link(line.verb) && (other == NodeId{} || other == node))) {
        return false;
    }
    length_ = line.length;
    bool done = port_.up(node);
    switch (line.verb) {
        case check::Verb::crash: crash(node); break;
        case check::Verb::pause: harm(Action::pause, node); break;
        case check::Verb::stall: harm(Action::disk_stall, node); break;
        case check::Verb::isolate:
            isolate(node, node == port_.leader() ? Fault::isolate_leader : Fault::partition_symmetric);
            done = true;
            break;
        case check::Verb::fail_sync: fail(node, Fault::disk_sync_failed); break;
        case check::Verb::fail_write: fail(node, Fault::disk_write_failed); break;
        case check::Verb::fail_read: fail(node, Fault::disk_read_failed); break;
        case check::Verb::cut:
        case check::Verb::part:
        case check::Verb::clog:
        case check::Verb::slow: done = do_to_link(line.verb, node, other); break;
    }
    length_.reset();
    return done;
}

void Nemesis::fail(NodeId node, Fault fault) {
    if (port_.up(node)) {
        port_.fail_disk(node, fault, draw_duration());
    }
}

bool Nemesis::do_to_link(check::Verb verb, NodeId from, NodeId to) {
    const std::string names = "n" + std::to_string(from.value) + " to n" + std::to_string(to.value);
    const Duration length = draw_duration();
    switch (verb) {
        case check::Verb::cut:
            partition(Fault::partition_one_way, {{from, to}}, "nothing arrives from " + names);
            break;
        case check::Verb::part:
            partition(Fault::partition_bridge, {{from, to}, {to, from}},
                "nothing arrives from " + names + " and back");
            break;
        case check::Verb::clog:
            network_.clog(from, to, port_.time() + length);
            trouble(Fault::link_clogged, {{from, to}}, "nothing gets from " + names, length);
            break;
        default:
            network_.slow(from, to, port_.time() + length, profile_.election_timeout);
            trouble(Fault::link_slow, {{from, to}}, "slow from " + names, length);
    }
    return true;
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
        case Action::ring: ring(); break;
        case Action::flap: flap(); break;
        case Action::clog: clog(); break;
        case Action::slow_link: slow_link(); break;
        case Action::half_open: half_open(); break;
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
        port_.stall_disk(
            node, length_ ? *length_ : profile_.election_timeout * 3 / 2 + draw_duration());
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
    const bool at_leader = profile_.nemesis.aim_at_leader && draw(Site::nemesis_target, 2) == 0;
    return at_leader ? leader : random_node();
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

std::uint64_t Nemesis::touched(const Links& links) const {
    std::uint64_t messages = 0;
    for (const auto& [from, to] : links) {
        messages += network_.touched(from, to);
    }
    return messages;
}

Nemesis::Partition& Nemesis::trouble(
    Fault fault, Links&& links, const std::string& text, Duration length) {
    faults_.fire(fault);
    const std::uint64_t before = touched(links);
    partitions_.push_back({.action = ++actions_,
        .fault = fault,
        .touched_before = before,
        .links = std::move(links),
        .cut = false});
    port_.nemesis_ends(actions_, length);
    port_.note("network", text, length);
    return partitions_.back();
}

Nemesis::Partition& Nemesis::partition(Fault fault, Links&& links, const std::string& text) {
    Partition& made = trouble(fault, std::move(links), text, draw_duration());
    made.cut = true;
    for (const auto& [from, to] : made.links) {
        network_.cut(from, to);
    }
    return made;
}

std::pair<NodeId, NodeId> Nemesis::random_link() {
    const NodeId from = random_node();
    const std::uint64_t further = 1 + draw(Site::nemesis_target, profile_.hosts() - 1);
    return {from, NodeId{static_cast<std::uint32_t>(
                      1 + (from.value - 1 + further) % profile_.hosts())}};
}

// With five nodes each of them sees a majority, and no two the same one.
void Nemesis::ring() {
    Links links;
    const std::uint32_t hosts = profile_.hosts();
    for (std::uint32_t one = 1; one <= hosts; ++one) {
        for (std::uint32_t other = 1; other <= hosts; ++other) {
            const std::uint32_t apart = (one + hosts - other) % hosts;
            if (apart > 1 && apart < hosts - 1) {
                links.emplace_back(NodeId{one}, NodeId{other});
            }
        }
    }
    partition(Fault::partition_ring, std::move(links), "each node hears its two neighbours only");
}

void Nemesis::flap() {
    const auto [from, to] = random_link();
    const bool one_way = draw(Site::nemesis_target, 2) == 1;
    Links links{{from, to}};
    if (!one_way) {
        links.emplace_back(to, from);
    }
    const std::string text = "the link of n" + std::to_string(from.value) + " and n" +
                             std::to_string(to.value) + " comes and goes";
    constexpr std::uint64_t changes_max = 12;
    const std::uint64_t changes = 2 + draw(Site::nemesis_action, changes_max);
    partition(Fault::link_flapping, std::move(links), text).flaps = changes;
}

// Many at once, and each ends by itself: they open in any order.
void Nemesis::clog() {
    const std::uint64_t links = std::uint64_t{profile_.hosts()} * (profile_.hosts() - 1);
    for (std::uint64_t count = 1 + draw(Site::nemesis_target, links); count > 0; --count) {
        const auto [from, to] = random_link();
        const Duration length = draw_duration();
        network_.clog(from, to, port_.time() + length);
        trouble(Fault::link_clogged, {{from, to}}, "nothing gets from n" + std::to_string(from.value) +
                                                " to n" + std::to_string(to.value), length);
    }
}

void Nemesis::slow_link() {
    const auto [from, to] = random_link();
    const Duration length = draw_duration();
    // Up to an election timeout.
    const Duration by = profile_.election_timeout *
                        static_cast<std::int64_t>(1 + draw(Site::nemesis_duration, 16)) / 16;
    network_.slow(from, to, port_.time() + length, by);
    trouble(Fault::link_slow, {{from, to}}, "slow from n" + std::to_string(from.value) + " to n" +
                                         std::to_string(to.value), length);
}

void Nemesis::half_open() {
    const auto [deaf, knows] = random_link();
    partition(Fault::half_open, {{deaf, knows}, {knows, deaf}},
        "n" + std::to_string(deaf.value) + " does not know that its connection to n" +
            std::to_string(knows.value) + " is gone")
        .deaf = deaf;
    port_.disconnect(knows, deaf);
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
    Links links;
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
    Links links;
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
    Links links;
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
    if (at->flaps > 0) {
        --at->flaps;
        for (const auto& [from, to] : at->links) {
            at->cut ? network_.heal(from, to) : network_.cut(from, to);
        }
        at->cut = !at->cut;
        begin_turn(flaps, ++flaps_);
        port_.nemesis_ends(action, draw_latency(LatencyFamily::exponential, milliseconds(10),
                                       profile_.nemesis.duration_mean / 8,
                                       draw(Site::nemesis_duration, UINT64_MAX)));
        return;
    }
    const Partition over = std::move(*at);
    partitions_.erase(at);
    finish(over);
}

void Nemesis::finish(const Partition& partition) {
    for (const auto& [from, to] : partition.links) {
        if (partition.cut) {
            network_.heal(from, to);
        }
    }
    if (touched(partition.links) > partition.touched_before) {
        faults_.consume(partition.fault);  // it kept at least one message from arriving, or in time
    }
    if (partition.deaf != NodeId{}) {
        const auto [deaf, knows] = partition.links.front();
        port_.disconnect(deaf, knows);
        port_.reconnect(deaf, knows);
    }
}

void Nemesis::end_all() {
    while (!partitions_.empty()) {
        const Partition over = std::move(partitions_.back());
        partitions_.pop_back();
        finish(over);
    }
}

}  // namespace ledger::sim
