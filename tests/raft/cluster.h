#pragma once
// Cluster: several nodes with a message pool and disks that work on command. Every step is
// checked: invariants of each node and the five safety properties of Raft (fig. 3).

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "raft/configuration_body.h"
#include "raft/invariants.h"
#include "raft/quorum.h"
#include "raft/raft.h"
#include "tests/raft/solo.h"

namespace ledger::raft {

// A promise of Raft was broken; the sentence says which.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Cluster {
  public:
    struct Options {
        std::uint32_t nodes = 3;
        std::uint64_t seed = 1;
        std::uint64_t keep_entries = 1'000'000;  // in memory, behind what was applied
        std::uint32_t append_entries_max = 64;
        std::optional<std::uint32_t> catch_up_entries_max;  // else as append_entries_max
        bool leaves_joint_phase = true;
        std::uint32_t inflight_messages_max = 16;
        std::uint64_t inflight_bytes_max = 1u << 20;
        std::uint64_t append_bytes_max = 1u << 20;
        std::uint64_t uncommitted_bytes_max = 64u << 20;
        std::optional<Configuration> configuration = {};  // instead of voters 1 .. nodes
        ChoiceSource* choices = nullptr;  // instead of the seed's; outlives the cluster
        // Sees what every step of a node asks for, before any of it is done.
        std::function<void(NodeId, const Ready&)> on_ready = {};
        std::uint32_t voters = 0;   // at first: 1 .. voters, 0 = all; the others know nothing yet
        bool incarnations = false;  // every disk has an identity
        std::optional<Duration> clock_drift_max;
    };
    struct InFlight {
        NodeId from;
        NodeId to;
        Message message;
        Incarnation incarnation;
    };

    static constexpr Duration T = milliseconds(300);

    explicit Cluster(const Options& options) : options_(options), choices_(options.seed) {
        for (std::uint32_t id = 1; id <= options.nodes; ++id) {
            Node& node = nodes_.emplace_back();
            node.id = NodeId{id};
            node.founder = options.voters == 0 || id <= options.voters;
            node.incarnation = new_incarnation();
            start(node);
        }
    }
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    // ---- what can be seen

    std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
    bool up(std::uint32_t id) const { return nodes_[id - 1].raft.has_value(); }
    const Raft& raft(std::uint32_t id) const { return *nodes_[id - 1].raft; }
    Role role(std::uint32_t id) const { return raft(id).status().role; }
    std::vector<std::uint64_t> terms(std::uint32_t id) const { return terms_of(raft(id).log()); }
    std::size_t messages() const { return network_.size(); }
    const std::deque<InFlight>& network() const { return network_; }
    std::uint64_t reads_granted() const { return reads_granted_; }
    std::uint64_t reads_dropped() const { return reads_dropped_; }
    std::uint64_t committed() const { return committed_.size(); }
    Incarnation incarnation(std::uint32_t id) const { return nodes_[id - 1].incarnation; }
    // The newest configuration that was committed anywhere.
    Configuration committed_configuration() const {
        return configuration_of_committed(Index{committed_.size()});
    }
    Configuration founding_configuration() const {
        const std::uint32_t voters = options_.voters == 0 ? options_.nodes : options_.voters;
        return options_.configuration.value_or(voters_1_to(voters));
    }
    // Its disk is the one that the configuration speaks of.
    bool is_member(const Configuration& configuration, std::uint32_t id) const {
        const Incarnation known = configuration.member(NodeId{id}).incarnation;
        return configuration.is_member(NodeId{id}) &&
               (known == Incarnation{0} || known == nodes_[id - 1].incarnation);
    }
    // Some log or message holds a configuration that may yet be committed.
    bool change_pending() const {
        const auto pending = [this](const EntryRef& entry) {
            return entry.kind == EntryKind::configuration &&
                   entry.index.value > committed_.size();
        };
        for (const Node& node : nodes_) {
            const std::vector<EntryRef>& held = node.disk.entries;
            if (std::any_of(held.begin(), held.end(), pending) ||
                (node.raft && node.raft->configurations().current_index().value >
                                  committed_.size())) {
                return true;
            }
        }
        return std::any_of(network_.begin(), network_.end(), [&](const InFlight& one) {
            const AppendRequest* request = std::get_if<AppendRequest>(&one.message);
            return request != nullptr &&
                   std::any_of(request->entries.begin(), request->entries.end(), pending);
        });
    }
    // Whether every committed entry stays readable when this disk is emptied.
    bool may_lose_disk(std::uint32_t id) const {
        const Configuration configuration = committed_configuration();
        const Incarnation own = nodes_[id - 1].incarnation;
        if (configuration.joint() || configuration.voters.size() < 3 || own == Incarnation{0} ||
            configuration.member(NodeId{id}).incarnation != own || change_pending()) {
            return false;
        }
        for (NodeId voter : configuration.voters) {
            if (!is_member(configuration, voter.value) || configuration.member(voter).witness) {
                return false;
            }
        }
        return true;
    }
    std::uint64_t groups(std::uint32_t id) const { return nodes_[id - 1].groups.size(); }
    std::uint64_t loads(std::uint32_t id) const { return nodes_[id - 1].loads.size(); }
    Instant now(std::uint32_t id) const { return nodes_[id - 1].now; }
    bool blocked(NodeId from, NodeId to) const { return blocked_[from.value][to.value]; }
    // The leader of the highest term, 0 = none.
    NodeId leader() const {
        NodeId found;
        Term highest;
        for (const Node& node : nodes_) {
            if (node.raft && node.raft->status().role == Role::leader &&
                node.raft->status().term >= highest) {
                found = node.id;
                highest = node.raft->status().term;
            }
        }
        return found;
    }

