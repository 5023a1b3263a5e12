#include "sim/disk_audit.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "log/log_map.h"
#include "log/base/choice.h"
#include "log/segment.h"
#include "tests/log/sample.h"

namespace ledger::sim {
namespace {

const log::Identity identity = log::sample_identity();

DiskAudit new_audit() {
    return DiskAudit(identity, log::sample_options().directory);
}

// The audit says exactly what the twin has: every entry, the end, the hard state.
void require_equal(const DiskAudit& audit, const log::TwinLog& twin) {
    REQUIRE(audit.hard_state() == twin.hard_state);
    REQUIRE(audit.first() == twin.first());
    REQUIRE(audit.last() == twin.last());
    for (const HashedEntry& hashed : twin.entries) {
        const EntryRef& entry = hashed.entry;
        REQUIRE(audit.holds(entry.index, entry.term, entry.handle.envelope_digest()));
    }
}

// A node's disk, its storage, and what both must hold.
struct Node {
    explicit Node(std::uint64_t node_seed, std::uint64_t segment_bytes = 8192)
        : options(log::sample_options(segment_bytes)), choices(node_seed) {
        REQUIRE(log::format(disk, options, identity));
        open();
    }

    std::uint64_t draw(std::uint64_t domain) {
        return choices.choose(Site::test_b, 0, ++asked, domain);
    }
    void open() {
        auto opened = log::open(disk, options, identity);
        REQUIRE(opened);
        storage = std::move(opened->storage);
        recovered = std::move(opened->recovered);
        audit.reset_after_crash(disk);
    }
    void store(const log::Group& group) {
        REQUIRE(storage->write(group));
        REQUIRE(storage->sync());
        twin.apply(group);
        audit.synced(disk);
    }
    void discard() {
        REQUIRE(storage->discard(twin.commit));
        twin.forget(storage->published()->first());
        audit.synced(disk);
    }
    log::Group next_group();
    void crash_and_recover();

