#include "sim/check/event_line.h"

#include <catch2/catch.hpp>

namespace ledger::check {
namespace {

ByteVector to_bytes(std::string_view text) {
    const ByteSpan bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

std::string line_with(std::string_view metadata, std::string_view payload) {
    state::RecordedEvent event;
    event.position = Position{7};
    event.revision = Revision{2};
    event.stream = "s";
    event.type = "t";
    event.metadata = to_bytes(metadata);
    event.payload = to_bytes(payload);
    std::string line;
    append_event_line(event, line);
    return line;
}

std::string metadata_of(const char* event) {
    const Result<ByteVector> metadata = metadata_in(*parse_json(event, any_json));
    return metadata ? std::string(as_text(*metadata)) : "error: " + metadata.error().place;
}

TEST_CASE("event line: what is JSON is written as JSON, and anything else as a text", "[check]") {
    CHECK(line_with("", R"({"price": 5.250})") ==
          R"({"position":7,"stream":"s","revision":2,"type":"t","data":{"price":5.250}})" "\n");
    CHECK(line_with(R"({"correlation":"x"})", "plain") ==
          R"({"position":7,"stream":"s","revision":2,"type":"t","metadata":{"correlation":"x"},)"
          R"("data":"plain"})" "\n");
    CHECK(line_with("\x07", "1").find(R"("metadata":"\u0007")") != std::string::npos);
}

TEST_CASE("event line: metadata is an object or a text", "[check]") {
    CHECK(metadata_of(R"({"data": 1})").empty());
    CHECK(metadata_of(R"({"metadata": {"n": 1.50, "t": "x"}})") == R"({"n":1.50,"t":"x"})");
    CHECK(metadata_of(R"({"metadata": "raw"})") == "raw");
    CHECK(metadata_of(R"({"metadata": 5})") ==
          "error: \"metadata\" must be an object or a text");
}

}  // namespace
}  // namespace ledger::check
