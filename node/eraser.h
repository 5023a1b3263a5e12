#pragma once
// Eraser: which entries have to be erased on the own disk, when, and how many at a time.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/time.h"
#include "node/limits.h"
#include "node/state_machine.h"

namespace ledger::node {

// The state says what of an entry is to be destroyed, now or when it is replayed after a restart; a
// crash may have come between that and the disk. So every entry that it names is looked at once in
// each life: read, compared with the form in which it is to stay, and written if it differs.
class Eraser {
  public:
    explicit Eraser(const Limits& limits) : limits_(limits) {}

    // --- what happens ---

    // The state wants something of this entry destroyed.
    void wanted(Instant now, Index index);
    // The state has become another one: whatever it wants destroyed has to be looked at.
    void restored(Instant now);
    void stored(Ticket ticket);

    // --- what follows from it ---

    // The part of the log that is on the disk.
    struct Extent {
        Index first;
        Index last;
    };
    // The next entries to be looked at, contiguous; nothing if it is not time, or something is under
    // way. Looked at are those that passed() or kept() is called for afterwards.
    std::optional<Extent> next(Instant now, const Extent& durable, const StateMachine& machine);
    // The range just given is being read: nothing more until read() is called.
    void reading() { reading_ = true; }
    // `found` of that range, from its beginning, perhaps not to its end; none if that failed.
    void read(std::span<const EntryRef> found, Index damaged, const StateMachine& machine);
    // An entry in the form in which it is to stay on the disk.
    void kept(const EntryRef& entry);
    // Nothing has to be done for it, or nothing can be done now.
    void passed(Index index) { due_.erase(index); }
    // What the disk shall have, ascending, if enough came together or there is no more.
    std::vector<EntryRef> take();
    // It is on the disk with this ticket.
    void storing(Ticket ticket) { storing_ = ticket; }

    // When next() should be called if nothing else happens.
    Instant deadline() const;
    // Everything that the state wants destroyed has been handed to the disk and is durable there.
    bool idle() const {
        return due_.empty() && later_.empty() && kept_.empty() && walk_ == Index{} &&
               storing_ == Ticket{};
    }

  private:
    bool full() const;
    // Fills what is due from the state, as far as that is looked through.
    void refill(const StateMachine& machine);
    // Keeps of that what is on the disk.
    void sort_out(const Extent& durable);

    const Limits& limits_;
    std::set<Index> due_;
    std::vector<Index> later_;  // not on the disk yet
    Index walk_;                // where looking through the state goes on; 0 = it does not
    Instant begin_at_ = never;
    bool under_way_ = false;    // until nothing is due any more
    bool reading_ = false;
    bool one_by_one_ = false;   // the last read failed
    Extent asked_;
    std::map<Index, EntryRef> kept_;
    std::uint64_t kept_bytes_ = 0;
    Ticket storing_;            // 0 = nothing
};

}  // namespace ledger::node
