#pragma once
// NodeClock: one node's clocks beside virtual time: where they begin, how fast they run, what
// somebody set them to.

#include <cstdint>

#include "log/base/choice.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "sim/faults.h"
#include "sim/profile.h"

namespace ledger::sim {

// The monotonic clock runs at a constant rate of its own, and begins anew with every boot of the
// machine. Only differences of its readings mean anything, to its own node.
class NodeClock {
  public:
    NodeClock(NodeId node, const ClockProfile& profile, ChoiceSource& choices, FaultCounts& faults);

    // The machine starts: everything read before is of another clock.
    void boot(Instant now);
    // What the clock shows at `now` of virtual time, not before boot().
    Instant local(Instant now) const;
    // The first moment of virtual time at which the clock shows `local` or more; `never` is never.
    Instant world(Instant local) const;
    // A node's own duration, in virtual time, at least.
    Duration world(Duration local) const;

    // Somebody sets the wall clock.
    void set_wall(Duration by);
    WallTime wall(Instant now);

  private:
    std::int64_t ahead(std::int64_t elapsed) const;

    const NodeId node_;
    const ClockProfile& profile_;
    ChoiceSource& choices_;
    FaultCounts& faults_;
    const std::int64_t rate_;  // millionths that the clock gains
    std::uint64_t boots_ = 0;
    Instant booted_;           // virtual time
    Instant begin_;            // what it showed then
    Duration wall_ahead_;
    bool wall_set_ = false;    // and not read since
};

}  // namespace ledger::sim
