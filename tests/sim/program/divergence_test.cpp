#include "sim/program/divergence.h"

#include <memory>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File file_of(const char* text) {
    File file(std::tmpfile(), &std::fclose);
    std::fputs(text, file.get());
    std::rewind(file.get());
    return file;
}

std::optional<Divergence> difference(const char* one, const char* other) {
    return first_difference(file_of(one).get(), file_of(other).get());
}

TEST_CASE("the first line that differs is named, with the one before it") {
    const auto found = difference("a\nb\nc\nd\n", "a\nb\nx\nd\n");
    REQUIRE(found);
    CHECK(found->step == 3);
    CHECK(found->before == "b");
    CHECK(found->one == "c");
    CHECK(found->other == "x");
}

TEST_CASE("a run that ends earlier differs there, and equal ones do not") {
    const auto found = difference("a\nb\n", "a\n");
    REQUIRE(found);
    CHECK(found->step == 2);
    CHECK(found->one == "b");
    CHECK(found->other.empty());
    CHECK_FALSE(difference("a\nb\n", "a\nb\n"));
    CHECK_FALSE(difference("", ""));
}

TEST_CASE("two runs of a seed do not part") {
    check::Scenario scenario;
    scenario.set(check::Section::swarm, "faults.for", check::Unit::duration,
        check::Range::one(milliseconds(300).nanoseconds));
    scenario.set(check::Section::workload, "operations", check::Unit::count, check::Range::one(20));
    CHECK_FALSE(find_divergence(scenario, 3));
}

}  // namespace
}  // namespace ledger::sim
