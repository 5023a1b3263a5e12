#include "log/state/command.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/state/damage.h"
#include "tests/log/state/examples.h"
#include "log/base/sha256.h"
#include "log/state/command_view.h"

namespace ledger::state {
namespace {

Append example() {
    Append append;
    append.session = SessionId{7};
    append.sequence = Sequence{3};
    append.acknowledged_through = Sequence{2};
    append.streams = {{"orders", {Expected::Kind::exact, Revision{9}}}, {"audit", {}}};
    append.events = {event_in(0, "paid"), event_in(1, ""), event_in(0, "sent")};
    append.events[0].salt = {1, 2};
    append.events[0].metadata = to_bytes("m");
    return append;
}

Errc reason(const Error& error) {
    REQUIRE(error.code.category() == state_category());
    return static_cast<Errc>(error.code.value());
}

// The reason for refusing it before it is encoded; the same limits as the decoder's.
Errc refused(const Append& append) {
    const auto checked = check_command(append);
    REQUIRE(checked.has_error());
    return reason(checked.error());
}

Result<Command> decoded(const EntryHandle& body) {
    return decode_command(body.envelope(), body.erasable());
}

TEST_CASE("command: decoding returns what was encoded", "[state]") {
    rc::prop("append", [] {
        const Append append = *any::append();
        RC_ASSERT(check_command(append).has_value());
        const EntryHandle body = encode_command(append);
        const auto back = decoded(body);
        RC_ASSERT(back.has_value());
        RC_ASSERT(*back == Command{append});
        RC_ASSERT(verify_commitments(*body).has_value());
    });
    const EntryHandle registration = encode_command(RegisterSession{});
    CHECK(*decoded(registration) == Command{RegisterSession{}});
    CHECK(verify_commitments(*registration).has_value());
}

TEST_CASE("command: the view sees the fields where they lie", "[state]") {
    const EntryHandle body = encode_command(example());
    const auto view = view_command(body.envelope());
    REQUIRE(view.has_value());
    const auto* append = std::get_if<AppendView>(&*view);
    REQUIRE(append != nullptr);
    CHECK(append->session == SessionId{7});
    CHECK(append->erasable_bytes == body.erasable().size());
    StreamCursor streams(*append);
    CHECK(streams.next().name == "orders");
    CHECK(streams.next().name == "audit");
    CHECK(streams.done());
    EventCursor events(*append);
    CHECK(events.next().erasable_offset == 0);
    CHECK(events.next().erasable_offset == 20);
    const EventView last = events.next();
    CHECK(last.erasable_offset == 36);
    CHECK(as_text(body.erasable().subspan(last.erasable_offset + salt_bytes)) == "sent");
    CHECK(last.type.data() >= as_text(body.envelope()).data());
    CHECK(events.done());
}

TEST_CASE("command: damaged bytes are refused or are another command", "[state]") {
    const EntryHandle body = encode_command(example());
    for_each_damage(to_bytes(body.envelope()), [&body](const ByteVector& envelope) {
        const auto command = decode_command(envelope, body.erasable());
        if (!command) {
            CHECK_FALSE(command.error().place.empty());
            return;
        }
        // Accepted bytes are the only encoding of what they mean, commitments aside.
        REQUIRE(check_command(*command).has_value());
        const EntryHandle damaged = EntryHandle::make(envelope, body.erasable());
        const EntryHandle again = encode_command(*command);
        const bool same = to_bytes(again.envelope()) == envelope;
        REQUIRE(same == verify_commitments(*damaged).has_value());
    });
}

TEST_CASE("command: any bytes are decoded without harm", "[state]") {
    rc::prop("random bytes", [] {
        ByteVector envelope = *any::bytes();
        const ByteVector erasable = *any::bytes();
        const auto command = decode_command(envelope, erasable);
        RC_ASSERT((command.has_value() || !command.error().place.empty()));
    });
    rc::prop("random bytes behind a valid head", [] {
        ByteVector envelope = {std::byte{1}, std::byte{1}};
        const ByteVector tail = *any::bytes();
        envelope.resize(26);
        envelope.insert(envelope.end(), {std::byte{1}, {}, {}, {}, std::byte{1}, {}, {}, {}});
        envelope.insert(envelope.end(), tail.begin(), tail.end());
        const auto view = view_command(envelope);
        RC_ASSERT((view.has_value() || !view.error().place.empty()));
    });
}

TEST_CASE("command: every flipped bit of the erasable part is found", "[state]") {
    const EntryHandle body = encode_command(example());
    const ByteVector erasable = to_bytes(body.erasable());
    for (std::uint64_t bit = 0; bit < erasable.size() * 8; ++bit) {
        ByteVector flipped = erasable;
        flipped[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        const auto verified = verify_commitments(*EntryHandle::make(body.envelope(), flipped));
        REQUIRE(verified.has_error());
        REQUIRE(reason(verified.error()) == Errc::wrong_commitment);
    }
}

TEST_CASE("command: every flipped bit of a commitment is found", "[state]") {
    const EntryHandle body = encode_command(example());
    // Header 34, streams 11 + 6 and 11 + 5; the commitment lies 24 bytes into the event.
    constexpr std::uint64_t commitment_at = 34 + 17 + 16 + 24;
    for (std::uint64_t bit = 0; bit < 256; ++bit) {
        ByteVector envelope = to_bytes(body.envelope());
        envelope[commitment_at + bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        const auto verified = verify_commitments(*EntryHandle::make(envelope, body.erasable()));
        REQUIRE(verified.has_error());
        REQUIRE(reason(verified.error()) == Errc::wrong_commitment);
        REQUIRE(verified.error().place == "event 0");
    }
}

TEST_CASE("command: a commitment is SHA-256 over salt and payload", "[state]") {
    const EntryHandle body = encode_command(example());
    const auto view = view_command(body.envelope());
    EventCursor events(*std::get_if<AppendView>(&*view));
    ByteVector committed(16);
    committed[0] = std::byte{1};
    committed[8] = std::byte{2};
    for (char c : std::string("paid")) {
        committed.push_back(static_cast<std::byte>(c));
    }
    CHECK(to_bytes(events.next().commitment) == to_bytes(sha256(committed).span()));
}

TEST_CASE("command: a destroyed erasable part is told from a damaged one", "[state]") {
    const EntryHandle body = encode_command(example());
    const auto erased = decode_command(body.envelope(), {});
    REQUIRE(erased.has_error());
    CHECK(reason(erased.error()) == Errc::erased);
    CHECK(reason(verify_commitments(*EntryHandle::make(body.envelope(), {})).error()) ==
          Errc::erased);
    const auto cut = decode_command(body.envelope(), body.erasable().subspan(1));
    REQUIRE(cut.has_error());
    CHECK(reason(cut.error()) == Errc::malformed);
    const EntryHandle registration = encode_command(RegisterSession{});
    CHECK(decode_command(registration.envelope(), body.erasable()).has_error());
}

TEST_CASE("command: errors name the byte and the field", "[state]") {
    const EntryHandle body = encode_command(example());
    ByteVector envelope = to_bytes(body.envelope());
    envelope[34] = std::byte{9};
    CHECK(view_command(envelope).error().place == "expected kind at byte 34");
    envelope = to_bytes(body.envelope());
    envelope[0] = std::byte{2};
    const Error version = view_command(envelope).error();
    CHECK(reason(version) == Errc::unsupported_version);
    CHECK(version.place == "version at byte 0");
    CHECK(version.code.message() == "version is not supported");
    CHECK(view_command({}).error().place == "version at byte 0");
    CHECK(reason(view_command({}).error()) == Errc::malformed);
}

TEST_CASE("command: sequences in a session begin above what they acknowledge", "[state]") {
    Append append = example();
    append.acknowledged_through = append.sequence;
    CHECK(refused(append) == Errc::malformed);
    append.session = SessionId{};
    CHECK(check_command(append).has_value());
    CHECK(decoded(encode_command(append)).has_value());
    ByteVector envelope = to_bytes(encode_command(append).envelope());
    envelope[2] = std::byte{7};
    CHECK(view_command(envelope).error().place == "acknowledged through at byte 18");
}

TEST_CASE("command: a stream is named once, and never by nothing", "[state]") {
    // Few names are compared pairwise, many are sorted.
    for (const std::uint32_t count : {2u, 8u, 9u, 100u}) {
        Append append;
        for (std::uint32_t i = 0; i < count; ++i) {
            append.streams.push_back({std::string(1, static_cast<char>(i + 1)), {}});
        }
        const EntryHandle body = encode_command(append);
        CHECK(decoded(body).has_value());
        ByteVector envelope = to_bytes(body.envelope());
        envelope.back() = std::byte{1};
        const auto twice = view_command(envelope);
        REQUIRE(twice.has_error());
        CHECK(reason(twice.error()) == Errc::malformed);
        append.streams.back().stream = append.streams.front().stream;
        CHECK(refused(append) == Errc::malformed);
    }
    CHECK(refused(Append{.streams = {{"", {}}}}) == Errc::malformed);
    CHECK(refused(Append{.streams = {{"a", {}}}, .events = {event_in(1, "")}}) == Errc::malformed);
}

// Both sides of a limit: `at` is taken by check, encoder and decoder; `beyond` is refused by the
// check, and by the decoder when the length field at `offset` says one more.
template <typename Integer>
void check_limit(const Append& at, const Append& beyond, std::uint64_t offset, Integer one_more) {
    REQUIRE(check_command(at).has_value());
    const EntryHandle body = encode_command(at);
    REQUIRE(decoded(body).has_value());
    CHECK(refused(beyond) == Errc::beyond_limit);
    ByteVector envelope = to_bytes(body.envelope());
    store_little_endian(envelope.data() + offset, one_more);
    const auto view = view_command(envelope);
    REQUIRE(view.has_error());
    CHECK(reason(view.error()) == Errc::beyond_limit);
}

TEST_CASE("command: a limit takes its last byte and refuses the next", "[state]") {
    const auto sized = [](std::size_t name, std::size_t type, std::size_t metadata,
                           std::size_t payload) {
        return Append{.streams = {{std::string(name, 'n'), {}}},
            .events = {{.type = std::string(type, 't'),
                .metadata = ByteVector(metadata),
                .payload = ByteVector(payload)}}};
    };
    const std::uint64_t event_at = 34 + 11 + 1;
    check_limit(sized(1024, 0, 0, 0), sized(1025, 0, 0, 0), 34 + 9, std::uint16_t{1025});
    check_limit(sized(1, 256, 0, 0), sized(1, 257, 0, 0), event_at + 56, std::uint16_t{257});
    check_limit(sized(1, 0, 65536, 0), sized(1, 0, 65537, 0), event_at + 58, std::uint32_t{65537});
    check_limit(sized(1, 0, 0, 1u << 20), sized(1, 0, 0, (1u << 20) + 1), event_at + 20,
        std::uint32_t{(1u << 20) + 1});
}

TEST_CASE("command: a command has 4096 streams and events, not one more", "[state]") {
    Append streams;
    for (int i = 0; i < 4096; ++i) {
        streams.streams.push_back({std::to_string(i), {}});
    }
    Append more_streams = streams;
    more_streams.streams.push_back({"more", {}});
    check_limit(streams, more_streams, 26, std::uint32_t{4097});
    Append events{.streams = {{"s", {}}}, .events = std::vector<NewEvent>(4096)};
    Append more_events = events;
    more_events.events.emplace_back();
    check_limit(events, more_events, 30, std::uint32_t{4097});
}

TEST_CASE("command: a body fills an entry to its last byte", "[state]") {
    Append append{.streams = {{"s", {}}}};
    for (int i = 0; i < 8; ++i) {
        append.events.push_back({.payload = ByteVector(payload_bytes_max)});
    }
    CHECK(refused(append) == Errc::beyond_limit);
    const EntryHandle one = encode_command(Append{.streams = {{"s", {}}}});
    const std::uint64_t rest = entry_bytes_max - one->size() - 8 * (62 + 16);
    append.events[7].payload.resize(rest - 7 * std::uint64_t{payload_bytes_max});
    REQUIRE(check_command(append).has_value());
    const EntryHandle full = encode_command(append);
    CHECK(full->size() == entry_bytes_max);
    CHECK(decoded(full).has_value());
    // The envelope alone names one byte more than an entry holds.
    ByteVector envelope = to_bytes(full.envelope());
    const std::uint64_t last = envelope.size() - 62 + 20;
    const auto payload = load_little_endian<std::uint32_t>(envelope.data() + last);
    store_little_endian(envelope.data() + last, payload + 1);
    REQUIRE(view_command(envelope).has_error());
    CHECK(reason(view_command(envelope).error()) == Errc::beyond_limit);
}

}  // namespace
}  // namespace ledger::state
