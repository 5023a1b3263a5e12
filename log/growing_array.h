#pragma once
// GrowingArray: an array that one owner extends and cuts while others read what it once held.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "log/base/assert.h"

namespace ledger::log {

// What a GrowingArray held when the view was taken: a value that nobody ever changes. It may be
// read on any thread to which it was handed in a way that orders memory (a mutex, a queue).
template <typename T>
class ArrayView {
  public:
    ArrayView() = default;
    ArrayView(std::shared_ptr<const T[]> items, std::uint64_t size)
        : items_(std::move(items)), size_(size) {}

    std::uint64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::span<const T> span() const { return {items_.get(), static_cast<std::size_t>(size_)}; }
    const T& operator[](std::uint64_t at) const {
        LEDGER_ASSERT(at < size_);
        return items_[static_cast<std::ptrdiff_t>(at)];
    }
    const T& back() const { return (*this)[size_ - 1]; }
    // The first `count` of them.
    ArrayView first(std::uint64_t count) const {
        LEDGER_ASSERT(count <= size_);
        return {items_, count};
    }

  private:
    std::shared_ptr<const T[]> items_;
    std::uint64_t size_ = 0;
};

// Appending costs amortized constant time, a view two words and a count: array and views share
// the items. The owner writes only behind the end of every view, where nobody reads; what has
// been cut off and is to be written again gets a new array first, so that older views keep theirs.
template <typename T>
class GrowingArray {
  public:
    GrowingArray() = default;
    GrowingArray(GrowingArray&&) noexcept = default;
    GrowingArray& operator=(GrowingArray&&) noexcept = default;
    // A copy would write where the original's views read.
    GrowingArray(const GrowingArray&) = delete;
    GrowingArray& operator=(const GrowingArray&) = delete;

    std::uint64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::span<const T> span() const { return {items_.get(), static_cast<std::size_t>(size_)}; }
    const T& operator[](std::uint64_t at) const {
        LEDGER_ASSERT(at < size_);
        return items_[static_cast<std::ptrdiff_t>(at)];
    }
    const T& back() const { return (*this)[size_ - 1]; }

    void push_back(const T& item) {
        if (size_ == capacity_ || size_ < viewed_) {
            move_to(std::max(capacity_min, 2 * size_));
        }
        LEDGER_ASSERT(size_ >= viewed_);
        items_[static_cast<std::ptrdiff_t>(size_)] = item;
        ++size_;
    }
    void cut(std::uint64_t size) {
        LEDGER_ASSERT(size <= size_);
        size_ = size;
    }
    ArrayView<T> view() {
        viewed_ = std::max(viewed_, size_);
        return {items_, size_};
    }

  private:
    static constexpr std::uint64_t capacity_min = 16;

    void move_to(std::uint64_t capacity) {
        // `old` keeps the items while they are copied.
        const std::shared_ptr<T[]> old = std::move(items_);
        items_ = std::make_shared<T[]>(static_cast<std::size_t>(capacity));
        std::copy_n(old.get(), static_cast<std::ptrdiff_t>(size_), items_.get());
        capacity_ = capacity;
        viewed_ = 0;
    }

    std::shared_ptr<T[]> items_;
    std::uint64_t size_ = 0;
    std::uint64_t capacity_ = 0;
    std::uint64_t viewed_ = 0;  // some view reads the items below
};

}  // namespace ledger::log
