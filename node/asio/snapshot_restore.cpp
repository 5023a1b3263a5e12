#include "node/asio/snapshot_restore.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/posix_file_system.h"
#include "node/asio/ctl_client.h"
#include "node/asio/data_directory.h"
#include "raft/configuration_body.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

// Entries are made durable in groups of about this size.
constexpr std::uint64_t group_bytes = 4u << 20;

// One node's disk while it is being filled.
class NewDisk {
  public:
    static Result<std::unique_ptr<NewDisk>> make(
        const RestoredNode& node, ClusterId cluster, const log::SnapshotHead& head, Term term) {
        auto disk = std::unique_ptr<NewDisk>(new NewDisk(head));
        LEDGER_TRY(disk->directory_,
            DataDirectory::take({.path = node.path, .identity = {cluster, node.node}}));
        LEDGER_CHECK(disk->directory_->format(node.incarnation));
        LEDGER_TRY(disk->opened_, disk->directory_->open());
        if (head.begins_behind_cut()) {
            LEDGER_TRY(log::CutStore cuts, disk->directory_->open_cuts());
            disk->cuts_.emplace(std::move(cuts));
        }
        // Nobody has led this term, and nobody will: who campaigns raises it.
        disk->group_.hard_state = HardState{term, NodeId{}};
        return disk;
    }

    Result<void> begin_cut(const log::CutManifest& cut) {
        cut_ = &cut;
        return cut.chunks.empty() ? complete_cut() : Result<void>();
    }
    Result<void> write_chunk(std::uint32_t number, ByteSpan chunk) {
        LEDGER_CHECK(cuts_->write(cut_->id, number, chunk));
        return number + 1 == cut_->chunks.size() ? complete_cut() : Result<void>();
    }
    Result<void> write(const HashedEntry& entry) {
        bytes_ += entry.entry.bytes;
        group_.entries.push_back(entry);
        return bytes_ >= group_bytes ? flush() : Result<void>();
    }
    // With the entry that puts the new nodes in force, which is durable on all of them and so
    // committed when the last one has finished.
    Result<void> finish(const HashedEntry& configuration) {
        group_.entries.push_back(configuration);
        LEDGER_CHECK(flush());
        LEDGER_CHECK(flush());  // a seal: says of the last group that it is durable and committed
        return directory_->files().sync_directory("");
    }

  private:
    explicit NewDisk(const log::SnapshotHead& head) : start_(head.start), last_(head.start.id.index) {}

    // Then the log may begin behind it.
    Result<void> complete_cut() {
        LEDGER_CHECK(cuts_->complete(*cut_));
        if (cut_->id == start_.id) {
            start_.cluster_time = cut_->cluster_time;
            start_.wall_time = cut_->wall_time;
        }
        group_.restart = start_;
        return {};
    }

    Result<void> flush() {
        group_.commit = last_;
        LEDGER_CHECK(opened_.storage->write(group_));
        LEDGER_CHECK(opened_.storage->sync());
        last_ = group_.entries.empty() ? last_ : group_.entries.back().entry.index;
        group_ = {};
        bytes_ = 0;
        return {};
    }

    std::unique_ptr<DataDirectory> directory_;
    log::Opened opened_;
    std::optional<log::CutStore> cuts_;
    const log::CutManifest* cut_ = nullptr;
    log::LogStart start_;
    log::Group group_;
    std::uint64_t bytes_ = 0;  // of its entries
    Index last_;               // written and synced
};

raft::Configuration members_of(
    const std::vector<RestoredNode>& nodes, const VerifiedSnapshot& verified) {
    raft::Configuration members;
    for (const RestoredNode& node : nodes) {
        members.voters.insert(node.node);
    }
    for (const RestoredNode& node : nodes) {
        members.set_member({.node = node.node, .incarnation = node.incarnation});
    }
    // What was given up once stays given up.
    members.recoveries = verified.configuration ? verified.configuration->recoveries : 0;
    LEDGER_ASSERT(raft::fault_of(members).empty());
    return members;
}

