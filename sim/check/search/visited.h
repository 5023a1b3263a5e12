#pragma once
// Visited: the places in a search from which nothing new can be found.

#include <bit>
#include <cstdint>
#include <vector>

namespace ledger::check {

// A place is what is done and what state it led to (`key`, a hash of 128 bits), and which unknown
// operations were used up for it (`used`, one bit each). Whoever is at the same place with more
// used up finds nothing that could not be found with less: unknown operations may stay undone.
class Visited {
  public:
    struct Key {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };

    // False if the place, or one at least as good, is known already; otherwise remembers it.
    bool add(Key key, std::uint64_t used) {
        if ((size_ + 1) * 3 > slots_.size() * 2) {
            grow();
        }
        std::uint32_t twins = 0;
        for (std::uint64_t at = home(key);; at = next(at)) {
            Slot& slot = slots_[at];
            if (is_free(slot)) {
                slot = {key, used};
                ++size_;
                return true;
            }
            if (!(slot.key == key)) {
                continue;
            }
            if ((slot.used & ~used) == 0) {
                return false;
            }
            if ((used & ~slot.used) == 0) {  // better than what was here
                slot.used = used;
                return true;
            }
            if (++twins == twins_max) {
                return add_exact(key, used);
            }
        }
    }

    std::uint64_t bytes() const { return slots_.capacity() * sizeof(Slot); }
    // What it will hold, for a moment, while the next add() makes it grow; 0 if it will not.
    std::uint64_t bytes_to_grow() const {
        return (size_ + grow_ahead) * 3 > slots_.size() * 2 ? bytes() * 3 : 0;
    }
    std::uint64_t size() const { return size_; }

  private:
    struct Slot {
        Key key;
        std::uint64_t used = 0;
    };
    // Looking through more of the same place costs more than it saves.
    static constexpr std::uint32_t twins_max = 16;
    // Additions between two questions for the budget.
    static constexpr std::uint64_t grow_ahead = 8192;

    // Places whose hash is zero are taken for another one: as likely as any collision.
    static bool is_free(const Slot& slot) { return slot.key.high == 0 && slot.key.low == 0; }
    std::uint64_t home(const Key& key) const { return key.low & (slots_.size() - 1); }
    std::uint64_t next(std::uint64_t at) const { return (at + 1) & (slots_.size() - 1); }

    // As a place of its own, which only an equal one is told from.
    bool add_exact(Key key, std::uint64_t used) {
        const std::uint64_t mix = (used + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
        key.high ^= mix ^ (mix >> 31);
        key.low += std::rotl(mix, 29) * 0x94d049bb133111ebULL;
        for (std::uint64_t at = home(key);; at = next(at)) {
            Slot& slot = slots_[at];
            if (is_free(slot)) {
                slot = {key, used};
                ++size_;
                return true;
            }
            if (slot.key == key && slot.used == used) {
                return false;
            }
        }
    }

    void grow() {
        std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (!is_free(slot)) {
                std::uint64_t at = home(slot.key);
                while (!is_free(slots_[at])) {
                    at = next(at);
                }
                slots_[at] = slot;
            }
        }
    }

    std::vector<Slot> slots_;
    std::uint64_t size_ = 0;
};

}  // namespace ledger::check
