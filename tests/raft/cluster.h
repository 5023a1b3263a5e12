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
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "raft/invariants.h"
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
        std::uint32_t inflight_messages_max = 16;
        std::uint64_t inflight_bytes_max = 1u << 20;
        std::uint64_t append_bytes_max = 1u << 20;
        std::uint64_t uncommitted_bytes_max = 64u << 20;
        std::optional<Configuration> configuration = {};  // instead of voters 1 .. nodes
        ChoiceSource* choices = nullptr;  // instead of the seed's; outlives the cluster
        // Sees what every step of a node asks for, before any of it is done.
        std::function<void(NodeId, const Ready&)> on_ready = {};
    };
    struct InFlight {
        NodeId from;
        NodeId to;
        Message message;
    };

    static constexpr Duration T = milliseconds(300);

    explicit Cluster(const Options& options) : options_(options), choices_(options.seed) {
        for (std::uint32_t id = 1; id <= options.nodes; ++id) {
            nodes_.emplace_back().id = NodeId{id};
            start(nodes_.back());
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

    // ---- set-up

    // Replaces a node by one whose disk holds this.
    void boot(std::uint32_t id, HardState hard_state, std::vector<EntryRef> entries) {
        Node& node = nodes_[id - 1];
        node.disk = {hard_state, std::move(entries), Index{}};
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
    bool read(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        if (!node.raft) {
            return false;
        }
        ++read_;
        // Anything that any node knows as committed may have been acknowledged to a client.
        node.reads[read_] = Index{committed_.size()};
        const bool taken = node.raft->read(node.now, ReadId{read_});
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
        node.raft->receive(node.now, one.from, std::move(one.message));
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
        network_.push_back({NodeId{from}, NodeId{to}, std::move(message)});
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
            network_.push_back({node.id, out.to, std::move(out.message)});
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
            if (i.value <= node.disk.entries.size()) {
                entries.push_back(node.disk.entries[i.value - 1]);
            }
        }
        node.raft->loaded(node.now, wanted.peer, entries);
        drain(node);
        return true;
    }

    // ---- nodes

    // What was not stored is gone.
    void crash(std::uint32_t id) {
        Node& node = nodes_[id - 1];
        node.raft.reset();
        node.groups.clear();
        node.loads.clear();
        node.reads.clear();
    }
    void restart(std::uint32_t id) {
        if (!up(id)) {
            start(nodes_[id - 1]);
        }
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
            for (Node& node : nodes_) {
                pass(node.id.value, step);
            }
            settle();
        }
        check_logs();
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
            stable = leader() == before ? before : NodeId{};
        }
        if (stable == NodeId{}) {
            throw Violation("no stable leader although all faults have stopped");
        }
        if (!propose(leader().value)) {
            throw Violation("the leader of a healed cluster accepts nothing");
        }
        const Index proposed = raft(leader().value).log().last();
        read(leader().value);
        run(T * 3);
        for (const Node& node : nodes_) {
            if (node.raft->commit() < proposed || node.raft->log().last() != proposed) {
                throw Violation("node " + std::to_string(node.id.value) +
                                " does not learn what was committed after the faults");
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
        std::vector<EntryRef> entries;  // from index 1
        Index commit;
    };
    struct Group {
        std::optional<HardState> hard_state;
        std::optional<Index> truncate_to;
        std::vector<EntryRef> entries;
        Index commit;
        LogId upto;
        HardState state;
        std::vector<Outgoing> held;
    };
    struct Node {
        NodeId id;
        std::optional<Raft> raft;
        Instant now;
        Disk disk;
        std::deque<Group> groups;
        std::deque<LoadWanted> loads;
        std::map<std::uint64_t, Index> reads;
        Observation seen;
        Index applied;
    };

    void start(Node& node) {
        Config config;
        config.self = node.id;
        config.configuration = options_.configuration.value_or(voters_1_to(options_.nodes));
        config.append_entries_max = options_.append_entries_max;
        config.inflight_messages_max = options_.inflight_messages_max;
        config.inflight_bytes_max = options_.inflight_bytes_max;
        config.append_bytes_max = options_.append_bytes_max;
        config.uncommitted_bytes_max = options_.uncommitted_bytes_max;
        config.choices = options_.choices != nullptr ? options_.choices : &choices_;
        node.groups.clear();
        node.raft.emplace(
            config, boot_of(node.disk.hard_state, node.disk.entries, node.disk.commit), node.now);
        node.applied = node.disk.commit;
        for (std::uint64_t i = 0; i < node.applied.value; ++i) {
            require(node.disk.entries[i] == committed_[i], "a disk keeps what was committed");
        }
        node.seen = observe(*node.raft);
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
        if (group.truncate_to) {
            require(*group.truncate_to >= disk.commit, "a disk truncates nothing committed");
            require(group.truncate_to->value < disk.entries.size(), "a truncation shortens");
            disk.entries.resize(group.truncate_to->value);
        }
        for (const EntryRef& entry : group.entries) {
            require(entry.index.value == disk.entries.size() + 1, "a disk's log has no gap");
            disk.entries.push_back(entry);
        }
        disk.commit = std::max(disk.commit, std::min(group.commit, Index{disk.entries.size()}));
    }

    // Does what Ready asks for, then checks.
    void drain(Node& node) {
        Ready& ready = node.raft->ready();
        if (options_.on_ready) {
            options_.on_ready(node.id, ready);
        }
        if (ready.hard_state || ready.truncate_to || !ready.entries.empty()) {
            const Status status = node.raft->status();
            node.groups.push_back({ready.hard_state, ready.truncate_to, ready.entries,
                status.commit, node.raft->log().last_id(), {status.term, status.vote}, {}});
        }
        for (Outgoing& out : ready.messages) {
            if (out.durable && !node.groups.empty()) {
                node.groups.back().held.push_back(std::move(out));
            } else {
                network_.push_back({node.id, out.to, std::move(out.message)});
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
            require(node.raft->log().contains(entry.id()),
                "a leader's log contains every committed entry");
        }
    }

    // State machine safety, and durability of what is committed.
    void apply_committed(Node& node) {
        for (; node.applied < node.raft->commit(); ++node.applied) {
            const EntryRef* entry = node.raft->log().find(node.applied.next());
            require(entry != nullptr, "an entry is in memory until it was applied");
            if (node.applied.value < committed_.size()) {
                require(*entry == committed_[node.applied.value],
                    "no two nodes apply different entries at one index");
                continue;
            }
            require(durable_copies(*entry) * 2 > nodes_.size(),
                "a committed entry is on the disks of a majority");
            require(committed_.empty() || (committed_.back().cluster_time <= entry->cluster_time &&
                                              committed_.back().wall_time <= entry->wall_time),
                "time stamps never go back");
            committed_.push_back(*entry);
        }
    }

    std::size_t durable_copies(const EntryRef& entry) const {
        return static_cast<std::size_t>(
            std::count_if(nodes_.begin(), nodes_.end(), [&entry](const Node& node) {
                const std::vector<EntryRef>& entries = node.disk.entries;
                return entry.index.value <= entries.size() &&
                       entries[entry.index.value - 1] == entry;
            }));
    }

    static void check_match(const RaftLog& a, const RaftLog& b) {
        bool same = false;
        for (Index i = std::min(a.last(), b.last()); i > Index{0}; i = i.previous()) {
            const bool here = a.term_at(i) == b.term_at(i);
            require(here || !same, "logs that agree at an index agree before it");
            same = same || here;
        }
    }

    const Options options_;
    SeededChoices choices_;
    std::deque<Node> nodes_;
    std::deque<InFlight> network_;
    std::array<std::array<bool, members_max + 1>, members_max + 1> blocked_{};
    std::map<Term, NodeId> leaders_;
    std::vector<EntryRef> committed_;
    std::uint32_t payload_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t reads_granted_ = 0;
    std::uint64_t reads_dropped_ = 0;
};

}  // namespace ledger::raft