HashedEntry configuration_behind(const VerifiedSnapshot& verified,
    const raft::Configuration& members, Term term, WallTime now) {
    const log::SnapshotHead& head = verified.contents.head;
    EntryRef entry = raft::configuration_entry(members);
    entry.index = head.last.index.next();
    entry.term = term;
    entry.cluster_time = verified.cluster_time;
    entry.wall_time = std::max(verified.wall_time, now);
    const Digest hash = entry_hash(head.last_hash, entry);
    return {std::move(entry), hash};
}

}  // namespace

Result<Restored> restore_snapshot(log::File& file, const VerifiedSnapshot& verified,
    ClusterId cluster, const std::vector<RestoredNode>& nodes, WallTime now,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    if (nodes.empty() || nodes.size() > raft::members_max) {
        return failure(CtlErrc::refused, fmt::format("1 to {} nodes", raft::members_max));
    }
    const log::SnapshotHead& head = verified.contents.head;
    LEDGER_ASSERT(cluster != head.cluster);
    const Term term = head.last.term.next();
    std::vector<std::unique_ptr<NewDisk>> disks;
    for (const RestoredNode& node : nodes) {
        LEDGER_TRY(auto disk, NewDisk::make(node, cluster, head, term));
        disks.push_back(std::move(disk));
    }
    const auto each = [&disks](const auto& work) -> Result<void> {
        for (const std::unique_ptr<NewDisk>& disk : disks) {
            LEDGER_CHECK(work(*disk));
        }
        return {};
    };
    const log::SnapshotTaker taker{
        .head = [&](const log::SnapshotHead& again) -> Result<void> {
            return again == head ? Result<void>()
                                 : failure(log::Errc::corrupt_record, "the file has been changed");
        },
        .cut = [&](const log::CutManifest&) {
            return each([&](NewDisk& disk) { return disk.begin_cut(*verified.contents.cut); });
        },
        .chunk = [&](std::uint32_t number, ByteSpan chunk) {
            return each([&](NewDisk& disk) { return disk.write_chunk(number, chunk); });
        },
        .entry = [&](const HashedEntry& entry) {
            return each([&](NewDisk& disk) { return disk.write(entry); });
        },
        .progress = progress};
    LEDGER_TRY(const log::SnapshotContents contents, log::read_snapshot(file, taker));
    if (contents.seal != verified.contents.seal) {
        return failure(log::Errc::corrupt_record, "the file has been changed");
    }
    const HashedEntry configuration =
        configuration_behind(verified, members_of(nodes, verified), term, now);
    LEDGER_CHECK(each([&](NewDisk& disk) { return disk.finish(configuration); }));
    return Restored{.term = term, .configuration = configuration.entry.index};
}

Result<Restored> restore_cluster(log::File& file, const VerifiedSnapshot& verified,
    const CtlCluster& cluster, WallTime now,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    const std::unique_ptr<log::FileSystem> files =
        log::make_posix_file_system(cluster.directory);
    LEDGER_TRY([[maybe_unused]] const auto mark, files->create(unfinished_restore));
    LEDGER_CHECK(files->sync_directory(""));
    std::vector<RestoredNode> nodes;
    for (const CtlNode& node : cluster.nodes) {
        // Under a name that nobody starts a node with.
        nodes.push_back({.node = node.node, .incarnation = Incarnation{random_bits() | 1u},
            .path = cluster.data_directory(node.node) + ".restoring"});
    }
    LEDGER_TRY(const Restored restored,
        restore_snapshot(file, verified, cluster.id, nodes, now, progress));
    for (const RestoredNode& node : nodes) {
        LEDGER_CHECK(files->rename(fs::path(node.path).filename().string(),
            fs::path(cluster.data_directory(node.node)).filename().string()));
    }
    LEDGER_CHECK(save_cluster(cluster));
    LEDGER_CHECK(files->sync_directory(""));
    LEDGER_CHECK(files->remove(unfinished_restore));
    LEDGER_CHECK(files->sync_directory(""));
    return restored;
}

}  // namespace ledger::node::asio
