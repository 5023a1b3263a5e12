#include "log/base/sometimes.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include <catch2/catch.hpp>

namespace ledger {
namespace {

// None: there is no mark of this name.
std::optional<std::uint64_t> hits_of(std::string_view name) {
    for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr; mark = mark->next) {
        if (mark->name == name) {
            return mark->hits;
        }
    }
    return std::nullopt;
}

void pass(bool condition) {
    LEDGER_SOMETIMES(condition, "test.passed");
}

void never_called() {
    LEDGER_SOMETIMES(true, "test.never_passed");
}

TEST_CASE("sometimes: a mark counts how often its condition was true", "[base]") {
    REQUIRE(hits_of("test.passed") == 0u);
    pass(false);
    CHECK(hits_of("test.passed") == 0u);
    pass(true);
    pass(true);
    CHECK(hits_of("test.passed") == 2u);
}

TEST_CASE("sometimes: a place that is never passed is known all the same", "[base]") {
    void (*volatile nobody)() = never_called;
    REQUIRE(nobody != nullptr);
    CHECK(hits_of("test.never_passed") == 0u);
    CHECK(hits_of("test.no_such_mark") == std::nullopt);
}

}  // namespace
}  // namespace ledger
