// Answers: over a whole group of replicas, whatever happens to it, every request that a living node
// took is answered exactly once, and the answer is true.
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/node/harness.h"
#include "tests/node/counter_machine.h"

namespace ledger::node {
namespace {

// Three or five replicas, their network and their disks. Each request adds a number of its own, by
// which it is found in the logs.
class Answering {
  public:
    explicit Answering(std::uint32_t nodes) {
        for (std::uint32_t id = 1; id <= nodes; ++id) {
            machines_.push_back(std::make_unique<CounterMachine>());
            nodes_.push_back(std::make_unique<TestNode>(NodeId{id}, nodes, *machines_.back()));
            nodes_.back()->config.limits.waiters_max = 8;  // so that some are refused
            nodes_.back()->replica = std::make_unique<Replica>(
                nodes_.back()->config, *machines_.back(), nodes_.back()->choices);
            nodes_.back()->start();
            collect(id);
        }
    }

    std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
    std::uint64_t count(const char* kind) const {
        const auto at = counts_.find(kind);
        return at == counts_.end() ? 0 : at->second;
    }

    void request(std::uint32_t id) {
        const std::uint64_t value = ++requests_;
        asked_[value] = id;
        node(id).bring(value, add(value));
        collect(id);
    }
    void request_of_leaders() {
        for (std::uint32_t id = 1; id <= size(); ++id) {
            if (node(id).role() == raft::Role::leader) {
                request(id);
            }
        }
    }
    void tick() {
        Instant next = never;
        for (const auto& one : nodes_) {
            next = std::min(next, one->wake_at);
        }
        now_ = std::max(now_, next == never ? now_ : next);
        for (std::uint32_t id = 1; id <= size(); ++id) {
            node(id).now = now_;
            if (node(id).wake_at <= now_) {
                node(id).step(Time{node(id).wall});
                collect(id);
            }
        }
    }
    // The message at this place arrives, unless somebody is cut off.
    void deliver(std::size_t place) {
        PeerMessage message = std::move(network_[place]);
        lose(place);
        const std::uint32_t to = message.to.value;
        if (!cut_off_.contains(message.from.value) && !cut_off_.contains(to)) {
            node(to).now = now_;
            node(to).step(Message{std::move(message)});
            collect(to);
        }
    }
    void lose(std::size_t place) {
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(place));
    }
    std::size_t under_way() const { return network_.size(); }
    bool store(std::uint32_t id) {
        if (node(id).stores.empty()) {
            return false;
        }
        for (const HashedEntry& entry : node(id).stores.front().group->entries) {
            RC_ASSERT(!never_.contains(value_of(entry.entry)));
        }
        node(id).now = now_;
        node(id).finish_store();
        collect(id);
        return true;
    }
    bool load(std::uint32_t id) {
        if (node(id).loads.empty()) {
            return false;
        }
        node(id).finish_load();
        collect(id);
        return true;
    }
    // Whoever waited there has lost the connection: nobody will answer, and nobody may.
    void crash(std::uint32_t id) {
        for (auto at = asked_.begin(); at != asked_.end();) {
            at = at->second == id ? asked_.erase(at) : std::next(at);
        }
        machines_[id - 1] = std::make_unique<CounterMachine>();
        node(id).wake_at = never;
        node(id).now = now_;
        node(id).restart(*machines_[id - 1]);
        collect(id);
    }
    void cut_off(std::uint32_t id) { cut_off_.insert(id); }
    void heal() { cut_off_.clear(); }
    // Who leads is asked once more, hears nobody, and notices.
    void depose() {
        request_of_leaders();
        for (std::uint32_t id = 1; id <= size(); ++id) {
            if (node(id).role() == raft::Role::leader) {
                cut_off(id);
            }
        }
        for (int turn = 0; turn < 20; ++turn) {
            tick();
        }
    }

    // No more faults; until everything is answered and everybody has the same log.
    void settle() {
        heal();
        for (int turn = 0; turn < 3000 && !(asked_.empty() && even()); ++turn) {
            tick();
            flow();
        }
    }
    // Messages and disks do what is due, once round.
    void flow() {
        while (under_way() > 0) {
            deliver(0);
        }
        for (std::uint32_t id = 1; id <= size(); ++id) {
            while (store(id) || load(id)) {
            }
        }
    }
    void check() {
        RC_ASSERT(asked_.empty());
        RC_ASSERT(even());
        for (const auto& one : nodes_) {
            for (const auto& [value, index] : done_) {
                RC_ASSERT(one->disk.size() >= index.value);
                RC_ASSERT(value_of(one->disk[index.value - 1].entry) == value);
            }
            for (const HashedEntry& entry : one->disk) {
                RC_ASSERT(!never_.contains(value_of(entry.entry)));
            }
        }
    }

