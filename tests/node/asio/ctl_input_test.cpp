#include "node/asio/ctl_input.h"

#include <catch2/catch.hpp>

#include "sim/check/event_line.h"

namespace ledger::node::asio {
namespace {

std::string place_of(std::string_view text) {
    const Result<state::Append> append = parse_append_line(text, 7);
    REQUIRE(append.has_error());
    return append.error().place;
}

}  // namespace

TEST_CASE("ctl input: a line is one append, each stream named once", "[ctl]") {
    const auto append = parse_append_line(
        R"({"commit":"x","events":[{"stream":"a","type":"t","expected":"none","data":{"n":1}},)"
        R"({"stream":"b","type":"u","expected":{"exact":4},"data":[2, "three"]},)"
        R"({"stream":"a","type":"v","expected":{"exact":0},"data":null}]})",
        7);
    REQUIRE(append.has_value());
    using Kind = state::Expected::Kind;
    CHECK((append->streams == std::vector<state::StreamCheck>{{"a", {Kind::no_stream, {}}},
                                  {"b", {Kind::exact, Revision{4}}}}));
    REQUIRE(append->events.size() == 3);
    CHECK(append->events[2].stream == 0);
    CHECK(as_text(append->events[0].payload) == R"({"n":1})");
    CHECK(as_text(append->events[1].payload) == R"([2,"three"])");
    CHECK(as_text(append->events[2].payload) == "null");
    CHECK((append->events[1].id == EventId{7, 2}));
}

TEST_CASE("ctl input: metadata is an object, or a text that stays as it is", "[ctl]") {
    const auto append = parse_append_line(
        R"({"events":[{"stream":"a","type":"t","data":1,"metadata":{"correlation":"x", "n":1.0}},)"
        R"({"stream":"a","type":"t","data":1,"metadata":"raw"},{"stream":"a","type":"t","data":1}]})",
        1);
    REQUIRE(append.has_value());
    CHECK(as_text(append->events[0].metadata) == R"({"correlation":"x","n":1.0})");
    CHECK(as_text(append->events[1].metadata) == "raw");
    CHECK(append->events[2].metadata.empty());
    CHECK(place_of(R"({"events":[{"stream":"a","type":"t","data":1,"metadata":[1]}]})") ==
          R"(line 7, event 1: "metadata" must be an object or a text)");
    state::RecordedEvent event;
    event.metadata = append->events[0].metadata;
    event.payload = append->events[0].payload;
    std::string line;
    check::append_event_line(event, line);
    CHECK(line.find(R"("metadata":{"correlation":"x","n":1.0},"data":1})") != std::string::npos);
}

TEST_CASE("ctl input: metadata is put together of an object and single members", "[ctl]") {
    const auto text = [](const std::string& object, const Members& further) {
        const Result<ByteVector> metadata = metadata_of(object, further);
        return metadata ? std::string(as_text(*metadata)) : "error: " + metadata.error().place;
    };
    CHECK(text("", {{"correlation", ""}}).empty());
    CHECK(text("", {{"correlation", "x\""}, {"causation", ""}}) == R"({"correlation":"x\""})");
    CHECK(text(R"({"a": 1})", {{"causation", "y"}}) == R"({"a":1,"causation":"y"})");
    CHECK(text("{}", {}) == "{}");
    CHECK(text("[]", {}) == "error: expected a JSON object");
    CHECK(text(R"({"causation": 1})", {{"causation", "y"}}) == "error: 'causation' is given twice");
    CHECK(text("{", {}).starts_with("error: line 1, column 2"));
}

TEST_CASE("ctl input: decimals stay as they were written", "[ctl]") {
    const auto append =
        parse_append_line(R"({"events":[{"stream":"a","type":"t","data":{"price":5.250}}]})", 1);
    REQUIRE(append.has_value());
    CHECK(as_text(append->events[0].payload) == R"({"price":5.250})");
    state::RecordedEvent event;
    event.payload = append->events[0].payload;
    std::string line;
    check::append_event_line(event, line);
    CHECK(line.find(R"("data":{"price":5.250})") != std::string::npos);
}

TEST_CASE("ctl input: the same line gives the same bytes, as a retry must", "[ctl]") {
    const std::string text = R"({"events":[{"stream":"a","type":"t","data":1}]})";
    const auto once = parse_append_line(text, 7);
    const auto again = parse_append_line(text, 7);
    const auto elsewhere = parse_append_line(text, 8);
    REQUIRE(once.has_value());
    REQUIRE(again.has_value());
    REQUIRE(elsewhere.has_value());
    CHECK(*once == *again);
    CHECK(once->events[0].salt != elsewhere->events[0].salt);
}

TEST_CASE("ctl input: errors name line and event", "[ctl]") {
    CHECK(place_of("[]") == "line 7: expected {\"events\": [...]} with at least one event");
    CHECK(place_of(R"({"events":[]})").starts_with("line 7: expected"));
    CHECK(place_of("{").starts_with("line 7, column"));
    CHECK(place_of(R"({"events":[{"stream":"a","type":"t","data":1},{"type":"t"}]})") ==
          "line 7, event 2: expected \"stream\" with a text");
    CHECK(place_of(R"({"events":[{"stream":"a","type":"t"}]})") ==
          "line 7, event 1: expected \"data\"");
    for (const char* expected : {"\"4\"", "\"\"", "\"never\"", "4", "{\"exact\":-1}"}) {
        const std::string text = std::string(R"({"events":[{"stream":"a","type":"t","data":1,)") +
                                 R"("expected":)" + expected + "}]}";
        CHECK(place_of(text).starts_with("line 7, event 1: \"expected\" must be"));
    }
    CHECK(place_of(R"({"events":[{"stream":"","type":"t","data":1}]})").starts_with("line 7"));
}

TEST_CASE("ctl input: an expectation is a word or a revision", "[ctl]") {
    using Kind = state::Expected::Kind;
    CHECK((*parse_expected("any") == state::Expected{Kind::any, {}}));
    CHECK((*parse_expected("none") == state::Expected{Kind::no_stream, {}}));
    CHECK((*parse_expected("exists") == state::Expected{Kind::exists, {}}));
    CHECK((*parse_expected("12") == state::Expected{Kind::exact, Revision{12}}));
    for (const char* wrong : {"", "-1", "1x", "Any", "99999999999999999999"}) {
        CHECK(parse_expected(wrong).has_error());
    }
}

TEST_CASE("ctl input: a recorded event is a line that the fold of git events reads", "[ctl]") {
    state::RecordedEvent event{.position = Position{3}, .revision = Revision{1},
        .stream = "file/a \"b\"", .id = {}, .type = "file-added", .metadata = {}, .payload = {}};
    const auto line_with = [&event](std::string_view payload) {
        const ByteSpan bytes = as_bytes(payload);
        event.payload.assign(bytes.begin(), bytes.end());
        std::string line;
        check::append_event_line(event, line);
        return line;
    };
    CHECK(line_with(R"({"mode":"100644"})") ==
          R"({"position":3,"stream":"file/a \"b\"","revision":1,"type":"file-added",)"
          "\"data\":{\"mode\":\"100644\"}}\n");
    CHECK(line_with("no JSON").ends_with("\"data\":\"no JSON\"}\n"));
}

}  // namespace ledger::node::asio
