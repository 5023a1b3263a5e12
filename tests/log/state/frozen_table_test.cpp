#include "log/state/frozen_table.h"

#include <map>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace ledger::state {
namespace {

using Table = FrozenTable<std::uint32_t, std::uint64_t>;
using Twin = std::map<std::uint32_t, std::uint64_t>;

void change(Table& table, Twin& twin, std::uint32_t key, std::uint64_t value) {
    if (std::uint64_t* const found = table.change(key)) {
        *found = value;
    } else {
        table.insert(key) = value;
    }
    twin[key] = value;
}

void erase(Table& table, Twin& twin, std::uint32_t key) {
    if (twin.erase(key) > 0) {
        table.erase(key);
    }
}

TEST_CASE("frozen table: the walk sees what was there, whatever happens meanwhile", "[state]") {
    Table table;
    Twin twin;
    for (const std::uint32_t key : {10u, 20u, 30u, 40u}) {
        change(table, twin, key, key);
    }
    table.freeze();
    change(table, twin, 20, 21);  // before the walk comes
    change(table, twin, 5, 5);    // was not there
    CHECK(table.next()->value == 10);
    change(table, twin, 10, 11);  // after the walk came
    erase(table, twin, 30);
    change(table, twin, 30, 33);
    change(table, twin, 25, 25);
    erase(table, twin, 20);
    CHECK(table.next()->value == 20);
    CHECK(table.next()->value == 30);
    CHECK(table.next()->value == 40);
    CHECK_FALSE(table.next());
    CHECK_FALSE(table.next());
    table.thaw();
    CHECK(table.size() == twin.size());
    CHECK(*table.change(30) == 33);
    CHECK_FALSE(table.contains(20));
}

TEST_CASE("frozen table: what a thaw or a clear leaves behind goes step by step", "[state]") {
    FrozenTable<std::uint32_t, std::vector<int>> table;
    for (std::uint32_t key = 0; key < 10; ++key) {
        table.insert(key).push_back(1);
    }
    CHECK(table.sweep(1));
    table.freeze();
    for (std::uint32_t key = 0; key < 10; ++key) {
        table.change(key)->push_back(2);
    }
    table.thaw();
    CHECK_FALSE(table.sweep(4));
    table.freeze();
    table.erase(3);
    CHECK(table.next()->value.size() == 2);
    table.thaw();
    CHECK_FALSE(table.sweep(4));
    CHECK(table.sweep(4));
    table.clear();
    CHECK(table.size() == 0);
    CHECK_FALSE(table.sweep(8));
    CHECK(table.sweep(8));
}

TEST_CASE("frozen table: it is a map and a copy of a map", "[state]") {
    CHECK(rc::check([] {
        Table table;
        Twin twin;
        std::optional<Twin> frozen;  // what the walk still has to see
        const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(
            rc::gen::inRange<std::uint32_t>(0, 10'000));
        for (std::uint32_t at = 0; at < steps.size(); ++at) {
            const std::uint32_t key = steps[at] / 10 % 12;
            switch (steps[at] % 10) {
                case 0: case 1: case 2: change(table, twin, key, at); break;
                case 3: case 4: erase(table, twin, key); break;
                case 5: table.sweep(1); break;
                case 6:
                    if (frozen) {
                        table.thaw();
                        frozen.reset();
                    } else {
                        table.freeze();
                        frozen = twin;
                    }
                    break;
                default:
                    if (frozen) {
                        const auto item = table.next();
                        RC_ASSERT(item.has_value() == !frozen->empty());
                        if (item) {
                            RC_ASSERT(item->key == frozen->begin()->first);
                            RC_ASSERT(item->value == frozen->begin()->second);
                            frozen->erase(frozen->begin());
                        }
                    }
            }
            RC_ASSERT(table.size() == twin.size());
            RC_ASSERT(table.contains(key) == (twin.count(key) == 1));
        }
        for (const auto& [key, value] : twin) {
            RC_ASSERT(*table.change(key) == value);
        }
    }));
}

}  // namespace
}  // namespace ledger::state
