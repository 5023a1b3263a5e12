#pragma once
// Harness: replicas with a memory disk and hand-delivered messages, for tests of node alone.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/crc32c.h"
#include "node/replica.h"

namespace ledger::node {

// One replica on a disk that does what it is told, when it is told.
struct TestNode {
    explicit TestNode(NodeId self, std::uint32_t nodes, StateMachine& state_machine)
        : machine(state_machine) {
        config.cluster = {7, 7};
        config.raft.self = self;
        config.limits.scrub_bytes_per_second = 0;  // no reads but those that a test asks for
        config.limits.founding_time = {};  // no entries but those that a test asks for
        config.features_founded = newest_feature;
        for (std::uint32_t node = 1; node <= nodes; ++node) {
            config.raft.configuration.voters.insert(NodeId{node});
        }
        replica = std::make_unique<Replica>(config, machine, choices);
    }

    void start() {
        log::Recovered recovered;
        recovered.hard_state = hard_state;
        recovered.first = first;
        recovered.last = Index{disk.size()};
        recovered.previous = first > Index{1} ? disk[first.value - 2].entry.id() : LogId{};
        for (const HashedEntry& entry :
            std::span(disk).subspan(static_cast<std::size_t>(first.value - 1))) {
            if (recovered.terms.empty() || recovered.terms.back().term != entry.entry.term) {
                recovered.terms.push_back({entry.entry.index, entry.entry.term});
            }
            recovered.last_cluster_time = entry.entry.cluster_time;
            recovered.last_wall_time = entry.entry.wall_time;
        }
        recovered.commit = commit;
        recovered.commit_hash = commit == Index{} ? Digest{} : disk[commit.value - 1].hash;
        recovered.tail.assign(
            disk.begin() + static_cast<std::ptrdiff_t>(commit.value), disk.end());
        recovered.crowded = crowded;
        note_damage(recovered);
        std::vector<log::CutManifest> manifests;
        for (const auto& [id, cut] : cuts) {
            manifests.push_back(cut.manifest);
        }
        step(Start{std::move(recovered), wall, std::move(manifests)});
    }

    // What identity blocks say of damaged entries and of what a crash left in doubt.
    void note_damage(log::Recovered& recovered) const {
        bool chained = true;
        for (HashedEntry& hashed : recovered.tail) {
            if (faulty.contains(hashed.entry.index)) {
                const EntryRef whole = std::exchange(hashed.entry, {});
                hashed.entry.index = whole.index;
                hashed.entry.term = whole.term;
                hashed.entry.kind = whole.kind;
                chained = false;
            }
            hashed.hash = chained ? hashed.hash : Digest{};
        }
        for (const Index index : faulty_is_known ? faulty : std::set<Index>{}) {
            const EntryRef& entry = disk[index.value - 1].entry;
            recovered.faulty.push_back(name_of(entry));
            if (entry.kind == EntryKind::configuration && index <= commit) {
                recovered.faulty_configuration = index;
            }
        }
        for (const EntryRef& entry : unsealed) {
            recovered.unsealed.push_back(name_of(entry));
        }
    }
    static log::EntryIdentity name_of(const EntryRef& entry) {
        log::EntryIdentity name;
        name.index = entry.index;
        name.term = entry.term;
        name.kind = static_cast<std::uint8_t>(entry.kind);
        name.envelope_bytes = static_cast<std::uint32_t>(entry.handle.envelope().size());
        name.erasable_bytes = static_cast<std::uint32_t>(entry.handle.erasable().size());
        name.envelope_crc = crc32c(entry.handle.envelope());
        return name;
    }

    // A crash: what was not stored is gone; `fresh` starts empty.
    void restart(StateMachine& fresh) {
        stores.clear();
        sends.clear();
        loads.clear();
        cut_work.clear();
        chunk_loads.clear();
        replies.clear();
        stored = {};
        replica = std::make_unique<Replica>(config, fresh, choices);
        start();
    }

