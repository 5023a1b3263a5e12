#include "node/asio/snapshot_restore.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "log/posix_file_system.h"
#include "log/state/ledger.h"
#include "node/asio/data_directory.h"
#include "node/cut_entries.h"
#include "raft/configuration_body.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

constexpr ClusterId old_cluster{7, 7};
constexpr ClusterId new_cluster_id{8, 8};

raft::Configuration old_members() {
    raft::Configuration members;
    for (const std::uint32_t node : {1u, 2u, 3u, 4u, 5u}) {
        members.voters.insert(NodeId{node});
    }
    members.set_member({.node = NodeId{2}, .incarnation = Incarnation{22}, .priority = 3});
    members.recoveries = 2;
    return members;
}

// A log of the old cluster with a membership at 3 and a cut at 6, whose root is agreed upon at 7.
struct OldLog {
    std::vector<HashedEntry> entries;
    log::CutManifest cut;
    std::vector<ByteVector> chunks;

    OldLog() {
        state::Ledger ledger;
        for (std::uint64_t i = 1; i <= 10; ++i) {
            append(i == 3   ? raft::configuration_entry(old_members())
                   : i == 6 ? cut_entry()
                   : i == 7 ? cut_root_entry({cut.id, cut.root()})
                            : EntryRef{});
            ByteVector outcome;
            ledger.apply(entries.back().entry, entries.back().hash, outcome);
            if (i == 6) {
                make_cut(ledger);
            }
        }
    }

    log::SnapshotHead head(std::uint64_t before) const {
        log::SnapshotHead head{.cluster = old_cluster, .node = NodeId{4}, .saved_at = WallTime{9},
            .start = {}, .last = entries.back().entry.id(), .last_hash = entries.back().hash};
        if (before > 0) {
            head.start = {entries[before - 1].entry.id(), entries[before - 1].hash, {}, {}};
        }
        return head;
    }

  private:
    void append(EntryRef entry) {
        const Digest previous = entries.empty() ? Digest{} : entries.back().hash;
        entry.index = Index{entries.size() + 1};
        entry.term = Term{4};
        entry.cluster_time = ClusterTime{static_cast<std::int64_t>(entry.index.value) * 10};
        entry.wall_time = WallTime{static_cast<std::int64_t>(entry.index.value) * 100};
        const Digest hash = entry_hash(previous, entry);
        entries.push_back({std::move(entry), hash});
    }
    void make_cut(state::Ledger& ledger) {
        const HashedEntry& at = entries.back();
        cut = {.id = at.entry.id(), .cluster_time = at.entry.cluster_time,
            .wall_time = at.entry.wall_time, .entry_hash = at.hash, .configuration = {},
            .control = {}, .chunks = {}, .bytes = 0};
        raft::encode_configuration(old_members(), cut.configuration);
        CutControl control;
        control.last_cut = cut.id.index;
        encode_control(control, cut.control);
        ledger.freeze();
        for (ByteVector chunk; ledger.next_chunk(16, chunk); chunk.clear()) {
            cut.chunks.push_back(sha256(chunk));
            cut.bytes += chunk.size();
            chunks.push_back(chunk);
        }
        ledger.thaw();
    }
};

// The snapshot of a log from which the first `before` entries are gone.
std::unique_ptr<log::File> snapshot_of(
    log::FileSystem& files, const OldLog& log, std::uint64_t before) {
    auto file = files.create("snapshot");
    REQUIRE(file.has_value());
    auto writer = log::SnapshotWriter::begin(**file, log.head(before));
    REQUIRE(writer.has_value());
    if (before > 0) {
        REQUIRE(writer->write(log.cut).has_value());
        for (const ByteVector& chunk : log.chunks) {
            REQUIRE(writer->write_chunk(chunk).has_value());
        }
    }
    for (std::uint64_t i = before; i < log.entries.size(); ++i) {
        REQUIRE(writer->write(log.entries[i]).has_value());
    }
    REQUIRE(writer->finish().has_value());
    return std::move(*file);
}

VerifiedSnapshot must_verify(log::File& file) {
    auto verified = verify_snapshot(file);
    REQUIRE(verified.has_value());
    return std::move(*verified);
}

std::vector<RestoredNode> two_nodes(const CtlFolder& folder) {
    return {{NodeId{1}, Incarnation{11}, folder.file("one")},
        {NodeId{2}, Incarnation{12}, folder.file("two")}};
}

}  // namespace

