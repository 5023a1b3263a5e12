#pragma once
// EventQueue: what will happen in virtual time, earliest first, first-in first-out at equal times.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "log/base/assert.h"
#include "log/base/time.h"

namespace ledger::sim {

// What a queue item is about; the meaning of node, a, b and slot depends on it.
enum class ItemKind : std::uint8_t {
    deliver,         // node = receiver of a peer message: slot = message, a = link epoch
    stored,          // node: the running store is due, a = incarnation
    loaded,          // node: a = incarnation, b = the load's request
    wake,            // node: a = incarnation, b = generation of the wake-up
    peer_down,       // node: b = the peer whose link broke
    peer_up,         // node: b = the peer that is back
    cut_work,        // node: a = incarnation; the oldest piece of work on cuts is done
    chunk_loaded,    // node: a = incarnation, b = request
    edge_wake,       // node: a = incarnation, b = generation of the edge's wake-up
    edge_closed,     // node: a = incarnation, b = the client whose connection is gone
    edge_drained,    // node: a = incarnation, b = the client that an answer has left for
    client_request,  // node: slot = request on its way to the node, a = connection
    client_reply,    // node = client: slot = reply on its way back, a = connection
    client_connect,  // node = client: b = the node it wants to be connected with
    client_down,     // node = client: a = connection that is dead, b = the node at its other end
    client_timer,    // node = client: a = generation of the timer
    nemesis,         // the next nemesis action
    script,          // a = place of a line of the scenario
    nemesis_end,     // a = number of the action that ends
    restart,         // node comes back
    resume,          // node: its pause ends, a = number of the pause
    flow,            // node: its disk answers again, a = number of the stall
    space,           // node: its disk has room again, a = number of who took it
    work_done,       // node: it has applied what it was applying
    hunt,            // node was elected a moment ago and is struck now
    write_crash,     // node crashes between write and sync: a = incarnation
    phase,           // the next phase of the run
};

struct Item {
    Instant at;
    std::uint64_t order = 0;  // given by the queue
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint32_t node = 0;
    std::uint32_t slot = 0;
    ItemKind kind = ItemKind::phase;
};

// A 4-ary heap: half the depth of a binary one, children side by side in memory.
class EventQueue {
  public:
    bool empty() const { return heap_.empty(); }
    std::uint64_t size() const { return heap_.size(); }
    const Item& top() const { return heap_.front(); }

    void push(Item item) {
        item.order = ++pushed_;
        heap_.push_back(item);
        std::size_t at = heap_.size() - 1;
        while (at > 0) {
            const std::size_t parent = (at - 1) / 4;
            if (!before(item, heap_[parent])) {
                break;
            }
            heap_[at] = heap_[parent];
            at = parent;
        }
        heap_[at] = item;
    }

    Item pop() {
        LEDGER_ASSERT(!heap_.empty());
        const Item result = heap_.front();
        const Item last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) {
            sink(last);
        }
        return result;
    }

  private:
    static bool before(const Item& x, const Item& y) {
        return x.at != y.at ? x.at < y.at : x.order < y.order;
    }

    void sink(const Item& item) {
        const std::size_t count = heap_.size();
        std::size_t at = 0;
        while (true) {
            const std::size_t first = 4 * at + 1;
            if (first >= count) {
                break;
            }
            std::size_t least = first;
            for (std::size_t child = first + 1; child < std::min(first + 4, count); ++child) {
                if (before(heap_[child], heap_[least])) {
                    least = child;
                }
            }
            if (!before(heap_[least], item)) {
                break;
            }
            heap_[at] = heap_[least];
            at = least;
        }
        heap_[at] = item;
    }

    std::vector<Item> heap_;
    std::uint64_t pushed_ = 0;
};

// Values on their way, kept outside the heap; slots are reused, last freed first.
template <typename Value>
class SlotPool {
  public:
    std::uint32_t put(Value&& value) {
        if (free_.empty()) {
            values_.push_back(std::move(value));
            return static_cast<std::uint32_t>(values_.size() - 1);
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        values_[slot] = std::move(value);
        return slot;
    }
    Value& at(std::uint32_t slot) { return values_[slot]; }
    Value take(std::uint32_t slot) {
        Value value = std::move(values_[slot]);
        free_.push_back(slot);
        return value;
    }

  private:
    std::vector<Value> values_;
    std::vector<std::uint32_t> free_;
};

}  // namespace ledger::sim
