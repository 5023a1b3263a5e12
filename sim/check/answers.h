#pragma once
// Answers: whoever asks a node that stays up gets an answer from it.

#include <cstdint>
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
    };

    // The request has arrived; a client may use one number twice.
    void asked(const Asked& request) { owed_.push_back(request); }
    // An answer leaves.
    void answered(NodeId node, ClientId connection, RequestId request);
    // Nobody waits for answers over this connection any more.
    void closed(NodeId node, ClientId connection);
    // The node is down, and with it all connections.
    void ends(NodeId node);
    // Nothing has been done to any node or link since `calm`, and all have everything now: whoever
    // asked `within` before now, and has waited so long in calm, must have been answered.
    struct End {
        Instant calm;
        Instant now;
        Duration within;
    };
    [[nodiscard]] Finding finish(const End& end);

    // Name "answers"; examined = answers to requests, and what is owed longer than that at the end.
    CheckResult result() const { return tally_.result(); }

  private:
    std::vector<Asked> owed_;  // in the order of their arrival
    Tally tally_{"answers"};
};

}  // namespace ledger::check
