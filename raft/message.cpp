#include "raft/message.h"

#include <algorithm>

namespace ledger::raft {

bool operator==(const SnapshotOffer& a, const SnapshotOffer& b) {
    const ByteSpan ours = a.configuration.envelope();
    const ByteSpan theirs = b.configuration.envelope();
    return a.term == b.term && a.cut == b.cut && a.cluster_time == b.cluster_time &&
           a.wall_time == b.wall_time &&
           std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end());
}

}  // namespace ledger::raft