    log::Options options;
    Disk disk{identity.node};
    SeededChoices choices;
    DiskAudit audit = new_audit();
    std::unique_ptr<log::Storage> storage;
    log::Recovered recovered;
    log::TwinLog twin;
    std::uint64_t asked = 0;
    std::uint64_t groups = 0;
};

log::Group Node::next_group() {
    ++groups;
    log::TwinLog ahead = twin;
    const bool new_term = draw(4) == 0;
    if (new_term) {
        ahead.hard_state = {
            twin.hard_state.term.next(), NodeId{static_cast<std::uint32_t>(draw(3))}};
    }
    if (draw(12) == 0) {
        ahead.hard_state = {twin.hard_state.term.next(), NodeId{}};
        log::Group group = ahead.restart(groups, twin.commit + 1 + draw(20), draw(4), 900);
        group.hard_state = ahead.hard_state;
        return group;
    }
    std::optional<Index> truncate_to;
    if (draw(5) == 0) {
        truncate_to = Index{twin.commit.value + draw(twin.last().value - twin.commit.value + 1)};
    }
    const std::uint64_t count = draw(5);
    log::Group group = ahead.group(groups, count, draw(3) * 900, truncate_to);
    if (new_term) {
        group.hard_state = ahead.hard_state;
    }
    const Index end = truncate_to.value_or(twin.last());
    group.commit = Index{twin.commit.value + draw(end.value - twin.commit.value + 1)};
    return group;
}

// Crashes, also in the middle of recovery, until the log is open again.
void Node::crash_and_recover() {
    storage.reset();
    const std::uint32_t shares[] = {0, 200'000, 500'000, 900'000, 1'000'000};
    for (;;) {
        const CrashProfile how{.keep = shares[draw(5)], .tear = shares[draw(5)]};
        disk.crash(choices, how);
        const bool again = draw(3) == 0;
        if (again) {
            disk.power_off_after(draw(12));
        }
        auto opened = log::open(disk, options, identity);
        if (opened) {
            disk.keep_power();
            storage = std::move(opened->storage);
            recovered = std::move(opened->recovered);
            break;
        }
        INFO(opened.error().place);
        REQUIRE(disk.powered_off());
    }
    audit.reset_after_crash(disk);
}

// What a crash may leave of a group that was being written: see storage.h.
void require_possible(
    const Node& node, const log::Group& group, const std::vector<HashedEntry>& found) {
    log::TwinLog whole = node.twin;
    whole.apply(group);
    if (node.recovered.previous != node.twin.start.id) {
        // The new log, as a whole.
        REQUIRE(group.restart);
        REQUIRE(node.recovered.previous == group.restart->id);
        REQUIRE(node.recovered.hard_state == whole.hard_state);
        REQUIRE(found.size() <= whole.entries.size());
        REQUIRE(std::equal(found.begin(), found.end(), whole.entries.begin()));
        return;
    }
    if (group.restart) {
        // Or the old one, as a whole.
        REQUIRE(found == node.twin.entries);
        REQUIRE(node.recovered.hard_state == node.twin.hard_state);
        return;
    }
    const auto begins = [&](const log::TwinLog& twin) {
        return found.size() <= twin.entries.size() &&
               std::equal(found.begin(), found.end(), twin.entries.begin());
    };
    const std::uint64_t kept =
        group.truncate_to.value_or(node.twin.last()) - node.twin.start.id.index;
    const bool untouched = begins(node.twin) && found.size() == node.twin.entries.size();
    const bool in_part = begins(whole) && found.size() >= kept;
    REQUIRE((untouched || in_part));
    const HardState now = node.recovered.hard_state;
    const bool extended = !untouched && found.size() > kept;
    // Raft fig. 2: no entry is on the disk before the term that it was accepted in.
    if (extended) {
        REQUIRE(now == whole.hard_state);
    } else {
        REQUIRE((now == whole.hard_state || now == node.twin.hard_state));
    }
}

// The node has recovered from a crash in the middle of `group`: the twin follows it.
void adopt(Node& node, const log::Group& group) {
    std::vector<HashedEntry> found;
    if (node.recovered.last >= node.recovered.first) {
        auto read = node.storage->read(node.recovered.first, node.recovered.last, UINT64_MAX);
        REQUIRE(read);
        found = std::move(*read);
    }
    require_possible(node, group, found);
    if (node.recovered.previous != node.twin.start.id) {
        node.twin.start = *group.restart;
        node.twin.commit = group.restart->id.index;
    }
    node.twin.hard_state = node.recovered.hard_state;
    node.twin.entries = std::move(found);
    // The group may have left its own commit behind as a witness.
    REQUIRE(node.recovered.commit <= std::max(node.twin.commit, group.commit));
    node.twin.commit = std::max(node.twin.commit, node.recovered.commit);
    REQUIRE(node.twin.commit <= node.twin.last());
}

}  // namespace

TEST_CASE("disk audit: a disk that was never formatted holds nothing", "[disk]") {
    Disk disk(NodeId{1});
    DiskAudit audit = new_audit();
    audit.synced(disk);
    REQUIRE(audit.last() == Index{0});
    REQUIRE_FALSE(audit.hard_state());
    REQUIRE_FALSE(audit.holds(Index{1}));
}

TEST_CASE("disk audit: it follows groups, truncations, votes and new segments", "[disk]") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Node node(seed, seed % 2 == 0 ? 4096 : 65536);
        for (int i = 0; i < 40; ++i) {
            node.store(node.next_group());
            require_equal(node.audit, node.twin);
            if (i % 6 == 5) {
                node.discard();
                require_equal(node.audit, node.twin);
            }
        }
        DiskAudit afresh = new_audit();
        afresh.synced(node.disk);
        require_equal(afresh, node.twin);
    }
}

TEST_CASE("disk audit: it claims nothing whose sync has not completed", "[disk]") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Node node(seed);
        for (int i = 0; i < 20; ++i) {
            const log::Group group = node.next_group();
            REQUIRE(node.storage->write(group));
            DiskAudit afresh = new_audit();
            afresh.synced(node.disk);
            require_equal(afresh, node.twin);
            node.audit.synced(node.disk);
            require_equal(node.audit, node.twin);
            REQUIRE(node.storage->sync());
            node.twin.apply(group);
            node.audit.synced(node.disk);
            require_equal(node.audit, node.twin);
        }
    }
}

