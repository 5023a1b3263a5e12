#include "node/event_codec.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "node/codec.h"
#include "tests/node/generators.h"
#include "tests/node/golden.h"
#include "tests/node/samples.h"

namespace ledger::node {

namespace {

ByteVector bytes_of(const Event& event) {
    ByteVector out;
    encode_event(event, out);
    return out;
}

Hash128 hash_of(const Event& event) {
    Hash128 hash;
    hash_event(event, hash);
    return hash;
}

CodecErrc code_of(const Result<Event>& result) {
    REQUIRE_FALSE(result.has_value());
    REQUIRE(result.error().code.category() == codec_category());
    CHECK(result.error().place.find("byte") != std::string::npos);
    return static_cast<CodecErrc>(result.error().code.value());
}

std::uint32_t count_distinct_hashes(const std::vector<Event>& events) {
    std::vector<Hash128> seen;
    for (const Event& event : events) {
        const Hash128 hash = hash_of(event);
        if (std::find(seen.begin(), seen.end(), hash) == seen.end()) {
            seen.push_back(hash);
        }
    }
    return static_cast<std::uint32_t>(seen.size());
}

}  // namespace

TEST_CASE("event_codec: the fields of a start come back as they were", "[node]") {
    const Event event = Start{test::sample_recovered(), WallTime{-5}};
    const auto decoded = decode_event(bytes_of(event));
    REQUIRE(decoded.has_value());
    const auto* start = std::get_if<Start>(&*decoded);
    REQUIRE(start != nullptr);
    const log::Recovered expected = test::sample_recovered();
    CHECK(start->wall == WallTime{-5});
    CHECK((start->recovered.incarnation == expected.incarnation));
    CHECK((start->recovered.hard_state == expected.hard_state));
    CHECK((start->recovered.previous == expected.previous));
    CHECK((start->recovered.configuration == expected.configuration));
    CHECK((start->recovered.first == expected.first));
    CHECK((start->recovered.last == expected.last));
    CHECK((start->recovered.terms == expected.terms));
    CHECK((start->recovered.commit == expected.commit));
    CHECK((start->recovered.commit_hash == expected.commit_hash));
    CHECK((start->recovered.tail == expected.tail));
    CHECK((start->recovered.last_cluster_time == expected.last_cluster_time));
    CHECK((start->recovered.last_wall_time == expected.last_wall_time));
    CHECK(start->recovered.torn_bytes == expected.torn_bytes);
    CHECK(start->recovered.torn_entries == expected.torn_entries);
}

TEST_CASE("event_codec: the wall clock of a wake comes back and is hashed", "[node]") {
    const auto decoded = decode_event(bytes_of(Time{WallTime{-7}}));
    REQUIRE(decoded.has_value());
    REQUIRE(std::holds_alternative<Time>(*decoded));
    CHECK(std::get<Time>(*decoded).wall == WallTime{-7});
    CHECK(hash_of(Time{WallTime{1}}) != hash_of(Time{WallTime{2}}));
}

TEST_CASE("event_codec: messages, requests and loads come back as they were", "[node]") {
    rc::prop("equal values", [] {
        const Event event = test::any_event();
        const auto decoded = decode_event(bytes_of(event));
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->index() == event.index());
        if (const auto* message = std::get_if<Message>(&event)) {
            RC_ASSERT(std::get_if<Message>(&*decoded)->message == message->message);
        }
        if (const auto* client = std::get_if<Client>(&event)) {
            RC_ASSERT((std::get_if<Client>(&*decoded)->client == client->client));
            RC_ASSERT(std::get_if<Client>(&*decoded)->request == client->request);
        }
        if (const auto* loaded = std::get_if<Loaded>(&event)) {
            RC_ASSERT(std::get_if<Loaded>(&*decoded)->request == loaded->request);
            RC_ASSERT(std::get_if<Loaded>(&*decoded)->entries == loaded->entries);
            RC_ASSERT(std::get_if<Loaded>(&*decoded)->failed == loaded->failed);
        }
    });
}

