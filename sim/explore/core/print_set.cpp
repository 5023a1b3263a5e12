#include "sim/explore/core/print_set.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

constexpr std::uint64_t slots_min = 1u << 12;

}  // namespace

PrintSet::PrintSet(std::uint64_t bytes_max)
    : bytes_max_(std::max(bytes_max, slots_min * sizeof(Slot))),
      slots_(slots_min),
      mask_(slots_min - 1) {}

// The place of it, or the free one where it belongs.
std::uint64_t PrintSet::find(const Slot& wanted) const {
    std::uint64_t at = place_of({wanted.high, wanted.low}) & mask_;
    while ((slots_[at].high != wanted.high || slots_[at].low != wanted.low) &&
           (slots_[at].high != 0 || slots_[at].low != 0)) {
        at = (at + 1) & mask_;
    }
    return at;
}

bool PrintSet::contains(const Hash128& print) const {
    const Slot& found = slots_[find(slot_of(print))];
    return found.high != 0 || found.low != 0;
}

std::optional<bool> PrintSet::insert(const Hash128& print) {
    const Slot wanted = slot_of(print);
    std::uint64_t at = find(wanted);
    if (slots_[at].high != 0 || slots_[at].low != 0) {
        return false;
    }
    if (size_ * 4 >= slots_.size() * 3) {
        if (!may_grow()) {
            return std::nullopt;
        }
        grow();
        at = find(wanted);
    }
    slots_[at] = wanted;
    ++size_;
    return true;
}

void PrintSet::grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.high != 0 || slot.low != 0) {
            slots_[find(slot)] = slot;
        }
    }
}

std::vector<Hash128> PrintSet::take_sorted() {
    std::vector<Hash128> all;
    all.reserve(size_);
    for (Slot& slot : slots_) {
        if (slot.high != 0 || slot.low != 0) {
            all.emplace_back(slot.high, slot.low);
            slot = {};
        }
    }
    size_ = 0;
    std::sort(all.begin(), all.end(), [](const Hash128& a, const Hash128& b) {
        return a.high() != b.high() ? a.high() < b.high() : a.low() < b.low();
    });
    return all;
}

}  // namespace ledger::sim
