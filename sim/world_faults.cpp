// The world's side of what is done to one node: pauses, hanging and failing disks, clocks.
#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::sim {

namespace {

// So long after a cut was offered to a node it counts as one that receives it.
constexpr Duration offer_matters = milliseconds(40);

}  // namespace

void World::busy(NodeId node, Instant until) {
    LEDGER_ASSERT(until > now_);
    gate(node).work_until(until);
    queue_.push({.at = until, .node = node.value, .kind = ItemKind::work_done});
}

// What waited happens now, as far as it may: each may close the gate again.
void World::admit_waiting(NodeId node) {
    while (const std::optional<Item> item = gate(node).next(now_)) {
        held_[node.value - 1] = now_;  // and what it makes due at this very moment
        perform(*item);
    }
}

void World::pause(NodeId node, Duration length) {
    disturb();
    faults_.fire(Fault::pause);
    gate(node).pause();
    pauses_[node.value - 1] = ++holds_;
    queue_.push({.at = now_ + length, .a = holds_, .node = node.value, .kind = ItemKind::resume});
    mark("n" + std::to_string(node.value), check::Mark::Kind::partition, length, "paused");
}

void World::end_pause(NodeId node, std::uint64_t number) {
    if (number == 0 || pauses_[node.value - 1] != number) {
        return;  // another one came after it, or the machine was restarted
    }
    pauses_[node.value - 1] = 0;
    faults_.consume(Fault::pause, gate(node).keeps_process() ? 1 : 0);
    gate(node).resume();
    admit_waiting(node);
}

void World::stall_disk(NodeId node, Duration length) {
    disturb();
    faults_.fire(Fault::disk_stall);
    gate(node).stall();
    stalls_[node.value - 1] = ++holds_;
    queue_.push({.at = now_ + length, .a = holds_, .node = node.value, .kind = ItemKind::flow});
    mark("n" + std::to_string(node.value), check::Mark::Kind::partition, length, "disk hangs");
}

void World::end_stall(NodeId node, std::uint64_t number) {
    if (number == 0 || stalls_[node.value - 1] != number) {
        return;
    }
    stalls_[node.value - 1] = 0;
    faults_.consume(Fault::disk_stall, gate(node).keeps_disk() ? 1 : 0);
    gate(node).flow();
    admit_waiting(node);
}

void World::open_gates() {
    for (const auto& host : hosts_) {
        const NodeId node = host->node();
        end_stall(node, stalls_[node.value - 1]);
        end_pause(node, pauses_[node.value - 1]);
    }
}

// What waited was on its way to a process that is no more; whoever it was for finds that out.
void World::drop_gate(NodeId node) {
    pauses_[node.value - 1] = 0;
    stalls_[node.value - 1] = 0;
    for (Item item : gate(node).clear()) {
        item.at = now_;
        queue_.push(item);
    }
}

void World::fail_disk(NodeId node, Fault fault, Duration outage) {
    outage_[node.value - 1] = outage;
    host(node).arm_disk_error(fault);
}

// Somebody looks after the disk and starts the machine again.
void World::halted(NodeId node) {
    LEDGER_SOMETIMES(true, "sim.halted_by_its_disk");
    crash(node, phase_ == Phase::faults ? outage_[node.value - 1] : milliseconds(5));
}

// Starting it again would change nothing.
void World::lost(NodeId node) {
    LEDGER_SOMETIMES(true, "sim.halted_for_want_of_a_copy");
    lost_[node.value - 1] = true;
    if (host(node).up()) {
        crash(node, milliseconds(5));
    }
}

void World::set_wall_clock(NodeId node, Duration by) {
    host(node).clock().set_wall(by);
}

void World::disconnect(NodeId knows, NodeId other) {
    if (host(knows).up()) {
        queue_.push({.at = now_,
            .b = other.value,
            .node = knows.value,
            .kind = ItemKind::peer_down});
    }
}

void World::reconnect(NodeId one, NodeId other) {
    network_.reset(one, other);
    network_.reset(other, one);
    for (const auto& [to, peer] : {std::pair(one, other), std::pair(other, one)}) {
        queue_.push({.at = now_ + milliseconds(1),
            .b = peer.value,
            .node = to.value,
            .kind = ItemKind::peer_up});
    }
}

