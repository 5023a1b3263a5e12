#pragma once
// LongList: a numbered list that grows at its end and loses its front, never in one long step.

#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "log/base/assert.h"

namespace ledger::state {

// Items keep their numbers for ever. A short list is one small vector; a long one is cut into
// blocks, so that growing moves at most one block and dropping gives blocks back.
template <typename T>
class LongList {
  public:
    static constexpr std::uint64_t block_items = 1024;
    // drop_before() gives back no more in one call.
    static constexpr std::uint64_t blocks_per_drop = 16;

    LongList() = default;
    // An empty list whose next item has the number `first`.
    explicit LongList(std::uint64_t first) : first_(first) {}

    // The items are those from first() to end() - 1.
    std::uint64_t first() const { return first_; }
    std::uint64_t end() const { return first_ + in_blocks() + tail_.size(); }
    bool empty() const { return in_blocks() + tail_.size() == 0; }
    const T& operator[](std::uint64_t number) const { return item(*this, number); }
    T& operator[](std::uint64_t number) { return item(*this, number); }
    const T& back() const { return (*this)[end() - 1]; }

    void push_back(T item) {
        if (tail_.size() == block_items) {
            if (blocks_ == nullptr) {
                blocks_ = std::make_unique<Blocks>();
            }
            blocks_->push_back(std::exchange(tail_, std::vector<T>()));
            tail_.reserve(block_items);
        }
        tail_.push_back(std::move(item));
        LEDGER_ASSERT(tail_.size() <= block_items);
    }

    // The first number whose item `holds`; end() if there is none. What holds for one item must
    // hold for all after it.
    template <typename Predicate>
    std::uint64_t find_first(Predicate holds) const {
        std::uint64_t low = first_;
        std::uint64_t high = end();
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            if (holds((*this)[middle])) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    // Items below `number`, at most end(), may go; up to a block of them stays. False if one call
    // was not enough.
    bool drop_before(std::uint64_t number) {
        LEDGER_ASSERT(number <= end());
        for (std::uint64_t dropped = 0; blocks_ != nullptr && first_ + block_items <= number;
             ++dropped) {
            if (dropped == blocks_per_drop) {
                return false;
            }
            blocks_->pop_front();
            first_ += block_items;
            if (blocks_->empty()) {
                blocks_.reset();
            }
        }
        if (blocks_ == nullptr && first_ < number) {
            // Into memory of its own: shrink_to_fit() does nothing where there are no exceptions.
            const auto kept = tail_.begin() + static_cast<std::ptrdiff_t>(number - first_);
            std::vector<T> rest(std::make_move_iterator(kept), std::make_move_iterator(tail_.end()));
            tail_ = std::move(rest);
            first_ = number;
        }
        return true;
    }

  private:
    // Each but the tail is full.
    using Blocks = std::deque<std::vector<T>>;

    template <typename List>
    static std::conditional_t<std::is_const_v<List>, const T&, T&> item(
        List& list, std::uint64_t number) {
        LEDGER_ASSERT(number >= list.first_);
        const std::uint64_t place = number - list.first_;
        const std::uint64_t in_blocks = list.in_blocks();
        if (place < in_blocks) {
            return (*list.blocks_)[place / block_items][place % block_items];
        }
        LEDGER_ASSERT(place - in_blocks < list.tail_.size());
        return list.tail_[place - in_blocks];
    }
    std::uint64_t in_blocks() const {
        return blocks_ == nullptr ? 0 : blocks_->size() * block_items;
    }

    std::uint64_t first_ = 0;
    std::vector<T> tail_;
    std::unique_ptr<Blocks> blocks_;  // none, or at least one
};

}  // namespace ledger::state