    // Every node in one line, for the sentence of a violation.
    std::string describe() const {
        std::string text;
        for (const Node& node : nodes_) {
            text += "\n  n" + std::to_string(node.id.value) + ": ";
            if (!node.raft) {
                text += "down";
                continue;
            }
            const Status status = node.raft->status();
            text += "role " + std::to_string(static_cast<int>(status.role)) + " term " +
                    std::to_string(status.term.value) + " last " +
                    std::to_string(status.last.value) + " commit " +
                    std::to_string(status.commit.value) + " disk " +
                    std::to_string(node.incarnation.value) + " configuration " +
                    std::to_string(node.raft->configurations().current_index().value) + ":";
            for (NodeId member : node.raft->configuration().members()) {
                const Configuration& all = node.raft->configuration();
                text += " " + std::to_string(member.value) +
                        (all.voters.contains(member) ? "v" : "") +
                        (all.outgoing.contains(member) ? "o" : "") +
                        (all.learners.contains(member) ? "l" : "") +
                        (all.member(member).witness ? "w" : "") + "/" +
                        std::to_string(all.member(member).incarnation.value);
            }
        }
        return text;
    }

    // ---- set-up

    // Replaces a node by one whose disk holds this.
    void boot(std::uint32_t id, HardState hard_state, std::vector<EntryRef> entries) {
        Node& node = nodes_[id - 1];
        node.disk = {};
        node.disk.hard_state = hard_state;
        node.disk.entries = std::move(entries);
        start(node);
    }

    // ---- clients

