#pragma once
// Cuts: a cut of the state at one index is the same on every replica and leads to the same state,
// and only what a verified cut contains is gone from a disk.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "log/base/sha256.h"
#include "sim/check/committed_log.h"
#include "sim/check/verdict.h"

namespace ledger::check {

class Cuts {
  public:
    explicit Cuts(const CommittedLog& committed) : committed_(committed) {}

    // The node has made or received a complete cut at `index`.
    [[nodiscard]] Finding kept(NodeId node, Index index, const Digest& root);
    // The node took up the state of a cut at `index`.
    [[nodiscard]] Finding restored(NodeId node, Index index, const Hash128& state_digest);

    // The replicated log says: the cut at `index` has this root; entries up to `upto` may be gone,
    // which counts for nothing unless a cut was agreed upon there.
    [[nodiscard]] Finding agreed(Index index, const Digest& root);
    void retained(Index upto);

    // A whole cut on a disk: every chunk is there, durable, and has the digest of the manifest.
    struct Copy {
        Index index;
        Digest root;
    };
    // The durable log of the node begins at `first` now, and `copies` are on the same disk.
    // `dropped` = entries before it were there until now and were given up; else the log was begun
    // anew behind a cut.
    [[nodiscard]] Finding log_begins(
        NodeId node, Index first, bool dropped, std::span<const Copy> copies);
    // The node refused a read since what it asks for has expired.
    [[nodiscard]] Finding refused(NodeId node, const std::string& why);
    // The node's log does not reach down to the entry, but a verified cut on its disk contains it.
    bool covers(NodeId node, Index index) const;

    std::uint64_t distinct() const { return roots_.size(); }

    // Name "cuts"; examined = comparisons with another node's cut or the agreed root, restorations,
    // and logs that do not begin at index 1.
    CheckResult result() const { return tally_.result(); }

  private:
    struct First {
        NodeId node;
        Digest root;
    };

    const CommittedLog& committed_;
    std::map<Index, First> roots_;
    std::map<Index, Digest> agreed_;
    Index retained_;              // entries up to here may be gone
    std::vector<Index> covered_;  // by node number: what its log lacks at its front, and a cut has
    Tally tally_{"cuts"};
};

}  // namespace ledger::check