    void step(Event&& event) {
        for (const Effect& effect : replica->step(now, std::move(event))) {
            if (const auto* send = std::get_if<Send>(&effect)) {
                sends.push_back(*send);
            } else if (const auto* store = std::get_if<Store>(&effect)) {
                stores.push_back(*store);
            } else if (const auto* load = std::get_if<Load>(&effect)) {
                loads.push_back(*load);
            } else if (const auto* wake = std::get_if<WakeAt>(&effect)) {
                wake_at = wake->deadline;
            } else if (const auto* reply = std::get_if<Reply>(&effect)) {
                replies.push_back(*reply);
            } else if (const auto* cut = std::get_if<StoreCut>(&effect)) {
                cut_work.push_back(*cut);
            } else if (const auto* chunk = std::get_if<LoadChunk>(&effect)) {
                chunk_loads.push_back(*chunk);
            } else if (const auto* discard = std::get_if<Discard>(&effect)) {
                first = discard->upto.next();
            } else if (const auto* halt = std::get_if<Halt>(&effect)) {
                halted = halt->reason;
            }
        }
    }

    // The disk finishes its oldest group.
    void finish_store() {
        REQUIRE_FALSE(stores.empty());
        const Store store = stores.front();
        stores.pop_front();
        hard_state = store.group->hard_state.value_or(hard_state);
        if (store.group->restart) {
            // What is in front of it is never looked at again.
            disk.assign(store.group->restart->id.index.value, {});
            disk.back().entry.index = store.group->restart->id.index;
            disk.back().entry.term = store.group->restart->id.term;
            disk.back().entry.cluster_time = store.group->restart->cluster_time;
            disk.back().entry.wall_time = store.group->restart->wall_time;
            disk.back().hash = store.group->restart->hash;
            first = store.group->restart->id.index.next();
            commit = store.group->restart->id.index;
        }
        if (store.group->truncate_to) {
            disk.resize(store.group->truncate_to->value);
            faulty.erase(faulty.upper_bound(*store.group->truncate_to), faulty.end());
        }
        for (const EntryRef& copy : store.group->repairs) {
            EntryRef& place = disk[copy.index.value - 1].entry;
            REQUIRE((copy.handle.erasure() != Erasure::none || place == copy));
            REQUIRE(place.handle.envelope_digest() == copy.handle.envelope_digest());
            place = copy;
            faulty.erase(copy.index);
        }
        disk.insert(disk.end(), store.group->entries.begin(), store.group->entries.end());
        for (const EntryRef& entry : store.group->erasures) {
            EntryRef& place = disk[entry.index.value - 1].entry;
            REQUIRE(place.id() == entry.id());
            REQUIRE(place.handle.envelope_digest() == entry.handle.envelope_digest());
            place = entry;
        }
        stored = store.ticket;
        groups.push_back(*store.group);
        step(Stored{store.ticket, {}, crowded});
    }
    void finish_load() {
        REQUIRE_FALSE(loads.empty());
        const Load load = loads.front();
        loads.pop_front();
        Loaded loaded{.request = load.request, .entries = {}, .failed = false};
        for (Index index = load.first; index <= load.last; ++index) {
            if (faulty.contains(index)) {
                loaded.failed = loaded.entries.empty();
                loaded.damaged = loaded.failed ? index : Index{};
                break;
            }
            loaded.entries.push_back(disk[index.value - 1]);
        }
        step(std::move(loaded));
    }
    // The oldest piece of work on cuts.
    void finish_cut_work() {
        REQUIRE_FALSE(cut_work.empty());
        const StoreCut work = cut_work.front();
        cut_work.pop_front();
        CutStored done{.request = work.request};
        const bool grows = !std::holds_alternative<StoreCut::RemoveBefore>(work.work);
        if (no_space_for_cuts && grows) {
            unfinished = {};
            done.failed = done.no_space = true;
            step(std::move(done));
            return;
        }
        if (const auto* chunk = std::get_if<StoreCut::Chunk>(&work.work)) {
            if (unfinished.cut != work.cut) {
                unfinished = {work.cut, {}};
            }
            REQUIRE(chunk->number == unfinished.chunks.size());
            unfinished.chunks.push_back(*chunk->bytes);
        } else if (const auto* complete = std::get_if<StoreCut::Complete>(&work.work)) {
            REQUIRE((unfinished.cut == work.cut || complete->manifest->chunks.empty()));
            REQUIRE(unfinished.chunks.size() == complete->manifest->chunks.size());
            cuts[work.cut] = {*complete->manifest, std::exchange(unfinished, {}).chunks};
        } else if (const auto* resume = std::get_if<StoreCut::Resume>(&work.work)) {
            if (unfinished.cut != resume->manifest->id) {
                unfinished = {resume->manifest->id, {}};
            }
            done.chunks = static_cast<std::uint32_t>(unfinished.chunks.size());
        } else if (const auto* mend = std::get_if<StoreCut::Mend>(&work.work)) {
            REQUIRE((cuts.at(work.cut).chunks.at(mend->number) == *mend->bytes));
            rotten.erase({work.cut, mend->number});
        } else {
            std::erase_if(cuts,
                [&](const auto& cut) { return cut.first.index < work.cut.index; });
        }
        step(std::move(done));
    }
    void finish_chunk_load() {
        REQUIRE_FALSE(chunk_loads.empty());
        const LoadChunk load = chunk_loads.front();
        chunk_loads.pop_front();
        const auto cut = cuts.find(load.cut);
        REQUIRE(cut != cuts.end());
        ChunkLoaded loaded{.request = load.request, .bytes = {}, .failed = damaged == load.cut || rotten.contains({load.cut, load.number})};
        if (!loaded.failed) {
            loaded.bytes = cut->second.chunks.at(load.number);
        }
        step(std::move(loaded));
    }
    void wake() {
        now = std::max(now, wake_at);
        step(Time{wall});
    }
    // Runs the disk until it has nothing to do.
    void work() {
        while (!stores.empty() || !loads.empty() || !cut_work.empty() || !chunk_loads.empty()) {
            if (!stores.empty()) {
                finish_store();
            } else if (!loads.empty()) {
                finish_load();
            } else if (!cut_work.empty()) {
                finish_cut_work();
            } else {
                finish_chunk_load();
            }
        }
    }
    // Straight into the variant: under the sanitizers GCC 12 takes a moved temporary one for
    // uninitialised.
    template <typename Operation>
    void bring(std::uint64_t request, Operation&& operation) {
        Client event{ClientId{1}, {}};
        event.request.id = RequestId{request};
        event.request.operation = std::forward<Operation>(operation);
        step(std::move(event));
    }
    // The same, and nothing else comes in this turn.
    template <typename Operation>
    void ask(std::uint64_t request, Operation&& operation) {
        bring(request, std::forward<Operation>(operation));
        end_turn();
    }
    void end_turn() {
        if (wake_at <= now) {
            step(Time{wall});
        }
    }
    raft::Role role() const { return replica->raft().status().role; }

