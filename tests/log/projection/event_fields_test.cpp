#include "log/projection/event_fields.h"

#include <catch2/catch.hpp>

namespace ledger::projection {
namespace {

TEST_CASE("event fields: an event says what it was asked", "[projection]") {
    EventFields fields;
    const std::uint32_t category = fields.ask({Field::Kind::category, {}});
    const std::uint32_t id = fields.ask({Field::Kind::id, {}});
    CHECK_FALSE(fields.asks_payload());
    const std::uint32_t total = fields.ask({Field::Kind::payload, {"total"}});
    CHECK(fields.ask({Field::Kind::category, {}}) == category);
    CHECK(fields.asks_payload());
    state::RecordedEvent event;
    event.stream = "order-17-b";
    event.id = {0xab, 1};
    const ByteSpan payload = as_bytes(R"({"total": 3})");
    event.payload.assign(payload.begin(), payload.end());
    REQUIRE(fields.read_envelope(event).has_value());
    CHECK(text_of(fields[category]) == "order");
    CHECK(text_of(fields[id]) == "00000000000000ab0000000000000001");
    CHECK(is_nothing(fields[total]));
    REQUIRE(fields.read_payload(event).has_value());
    CHECK(text_of(fields[total]) == "3");
    REQUIRE(fields.read_envelope(event).has_value());
    CHECK(is_nothing(fields[total]));
    CHECK(category_of("plain") == "plain");
}

TEST_CASE("event fields: metadata that is no JSON has no members", "[projection]") {
    EventFields fields;
    const std::uint32_t cause = fields.ask({Field::Kind::metadata, {"causation"}});
    CHECK_FALSE(fields.asks_payload());
    const auto read = [&](const char* metadata) {
        state::RecordedEvent event;
        const ByteSpan bytes = as_bytes(metadata);
        event.metadata.assign(bytes.begin(), bytes.end());
        const Result<void> done = fields.read_envelope(event);
        return done ? text_of(fields[cause]) : done.error().place;
    };
    CHECK(read(R"({"causation": "abc"})") == "abc");
    CHECK(read("") == "-");
    CHECK(read("\x07") == "-");
    CHECK(read(R"({"causation": {}})") == "@causation is an object; name a member of it");
}

}  // namespace
}  // namespace ledger::projection
