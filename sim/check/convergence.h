#pragma once
// Convergence: after quiescence all replicas have the same state.

#include <cstdint>
#include <vector>

#include "log/base/hash128.h"
#include "log/base/ids.h"
#include "sim/check/verdict.h"

namespace ledger::check {

class Convergence {
  public:
    struct Replica {
        NodeId node;
        Index applied;
        Hash128 digest;
        Position length;
    };

    // Each replica once, at the end. Examined = replicas compared with another one.
    void replica(const Replica& replica);
    [[nodiscard]] Finding finish();
    // What kind of violation finish() found: liveness if somebody is behind, else safety.
    Kind kind() const { return kind_; }

    CheckResult result() const { return tally_.result(); }

  private:
    std::vector<Replica> replicas_;
    Kind kind_ = Kind::safety;
    Tally tally_{"convergence"};
};

}  // namespace ledger::check
