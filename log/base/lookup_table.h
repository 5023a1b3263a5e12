#pragma once
// LookupTable: a hash table that can be asked but never walked, so that its order cannot leak.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "log/base/choice.h"
#include "log/base/hash128.h"
#include "log/base/ids.h"

namespace ledger {

// Our own hash of the key types we use; the order it causes is never visible.
struct LookupHash {
    using is_transparent = void;
    using is_avalanching = void;

    std::size_t operator()(std::uint64_t key) const {
        return static_cast<std::size_t>(keyed_bits(0, Site{0}, key, 0));
    }
    std::size_t operator()(std::string_view key) const {
        std::uint64_t hash = 0xcbf29ce484222325ULL;
        for (char c : key) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        }
        return (*this)(hash);
    }
    template <typename Tag, typename Rep>
    std::size_t operator()(const Strong<Tag, Rep>& key) const {
        return (*this)(static_cast<std::uint64_t>(key.value));
    }
    std::size_t operator()(const EventId& key) const { return (*this)(key.high ^ (*this)(key.low)); }
    // A hash already.
    std::size_t operator()(const Hash128& key) const {
        return static_cast<std::size_t>(key.high() ^ key.low());
    }
};

// Pointers it returns are valid until the next insertion or removal.
template <typename Key, typename Value>
class LookupTable {
  public:
    template <typename K>
    Value* find(const K& key) {
        auto at = map_.find(key);
        return at == map_.end() ? nullptr : &at->second;
    }
    template <typename K>
    const Value* find(const K& key) const {
        auto at = map_.find(key);
        return at == map_.end() ? nullptr : &at->second;
    }
    // The value under `key`, made by default if there was none.
    Value& operator[](const Key& key) { return map_[key]; }
    void erase(const Key& key) { map_.erase(key); }
    void clear() { map_.clear(); }
    std::uint64_t size() const { return map_.size(); }
    bool empty() const { return map_.empty(); }

  private:
    boost::unordered_flat_map<Key, Value, LookupHash, std::equal_to<>> map_;
};

// The same in parts, so that growing never moves more than the keys of one part at once.
template <typename Key, typename Value, std::uint32_t parts>
class ShardedLookupTable {
  public:
    template <typename K>
    const Value* find(const K& key) const {
        return parts_[part_of(key)].find(key);
    }
    Value& operator[](const Key& key) { return parts_[part_of(key)][key]; }
    // Frees a part of a table that is used no more; false if there is more to free.
    bool discard() {
        if (!parts_.empty()) {
            parts_.pop_back();
        }
        return parts_.empty();
    }

  private:
    static_assert(parts > 0 && (parts & (parts - 1)) == 0);
    // A table goes by the lowest and the highest bits itself.
    template <typename K>
    static std::uint32_t part_of(const K& key) {
        return static_cast<std::uint32_t>(LookupHash{}(key) >> 8) % parts;
    }

    std::vector<LookupTable<Key, Value>> parts_ = std::vector<LookupTable<Key, Value>>(parts);
};

}  // namespace ledger
