#pragma once
// Redactions: which events' payloads must not be readable any more, by the entries that hold them.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "log/base/ids.h"
#include "log/state/frozen_table.h"

namespace ledger::state {

// A place of an event among those of its entry.
using Slot = std::uint16_t;

// A command that a client repeats may be in the log more than once; it writes its events the first
// time, but its payloads stand in every copy. So copies are noted, and redacted with the first one.
class Redactions {
  public:
    // More copies of one entry than this are for the caller to get rid of.
    static constexpr std::uint32_t copies_max = 64;

    struct Record {
        std::vector<Slot> slots;    // redacted, ascending
        std::vector<Index> copies;  // later entries with the same payloads, ascending
        friend bool operator==(const Record&, const Record&) = default;
    };
    using Frozen = FrozenTable<Index, Record>;

    // Slots and copies of all records: what they cost, and what bounds them.
    std::uint64_t size() const { return size_; }
    std::uint64_t records() const { return table_.size(); }
    // Null if nothing is known of the entry. Valid until the next change.
    const Record* find(Index entry) const { return table_.find(entry); }
    bool contains(Index entry, Slot slot) const;
    // The first entry at or above `from` that has a record.
    std::optional<Index> next(Index from) const { return table_.first_from(from); }

    // False if it is redacted already.
    bool add(Index entry, Slot slot);
    // `copy` is above all that were added.
    void add_copy(Index entry, Index copy);
    // Forgets the lowest records up to `upto`, at most `records_max` of them.
    void drop(Index upto, std::uint32_t records_max);

    // As of FrozenTable: the walk goes over all records by ascending index.
    void freeze() { table_.freeze(); }
    std::optional<Frozen::Item> next_frozen() { return table_.next(); }
    void thaw() { table_.thaw(); }
    // Puts a record back as it was frozen, behind all others.
    void restore(Index entry, Record&& record);
    void sweep(std::uint64_t records_max) { table_.sweep(records_max); }
    // Frees a part of a table that is used no more; false if there is more to free.
    bool discard(std::uint64_t records_max);

  private:
    Frozen table_;
    std::uint64_t size_ = 0;
};

}  // namespace ledger::state
