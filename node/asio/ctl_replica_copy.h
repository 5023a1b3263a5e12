#pragma once
// CtlReplicaCopy: one replica's log, read from a copy of its files by the production recovery.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/base/entry.h"
#include "log/base/result.h"
#include "log/cut_store.h"
#include "log/state/ledger.h"
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
    // The first cut that reaches the log: entries were given up below it, so that all members had
    // agreed upon it.
    std::optional<log::CutManifest> cut_in_front() const;

    // The entries [first, last] in order, every checksum and the hash chain verified; held.
    Result<void> read_from(
        Index first, Index last, const std::function<Result<void>(const HashedEntry&)>& take);
    // The entries up to `last`.
    Result<void> read(Index last, const std::function<void(const HashedEntry&)>& take);
    // Their events, in order of position. Returns how many events there ever were; if the log does
    // not begin at 1, those before it are known from the cut in front of it. Errors: also
    // out_of_range if there is none.
    Result<Position> read_events(
        Index last, const std::function<void(const state::RecordedEvent&)>& take);

  private:
    CtlReplicaCopy() = default;
    static Result<CtlReplicaCopy> make_once(const std::string& place,
        const std::string& log_directory, const log::Identity& identity);
    Result<void> restore(const log::CutManifest& cut, state::Ledger& ledger);

    std::string directory_;
    std::unique_ptr<log::FileSystem> files_;
    std::unique_ptr<log::Storage> storage_;
    std::unique_ptr<log::CutStore> cuts_;
    log::Recovered recovered_;
};

}  // namespace ledger::node::asio