NodeId World::playing(check::Who::Part part) const {
    using Part = check::Who::Part;
    const raft::Raft* const leads = leading();
    const auto last = [this](NodeId node) { return host(node).replica().raft().log().last(); };
    std::vector<NodeId> here;  // who is up and counts, from the least to the most
    for (const auto& host : hosts_) {
        if (host->up() && judge_.takes_part(*host)) {
            here.push_back(host->node());
        }
    }
    std::sort(here.begin(), here.end(), [&](NodeId a, NodeId b) {
        return std::pair(last(a), a) < std::pair(last(b), b);
    });
    const auto first = [](const auto& nodes, const auto& is) {
        const auto found = std::find_if(nodes.begin(), nodes.end(), is);
        return found == nodes.end() ? NodeId{} : *found;
    };
    const raft::Configuration& members = judge_.membership();
    switch (part) {
        case Part::number: break;
        case Part::leader: return leader();
        case Part::follower: {
            const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& one) {
                return one->up() && one->node() != leader();
            });
            return found == hosts_.end() ? NodeId{} : (*found)->node();
        }
        case Part::laggard: return here.empty() ? NodeId{} : here.front();
        case Part::candidate: {
            std::reverse(here.begin(), here.end());
            const NodeId wants = first(here, [&](NodeId node) {
                const raft::Role now = raft::observe(host(node).replica().raft()).role;
                return now == raft::Role::candidate || now == raft::Role::pre_candidate;
            });
            return wants != NodeId{} ? wants : first(here, [&](NodeId node) {
                return node != leader() && members.voters.contains(node);
            });
        }
        case Part::boundary: {
            // The one in the middle, counted from the longest log.
            std::erase_if(here, [&](NodeId node) { return !members.voters.contains(node); });
            const std::size_t quorum = members.voters.size() / 2 + 1;
            return here.size() < quorum ? NodeId{} : here[here.size() - quorum];
        }
        case Part::newcomer:
            return leads == nullptr ? NodeId{} : first(here, [&](NodeId node) {
                const raft::Configuration& now = leads->configuration();
                return now.learners.contains(node) ||
                       (now.joint() && now.voters.contains(node) != now.outgoing.contains(node));
            });
        case Part::receiver:
            return leads == nullptr ? NodeId{} : first(here, [&](NodeId node) {
                return last(node).next() < leads->log().first() ||
                       (offered_[node.value - 1] > Instant{} &&
                           now_ - offered_[node.value - 1] < offer_matters);
            });
    }
    return {};
}

// --- what the scenario does ---------------------------------------------------------------------

void World::begin_script() {
    for (std::size_t place = 0; place < options_.script.size(); ++place) {
        const check::NemesisLine& line = options_.script[place];
        if (line.when == check::NemesisLine::When::leader) {
            continue;
        }
        queue_.push({.at = Instant{} + line.time, .a = place, .kind = ItemKind::script});
        if (line.when == check::NemesisLine::When::at) {
            script_end_ = std::max(script_end_, Instant{} + line.time + line.length);
        }
    }
}

void World::follow_script(std::uint64_t place) {
    if (phase_ != Phase::faults) {
        return;
    }
    const check::NemesisLine& line = options_.script[static_cast<std::size_t>(place)];
    const bool again = line.when == check::NemesisLine::When::every;
    // Whom it names may be there in a moment.
    constexpr Duration moment = milliseconds(5);
    if (nemesis_->carry_out(line) ? again : true) {
        queue_.push({.at = now_ + (again ? line.time : moment), .a = place, .kind = ItemKind::script});
    }
}

void World::note_election() {
    ++elections_;
    for (std::size_t place = 0; place < options_.script.size(); ++place) {
        const check::NemesisLine& line = options_.script[place];
        if (line.when == check::NemesisLine::When::leader && line.count == elections_) {
            queue_.push({.at = now_, .a = place, .kind = ItemKind::script});
        }
    }
}

// --- what devices do ----------------------------------------------------------------------------

