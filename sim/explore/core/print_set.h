#pragma once
// PrintSet: the fingerprints of all states that were reached, in 16 bytes each and an open table.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "log/base/hash128.h"

namespace ledger::sim {

// Where a search keeps what it has seen. One that is larger than memory lies in sim/program.
class PrintStore {
  public:
    virtual ~PrintStore() = default;

    // True if it was not there yet; nothing if there is no room for it.
    virtual std::optional<bool> insert(const Hash128& print) = 0;
    // It will be asked for soon.
    virtual void expect(const Hash128& print) = 0;
    virtual std::uint64_t size() const = 0;
    virtual std::uint64_t bytes() const = 0;  // of memory
};

// In memory. Grows to twice its size when three quarters are full.
class PrintSet final : public PrintStore {
  public:
    explicit PrintSet(std::uint64_t bytes_max);

    std::optional<bool> insert(const Hash128& print) override;
    void expect(const Hash128& print) override {
        __builtin_prefetch(&slots_[place_of(print) & mask_]);
    }
    std::uint64_t size() const override { return size_; }
    std::uint64_t bytes() const override { return slots_.size() * sizeof(Slot); }

    bool contains(const Hash128& print) const;
    bool full() const { return size_ * 4 >= slots_.size() * 3 && !may_grow(); }
    // All of them in ascending order; the set is empty afterwards and keeps its memory.
    std::vector<Hash128> take_sorted();

  private:
    struct Slot {
        std::uint64_t high = 0;  // both 0: free
        std::uint64_t low = 0;
    };
    static std::uint64_t place_of(const Hash128& print) {
        return print.high() ^ (print.low() >> 7);
    }
    static Slot slot_of(const Hash128& print) {
        const bool zero = print.high() == 0 && print.low() == 0;
        return {zero ? 1 : print.high(), print.low()};
    }
    std::uint64_t find(const Slot& wanted) const;
    bool may_grow() const { return slots_.size() * 2 * sizeof(Slot) <= bytes_max_; }
    void grow();

    const std::uint64_t bytes_max_;
    std::vector<Slot> slots_;
    std::uint64_t mask_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace ledger::sim
