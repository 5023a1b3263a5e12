#pragma once
// Facts: what a script claims with `expect`, checked against the cluster and never rewritten.

#include "tests/raft/cluster.h"
#include "tests/raft/interaction/script.h"

namespace ledger::raft::interaction {

// A claim does not hold; the sentence says what is the case.
struct Unmet : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The words behind `expect`. Throws Unmet, or BadScript when the words make no claim.
void check_fact(const Cluster& cluster, Words& words);

}  // namespace ledger::raft::interaction
