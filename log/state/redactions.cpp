#include "log/state/redactions.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::state {
namespace {

template <typename Records>
auto& record_of(Records& table, Index entry) {
    auto* const record = table.change(entry);
    return record != nullptr ? *record : table.insert(entry);
}

}  // namespace

bool Redactions::contains(Index entry, Slot slot) const {
    const Record* const record = find(entry);
    return record != nullptr &&
           std::binary_search(record->slots.begin(), record->slots.end(), slot);
}

bool Redactions::add(Index entry, Slot slot) {
    if (contains(entry, slot)) {
        return false;
    }
    std::vector<Slot>& slots = record_of(table_, entry).slots;
    slots.insert(std::lower_bound(slots.begin(), slots.end(), slot), slot);
    ++size_;
    return true;
}

void Redactions::add_copy(Index entry, Index copy) {
    std::vector<Index>& copies = record_of(table_, entry).copies;
    LEDGER_ASSERT(copies.size() < copies_max);
    LEDGER_ASSERT(copy > (copies.empty() ? entry : copies.back()));
    copies.push_back(copy);
    ++size_;
}

void Redactions::drop(Index upto, std::uint32_t records_max) {
    for (std::uint32_t dropped = 0; dropped < records_max; ++dropped) {
        const std::optional<Index> first = next(Index{});
        if (!first || *first > upto) {
            return;
        }
        const Record* const record = find(*first);
        size_ -= record->slots.size() + record->copies.size();
        table_.erase(*first);
    }
}

void Redactions::restore(Index entry, Record&& record) {
    LEDGER_ASSERT(!next(entry));
    size_ += record.slots.size() + record.copies.size();
    table_.insert(entry) = std::move(record);
}

bool Redactions::discard(std::uint64_t records_max) {
    if (table_.size() > 0) {
        table_.clear();
    }
    size_ = 0;
    return table_.sweep(records_max);
}

}  // namespace ledger::state
