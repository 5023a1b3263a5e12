#pragma once
// SnapshotRestore: a snapshot becomes the data of the nodes of a new cluster, offline.
//
// The ledger stays what it was, index by index and hash by hash; its cluster does not. The nodes have
// an identity and disks that the old cluster does not know, so that neither takes the other's for its
// own; one entry more, in a raised term, makes them the members.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "log/base/result.h"
#include "log/snapshot_file.h"
#include "node/asio/ctl_cluster.h"
#include "node/asio/snapshot_verification.h"

namespace ledger::node::asio {

// One directory that is to be the data of one node, and does not exist.
struct RestoredNode {
    NodeId node;
    Incarnation incarnation;  // drawn for this disk
    std::string path;
};

struct Restored {
    Term term;            // raised beyond all that the snapshot knows
    Index configuration;  // of the entry that puts the new nodes in force, behind the snapshot's last
};

// All of them vote. Reads the file once for all nodes, which `verified` says was read before. What an
// error or a crash leaves must not be started; the caller sees to that. Durable when it returns,
// except for the names of the directories. Errors: also refused, if there is no new member.
Result<Restored> restore_snapshot(log::File& file, const VerifiedSnapshot& verified,
    ClusterId cluster, const std::vector<RestoredNode>& nodes, WallTime now,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

// The data of all nodes of `cluster`, and cluster.json, in its directory, which is empty but for the
// cluster's lock and its `logs`. Until all is durable the directory is marked as unfinished, and
// load_cluster() refuses it.
Result<Restored> restore_cluster(log::File& file, const VerifiedSnapshot& verified,
    const CtlCluster& cluster, WallTime now,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace ledger::node::asio
