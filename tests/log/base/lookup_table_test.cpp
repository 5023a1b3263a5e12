#include "log/base/lookup_table.h"

#include <map>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

namespace ledger {

TEST_CASE("lookup table: it answers as an ordered map does", "[base]") {
    rc::prop("twin", [](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps) {
        LookupTable<Index, int> table;
        std::map<std::uint64_t, int> twin;
        int number = 0;
        for (const auto& [key, action] : steps) {
            if (action % 3 == 0) {
                table.erase(Index{key});
                twin.erase(key);
            } else {
                table[Index{key}] = ++number;
                twin[key] = number;
            }
        }
        RC_ASSERT(table.size() == twin.size());
        RC_ASSERT(table.empty() == twin.empty());
        for (std::uint64_t key = 0; key < 256; ++key) {
            const auto found = twin.find(key);
            const int* value = table.find(Index{key});
            RC_ASSERT((value == nullptr) == (found == twin.end()));
            RC_ASSERT((value == nullptr || *value == found->second));
        }
        table.clear();
        RC_ASSERT(table.empty());
    });
}

TEST_CASE("lookup table: strings are found by views, event ids by both halves", "[base]") {
    LookupTable<std::string, int> names;
    names["orders-1"] = 1;
    REQUIRE(names.find(std::string_view("orders-1")) != nullptr);
    CHECK(names.find(std::string_view("orders-2")) == nullptr);
    LookupTable<EventId, int> events;
    events[{1, 2}] = 12;
    events[{2, 1}] = 21;
    CHECK(*events.find(EventId{1, 2}) == 12);
    CHECK(*events.find(EventId{2, 1}) == 21);
    CHECK(events.find(EventId{1, 1}) == nullptr);
}

}  // namespace ledger
