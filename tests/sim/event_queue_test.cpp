#include "sim/event_queue.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger::sim {
namespace {

Item item(std::int64_t at, std::uint64_t name) {
    return {.at = Instant{at}, .a = name, .kind = ItemKind::wake};
}

// The slow twin: looks at everything each time.
class DumbQueue {
  public:
    void push(const Item& pushed) { items_.push_back(pushed); }
    Item pop() {
        auto first = items_.begin();
        for (auto at = items_.begin(); at != items_.end(); ++at) {
            if (at->at < first->at) {
                first = at;  // the first one pushed wins among equals
            }
        }
        const Item result = *first;
        items_.erase(first);
        return result;
    }
    std::size_t size() const { return items_.size(); }

  private:
    std::vector<Item> items_;
};

}  // namespace

TEST_CASE("event queue: equal times come out in the order of pushing", "[sim]") {
    EventQueue queue;
    for (std::uint64_t name = 0; name < 1000; ++name) {
        queue.push(item(static_cast<std::int64_t>(name % 3), name));
    }
    CHECK(queue.size() == 1000);
    std::uint64_t before = 0;
    std::int64_t time = 0;
    std::uint64_t popped = 0;
    while (!queue.empty()) {
        const Instant announced = queue.top().at;
        const Item next = queue.pop();
        CHECK(next.at == announced);
        REQUIRE(next.at.nanoseconds >= time);
        if (next.at.nanoseconds == time && popped > 0) {
            REQUIRE(next.a > before);
        }
        time = next.at.nanoseconds;
        before = next.a;
        ++popped;
    }
    CHECK(popped == 1000);
}

TEST_CASE("event queue: pushes and pops in any mixture agree with a dumb twin", "[sim]") {
    rc::prop("heap == twin", [] {
        const auto script = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-8, 12));
        EventQueue queue;
        DumbQueue twin;
        std::uint64_t name = 0;
        for (const int word : script) {
            if (word >= 0) {
                const Item pushed = item(word, ++name);
                queue.push(pushed);
                twin.push(pushed);
            } else if (twin.size() > 0) {
                RC_ASSERT(queue.pop().a == twin.pop().a);
            }
            RC_ASSERT(queue.size() == twin.size());
            RC_ASSERT(queue.empty() == (twin.size() == 0));
        }
        while (twin.size() > 0) {
            RC_ASSERT(queue.pop().a == twin.pop().a);
        }
        RC_ASSERT(queue.empty());
    });
}

TEST_CASE("slot pool: no two values share a slot while both are there", "[sim]") {
    rc::prop("a slot holds what was put", [] {
        SlotPool<std::string> pool;
        std::vector<std::pair<std::uint32_t, std::string>> there;
        const auto script = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
        int name = 0;
        for (const int word : script) {
            if (word < 6 || there.empty()) {
                const std::string value = "value " + std::to_string(++name);
                there.emplace_back(pool.put(std::string(value)), value);
            } else {
                const auto place =
                    there.begin() + static_cast<std::ptrdiff_t>(
                                        static_cast<std::size_t>(word) % there.size());
                RC_ASSERT(pool.take(place->first) == place->second);
                there.erase(place);
            }
            std::set<std::uint32_t> slots;
            for (const auto& [slot, value] : there) {
                RC_ASSERT(slots.insert(slot).second);
                RC_ASSERT(pool.at(slot) == value);
            }
        }
    });
}

TEST_CASE("slot pool: a freed slot is used again", "[sim]") {
    SlotPool<int> pool;
    const std::uint32_t first = pool.put(1);
    const std::uint32_t second = pool.put(2);
    CHECK(pool.take(first) == 1);
    CHECK(pool.put(3) == first);
    CHECK(pool.take(second) == 2);
}

}  // namespace ledger::sim
