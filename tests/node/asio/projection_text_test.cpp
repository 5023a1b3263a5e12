#include "node/asio/projection_text.h"

#include <catch2/catch.hpp>

namespace ledger::node::asio {
namespace {

projection::Projection folded(const char* definition, const std::vector<std::string>& payloads) {
    projection::Projection state(*projection::parse_definition(definition));
    std::uint64_t position = 0;
    for (const std::string& payload : payloads) {
        state::RecordedEvent event;
        event.position = Position{position++};
        event.stream = "s";
        event.wall_time = WallTime{1'000'000'000};
        const ByteSpan bytes = as_bytes(payload);
        event.payload.assign(bytes.begin(), bytes.end());
        REQUIRE(state.apply(event).has_value());
    }
    return state;
}

TEST_CASE("projection text: a table for people", "[ctl]") {
    const auto state = folded("count, sum .n, set .t by .who",
        {R"({"who": "bob", "n": 2.50, "t": "x"})", R"({"who": "\u00e9ve", "n": 10, "t": "y"})",
            R"({"who": "bob", "n": 1, "t": "a\nb"})", R"({"n": 1})"});
    CHECK(table_of(state.definition(), state.shown()) == ".who  count  sum .n  set .t\n"
                             "-     1      1       {}\n"
                             "bob   2      3.5     {a?b, x}\n"
                             "\xc3\xa9ve   1      10      {y}\n");
    CHECK(standing_text(state) == "as of position 3: 4 events, the last at 1970-01-01T00:00:01.000Z");
    CHECK(standing_text(folded("count", {})) == "before the first event: 0 events");
}

TEST_CASE("projection text: JSON for programs", "[ctl]") {
    const auto state = folded("count, sum .n, set .t by .who", {R"({"who": "b\"", "n": 0.1, "t": 7})"});
    const std::string text = "[{\"key\":[\"b\\\"\"],\"values\":[1,0.1,[7]]}]";
    CHECK(json_of(state.definition(), state.shown()) == text);
    std::string standing = "{";
    write_standing(standing, state);
    CHECK(check::parse_json(standing + "}").has_value());
}

TEST_CASE("projection text: what changed between two moments", "[ctl]") {
    const std::vector<std::string> payloads = {R"({"who": "a", "n": 1})", R"({"who": "b", "n": 2})",
        R"({"who": "a", "n": 3})", R"({"who": "c", "n": 4})"};
    const auto before = folded("sum .n by .who", {payloads[0], payloads[1]});
    const auto after = folded("sum .n by .who", payloads);
    const auto changes = changes_between(before, after);
    CHECK(table_of(before.definition(), changes) == ".who  sum .n\n"
                                                    "a     1 -> 4\n"
                                                    "c     + 4\n");
    CHECK(json_of(before.definition(), changes) ==
          R"([{"key":["a"],"before":[1],"after":[4]},{"key":["c"],"before":null,"after":[4]}])");
    CHECK(changes_between(after, after).empty());
    CHECK(changes_between(after, before).size() == 2);
}

}  // namespace
}  // namespace ledger::node::asio
