#pragma once
// Gate: what happens to one node waits here, in order, while it is paused, busy, or its disk hangs.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "log/base/time.h"
#include "sim/event_queue.h"

namespace ledger::sim {

// Whether this is something that the node's process has to take notice of itself.
bool needs_process(ItemKind kind);
// Whether it is the end of an operation of the node's disk.
bool is_of_disk(ItemKind kind);

class Gate {
  public:
    // The process stands still, its machine does not: the clock goes on, the kernel receives.
    void pause() { paused_ = true; }
    void resume() { paused_ = false; }
    bool paused() const { return paused_; }
    // No operation of the disk ends.
    void stall() { stalled_ = true; }
    void flow() { stalled_ = false; }
    bool stalled() const { return stalled_; }
    // The process computes until then.
    void work_until(Instant until) { busy_until_ = until; }
    Instant busy_until() const { return busy_until_; }

    // Whether `item` may happen now; else it is kept, behind what waits already.
    bool admits(Instant now, const Item& item);
    // The next one that waited and may happen now.
    std::optional<Item> next(Instant now);
    // The machine is gone: everything that waited, in order. The gate is open.
    std::vector<Item> clear();

    // Whether the present pause, or stall, has kept anything.
    bool keeps_process() const { return !waiting_.empty(); }
    bool keeps_disk() const { return !disk_waiting_.empty(); }

  private:
    bool process_free(Instant now) const { return !paused_ && busy_until_ <= now; }

    bool paused_ = false;
    bool stalled_ = false;
    Instant busy_until_;
    std::deque<Item> waiting_;       // for the process
    std::deque<Item> disk_waiting_;  // for the disk
};

}  // namespace ledger::sim
