#pragma once
// FrozenTable: an ordered table that can be walked as it was at one moment while it changes.

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "log/base/assert.h"

namespace ledger::state {

// freeze() copies nothing: a value is set aside when it is changed or erased for the first time
// after that, unless the walk has passed it. No call frees more than a few values; what a thaw
// leaves behind goes with sweep().
template <typename Key, typename Value>
class FrozenTable {
  public:
    struct Item {
        const Key& key;
        const Value& value;
    };

    std::uint64_t size() const { return live_.size(); }
    bool contains(const Key& key) const { return live_.find(key) != live_.end(); }
    // The value under `key` as it is now; nullptr if there is none.
    const Value* find(const Key& key) const {
        const auto at = live_.find(key);
        return at == live_.end() ? nullptr : &at->second.value;
    }
    // The lowest key that is not below `key`.
    std::optional<Key> first_from(const Key& key) const {
        const auto at = live_.lower_bound(key);
        return at == live_.end() ? std::nullopt : std::optional(at->first);
    }
    // The value under `key`, to be changed; nullptr if there is none.
    Value* change(const Key& key) {
        const auto at = live_.find(key);
        if (at == live_.end()) {
            return nullptr;
        }
        if (is_awaited(at)) {
            kept_.emplace(key, at->second);
            at->second.freeze = freezes_;
        }
        return &at->second.value;
    }
    // A new value, made by default, under a key that has none.
    Value& insert(const Key& key) {
        const auto [at, is_new] = live_.try_emplace(key, Slot{freezes_, {}});
        LEDGER_ASSERT(is_new);
        return at->second.value;
    }
    void erase(const Key& key) {
        const auto at = live_.find(key);
        LEDGER_ASSERT(at != live_.end());
        if (is_awaited(at)) {
            kept_.insert(live_.extract(at));
        } else {
            live_.erase(at);
        }
    }

    // Fixes the values as they are now; thaw() must come before the next one.
    void freeze() {
        LEDGER_ASSERT(!frozen_);
        LEDGER_ASSERT(kept_.empty());
        frozen_ = true;
        ++freezes_;
        left_ = live_.size();
        last_.reset();
    }
    // The next frozen value in the order of keys, none after the last. Valid until the next call.
    std::optional<Item> next() {
        LEDGER_ASSERT(frozen_);
        if (last_) {
            kept_.erase(*last_);
        }
        if (left_ == 0) {
            return std::nullopt;
        }
        --left_;
        auto live = last_ ? live_.upper_bound(*last_) : live_.begin();
        const auto kept = kept_.begin();
        // What came after the freeze; a changed value stands at the key of what was set aside.
        while (live != live_.end() && live->second.freeze == freezes_ &&
               (kept == kept_.end() || live->first < kept->first)) {
            ++live;
        }
        const bool aside =
            kept != kept_.end() && (live == live_.end() || !(live->first < kept->first));
        LEDGER_ASSERT(aside || live != live_.end());
        const auto& [key, slot] = aside ? *kept : *live;
        last_ = key;
        return Item{key, slot.value};
    }
    void thaw() {
        LEDGER_ASSERT(frozen_);
        frozen_ = false;
        if (!kept_.empty()) {
            garbage_.push_back(std::exchange(kept_, {}));
        }
    }

    // Empties the table; sweep() gives the memory back.
    void clear() {
        LEDGER_ASSERT(!frozen_);
        garbage_.push_back(std::exchange(live_, {}));
    }
    // Frees up to `values_max` values that are no longer needed; false if there are more.
    bool sweep(std::uint64_t values_max) {
        for (std::uint64_t freed = 0; !garbage_.empty(); ++freed) {
            if (garbage_.back().empty()) {
                garbage_.pop_back();
            } else if (freed < values_max) {
                garbage_.back().erase(garbage_.back().begin());
            } else {
                return false;
            }
        }
        return true;
    }

  private:
    struct Slot {
        std::uint64_t freeze = 0;  // the newest when the value was inserted or set aside
        Value value;
    };
    using Slots = std::map<Key, Slot>;

    // Whether the walk will need the value as it is now.
    bool is_awaited(typename Slots::const_iterator at) const {
        return frozen_ && at->second.freeze < freezes_ && (!last_ || *last_ < at->first);
    }

    Slots live_;
    Slots kept_;  // frozen values that were changed or erased, from the walk's place on
    std::vector<Slots> garbage_;
    std::uint64_t freezes_ = 0;
    bool frozen_ = false;
    std::uint64_t left_ = 0;   // frozen values that next() has not given yet
    std::optional<Key> last_;  // what it gave last
};

}  // namespace ledger::state
