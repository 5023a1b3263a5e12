#pragma once
// StoreQueue: forms the commit groups. At most two are at the disk; what arrives meanwhile is the
// next one. Tickets number the groups, log and hard state in one FIFO order.

#include <array>
#include <cstdint>
#include <optional>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/storage.h"

namespace ledger::node {

class StoreQueue {
  public:
    static constexpr std::uint32_t outstanding_max = 2;

    // What the disk holds at boot.
    void reset(LogId last, const HardState& hard_state);

    void set_hard_state(const HardState& hard_state);
    // The log is emptied and goes on after `start`: what waited for the disk is void.
    void restart(const log::LogStart& start);
    // `hash` is that of the last one kept.
    void truncate(Index last_kept, Term term_of_last_kept, const Digest& hash);
    void append(HashedEntry&& entry);
    // An intact copy of an entry that is damaged on the disk.
    void repair(const EntryRef& entry);
    // Entries on the disk, ascending, in the form in which they are to stay there; the last ones must
    // have been submitted.
    void erase(std::vector<EntryRef>&& entries);
    // The entry is to stay with this body: so it is written if the disk has not been asked yet.
    void replace_body(Index index, const EntryHandle& body);

    // The ticket that covers everything said so far; 0 if all of it is on the disk.
    Ticket everything() const;
    // Bodies in the group that waits for the disk.
    std::uint64_t pending_bytes() const { return pending_bytes_; }
    bool idle() const { return submitted_ == stored_ && pending_.seal_only(); }
    // True if a group waits and the disk has room for it.
    bool ready() const;
    // Hands the waiting group (or a seal) to the disk. It stays unchanged until stored(ticket).
    struct Submitted {
        Ticket ticket;
        const log::Group* group;
    };
    Submitted submit(Index commit);

    struct Durable {
        LogId upto;
        HardState hard_state;
        bool seal_only = false;
    };
    // The oldest submitted group is on the disk.
    Durable stored(Ticket ticket);

  private:
    struct Slot {
        log::Group group;
        Durable ends_with;
    };

    log::Group pending_;
    std::uint64_t pending_bytes_ = 0;
    std::array<Slot, outstanding_max> slots_;  // ticket t lives in slot t mod 2
    Ticket submitted_;
    Ticket stored_;
    LogId end_;               // of the log, pending group included
    Index submitted_end_;     // of the log as of the submitted groups, or of the pending restart
    HardState hard_state_;
};

}  // namespace ledger::node