    Config config;
    SeededChoices choices{1};
    StateMachine& machine;
    std::unique_ptr<Replica> replica;
    Instant now;
    WallTime wall{1};  // what the wall clock says; it stands still
    Instant wake_at = never;
    std::deque<Send> sends;
    std::deque<Store> stores;
    std::deque<Load> loads;
    std::deque<StoreCut> cut_work;
    std::deque<LoadChunk> chunk_loads;
    std::vector<Reply> replies;
    std::vector<log::Group> groups;
    std::string halted;
    Ticket stored;

    HardState hard_state;
    std::vector<HashedEntry> disk;  // [0] is index 1; those in front of `first` do not count
    Index first{1};
    Index commit;
    std::set<Index> faulty;          // of `disk`: cannot be read
    bool crowded = false;            // has no space for commands
    bool no_space_for_cuts = false;
    bool faulty_is_known = true;     // to recovery; else a read finds it
    std::vector<EntryRef> unsealed;  // behind it, at boot
    struct Kept {
        log::CutManifest manifest;
        std::vector<ByteVector> chunks;
    };
    struct Unfinished {
        LogId cut;
        std::vector<ByteVector> chunks;
    };
    std::map<LogId, Kept> cuts;
    Unfinished unfinished;
    LogId damaged;  // no chunk of this cut can be read
    std::set<std::pair<LogId, std::uint32_t>> rotten;  // nor can these
};

// A command that adds to a CounterMachine.
inline Command add(std::uint64_t value) {
    ByteVector bytes;
    ByteWriter(bytes).u64(value);
    return {EntryHandle::make(bytes, {})};
}

template <typename Outcome>
const Outcome* outcome_of(const TestNode& node, std::uint64_t request) {
    for (const Reply& reply : node.replies) {
        if (reply.reply.id == RequestId{request}) {
            return std::get_if<Outcome>(&reply.reply.outcome);
        }
    }
    return nullptr;
}

}  // namespace ledger::node