    // `bytes` is added to the size of each entry, which also tells the entries apart.
    bool propose(std::uint32_t id, std::uint32_t count = 1, std::uint32_t bytes = 0) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return false;
        }
        std::vector<EntryRef> entries;
        for (std::uint32_t i = 0; i < count; ++i) {
            ++payload_;
            entries.push_back(entry_at(0, 0, payload_ + bytes));
        }
        const ProposeOutcome outcome = node.raft->propose(node.now, entries);
        drain(node);
        return std::holds_alternative<Proposed>(outcome);
    }
    bool read(std::uint32_t id, ReadPath path = ReadPath::leader) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return false;
        }
        ++read_;
        // Anything that any node knows as committed may have been acknowledged to a client.
        node.reads[read_] = Index{committed_.size()};
        const bool taken = node.raft->read(node.now, ReadId{read_}, path);
        if (!taken) {
            node.reads.erase(read_);
        }
        drain(node);
        return taken;
    }

    bool transfer(std::uint32_t id, std::uint32_t target = 0) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return false;
        }
        const TransferOutcome outcome = node.raft->transfer(node.now, NodeId{target});
        drain(node);
        return std::holds_alternative<TransferStarted>(outcome);
    }

    ChangeOutcome change(std::uint32_t id, const Configuration& target) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return NotLeader{};
        }
        const ChangeOutcome outcome = node.raft->change_membership(node.now, target);
        drain(node);
        return outcome;
    }

    ChangeOutcome leave(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return NotLeader{};
        }
        const ChangeOutcome outcome = node.raft->leave_joint_phase(node.now);
        drain(node);
        return outcome;
    }

    // ---- time

    // This node's clock moves on its own.
    void pass(std::uint32_t id, Duration duration) {
        Node& node = nodes_[id - 1];
        node.now = node.now + duration;
        if (node.raft) {
            node.raft->time(node.now);
            drain(node);
        }
    }
    // Everybody else has heard nothing for long enough to support another leader.
    void start_election(std::uint32_t id) {
        for (Node& node : nodes_) {
            node.now = node.now + T;
        }
        pass_until_deadline(id);
    }
    // This node's clock moves until its core has something to do.
    void pass_until_deadline(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        node.now = std::max(node.now, node.raft->deadline());
        node.raft->time(node.now);
        drain(node);
    }
    void elect(std::uint32_t id) {
        start_election(id);
        settle();
    }

    // ---- network

    void deliver(std::size_t which, bool keep = false) {
        InFlight one = network_[which];
        if (!keep) {
            network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(which));
        }
        Node& node = nodes_[one.to.value - 1];
        if (!node.raft || blocked_[one.from.value][one.to.value]) {
            return;
        }
        node.raft->receive(node.now, one.from, std::move(one.message), one.incarnation);
        drain(node);
    }
    void drop(std::size_t which) {
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    void drop_all() { network_.clear(); }
    // Everything that is on its way to this node now, in order.
    void deliver_all(std::uint32_t to) {
        for (std::size_t i = 0, count = network_.size(); count > 0; --count) {
            if (network_[i].to == NodeId{to}) {
                deliver(i);
            } else {
                ++i;
            }
        }
    }
    void inject(std::uint32_t from, std::uint32_t to, Message message) {
        const bool member = from > 0 && from <= nodes_.size();
        network_.push_back({NodeId{from}, NodeId{to}, std::move(message),
            member ? nodes_[from - 1].incarnation : Incarnation{}});
    }
    void cut_one_way(std::uint32_t from, std::uint32_t to) { blocked_[from][to] = true; }
    void cut(std::uint32_t a, std::uint32_t b) {
        cut_one_way(a, b);
        cut_one_way(b, a);
    }
    void isolate(std::uint32_t id) {
        for (std::uint32_t other = 1; other <= size(); ++other) {
            cut(id, other);
        }
    }
    void heal() { blocked_ = {}; }
    void peer_down(std::uint32_t id, std::uint32_t peer) {
        Node& node = nodes_[id - 1];
        if (node.raft) {
            node.raft->peer_down(node.now, NodeId{peer});
            drain(node);
        }
    }

    // ---- disks

    // The oldest outstanding group reaches the disk. False if there is none.
    bool store(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        if (!node.raft || node.groups.empty()) {
            return false;
        }
        Group group = std::move(node.groups.front());
        node.groups.pop_front();
        write(node.disk, group);
        for (Outgoing& out : group.held) {
            network_.push_back({node.id, out.to, std::move(out.message), node.incarnation});
        }
        node.raft->stored(node.now, group.upto, group.state);
        drain(node);
        return true;
    }
    void store_all() {
        for (Node& node : nodes_) {
            while (store(node.id.value)) {
            }
        }
    }
    bool load(std::uint32_t id, bool readable = true) {
        Node& node = nodes_[id - 1];
        if (!node.raft || node.loads.empty()) {
            return false;
        }
        const LoadWanted wanted = node.loads.front();
        node.loads.pop_front();
        std::vector<EntryRef> entries;
        for (Index i = wanted.first; readable && i <= wanted.last; ++i) {
            if (node.disk.damaged.contains(i)) {
                break;
            }
            if (const EntryRef* entry = node.disk.find(i)) {
                entries.push_back(*entry);
            }
        }
        node.raft->loaded(node.now, wanted.peer, entries);
        drain(node);
        return true;
    }

    // What this node has applied becomes a cut; the log keeps up to `kept` entries before it.
    void make_cut(std::uint32_t id, std::uint64_t kept = 0) {
        Node& node = nodes_[id - 1];
        if (!node.raft || any_damaged()) {
            return;  // a copy of what is damaged elsewhere may be in the log
        }
        const Index at = std::min({node.applied, node.disk.last(), node.raft->log().durable()});
        if (at <= node.disk.cut.id.index || node.raft->configuration_at(at).voters.empty()) {
            return;
        }
        const EntryRef& entry = committed_[at.value - 1];
        const Cut cut{entry.id(), entry.cluster_time, entry.wall_time,
            node.raft->configuration_at(at)};
        require(cut.configuration == configuration_of_committed(at),
            "a cut contains the configuration committed at its index");
        node.disk.cut = cut;
        node.disk.commit = std::max(node.disk.commit, at);
        node.raft->cut_durable(cut);
        node.raft->discard_to(node.raft->discardable(kept, 2 * kept));
        node.disk.begin_after(node.raft->log().first().previous());
        drain(node);
    }
    // The oldest cut that this leader shall send arrives, or does not. False if there is none.
    bool ship(std::uint32_t id, bool arrives = true) {
        Node& node = nodes_[id - 1];
        if (!node.raft || node.transfers.empty()) {
            return false;
        }
        const SnapshotWanted wanted = node.transfers.front();
        node.transfers.pop_front();
        Node& peer = nodes_[wanted.peer.value - 1];
        const bool linked = arrives && peer.raft && !blocked_[id][wanted.peer.value];
        if (linked && peer.raft->snapshot_received(peer.now, wanted.cut.id)) {
            ++snapshots_taken_;
            const bool covers_holes = peer.raft->ready().state_from.has_value();
            drain(peer);
            if (covers_holes) {
                keep_cut(peer, wanted.cut);
            }
        } else {
            node.raft->snapshot_failed(node.now, wanted.peer);
            drain(node);
        }
        return true;
    }
    std::uint64_t snapshots_taken() const { return snapshots_taken_; }

    // The disk of a node that is down damages an uncommitted entry, as long as another disk has it
    // whole. What was committed unseen may be among them. False if there is none.
    bool damage(std::uint32_t id, std::uint32_t choice) {
        Disk& disk = nodes_[id - 1].disk;
        const Index first = std::max(disk.commit, disk.base.index).next();
        if (up(id) || first > disk.last()) {
            return false;
        }
        const Index index = first + choice % (disk.last().next() - first);
        const LogId entry = disk.find(index)->id();
        const bool elsewhere = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& other) {
            const EntryRef* held = other.disk.find(index);
            return other.id.value != id && held != nullptr && held->id() == entry &&
                   !other.disk.damaged.contains(index);
        });
        return elsewhere && disk.damaged.insert(index).second;
    }
    bool any_damaged() const {
        return std::any_of(nodes_.begin(), nodes_.end(),
            [](const Node& node) { return !node.disk.damaged.empty(); });
    }
    // What a node with a hole asks, and what another one answers, after it has made the term in which
    // it does so durable. The answer is on its way then.
    void ask(std::uint32_t id, std::uint32_t other) {
        Node& node = nodes_[id - 1];
        Node& peer = nodes_[other - 1];
        if (id == other || !node.raft || !peer.raft || node.raft->log().holes().empty() ||
            blocked_[id][other]) {
            return;
        }
        const Index index = node.raft->log().holes().front();
        peer.raft->adopt_term(peer.now, node.raft->status().term);
        drain(peer);
        while (store(other)) {
        }
        Answer answer{node.id, peer.id, peer.raft->status().term,
            {*node.raft->log().term_at(index), index}, false, std::nullopt};
        const RaftLog& log = peer.raft->log();
        if (index < log.first()) {
            return;  // compacted: says nothing that helps
        }
        if (!log.contains(answer.entry)) {
            answer.never_had = true;
        } else if (const EntryRef* entry = log.find(index)) {
            answer.copy = *entry;
        } else if (!log.is_hole(index) && !peer.disk.damaged.contains(index)) {
            answer.copy = *peer.disk.find(index);
        }
        answers_.push_back(answer);
    }
    void hear(std::uint32_t choice) {
        if (answers_.empty()) {
            return;
        }
        const auto at = answers_.begin() + choice % static_cast<std::uint32_t>(answers_.size());
        const Answer answer = *at;
        answers_.erase(at);
        Node& node = nodes_[answer.to.value - 1];
        if (!node.raft || blocked_[answer.from.value][answer.to.value]) {
            return;
        }
        node.raft->adopt_term(node.now, answer.term);
        if (answer.copy) {
            node.raft->mend(node.now, *answer.copy);
        } else if (answer.never_had && answer.term == node.raft->status().term) {
            node.raft->never_had(node.now, answer.from, answer.entry);
        }
        drain(node);
    }
    // Everybody who lacks something asks everybody, and hears them.
    void repair() {
        for (const Node& node : nodes_) {
            for (const Node& other : nodes_) {
                ask(node.id.value, other.id.value);
            }
        }
        while (!answers_.empty()) {
            hear(0);
        }
    }

    // ---- nodes

    // What was not stored is gone.
    void crash(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        node.raft.reset();
        node.groups.clear();
        node.loads.clear();
        node.transfers.clear();
        node.reads.clear();
    }
    void restart(std::uint32_t id) {
        if (!up(id)) {
            start(nodes_[id - 1]);
        }
    }

    // The disk is formatted anew and nobody told it of the cluster.
    void wipe(std::uint32_t id) {
        crash(id);
        Node& node = nodes_[id - 1];
        node.lost_disk = std::exchange(node.disk, {});
        node.lost_incarnation = node.incarnation;
        node.founder = false;
        node.incarnation = new_incarnation();
    }

    // ---- all together

    // Delivers, stores and loads until nothing is left, while no time passes.
    void settle() {
        settle_until([] { return false; });
    }
    void settle_until(const std::function<bool()>& done) {
        for (int step = 0; step < 100'000; ++step) {
            if (done()) {
                return;
            }
            if (!network_.empty()) {
                deliver(0);
                continue;
            }
            bool worked = false;
            for (Node& node : nodes_) {
                worked = store(node.id.value) || worked;
                worked = load(node.id.value) || worked;
                worked = ship(node.id.value) || worked;
            }
            if (!worked) {
                return;
            }
        }
        throw Violation("the cluster does not come to rest");
    }
    void run(Duration duration) {
        const Duration step = milliseconds(10);
        for (Duration passed; passed < duration; passed = passed + step) {
            lose_patience();
            repair();
            for (Node& node : nodes_) {
                pass(node.id.value, step);
            }
            settle();
        }
        check_logs();
    }
    // What the caller owes (Ready::snapshots): here every cut arrives at once, so that one of which
    // nothing has come after a timeout was lost, or the answer to it was.
    void lose_patience() {
        for (Node& node : nodes_) {
            const auto* self = node.raft ? std::get_if<Leader>(&node.raft->role_state()) : nullptr;
            if (self == nullptr || node.now < node.patience_until) {
                continue;
            }
            node.patience_until = node.now + T;
            std::vector<NodeId> waiting;
            for (const Progress& peer : self->peers) {
                if (peer.state == Progress::State::snapshot && peer.sending) {
                    waiting.push_back(peer.node);
                }
            }
            for (const NodeId peer : waiting) {
                node.raft->snapshot_failed(node.now, peer);
                drain(node);
            }
        }
    }
    // No more faults: the cluster must elect a leader, commit and agree.
    void must_recover() {
        heal();
        for (Node& node : nodes_) {
            restart(node.id.value);
        }
        // A leader that survives two timeouts without faults has nothing left to lose.
        NodeId stable;
        for (int round = 0; round < 40 && stable == NodeId{}; ++round) {
            const NodeId before = leader();
            run(T * 2);
            // One that is being removed leads only until that is committed.
            const bool stays = leader() == before && before != NodeId{} &&
                               raft(before.value).configuration().may_lead(before);
            stable = stays ? before : NodeId{};
        }
        if (stable == NodeId{}) {
            throw Violation("no stable leader although all faults have stopped" + describe());
        }
        if (!propose(leader().value)) {
            throw Violation("the leader of a healed cluster accepts nothing");
        }
        const Index proposed = raft(leader().value).log().last();
        read(leader().value);
        run(T * 3);
        const Configuration configuration = raft(leader().value).configuration();
        const Index last = raft(leader().value).log().last();
        if (configuration.joint()) {
            throw Violation("a joint configuration is left by itself");
        }
        for (const Node& node : nodes_) {
            const bool member = is_member(configuration, node.id.value);
            if (member && (node.raft->commit() < proposed || node.raft->commit() != last ||
                              node.raft->log().last() != last)) {
                throw Violation("node " + std::to_string(node.id.value) +
                                " does not learn what was committed after the faults" + describe());
            }
            if (!node.reads.empty()) {
                throw Violation("a read was neither granted nor dropped");
            }
        }
    }

    // Log matching (Raft §5.3): where two logs have the same term, all before is the same.
    void check_logs() const {
        for (const Node& a : nodes_) {
            for (const Node& b : nodes_) {
                if (a.raft && b.raft && a.id < b.id) {
                    check_match(a.raft->log(), b.raft->log());
                }
            }
        }
    }

  private:
    struct Disk {
        HardState hard_state;
        LogId base;                     // the log begins after it
        std::vector<EntryRef> entries;
        Index commit;
        Cut cut;  // the newest one; index 0 = none
        std::set<Index> damaged;  // their bytes cannot be read

        Index last() const { return base.index + entries.size(); }
        const EntryRef* find(Index index) const {
            const bool held = index > base.index && index <= last();
            return held ? &entries[index - base.index - 1] : nullptr;
        }
        void begin_after(Index upto) {
            if (upto > base.index) {
                const std::uint64_t count = upto - base.index;
                base = entries[count - 1].id();
                entries.erase(
                    entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
                damaged.erase(damaged.begin(), damaged.upper_bound(upto));
            }
        }
        Boot boot() const {
            Boot boot = boot_of(hard_state, entries, Index{commit - base.index});
            boot.previous = base;
            boot.first = base.index.next();
            boot.last = last();
            boot.commit = commit;
            std::vector<std::uint64_t> holes;
            for (const Index index : damaged) {
                holes.push_back(index.value);
            }
            boot = with_holes(std::move(boot), holes);
            if (boot.configuration) {
                boot.configuration->index = base.index + boot.configuration->index.value;
            }
            if (cut.id.index != Index{0}) {
                boot.cut = cut;
                if (entries.empty()) {
                    boot.last_cluster_time = cut.cluster_time;
                    boot.last_wall_time = cut.wall_time;
                }
            }
            return boot;
        }
    };
    struct Group {
        std::optional<HardState> hard_state;
        std::optional<Cut> restore;
        std::optional<Index> truncate_to;
        std::vector<EntryRef> entries;
        std::vector<EntryRef> repairs;
        Index commit;
        LogId upto;
        HardState state;
        std::vector<Outgoing> held;
    };
    struct Answer {
        NodeId to;
        NodeId from;
        Term term;
        LogId entry;
        bool never_had = false;
        std::optional<EntryRef> copy;
    };
    struct Node {
        NodeId id;
        bool founder = true;
        Incarnation incarnation;
        std::optional<Raft> raft;
        Instant now;
        Disk disk;
        Disk lost_disk;  // the one before; what it acknowledged may still count
        Incarnation lost_incarnation;
        std::deque<Group> groups;
        std::deque<LoadWanted> loads;
        std::deque<SnapshotWanted> transfers;
        std::map<std::uint64_t, Index> reads;
        Observation seen;
        Index applied;
        Instant patience_until;  // as leader: then a cut of which nothing was heard is given up
};

    void start(Node& node) {
        Config config;
        config.self = node.id;
        config.incarnation = node.incarnation;
        if (node.founder) {
            config.configuration = founding_configuration();
        }
        config.append_entries_max = options_.append_entries_max;
        config.catch_up_entries_max =
            options_.catch_up_entries_max.value_or(options_.append_entries_max);
        config.leaves_joint_phase = options_.leaves_joint_phase;
        config.inflight_messages_max = options_.inflight_messages_max;
        config.inflight_bytes_max = options_.inflight_bytes_max;
        config.append_bytes_max = options_.append_bytes_max;
        config.uncommitted_bytes_max = options_.uncommitted_bytes_max;
        config.clock_drift_max = options_.clock_drift_max;
        config.choices = options_.choices != nullptr ? options_.choices : &choices_;
        node.groups.clear();
        node.raft.emplace(config, node.disk.boot(), node.now);
        node.applied = node.disk.commit;
        for (Index i = node.disk.base.index.next(); i <= node.applied; ++i) {
            require(same_entry(*node.disk.find(i), committed_[i.value - 1]),
                "a disk keeps what was committed");
        }
        node.seen = observe(*node.raft);
    }

    // The log goes on behind the cut: what is damaged below it is not needed any more.
    void keep_cut(Node& node, const Cut& cut) {
        node.disk.cut = cut;
        node.disk.commit = std::max(node.disk.commit, std::min(cut.id.index, node.disk.last()));
        node.raft->cut_durable(cut);
        node.raft->discard_to(cut.id.index);
        node.disk.begin_after(node.raft->log().first().previous());
        drain(node);
    }

    static void require(bool condition, const char* sentence) {
        if (!condition) {
            throw Violation(sentence);
        }
    }

    static void write(Disk& disk, const Group& group) {
        if (group.hard_state) {
            disk.hard_state = *group.hard_state;
        }
        if (group.restore) {
            require(group.restore->id.index > disk.commit, "a disk goes back to no older cut");
            disk.base = group.restore->id;
            disk.entries.clear();
            disk.damaged.clear();
            disk.cut = *group.restore;
        }
        if (group.truncate_to) {
            require(*group.truncate_to >= disk.commit, "a disk truncates nothing committed");
            require(*group.truncate_to < disk.last(), "a truncation shortens");
            disk.entries.resize(*group.truncate_to - disk.base.index);
            disk.damaged.erase(
                disk.damaged.upper_bound(*group.truncate_to), disk.damaged.end());
        }
        for (const EntryRef& entry : group.repairs) {
            const EntryRef* held = disk.find(entry.index);
            if (held != nullptr && held->id() == entry.id()) {
                require(same_entry(*held, entry), "a copy is what stood there");
                disk.damaged.erase(entry.index);
            }
        }
        for (const EntryRef& entry : group.entries) {
            require(entry.index == disk.last().next(), "a disk's log has no gap");
            disk.entries.push_back(entry);
        }
        disk.commit = std::max(disk.commit, std::min(group.commit, disk.last()));
    }

    // Does what Ready asks for, then checks.
    void drain(Node& node) {
        Ready& ready = node.raft->ready();
        if (options_.on_ready) {
            options_.on_ready(node.id, ready);
        }
        if (ready.restore) {
            const LogId id = ready.restore->id;
            require(id.index.value <= committed_.size() && committed_[id.index.value - 1].id() == id,
                "a cut is committed");
            node.applied = std::max(node.applied, id.index);
        }
        if (ready.state_from) {
            require(committed_[ready.state_from->index.value - 1].id() == *ready.state_from,
                "a cut is committed");
            node.applied = std::max(node.applied, ready.state_from->index);
        }
        if (ready.hard_state || ready.restore || ready.truncate_to || !ready.entries.empty() ||
            !ready.repairs.empty()) {
            const Status status = node.raft->status();
            node.groups.push_back({ready.hard_state, ready.restore, ready.truncate_to, ready.entries,
                ready.repairs, status.commit, node.raft->log().last_id(), {status.term, status.vote}, {}});
        }
        for (Outgoing& out : ready.messages) {
            if (out.durable && !node.groups.empty()) {
                node.groups.back().held.push_back(std::move(out));
            } else {
                network_.push_back({node.id, out.to, std::move(out.message), node.incarnation});
            }
        }
        for (const ReadGrant& grant : ready.reads) {
            const auto read = node.reads.find(grant.id.value);
            require(read != node.reads.end(), "a read is answered once");
            require(grant.index >= read->second, "a read sees all that was committed before it");
            node.reads.erase(read);
            ++reads_granted_;
        }
        for (ReadId id : ready.dropped_reads) {
            require(node.reads.erase(id.value) == 1, "a read is dropped once");
            ++reads_dropped_;
        }
        node.loads.insert(node.loads.end(), ready.loads.begin(), ready.loads.end());
        node.transfers.insert(
            node.transfers.end(), ready.snapshots.begin(), ready.snapshots.end());
        node.raft->advance();
        check(node);
    }

    void check(Node& node) {
        const Observation now = observe(*node.raft);
        for (const std::string_view broken :
            {violated_state(now), violated_transition(node.seen, now)}) {
            if (!broken.empty()) {
                throw Violation(std::string(broken));
            }
        }
        if (now.role == Role::leader && node.seen.role != Role::leader) {
            check_new_leader(node);
        }
        node.seen = now;
        apply_committed(node);
        if (node.applied.value > options_.keep_entries) {
            node.raft->release_entries(node.applied - options_.keep_entries);
        }
    }

    // Election safety and leader completeness (Raft fig. 3).
    void check_new_leader(const Node& node) {
        const Term term = node.raft->status().term;
        const auto [known, first] = leaders_.emplace(term, node.id);
        require(first || known->second == node.id, "a term has at most one leader");
        for (const EntryRef& entry : committed_) {
            require(entry.index < node.raft->log().first() ||
                        node.raft->log().contains(entry.id()),
                "a leader's log contains every committed entry");
        }
    }

    // State machine safety, and durability of what is committed.
    void apply_committed(Node& node) {
        for (; node.applied < node.raft->commit(); ++node.applied) {
            const EntryRef* entry = node.raft->log().find(node.applied.next());
            require(entry != nullptr, "an entry is in memory until it was applied");
            if (node.applied.value < committed_.size()) {
                require(same_entry(*entry, committed_[node.applied.value]),
                    "no two nodes apply different entries at one index");
                continue;
            }
            const ConfigurationHistory& history = node.raft->configurations();
            require(on_quorum(*entry, history.current()) ||
                        on_quorum(*entry, history.in_force_at(node.raft->commit()).configuration),
                "a committed entry is on the disks of a quorum");
            require(committed_.empty() || (committed_.back().cluster_time <= entry->cluster_time &&
                                              committed_.back().wall_time <= entry->wall_time),
                "time stamps never go back");
            committed_.push_back(*entry);
        }
    }

    bool on_quorum(const EntryRef& entry, const Configuration& configuration) const {
        std::vector<Acknowledged> copies;
        for (const Node& node : nodes_) {
            const Incarnation known = configuration.member(node.id).incarnation;
            const bool lost = known != Incarnation{0} && known == node.lost_incarnation;
            const bool held = holds(lost ? node.lost_disk : node.disk, entry) &&
                              (lost || is_member(configuration, node.id.value));
            copies.push_back({node.id, held ? 1u : 0u});
        }
        return quorum_value(configuration, copies) > 0;
    }

    static bool holds(const Disk& disk, const EntryRef& entry) {
        const EntryRef* found = disk.find(entry.index);
        return entry.index <= disk.base.index || (found != nullptr && same_entry(*found, entry));
    }

    // A witness holds entries without their erasable parts; here bodies have nothing else.
    static bool same_entry(const EntryRef& held, const EntryRef& whole) {
        EntryRef stripped = whole;
        stripped.bytes = 0;
        stripped.handle = {};
        return held == whole || held == stripped;
    }

    Configuration configuration_of_committed(Index index) const {
        for (Index i = index; i > Index{0}; i = i.previous()) {
            if (const auto found = configuration_of(committed_[i.value - 1])) {
                return *found;
            }
        }
        return founding_configuration();
    }

    Incarnation new_incarnation() {
        ++incarnation_;
        return Incarnation{options_.incarnations ? incarnation_ : 0};
    }

    static void check_match(const RaftLog& a, const RaftLog& b) {
        bool same = false;
        const Index first = std::max(a.first(), b.first());
        for (Index i = std::min(a.last(), b.last()); i >= first; i = i.previous()) {
            const bool here = a.term_at(i) == b.term_at(i);
            require(here || !same, "logs that agree at an index agree before it");
            same = same || here;
        }
    }

    const Options options_;
    SeededChoices choices_;
    std::deque<Node> nodes_;
    std::deque<InFlight> network_;
    std::vector<Answer> answers_;  // of repairs
    std::array<std::array<bool, members_max + 1>, members_max + 1> blocked_{};
    std::map<Term, NodeId> leaders_;
    std::vector<EntryRef> committed_;
    std::uint64_t incarnation_ = 0;
    std::uint64_t snapshots_taken_ = 0;
    std::uint32_t payload_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t reads_granted_ = 0;
    std::uint64_t reads_dropped_ = 0;
};

}  // namespace ledger::raft