TEST_CASE("disk audit: what was synced survives every crash, and audit and storage agree on it",
    "[disk]") {
    FaultCounts faults;
    std::uint64_t crashes = 0;
    std::uint64_t lossy = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        INFO("seed " << seed);
        Node node(seed, seed % 3 == 0 ? 4096 : 16384);
        for (int i = 0; i < 25; ++i) {
            const log::Group group = node.next_group();
            // A crash after so many file operations of this group, and as the case may be after
            // all of them but before the sync; often there is none.
            const std::uint64_t fate = node.draw(4);
            if (fate == 0) {
                node.disk.power_off_after(node.draw(10));
            }
            const bool stored = node.storage->write(group) && fate != 1 && node.storage->sync();
            if (stored) {
                node.disk.keep_power();
                node.twin.apply(group);
                node.audit.synced(node.disk);
            } else {
                REQUIRE((fate == 1 || node.disk.powered_off()));
                if (fate == 1 && node.draw(2) == 0) {
                    const std::uint64_t most = node.disk.unsynced_operations();
                    node.disk.crash_after_operations(node.draw(most + 1));
                }
                ++crashes;
                node.crash_and_recover();
                lossy += node.disk.last_crash_lost_bytes() ? 1u : 0u;
                adopt(node, group);
            }
            require_equal(node.audit, node.twin);
        }
        faults.add(node.disk.faults());
    }
    REQUIRE(crashes > 2000);
    REQUIRE(lossy > 500);
    for (Fault fault : {Fault::disk_lost_write, Fault::disk_reordered_write, Fault::disk_torn_write,
             Fault::disk_size_before_data, Fault::disk_data_before_size,
             Fault::disk_lost_directory_entry, Fault::disk_garbage_sector}) {
        INFO(fault_name(fault) << " fired " << faults.of(fault).fired);
        REQUIRE(faults.of(fault).consumed >= 20);
    }
}

TEST_CASE("disk audit: a format that was cut short can be done again", "[disk]") {
    FaultCounts faults;
    const log::Options options = log::sample_options();
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Disk disk(identity.node);
        SeededChoices choices(seed);
        disk.power_off_after(seed % 16);
        const bool whole = static_cast<bool>(log::format(disk, options, identity));
        disk.crash(choices, CrashProfile{});
        if (!whole) {
            const auto again = log::format(disk, options, identity);
            const bool formatted = again || again.error().code == log::Errc::already_exists;
            REQUIRE(formatted);
        }
        REQUIRE(log::open(disk, options, identity));
        DiskAudit audit = new_audit();
        audit.synced(disk);
        REQUIRE(audit.hard_state() == HardState{});
        faults.add(disk.faults());
    }
    REQUIRE(faults.of(Fault::disk_rename_undone).consumed >= 5);
}

TEST_CASE("disk audit: it believes the disk, not what was once there", "[disk]") {
    Node node(1);
    while (node.twin.last() < Index{5}) {
        node.store(node.next_group());
    }
    const std::string name = node.options.directory + "/" + log::segment_name(SegmentId{1});
    auto file = node.disk.open(name);
    REQUIRE(file);
    std::byte flipped[1];
    REQUIRE(*(*file)->read(log::segment_header_bytes + 20, flipped) == 1);
    flipped[0] ^= std::byte{1};
    REQUIRE((*file)->write(log::segment_header_bytes + 20, flipped));
    node.audit.synced(node.disk);
    REQUIRE(node.audit.holds(Index{1}));  // not synced: the disk still has the good byte
    REQUIRE((*file)->sync());
    node.audit.synced(node.disk);
    REQUIRE_FALSE(node.audit.holds(Index{1}));
}

TEST_CASE("disk audit: another term or another envelope is not this entry", "[disk]") {
    Node node(2);
    node.store(node.twin.group(1, 3, 500));
    const EntryRef& entry = node.twin.entries[1].entry;
    const Digest& digest = entry.handle.envelope_digest();
    REQUIRE(node.audit.holds(entry.index, entry.term, digest));
    REQUIRE(node.audit.term(entry.index) == entry.term);
    REQUIRE_FALSE(node.audit.holds(entry.index, entry.term.next(), digest));
    REQUIRE_FALSE(node.audit.holds(entry.index.next(), entry.term, digest));
    REQUIRE_FALSE(node.audit.holds(Index{4}, entry.term, digest));
    REQUIRE_FALSE(node.audit.holds(Index{0}, entry.term, digest));
}

TEST_CASE("disk audit: the data of another node is not ours", "[disk]") {
    Node node(3);
    node.store(node.twin.group(1, 3, 500));
    DiskAudit stranger({identity.cluster, NodeId{9}}, node.options.directory);
    stranger.synced(node.disk);
    REQUIRE(stranger.last() == Index{0});
    REQUIRE_FALSE(stranger.hard_state());
}

TEST_CASE("disk audit: each record is read once", "[disk]") {
    Node node(4, 4096);
    std::uint64_t records = 0;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const log::Group group = node.twin.group(i, 1 + i % 4, 300);
        records += group.entries.size();
        node.store(group);
    }
    REQUIRE(node.disk.durable_files().size() > 10);
    REQUIRE(node.audit.examined() == records);
}

}  // namespace ledger::sim