TEST_CASE("snapshot_restore: the nodes of a new cluster have the old log and one entry more", "[ctl]") {
    // 6: nothing is left but the cut; the log goes on right behind it.
    for (const std::uint64_t before : {0u, 2u, 5u, 6u}) {
        INFO("the log began behind " << before);
        const CtlFolder folder;
        const auto files = log::make_posix_file_system(folder.path());
        const OldLog log;
        const auto file = snapshot_of(*files, log, before);
        const VerifiedSnapshot verified = must_verify(*file);
        CHECK(verified.cut_is_agreed == (before > 0));
        CHECK(verified.configuration == old_members());
        const std::vector<RestoredNode> nodes = two_nodes(folder);
        const auto restored =
            restore_snapshot(*file, verified, new_cluster_id, nodes, WallTime{50});
        REQUIRE(restored.has_value());
        CHECK(restored->term == Term{5});
        CHECK(restored->configuration == Index{11});
        for (const RestoredNode& node : nodes) {
            auto directory = DataDirectory::take(
                {.path = node.path, .identity = {new_cluster_id, node.node}});
            REQUIRE(directory.has_value());
            auto opened = (*directory)->open();
            REQUIRE(opened.has_value());
            const log::Recovered& found = opened->recovered;
            CHECK(found.incarnation == node.incarnation);
            CHECK(found.hard_state == HardState{Term{5}, NodeId{}});
            CHECK(found.first == Index{before + 1});
            CHECK(found.last == Index{11});
            CHECK(found.commit == Index{11});
            CHECK(found.torn_bytes == 0);
            auto entries = opened->storage->read(found.first, Index{11}, UINT64_MAX);
            REQUIRE(entries.has_value());
            REQUIRE(entries->size() == 11 - before);
            CHECK(std::equal(entries->begin(), entries->end() - 1,
                log.entries.begin() + static_cast<std::ptrdiff_t>(before)));
            const EntryRef& last = entries->back().entry;
            CHECK(last.term == Term{5});
            CHECK(last.cluster_time == log.entries.back().entry.cluster_time);
            CHECK(last.wall_time == log.entries.back().entry.wall_time);  // it does not go back
            const auto members = raft::configuration_of(last);
            REQUIRE(members.has_value());
            CHECK(members->voters.size() == 2);
            CHECK(members->member(NodeId{2}).incarnation == Incarnation{12});
            CHECK(members->member(NodeId{2}).priority == 0);
            CHECK(members->recoveries == 2);  // it is never forgotten
            auto cuts = (*directory)->open_cuts();
            REQUIRE(cuts.has_value());
            REQUIRE(cuts->cuts().size() == (before > 0 ? 1 : 0));
            if (before > 0) {
                CHECK(cuts->cuts()[0] == log.cut);
                CHECK(*cuts->read(log.cut.id, 1) == log.chunks[1]);
            }
        }
        // Neither cluster takes the other's disks for its own.
        auto foreign = DataDirectory::take(
            {.path = nodes[0].path, .identity = {old_cluster, NodeId{1}}});
        REQUIRE(foreign.has_value());
        CHECK((*foreign)->open().error().code == make_error_code(log::Errc::wrong_identity));
    }
}

TEST_CASE("snapshot_restore: nothing is written where something lies", "[ctl]") {
    const CtlFolder folder;
    const auto files = log::make_posix_file_system(folder.path());
    const OldLog log;
    const auto file = snapshot_of(*files, log, 0);
    const VerifiedSnapshot verified = must_verify(*file);
    const auto restore = [&] {
        return restore_snapshot(
            *file, verified, new_cluster_id, two_nodes(folder), WallTime{50});
    };
    REQUIRE(restore().has_value());
    const auto again = restore();
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == make_error_code(log::Errc::already_exists));
    CHECK(restore_snapshot(*file, verified, new_cluster_id, {}, WallTime{50}).error().code ==
          make_error_code(CtlErrc::refused));
}

TEST_CASE("snapshot_restore: a file that changed since it was verified is refused", "[ctl]") {
    const CtlFolder folder;
    const auto files = log::make_posix_file_system(folder.path());
    const OldLog log;
    const auto file = snapshot_of(*files, log, 0);
    VerifiedSnapshot verified = must_verify(*file);
    verified.contents.seal.digest.bytes[3] ^= std::byte{1};
    const auto restored =
        restore_snapshot(*file, verified, new_cluster_id, two_nodes(folder), WallTime{50});
    REQUIRE_FALSE(restored.has_value());
    CHECK(restored.error().place == "the file has been changed");
}

TEST_CASE("snapshot_restore: a cluster that is not finished is no cluster", "[ctl]") {
    const CtlFolder folder;
    const auto files = log::make_posix_file_system(folder.path());
    const OldLog log;
    const auto file = snapshot_of(*files, log, 2);
    CtlCluster cluster{.directory = folder.file("cluster"), .id = new_cluster_id, .founders = {},
        .nodes = {}};
    for (const std::uint32_t node : {1u, 2u, 3u}) {
        cluster.nodes.push_back({.node = NodeId{node}, .port = static_cast<std::uint16_t>(node),
            .process = {}, .recording = {}});
    }
    std::filesystem::create_directory(cluster.directory);
    const VerifiedSnapshot verified = must_verify(*file);
    SECTION("after an error in the middle") {
        VerifiedSnapshot other = verified;
        other.contents.seal.bytes += 1;
        REQUIRE_FALSE(restore_cluster(*file, other, cluster, WallTime{50}).has_value());
        const auto loaded = load_cluster(cluster.directory);
        REQUIRE_FALSE(loaded.has_value());
        CHECK(loaded.error().code == make_error_code(CtlErrc::damaged));
        CHECK(loaded.error().place.find("did not come to its end") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(cluster.data_directory(NodeId{1})));
        // And it does not go on where it was.
        CHECK(restore_cluster(*file, verified, cluster, WallTime{50}).error().code ==
              make_error_code(log::Errc::already_exists));
    }
    SECTION("and one that is, can be loaded") {
        REQUIRE(restore_cluster(*file, verified, cluster, WallTime{50}).has_value());
        const auto loaded = load_cluster(cluster.directory);
        REQUIRE(loaded.has_value());
        CHECK(loaded->id == new_cluster_id);
        CHECK(loaded->nodes.size() == 3);
        CHECK(std::filesystem::exists(cluster.log_directory(NodeId{3}) + "/hard_state"));
    }
}

}  // namespace ledger::node::asio
