#include "log/projection/predicate.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/projection/any.h"

namespace ledger::projection {
namespace {

Definition defined(const char* text) {
    return *parse_definition(text);
}

std::string wrong(const char* text, const Definition& definition) {
    const Result<Predicate> predicate = parse_predicate(text, definition);
    return predicate ? "" : predicate.error().place;
}

TEST_CASE("predicate: a fold is compared, of one group or of any", "[projection]") {
    const Definition definition = defined("count, sum .total by .customer");
    const Predicate any = *parse_predicate("sum .total > 10", definition);
    CHECK(any.fold == 1);
    CHECK_FALSE(any.key.has_value());
    const Predicate of_alice = *parse_predicate("count = 0 for alice", definition);
    REQUIRE(of_alice.key.has_value());
    Projection projection(definition);
    CHECK(holds(of_alice, projection));
    CHECK_FALSE(holds(any, projection));
    state::RecordedEvent event;
    const ByteSpan payload = as_bytes(R"({"customer": "alice", "total": 11})");
    event.payload.assign(payload.begin(), payload.end());
    const auto touched = projection.apply(event);
    REQUIRE(touched.has_value());
    CHECK_FALSE(holds(of_alice, projection));
    CHECK(holds(any, projection));
    CHECK(holds_now(any, projection, *touched));
    CHECK_FALSE(holds_now(any, projection, nullptr));
}

TEST_CASE("predicate: an error names the column and what was expected there", "[projection]") {
    const Definition definition = defined("count, sum .total by .customer");
    CHECK(wrong("min .total > 3", definition) ==
          "column 1: expected one of the folds 'count', 'sum .total', found 'min'");
    CHECK(wrong("count > 3 for a, b", definition) ==
          "column 19: expected 1 value after 'for', one per field after 'by', found the end");
    CHECK(wrong("count > 3 x", definition) ==
          "column 11: expected 'for' or the end, found 'x'");
    CHECK(wrong("count > 3 for x", defined("count")) ==
          "column 15: expected the end: without 'by' there is one group, found 'x'");
}

TEST_CASE("predicate: looking at the group of each event finds the first moment at which it holds",
    "[projection]") {
    rc::prop("first moment", [] {
        Definition definition;
        definition.folds = {*any::fold()};
        definition.keys = any::some(any::field(), 0, 1);
        Predicate predicate{.fold = 0,
            .comparison = static_cast<Comparison>(*rc::gen::inRange(1, 8)),
            .value = *any::value(), .key = {}};
        if (*rc::gen::arbitrary<bool>()) {
            predicate.key = Key();
            for (std::size_t i = 0; i < definition.keys.size(); ++i) {
                predicate.key->push_back(*any::value());
            }
        }
        Projection projection(definition);
        bool held = holds(predicate, projection);
        for (std::uint64_t i = 0; i < 30 && !held; ++i) {
            const auto touched = projection.apply(any::said(Position{i}).event);
            RC_ASSERT(touched.has_value());
            held = holds(predicate, projection);
            RC_ASSERT(holds_now(predicate, projection, *touched) == held);
        }
    });
}

}  // namespace
}  // namespace ledger::projection
