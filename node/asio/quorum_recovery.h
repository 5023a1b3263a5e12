#pragma once
// QuorumRecovery: a cluster that has lost a majority for good goes on with what is left, offline.
//
// This breaks the promise that what was acknowledged is kept: the dead may have held entries that no
// survivor has. So nothing happens by itself, the survivor that holds most goes on, and the log says
// for ever that it was done: an entry of kind recovery with the record in words, and a count in
// every configuration from then on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/base/result.h"
#include "log/storage.h"
#include "node/asio/ctl_cluster.h"
#include "node/asio/data_directory.h"
#include "raft/membership.h"

namespace ledger::node::asio {

// One survivor's disk, as it was found. Holds the directory, so that nobody starts on it meanwhile.
struct Survivor {
    NodeId node;
    std::string path;
    std::unique_ptr<DataDirectory> directory;
    Incarnation incarnation;
    HardState hard_state;
    LogId last;
    Digest last_hash;  // of the chain there
    ClusterTime last_cluster_time;
    WallTime last_wall_time;
    Index commit;  // at least
    std::optional<raft::Configuration> configuration;  // the newest in its log
    Index configuration_index;

    // Changes nothing: looks at a copy of the log. already_exists: a process runs on it.
    static Result<Survivor> look(const std::string& path, ClusterId cluster, NodeId node);
};

// What will be written, and where.
struct RecoveryPlan {
    NodeId chosen;                    // the survivor that goes on with its log
    Term term;                        // raised beyond all that the survivors know
    raft::Configuration before;
    raft::Configuration after;        // the survivors vote
    std::vector<NodeId> lost;         // members that are given up
    std::vector<std::string> passed;  // why the others' logs are not the one that goes on
};

// `founders` vote if no log tells who does. The error says why this must not be done.
Result<RecoveryPlan> plan_recovery(
    const std::vector<Survivor>& survivors, const raft::NodeSet& founders);

struct RecoveryDone {
    Index record;         // of the entry that tells what was done
    Index configuration;  // of the entry that puts the survivors in force
    std::string text;     // of the record
};
// Durable when it returns.
Result<RecoveryDone> carry_out(const RecoveryPlan& plan, const std::vector<Survivor>& survivors,
    ClusterId cluster, WallTime now);

}  // namespace ledger::node::asio
