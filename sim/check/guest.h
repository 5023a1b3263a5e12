#pragma once
// Guest agreement: replicas of somebody's machine that have applied the same entries are alike.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// The check "guest". The first replica to come to an index defines what a guest is there; everybody
// else, every later life, and whoever takes up a cut there, must be the same.
class GuestAgreement {
  public:
    // The node's guest has applied `index`: its digest and that of its outcome.
    [[nodiscard]] Finding applied(
        NodeId node, Index index, const Hash128& digest, const Hash128& outcome);
    // It was made from a cut at `index`.
    [[nodiscard]] Finding restored(NodeId node, Index index, const Hash128& digest);

    // Nobody has come to this index yet.
    bool wants(Index index) const;
    // Name "guest"; examined = comparisons with what another replica or life had defined.
    CheckResult result() const { return tally_.result(); }

  private:
    struct Defined {
        NodeId by;
        Hash128 digest;
        Hash128 outcome;
    };
    const Defined* find(Index index) const;

    std::vector<std::optional<Defined>> defined_;  // [0] is index 1
    Tally tally_{"guest"};
};

}  // namespace ledger::check
