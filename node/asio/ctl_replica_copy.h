#pragma once
// CtlReplicaCopy: one replica's log, read from a copy of its files by the production recovery.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "log/base/entry.h"
#include "log/base/result.h"
#include "log/cut_store.h"
#include "log/state/query.h"
#include "log/storage.h"
#include "node/asio/ctl_cluster.h"

namespace ledger::node::asio {

// The files are copied while the node may be writing them, and never touched: what the copy holds
// of a group that was under way is a torn tail, which recovery removes from the copy. Sealed segments
// and complete cuts are not copied but kept under a second name, so that a copy costs two segments at
// most, and time that does not depend on the length of the log.
class CtlReplicaCopy {
  public:
    static Result<CtlReplicaCopy> make(const CtlCluster& cluster, NodeId node);
    // Of the log in `log_directory`; the copy lies in `place` while it is needed.
    static Result<CtlReplicaCopy> make(const std::string& place, const std::string& log_directory,
        const log::Identity& identity);
    CtlReplicaCopy(CtlReplicaCopy&& other) noexcept;
    CtlReplicaCopy& operator=(CtlReplicaCopy&& other) noexcept;
    ~CtlReplicaCopy();

    const log::Recovered& recovered() const { return recovered_; }
    Index last() const { return recovered_.last; }
    // Committed as far as this disk knows by itself; the cluster may know more.
    Index commit() const { return recovered_.commit; }
    // The entry before the first, without its stamps.
    log::LogStart start() const;
    log::CutStore& cuts() { return *cuts_; }

    // The entries [first, last] in order, every checksum and the hash chain verified; held.
    Result<void> read_from(
        Index first, Index last, const std::function<Result<void>(const HashedEntry&)>& take);
    // The entries 1 to `last`. Errors: also out_of_range if the log begins later.
    Result<void> read(Index last, const std::function<void(const HashedEntry&)>& take);
    // The events of the entries 1 to `last`, in order of position.
    Result<void> read_events(
        Index last, const std::function<void(const state::RecordedEvent&)>& take);

  private:
    CtlReplicaCopy() = default;
    static Result<CtlReplicaCopy> make_once(const std::string& place,
        const std::string& log_directory, const log::Identity& identity);

    std::string directory_;
    std::unique_ptr<log::FileSystem> files_;
    std::unique_ptr<log::Storage> storage_;
    std::unique_ptr<log::CutStore> cuts_;
    log::Recovered recovered_;
};

}  // namespace ledger::node::asio