TEST_CASE("event_codec: a journey keeps bytes and hash", "[node]") {
    rc::prop("encode(decode(b)) == b", [] {
        const Event event = test::any_event();
        const ByteVector bytes = bytes_of(event);
        const auto decoded = decode_event(bytes);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(bytes_of(*decoded) == bytes);
        RC_ASSERT(hash_of(*decoded) == hash_of(event));
    });
}

TEST_CASE("event_codec: every event cut anywhere names the place", "[node]") {
    for (const test::NamedEvent& sample : test::sample_events()) {
        INFO(sample.name);
        ByteVector bytes = bytes_of(sample.event);
        for (std::uint32_t length = 0; length < bytes.size(); ++length) {
            CHECK(code_of(decode_event(ByteSpan(bytes).first(length))) == CodecErrc::malformed);
        }
        bytes.push_back(std::byte{0});
        const auto longer = decode_event(bytes);
        CHECK(code_of(longer) == CodecErrc::malformed);
        CHECK(longer.error().place.find("the end of the event") != std::string::npos);
    }
}

TEST_CASE("event_codec: wrong numbers, flags and kinds name what was expected", "[node]") {
    const auto place_of = [](const ByteVector& bytes) {
        const auto decoded = decode_event(bytes);
        CHECK(code_of(decoded) == CodecErrc::malformed);
        return decoded.error().place;
    };
    ByteVector time = bytes_of(Time{});
    CHECK(time.size() == 2 + 8);
    time[1] = std::byte{12};
    CHECK(place_of(time) == "event before byte 2: expected the number of a known alternative");
    time[1] = std::byte{0};
    CHECK(place_of(time) == "event before byte 2: expected the number of a known alternative");
    time[0] = std::byte{1};
    CHECK(code_of(decode_event(time)) == CodecErrc::unsupported_version);

    ByteVector query =
        bytes_of(Client{ClientId{1}, {RequestId{2}, Query{{}, ReadLevel::applied}}});
    query.back() = std::byte{3};
    CHECK(place_of(query) == "event before byte 24: expected a known read level");

    ByteVector loaded = bytes_of(Loaded{4, {}, true});
    loaded[loaded.size() - 9] = std::byte{2};  // in front of the damaged index
    CHECK(place_of(loaded) == "event before byte 15: expected a flag of 0 or 1");

    // Version, number, request, count, index, term; then the kind.
    ByteVector entry = bytes_of(Loaded{4, {{test::sample_entry(1, 1, "e", ""), {}}}, false});
    const std::uint32_t kind_at = 2 + 8 + 4 + 8 + 8;
    REQUIRE(entry[kind_at] == std::byte{2});
    entry[kind_at] = std::byte{9};
    CHECK(place_of(entry) == "event before byte 31: expected a known kind of entry");
}

TEST_CASE("event_codec: counts and sizes are not believed beyond the bytes", "[node]") {
    ByteVector count = bytes_of(Loaded{4, {}, false});
    store_little_endian(count.data() + 10, std::uint32_t{0xffffffff});
    const auto refused = decode_event(count);
    CHECK(code_of(refused) == CodecErrc::malformed);
    CHECK(refused.error().place.find("a count that") != std::string::npos);

    // Version, number, request, count, index, term, kind, two stamps; then two sizes.
    ByteVector body = bytes_of(Loaded{4, {{test::sample_entry(1, 1, "e", ""), {}}}, false});
    const std::uint32_t sizes_at = 2 + 8 + 4 + 8 + 8 + 1 + 8 + 8;
    REQUIRE(load_little_endian<std::uint32_t>(body.data() + sizes_at) == 1);
    store_little_endian(body.data() + sizes_at, std::uint32_t{0xffffffff});
    const auto too_large = decode_event(body);
    CHECK(code_of(too_large) == CodecErrc::malformed);
    CHECK(too_large.error().place.find("entry_bytes_max") != std::string::npos);
    store_little_endian(body.data() + sizes_at, entry_bytes_max);
    CHECK(decode_event(body).error().place.find("ends early") != std::string::npos);
}