  private:
    TestNode& node(std::uint32_t id) { return *nodes_[id - 1]; }
    static std::uint64_t value_of(const EntryRef& entry) {
        return entry.kind == EntryKind::command ? ByteReader(entry.handle.envelope()).u64() : 0;
    }
    bool even() const {
        for (const auto& one : nodes_) {
            const raft::Raft& raft = one->replica->raft();
            if (raft.log().last() == Index{} || raft.log().last_id() != nodes_[0]->replica->raft().log().last_id() ||
                one->replica->applied() != raft.log().last() ||
                raft.log().durable() != raft.log().last()) {
                return false;
            }
        }
        return true;
    }
    void collect(std::uint32_t id) {
        TestNode& from = node(id);
        RC_ASSERT(from.halted.empty());
        for (const Reply& reply : std::exchange(from.replies, {})) {
            const std::uint64_t value = reply.reply.id.value;
            // Once: it was asked here and has not been answered yet.
            RC_ASSERT(asked_.contains(value));
            RC_ASSERT(asked_[value] == id);
            asked_.erase(value);
            note(value, reply.reply.outcome);
        }
        std::deque<Send> held;
        for (Send& send : std::exchange(from.sends, {})) {
            if (send.after <= from.stored) {
                network_.push_back(std::move(send.message));
            } else {
                held.push_back(std::move(send));
            }
        }
        from.sends = std::move(held);
    }
    void note(std::uint64_t value, const decltype(ClientReply::outcome)& outcome) {
        if (const auto* applied = std::get_if<Applied>(&outcome)) {
            done_[value] = applied->index;
            ++counts_["done"];
        } else if (std::holds_alternative<Indeterminate>(outcome)) {
            ++counts_["indeterminate"];
        } else {
            never_.insert(value);
            ++counts_["definitely not"];
        }
    }

    std::vector<std::unique_ptr<CounterMachine>> machines_;
    std::vector<std::unique_ptr<TestNode>> nodes_;
    std::vector<PeerMessage> network_;
    std::set<std::uint32_t> cut_off_;
    Instant now_;
    std::uint64_t requests_ = 0;
    std::map<std::uint64_t, std::uint32_t> asked_;  // not answered; by whom
    std::map<std::uint64_t, Index> done_;
    std::set<std::uint64_t> never_;
    std::map<std::string, std::uint64_t> counts_;
};

void act(Answering& group) {
    const auto id = *rc::gen::inRange<std::uint32_t>(1, group.size() + 1);
    switch (*rc::gen::inRange(0, 20)) {
        case 0: group.crash(id); break;
        case 1: group.cut_off(id); break;
        case 16: group.depose(); break;
        case 2: group.heal(); break;
        case 3: group.request(id); break;
        case 4:
        case 5: group.request_of_leaders(); break;
        case 6: group.tick(); break;
        case 7:
        case 8: group.flow(); break;
        case 9:
            if (group.under_way() > 0) {
                group.lose(*rc::gen::inRange<std::size_t>(0, group.under_way()));
            }
            break;
        case 10:
        case 11:
        case 12: group.store(id); break;
        case 13: group.load(id); break;
        case 14:
        case 15: group.flow(); break;
        default:
            if (group.under_way() > 0) {
                group.deliver(*rc::gen::inRange<std::size_t>(0, group.under_way()));
            }
            break;
    }
}

}  // namespace

TEST_CASE("answers: every request is answered once, and the answer is true", "[node]") {
    std::map<std::string, std::uint64_t> seen;
    CHECK(rc::check("whatever happens to the group", [&seen] {
        Answering group(*rc::gen::element<std::uint32_t>(3, 5));
        const int before = *rc::gen::inRange(0, 2);
        for (int i = 0; i < before; ++i) {
            group.settle();  // begins with a leader
        }
        const int length = *rc::gen::inRange(50, 400);
        for (int i = 0; i < length; ++i) {
            act(group);
        }
        group.settle();
        group.check();
        for (const char* kind : {"done", "indeterminate", "definitely not"}) {
            seen[kind] += group.count(kind);
        }
    }));
    INFO("done " << seen["done"] << ", indeterminate " << seen["indeterminate"] << ", not " << seen["definitely not"]);
    CHECK(seen["done"] > 0);
    CHECK(seen["indeterminate"] > 0);
    CHECK(seen["definitely not"] > 0);
}

}  // namespace ledger::node
