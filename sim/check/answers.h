#pragma once
// Answers: whoever asks a node that stays up gets an answer from it.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/ids.h"
#include "log/base/time.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// Clients give up and ask elsewhere, so that a forgotten request is felt by nobody: it is looked
// for where it was forgotten. A connection is a client of its own here.
class Answers {
  public:
    struct Asked {
        NodeId node;
        ClientId connection;
        RequestId request;
        Instant at;
        Index committed;  // anywhere, by then: the answer may have to show as much
    };

    // The request has arrived; a client may use one number twice.
    void asked(const Asked& request);
    // An answer leaves.
    void answered(NodeId node, ClientId connection, RequestId request);
    // Nobody waits for answers over this connection any more.
    void closed(NodeId node, ClientId connection);
    // The node is down, and with it all connections.
    void ends(NodeId node);
    // The state of the node shows everything up to `index` now.
    void applied(NodeId node, Index index, Instant now);
    // From now on nothing is done to any node or link; up to `committed` is committed.
    void calms(Instant now, Index committed);
    // All nodes that take part have everything now. Whoever has waited longer than `within`, in
    // calm and for a node that had applied what was committed when the waiting began, must have
    // been answered. A node that never got so far takes no part, and owes its answers no later.
    [[nodiscard]] Finding finish(Instant now, Duration within);

    // Name "answers"; examined = answers to requests, and what is owed longer than that at the end.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Owed {
        Asked asked;
        std::optional<Instant> able;  // since then the node shows what was committed
    };
    std::optional<Instant> able_from(NodeId node, Index committed, Instant now) const;

    std::vector<Owed> owed_;      // in the order of their arrival
    std::vector<Index> applied_;  // by node number
    Instant calm_;
    Tally tally_{"answers"};
};

}  // namespace ledger::check