TEST_CASE("event_codec: random bytes are refused or are an event", "[node]") {
    rc::prop("canonical or refused", [](std::vector<std::uint8_t> bytes) {
        if (!bytes.empty()) {
            bytes[0] = 1;
        }
        if (bytes.size() > 1) {
            bytes[1] = static_cast<std::uint8_t>(bytes[1] % 10);
        }
        const ByteSpan input = std::as_bytes(std::span(bytes));
        const auto decoded = decode_event(input);
        if (decoded) {
            RC_ASSERT(bytes_of(*decoded) == ByteVector(input.begin(), input.end()));
        }
    });
}

TEST_CASE("event_codec: damaged events are refused or are another event", "[node]") {
    rc::prop("canonical or refused", [] {
        ByteVector bytes = bytes_of(test::any_event());
        const auto changes = *rc::gen::inRange(1, 5);
        for (int change = 0; change < changes; ++change) {
            const auto at = *rc::gen::inRange<std::uint64_t>(0, bytes.size());
            bytes[at] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
        }
        const auto decoded = decode_event(bytes);
        if (decoded) {
            RC_ASSERT(bytes_of(*decoded) == bytes);
        }
    });
}

TEST_CASE("event_codec: every kind of event has a hash of its own", "[node]") {
    std::vector<Event> events;
    for (const test::NamedEvent& sample : test::sample_events()) {
        events.push_back(sample.event);
    }
    CHECK(count_distinct_hashes(events) == events.size());
}

TEST_CASE("event_codec: the hash sees every byte that the layout has", "[node]") {
    for (const test::NamedEvent& sample : test::sample_events()) {
        INFO(sample.name);
        const ByteVector bytes = bytes_of(sample.event);
        const Hash128 hash = hash_of(sample.event);
        std::uint32_t unseen = 0;
        for (std::uint32_t bit = 8; bit < bytes.size() * 8; ++bit) {
            ByteVector changed = bytes;
            changed[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
            const auto decoded = decode_event(changed);
            unseen += decoded && hash_of(*decoded) == hash ? 1u : 0u;
        }
        CHECK(unseen == 0);
    }
}

TEST_CASE("event_codec: the hash depends on the order of events", "[node]") {
    Hash128 forth;
    hash_event(PeerUp{NodeId{1}}, forth);
    hash_event(PeerDown{NodeId{1}}, forth);
    Hash128 back;
    hash_event(PeerDown{NodeId{1}}, back);
    hash_event(PeerUp{NodeId{1}}, back);
    CHECK_FALSE(forth == back);
}

TEST_CASE("event_codec: the events of the golden file are written and read", "[node]") {
    std::vector<test::NamedBytes> today;
    Hash128 hash;
    for (const test::NamedEvent& sample : test::sample_events()) {
        today.push_back({sample.name, bytes_of(sample.event)});
        hash_event(sample.event, hash);
    }
    // The hash over all samples: equal on every compiler and build type.
    ByteVector sum;
    ByteWriter writer(sum);
    writer.u64(hash.high());
    writer.u64(hash.low());
    today.push_back({"hash_of_all", sum});
    const auto stored = test::check_golden("node/events.txt", today);
    REQUIRE(stored.size() == today.size());
    for (std::uint32_t at = 0; at + 1 < stored.size(); ++at) {
        INFO(stored[at].name);
        const auto decoded = decode_event(stored[at].bytes);
        REQUIRE(decoded.has_value());
        CHECK(bytes_of(*decoded) == stored[at].bytes);
    }
}

}  // namespace ledger::node
