#include "log/projection/matcher.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/projection/projection.h"
#include "tests/log/projection/any.h"

namespace ledger::projection {
namespace {

TEST_CASE("matcher: an event matches if a projection with the same conditions counts it",
    "[projection]") {
    rc::prop("conditions", [] {
        Definition definition = *any::definition();
        definition.folds = {{.kind = Fold::Kind::count, .field = {}}};
        definition.keys.clear();
        Matcher matcher(definition.conditions);
        Projection projection(definition);
        for (std::uint64_t i = 0; i < 20; ++i) {
            const any::Said said = any::said(Position{i});
            const auto touched = projection.apply(said.event);
            RC_ASSERT(touched.has_value());
            const Result<bool> matches = matcher.matches(said.event);
            RC_ASSERT(matches.has_value());
            RC_ASSERT(*matches == (*touched != nullptr));
        }
    });
}

TEST_CASE("matcher: an error names the event", "[projection]") {
    Matcher matcher(*parse_conditions("type = t and .n > 1"));
    state::RecordedEvent event;
    event.position = Position{5};
    event.stream = "s";
    event.type = "t";
    CHECK(matcher.matches(event).error().place ==
          "position 5 (s revision 0, type t): the payload is no JSON from byte 0 on");
    event.type = "other";
    CHECK_FALSE(*matcher.matches(event));
}

}  // namespace
}  // namespace ledger::projection