void World::make_media() {
    const bool unrestricted = profile_.media.unrestricted;
    atlas_ = std::make_unique<MediaAtlas>(
        unrestricted ? MediaAtlas::Mode::unrestricted : MediaAtlas::Mode::repairable);
    for (const auto& host : hosts_) {
        atlas_->add(host->device(), host->identity(), data_directory);
    }
    media_ = std::make_unique<MediaNemesis>(profile_, choices_, faults_, *atlas_, *this);
}

std::vector<NodeId> World::keepers() const {
    const raft::Configuration& members = judge_.membership();
    std::span<const NodeId> leaving;
    if (operator_) {
        leaving = operator_->leaving();
    }
    std::vector<NodeId> found;
    for (const auto& host : hosts_) {
        const NodeId node = host->node();
        const bool goes = std::find(leaving.begin(), leaving.end(), node) != leaving.end();
        if (members.voters.contains(node) && !members.member(node).witness && !goes &&
            judge_.takes_part(*host)) {
            found.push_back(node);
        }
    }
    return found;
}

bool World::may_lose(NodeId node) const {
    return !atlas_ || atlas_->may_lose(node, keepers());
}

void World::crowd(NodeId node, std::uint64_t left, Duration length) {
    if (host(node).device().crowded()) {
        return;  // or else whoever has it would take the reserve as soon as it is given up
    }
    host(node).device().take_space(left);
    outage_[node.value - 1] = length;
    crowds_[node.value - 1] = ++holds_;
    queue_.push({.at = now_ + length, .a = holds_, .node = node.value, .kind = ItemKind::space});
    mark("n" + std::to_string(node.value), check::Mark::Kind::disk, length,
        "somebody else takes the space on its disk");
}

void World::end_crowd(NodeId node, std::uint64_t number) {
    if (crowds_[node.value - 1] == number) {
        host(node).device().give_space_back();
    }
}

void World::harmed(NodeId node, const std::string& text) {
    mark("n" + std::to_string(node.value), check::Mark::Kind::disk, {}, text);
}

// --- calm ---------------------------------------------------------------------------------------

// Whether it has lasted so long that whoever could have heard nothing of the leader, or was on the
// way to another term, would have shown it.
void World::look_for_calm() {
    const NodeId leading = leader();
    if (leading == NodeId{} || !undisturbed() || !all_follow(leading)) {
        disturb();
        return;
    }
    const Term term = host(leading).replica().raft().status().term;
    if (term != calm_term_ || calm_since_ == never) {
        calm_term_ = term;
        calm_since_ = now_;
    }
    if (now_ >= calm_since_ + profile_.election_timeout * 4) {
        judge_.settled(term);
    }
}

void World::disturb() {
    calm_since_ = never;
    judge_.disturbed();
}

// Links are quick against an election timeout and carry everything, nodes are up and go on, and
// nobody asks for another leader.
bool World::undisturbed() const {
    const NetworkProfile& network = profile_.network;
    const Duration slowest = latency_max(network);
    const bool faults = phase_ == Phase::faults;
    const bool thin = network.bytes_per_millisecond < 1'000'000;
    const bool lossy = faults && (network.loss > 0 || network.damage > 0 || thin);
    const bool asked_for = operator_client_ && (faults || !operator_client_->idle());
    if (slowest * 10 > profile_.election_timeout || asked_for || lossy) {
        return false;
    }
    for (const auto& host : hosts_) {
        const Gate& at = gates_[host->node().value - 1];
        if (!host->up() || at.paused() || at.stalled()) {
            return false;
        }
        // A leader without space hands over.
        if (host->device().crowded() || host->replica().crowded()) {
            return false;
        }
        for (const auto& other : hosts_) {
            if (other != host && network_.troubled(now_, host->node(), other->node())) {
                return false;
            }
        }
    }
    return true;
}

// Nobody is in a later term than the leader, so that no vote of one is under way.
bool World::all_follow(NodeId leader) const {
    const Term term = host(leader).replica().raft().status().term;
    return std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
        const raft::Status status = host->replica().raft().status();
        const bool follows = status.term == term && status.leader == leader;
        return follows || (status.term <= term && !judge_.takes_part(*host));
    });
}

}  // namespace ledger::sim
