#pragma once
// Chain: the hash chain of every replica's log is unbroken and the same for all.

#include <cstdint>
#include <vector>

#include "log/base/entry.h"
#include "sim/check/committed_log.h"
#include "sim/check/verdict.h"

namespace ledger::check {

class Chain {
  public:
    explicit Chain(const CommittedLog& committed) : committed_(committed) {}

    // The log of this node begins at `first`, after an entry with hash `previous`. Without it a
    // log begins at index 1 after the zero hash.
    void begins(NodeId node, Index first, const Digest& previous);
    // The next entry of the node's disk, in order. Recomputes its hash from its bytes.
    [[nodiscard]] Finding entry(NodeId node, const HashedEntry& entry);

    // Name "chain"; examined = entries recomputed.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Link {
        Index next{1};
        Digest previous;
    };
    Link& link(NodeId node);

    const CommittedLog& committed_;
    std::vector<Link> links_;  // by node number
    Tally tally_{"chain"};
};

}  // namespace ledger::check
