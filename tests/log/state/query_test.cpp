#include "log/state/query.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/state/damage.h"
#include "tests/log/state/examples.h"

namespace ledger::state {
namespace {

Answer example_answer() {
    RecordedEvent whole{Position{4}, Revision{1}, "s", {1, 2}, "type", to_bytes("meta"),
        to_bytes("payload"), false};
    RecordedEvent erased{Position{5}, Revision{0}, "t", {3, 4}, "", {}, {}, true};
    return {Position{6}, true, 2, false, {whole, erased}};
}

Answer detailed_answer() {
    Answer answer = example_answer();
    answer.events[0].cluster_time = ClusterTime{7};
    answer.events[0].wall_time = WallTime{8};
    answer.detail = Detail{.next = 6, .first = 2};
    return answer;
}

std::optional<Filter> any_filter() {
    if (*rc::gen::arbitrary<bool>()) {
        return std::nullopt;
    }
    Filter filter;
    filter.types = *rc::gen::container<std::vector<std::string>>(
        *rc::gen::inRange<std::size_t>(0, 4), any::name());
    filter.stream_prefix = *any::name();
    return filter;
}

rc::Gen<Query> any_query() {
    return rc::gen::exec([]() -> Query {
        const std::uint64_t from = *rc::gen::arbitrary<std::uint64_t>();
        const Direction direction = static_cast<Direction>(*rc::gen::inRange(1, 3));
        const auto count = *rc::gen::arbitrary<std::uint32_t>();
        const int kind = *rc::gen::inRange(0, 3);
        if (kind == 0) {
            return ReadAll{Position{from}, direction, count, any_filter()};
        }
        if (kind == 1) {
            const auto bytes_max = *rc::gen::arbitrary<std::uint64_t>();
            const bool all = *rc::gen::arbitrary<bool>();
            return Follow{Position{from}, all ? "" : *any::name(), count, bytes_max};
        }
        return ReadStream{*any::name(), Revision{from}, direction, count, any_filter()};
    });
}

TEST_CASE("query: decoding returns what was encoded", "[state]") {
    rc::prop("query", [] {
        const Query query = *any_query();
        const auto back = decode_query(encoded(query));
        RC_ASSERT(back.has_value());
        RC_ASSERT(bool(*back == query));
    });
    for (const Answer& answer : {example_answer(), detailed_answer()}) {
        const auto back = decode_answer(encoded(answer));
        REQUIRE(back.has_value());
        CHECK(bool(*back == answer));
    }
    CHECK(bool(*decode_answer(encoded(Answer{})) == Answer{}));
}

TEST_CASE("query: damaged bytes are refused or mean something else", "[state]") {
    const Query queries[] = {
        ReadAll{Position{3}, Direction::backward, 10}, ReadStream{"ab", Revision{1}, {}, 2},
        Follow{Position{3}, "ab", 10, 4096},
        ReadAll{Position{3}, Direction::backward, 10, Filter{{"x", ""}, "ab"}},
        ReadStream{"ab", Revision{1}, {}, 2, Filter{}}};
    CHECK(decode_query(encoded(queries[0])).has_value());
    for (Query query : queries) {
        if (auto* stream = std::get_if<ReadStream>(&query)) {
            stream->direction = Direction::forward;
        }
        for_each_damage(encoded(query), [](const ByteVector& bytes) {
            const auto damaged = decode_query(bytes);
            if (damaged) {
                REQUIRE(encoded(*damaged) == bytes);
            } else {
                REQUIRE_FALSE(damaged.error().place.empty());
            }
        });
    }
    const auto check = [](const ByteVector& bytes) {
        const auto damaged = decode_answer(bytes);
        REQUIRE(summarize_answer(bytes).has_value() == damaged.has_value());
        if (damaged) {
            REQUIRE(encoded(*damaged) == bytes);
        } else {
            REQUIRE_FALSE(damaged.error().place.empty());
        }
    };
    for_each_damage(encoded(example_answer()), check);
    for_each_damage(encoded(detailed_answer()), check);
    rc::prop("random bytes", [] {
        ByteVector bytes = *any::bytes();
        if (!bytes.empty()) {
            bytes[0] = std::byte{*rc::gen::inRange<std::uint8_t>(1, 3)};
        }
        const auto query = decode_query(bytes);
        RC_ASSERT((query.has_error() || encoded(*query) == bytes));
        const auto answer = decode_answer(bytes);
        RC_ASSERT((answer.has_error() || encoded(*answer) == bytes));
        RC_ASSERT(summarize_answer(bytes).has_value() == answer.has_value());
    });
}

TEST_CASE("query: a summary says what an answer holds", "[state]") {
    const auto summary = summarize_answer(encoded(example_answer()));
    REQUIRE(summary.has_value());
    CHECK(bool(*summary == AnswerSummary{Position{6}, false, 2, Position{5}}));
    Answer empty;
    empty.length = Position{9};
    empty.end = true;
    CHECK(bool(*summarize_answer(encoded(empty)) == AnswerSummary{Position{9}, true, 0, {}}));
}

TEST_CASE("query: at most 64 types are asked for", "[state]") {
    ReadAll query{.filter = Filter{}};
    query.filter->types.resize(filter_types_max, "t");
    ByteVector bytes = encoded(query);
    CHECK(decode_query(bytes).has_value());
    store_little_endian(bytes.data() + 15, std::uint16_t{filter_types_max + 1});
    CHECK(decode_query(bytes).error().place == "number of types at byte 15");
}

TEST_CASE("query: a filter wants one of its types in streams that begin so", "[state]") {
    CHECK(passes({}, "any", "any"));
    CHECK(passes({{"a", "b"}, "o-"}, "o-1", "b"));
    CHECK_FALSE(passes({{"a", "b"}, "o-"}, "o-1", "c"));
    CHECK_FALSE(passes({{"a"}, "o-"}, "o", "a"));
}

TEST_CASE("query: the events of an entry are taken out in one walk, either way", "[state]") {
    Append append{.streams = {{"a", {}}, {"b", {}}},
        .events = {event_in(1, "x"), event_in(0, "yz"), event_in(1, "z")}};
    append.events[1].type = "other";
    EntryRef entry;
    entry.index = Index{5};
    entry.cluster_time = ClusterTime{70};
    entry.wall_time = WallTime{80};
    entry.handle = encode_command(append);
    std::vector<EventLocation> locations;
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
        locations.push_back({Position{10u + slot}, Revision{slot}, Index{5}, slot});
    }
    std::vector<RecordedEvent> forward;
    REQUIRE(extract_events(entry, locations, {}, forward).has_value());
    REQUIRE(forward.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        RecordedEvent alone = *extract_event(*entry.handle, locations[i]);
        alone.cluster_time = ClusterTime{70};
        alone.wall_time = WallTime{80};
        CHECK(bool(forward[i] == alone));
    }
    std::reverse(locations.begin(), locations.end());
    std::vector<RecordedEvent> backward;
    REQUIRE(extract_events(entry, locations, {}, backward).has_value());
    std::reverse(backward.begin(), backward.end());
    CHECK(bool(backward == forward));
    std::vector<RecordedEvent> some;
    REQUIRE(extract_events(entry, locations, Filter{{"t"}, "b"}, some).has_value());
    REQUIRE(some.size() == 2);
    CHECK(some[0].position == Position{12});
    CHECK(some[1].position == Position{10});
    locations.front().slot = 3;
    CHECK(extract_events(entry, locations, {}, some).error().place ==
          "entry 5 has no event in slot 3");
}

TEST_CASE("query: a stream name of 1024 bytes is the longest", "[state]") {
    ByteVector bytes = encoded(ReadStream{.stream = std::string(1024, 'n')});
    CHECK(decode_query(bytes).has_value());
    store_little_endian(bytes.data() + 15, std::uint16_t{1025});
    bytes.push_back(std::byte{'n'});
    CHECK(decode_query(bytes).error().place == "stream name at byte 15");
    CHECK(decode_query(encoded(ReadStream{.stream = "n"})).has_value());
    ByteVector nameless = encoded(ReadStream{.stream = "n"});
    store_little_endian(nameless.data() + 15, std::uint16_t{0});
    nameless.pop_back();
    CHECK(decode_query(nameless).has_error());
}

TEST_CASE("query: an answer holds at most 4096 events", "[state]") {
    Answer answer;
    answer.events.resize(read_events_max);
    ByteVector bytes = encoded(answer);
    CHECK(decode_answer(bytes).has_value());
    store_little_endian(bytes.data() + 19, std::uint32_t{read_events_max + 1});
    bytes.resize(bytes.size() + 45);
    CHECK(decode_answer(bytes).error().place == "number of events at byte 19");
}

TEST_CASE("query: an event is found in the body of its entry", "[state]") {
    Append append{
        .streams = {{"a", {}}, {"b", {}}}, .events = {event_in(1, "x"), event_in(0, "yz")}};
    append.events[1].id = {8, 9};
    append.events[1].metadata = to_bytes("m");
    const EntryHandle body = encode_command(append);
    const EventLocation second{Position{11}, Revision{3}, Index{5}, 1};
    const auto event = extract_event(*body, second);
    REQUIRE(event.has_value());
    const RecordedEvent wanted{
        Position{11}, Revision{3}, "a", {8, 9}, "t", to_bytes("m"), to_bytes("yz"), false};
    CHECK(bool(*event == wanted));
    EventLocation beyond = second;
    beyond.slot = 2;
    CHECK(extract_event(*body, beyond).error().place == "entry 5 has no event in slot 2");
    CHECK(extract_event(*encode_command(RegisterSession{}), second).has_error());
}

TEST_CASE("query: an erased event keeps everything but its payload", "[state]") {
    const Append append{.streams = {{"a", {}}}, .events = {event_in(0, "secret"), event_in(0, "")}};
    const EntryHandle body = encode_command(append);
    const EntryHandle erased = EntryHandle::make(body.envelope(), {});
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
        const EventLocation location{Position{slot}, Revision{slot}, Index{1}, slot};
        const auto whole = extract_event(*body, location);
        const auto event = extract_event(*erased, location);
        REQUIRE(whole.has_value());
        REQUIRE(event.has_value());
        RecordedEvent wanted = *whole;
        wanted.payload.clear();
        wanted.erased = true;
        CHECK(bool(*event == wanted));
    }
    const ByteSpan cut = body.erasable().subspan(0, body.erasable().size() - 1);
    CHECK(extract_event(*EntryHandle::make(body.envelope(), cut), {}).has_error());
}

TEST_CASE("query: extraction survives any body", "[state]") {
    const Append append{
        .streams = {{"a", {}}, {"b", {}}}, .events = {event_in(1, "x"), event_in(0, "yz")}};
    const EntryHandle body = encode_command(append);
    for_each_damage(to_bytes(body.envelope()), [&body](const ByteVector& envelope) {
        const EntryHandle damaged = EntryHandle::make(envelope, body.erasable());
        const auto event = extract_event(*damaged, {Position{1}, Revision{0}, Index{1}, 1});
        const bool decodes = decode_command(envelope, body.erasable()).has_value();
        REQUIRE((!event.has_value() || decodes));
    });
}

}  // namespace
}  // namespace ledger::state
