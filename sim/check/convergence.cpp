#include "sim/check/convergence.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {

void Convergence::replica(const Replica& replica) {
    LEDGER_ASSERT(replica.node.value != 0);
    replicas_.push_back(replica);
}

Finding Convergence::finish() {
    if (replicas_.size() < 2) {
        return std::nullopt;
    }
    tally_.examined(replicas_.size());
    // The one that is furthest, and of these the first told.
    const Replica& furthest = *std::max_element(replicas_.begin(), replicas_.end(),
        [](const Replica& a, const Replica& b) { return a.applied < b.applied; });
    for (const Replica& replica : replicas_) {
        if (replica.applied != furthest.applied) {
            kind_ = Kind::liveness;
            return tally_.violated(
                fmt::format("{} has applied index {} and {} index {}: they did not converge",
                    node_name(replica.node), replica.applied, node_name(furthest.node),
                    furthest.applied));
        }
        if (replica.length != furthest.length || replica.digest != furthest.digest) {
            kind_ = Kind::safety;
            return tally_.violated(fmt::format(
                "{} and {} have applied everything up to index {} and differ: {} against {}, "
                "state digest {} against {}",
                node_name(replica.node), node_name(furthest.node), replica.applied,
                plural(replica.length.value, "event"), furthest.length, short_hash(replica.digest),
                short_hash(furthest.digest)));
        }
    }
    return std::nullopt;
}

}  // namespace ledger::check
