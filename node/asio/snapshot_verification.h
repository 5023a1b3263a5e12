#pragma once
// SnapshotVerification: a snapshot read to its end, and the state built from it that a node would have.

#include <cstdint>
#include <functional>
#include <optional>

#include "log/base/result.h"
#include "log/snapshot_file.h"
#include "raft/membership.h"

namespace ledger::node::asio {

struct VerifiedSnapshot {
    log::SnapshotContents contents;
    Position first_event;  // the first that can be read; those before it were given up by retention
    Position length;       // of the ledger: events that there ever were
    // The newest membership in it, the saved cluster's; none = its founders were told by hand.
    std::optional<raft::Configuration> configuration;
    ClusterTime cluster_time;  // stamps of the last entry
    WallTime wall_time;
    // The log in it says of its cut what the cut says of itself: the members had agreed upon it.
    bool cut_is_agreed = false;

    std::uint64_t events() const { return length - first_event; }
};

// As log::read_snapshot; chunks that are no state, entries that do not apply to it and a cut that the
// log contradicts are corrupt_record as well. Memory: that of a node's state.
Result<VerifiedSnapshot> verify_snapshot(
    log::File& file, const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace ledger::node::asio
