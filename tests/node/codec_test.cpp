#include "node/codec.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "node/frame.h"
#include "node/wire_size.h"
#include "tests/node/generators.h"
#include "tests/node/golden.h"
#include "tests/node/samples.h"

namespace ledger::node {

namespace {

CodecErrc code_of(const Result<Decoded>& result) {
    REQUIRE_FALSE(result.has_value());
    REQUIRE(result.error().code.category() == codec_category());
    CHECK_FALSE(result.error().place.empty());
    return static_cast<CodecErrc>(result.error().code.value());
}

// Whatever came out of bytes that nobody honest wrote must still keep every promise that the
// replica relies on, be no larger than its frame, and survive another journey.
bool within_limits(const Decoded& message, std::uint64_t frame_bytes) {
    std::uint64_t content = 0;
    bool ordered = true;
    const auto* peer = std::get_if<PeerMessage>(&message);
    const auto* append = peer ? raft_message<raft::AppendRequest>(*peer) : nullptr;
    if (append != nullptr) {
        LogId last = append->previous;
        for (const EntryRef& entry : append->entries) {
            ordered =
                ordered && entry.index == last.index.next() && entry.term >= last.term &&
                entry.term <= append->term &&
                known_entry_kind(static_cast<std::uint8_t>(entry.kind)) &&
                entry.bytes == entry.handle.envelope().size() + entry.handle.erasable().size();
            last = entry.id();
            content += entry.bytes;
        }
        ordered = ordered && append->entries.size() <= frame_bytes / 8;
    }
    const auto again = decode(test::frame_of(message));
    return ordered && content <= frame_bytes && again && *again == message;
}

// Payloads whose checksums are right but whose content is garbage.
bool refused_or_within_limits(ByteVector frame) {
    seal_frame(frame, static_cast<FrameKind>(frame[6]));
    const auto decoded = decode(frame);
    if (decoded) {
        return within_limits(*decoded, frame.size());
    }
    const auto code = decoded.error().code;
    return code == make_error_code(CodecErrc::malformed) && !decoded.error().place.empty();
}

// A frame with one word of its payload, counted from the segment table, set to `value`.
ByteVector with_word(ByteVector frame, std::uint32_t word, std::uint64_t value) {
    store_little_endian(frame.data() + frame_header_bytes + 8 * word, value);
    seal_frame(frame, static_cast<FrameKind>(frame[6]));
    return frame;
}

ByteVector append_frame(raft::AppendRequest message) {
    return test::frame_of(test::sample_peer_message(std::move(message)));
}

}  // namespace

TEST_CASE("codec: every kind of message comes back as it was", "[node]") {
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        const ByteVector frame = test::frame_of(sample.message);
        CHECK(frame.size() % 8 == 0);
        REQUIRE(frame_size(frame).has_value());
        CHECK(*frame_size(frame) == frame.size());
        const auto decoded = decode(frame);
        REQUIRE(decoded.has_value());
        CHECK((*decoded == sample.message));
    }
}

TEST_CASE("codec: any message comes back as it was", "[node]") {
    rc::prop("decode(encode(m)) == m", [] {
        const Decoded message = test::any_message();
        const auto decoded = decode(test::frame_of(message));
        RC_ASSERT(decoded.has_value());
        RC_ASSERT((*decoded == message));
    });
}

TEST_CASE("codec: equal messages have equal bytes, wherever they are written", "[node]") {
    rc::prop("offset changes nothing", [] {
        const Decoded message = test::any_message();
        const ByteVector frame = test::frame_of(message);
        const auto offset = *rc::gen::inRange<std::uint32_t>(0, 17);
        ByteVector stream(offset, std::byte{0x5a});
        test::encode_any(message, stream);
        RC_ASSERT(stream.size() == offset + frame.size());
        const ByteSpan written = ByteSpan(stream).subspan(offset);
        RC_ASSERT(std::equal(written.begin(), written.end(), frame.begin()));
        RC_ASSERT(std::all_of(stream.begin(), stream.begin() + offset,
            [](std::byte b) { return b == std::byte{0x5a}; }));
        const auto decoded = decode(written);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT((*decoded == message));
    });
}

TEST_CASE("codec: frames of a stream are found one after the other", "[node]") {
    ByteVector stream;
    for (const test::NamedMessage& sample : test::sample_messages()) {
        test::encode_any(sample.message, stream);
    }
    ByteSpan rest = stream;
    for (const test::NamedMessage& sample : test::sample_messages()) {
        const auto size = frame_size(rest);
        REQUIRE(size.has_value());
        const auto decoded = decode(rest.first(*size));
        REQUIRE(decoded.has_value());
        CHECK((*decoded == sample.message));
        rest = rest.subspan(*size);
    }
    CHECK(rest.empty());
}

TEST_CASE("codec: every single flipped bit of every kind of frame is rejected", "[node]") {
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        ByteVector frame = test::frame_of(sample.message);
        std::uint32_t accepted = 0;
        for (std::uint32_t bit = 0; bit < frame.size() * 8; ++bit) {
            const auto mask = static_cast<std::byte>(1 << (bit % 8));
            frame[bit / 8] ^= mask;
            accepted += decode(frame) ? 1u : 0u;
            frame[bit / 8] ^= mask;
        }
        CHECK(accepted == 0);
    }
}

TEST_CASE("codec: damage anywhere never yields a different message", "[node]") {
    rc::prop("rejected or equal", [] {
        const Decoded message = test::any_message();
        ByteVector frame = test::frame_of(message);
        const auto flips = *rc::gen::inRange(1, 40);
        for (int flip = 0; flip < flips; ++flip) {
            const auto bit = *rc::gen::inRange<std::uint64_t>(0, frame.size() * 8);
            frame[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        }
        const auto decoded = decode(frame);
        RC_ASSERT((!decoded || *decoded == message));
    });
}

TEST_CASE("codec: a frame cut anywhere is truncated", "[node]") {
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        const ByteVector frame = test::frame_of(sample.message);
        for (std::uint32_t length = 0; length < frame.size(); ++length) {
            CHECK(code_of(decode(ByteSpan(frame).first(length))) == CodecErrc::truncated);
        }
    }
}

TEST_CASE("codec: random bytes are no message", "[node]") {
    rc::prop("refused", [](const std::vector<std::uint8_t>& bytes) {
        RC_ASSERT(!decode(std::as_bytes(std::span(bytes))));
    });
}

TEST_CASE("codec: random payloads under right checksums are refused or harmless", "[node]") {
    rc::prop("random words", [] {
        const auto words = *rc::gen::container<std::vector<std::uint64_t>>(
            rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(),
                rc::gen::inRange<std::uint64_t>(0, 1 << 20), rc::gen::just<std::uint64_t>(0)));
        ByteVector frame(frame_header_bytes);
        ByteWriter writer(frame);
        // A plausible segment table and root pointer let the garbage in.
        writer.u32(0);
        writer.u32(static_cast<std::uint32_t>(words.size() + 1));
        writer.u64(*rc::gen::element<std::uint64_t>(0x0001000a00000000, 0x0001000200000000, 0));
        for (const std::uint64_t word : words) {
            writer.u64(word);
        }
        frame[6] = static_cast<std::byte>(*rc::gen::inRange(1, 4));
        RC_ASSERT(refused_or_within_limits(frame));
    });
}

TEST_CASE("codec: damaged payloads under right checksums are refused or harmless", "[node]") {
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        const ByteVector frame = test::frame_of(sample.message);
        // Every byte of the payload, with values that hit pointers, counts and enums.
        for (std::uint32_t at = frame_header_bytes; at < frame.size(); ++at) {
            for (const unsigned value : {0x00u, 0x01u, 0x02u, 0x07u, 0x0fu, 0x7fu, 0x80u, 0xffu}) {
                ByteVector damaged = frame;
                damaged[at] = static_cast<std::byte>(value);
                REQUIRE(refused_or_within_limits(std::move(damaged)));
            }
        }
        // Cut at every word.
        for (std::uint64_t size = frame_header_bytes; size < frame.size(); size += 8) {
            ByteVector cut = frame;
            cut.resize(size);
            REQUIRE(refused_or_within_limits(std::move(cut)));
        }
    }
    rc::prop("several words at once", [] {
        ByteVector frame = test::frame_of(test::any_message());
        const auto changes = *rc::gen::inRange(1, 6);
        for (int change = 0; change < changes; ++change) {
            const auto at = *rc::gen::inRange<std::uint64_t>(frame_header_bytes, frame.size());
            frame[at] = *rc::gen::map(rc::gen::arbitrary<std::uint8_t>(),
                [](std::uint8_t value) { return static_cast<std::byte>(value); });
        }
        RC_ASSERT(refused_or_within_limits(frame));
    });
}

TEST_CASE("codec: entries that Raft could not have sent are malformed", "[node]") {
    const raft::AppendRequest honest = test::sample_append_request();
    CHECK(decode(append_frame(honest)).has_value());
    const auto refused_field = [](raft::AppendRequest message, const std::string& field) {
        const auto decoded = decode(append_frame(std::move(message)));
        CHECK(code_of(decoded) == CodecErrc::malformed);
        CHECK(decoded.error().place == "peer message: field " + field + " is out of range");
    };
    raft::AppendRequest gap = honest;
    gap.entries.erase(gap.entries.begin() + 1);
    refused_field(gap, "entry.index");
    raft::AppendRequest falling = honest;
    falling.entries[2].term = Term{5};
    refused_field(falling, "entry.term");
    raft::AppendRequest future = honest;
    future.term = Term{6};
    refused_field(future, "entry.term");
    raft::AppendRequest kind = honest;
    kind.entries[0].kind = static_cast<EntryKind>(0);
    refused_field(kind, "entry.kind");
    kind.entries[0].kind = static_cast<EntryKind>(9);
    refused_field(kind, "entry.kind");
    raft::AppendRequest overflow = honest;
    overflow.previous.index = Index{std::numeric_limits<std::uint64_t>::max()};
    overflow.entries = {test::sample_entry(0, 6, "", "")};
    refused_field(overflow, "previousIndex");
    raft::AppendRequest beyond = honest;
    beyond.previous.index = Index{INT64_MAX};
    beyond.entries = {test::sample_entry(std::uint64_t{INT64_MAX} + 1, 6, "", "")};
    refused_field(beyond, "entry.index");
}

TEST_CASE("codec: the largest request of a catch-up fits into a frame and comes back", "[node]") {
    const raft::Config config;
    CHECK(append_request_bytes_max(config) <= frame_bytes_max);
    raft::AppendRequest bulk{Term{3}, {}, {}, 1, {}};
    const std::uint64_t each = config.catch_up_bytes_max / config.catch_up_entries_max;
    const std::string body(each, 'x');
    for (std::uint64_t i = 1; i <= config.catch_up_entries_max; ++i) {
        bulk.entries.push_back(test::sample_entry(i, 3, body, ""));
    }
    const ByteVector frame = append_frame(bulk);
    CHECK(frame.size() <= append_request_bytes_max(config));
    const auto decoded = decode(frame);
    REQUIRE(decoded.has_value());
    const auto* message = std::get_if<PeerMessage>(&*decoded);
    REQUIRE(message != nullptr);
    CHECK(message->body == PeerBody(raft::Message(bulk)));
}

TEST_CASE("codec: terms and indexes that could overflow are malformed", "[node]") {
    const std::uint64_t huge = std::uint64_t{INT64_MAX} + 1;
    const LogId huge_term{Term{huge}, Index{1}};
    const LogId huge_index{Term{1}, Index{huge}};
    const std::vector<raft::Message> bodies{
        raft::PreVoteRequest{Term{huge}, Term{1}, {}, 1},
        raft::PreVoteRequest{Term{1}, Term{huge}, {}, 1},
        raft::PreVoteRequest{Term{1}, Term{1}, huge_term, 1},
        raft::PreVoteRequest{Term{1}, Term{1}, huge_index, 1},
        raft::PreVoteResponse{Term{1}, Term{huge}, 1, true},
        raft::VoteRequest{Term{1}, huge_term, false},
        raft::VoteRequest{Term{1}, huge_index, false},
        raft::VoteResponse{Term{huge}, true},
        raft::AppendRequest{Term{1}, huge_term, Index{1}, 1, {}},
        raft::AppendRequest{Term{1}, {}, Index{huge}, 1, {}},
        raft::AppendResponse{Term{1}, 1, true, Index{huge}, Index{1}, {}},
        raft::AppendResponse{Term{1}, 1, true, Index{1}, Index{huge}, {}},
        raft::AppendResponse{Term{1}, 1, false, Index{1}, Index{1}, huge_term},
        raft::AppendResponse{Term{1}, 1, false, Index{1}, Index{1}, huge_index},
        raft::Heartbeat{Term{1}, Index{huge}, 1},
        raft::HeartbeatResponse{Term{huge}, 1},
    };
    for (const raft::Message& body : bodies) {
        const ByteVector frame = test::frame_of(test::sample_peer_message(body));
        CHECK(code_of(decode(frame)) == CodecErrc::malformed);
    }
    CHECK(code_of(decode(test::frame_of(ClientReply{RequestId{1}, Applied{Index{huge}, {}}}))) ==
          CodecErrc::malformed);
    CHECK(code_of(decode(test::frame_of(ClientReply{RequestId{1}, Answered{Index{huge}, {}}}))) ==
          CodecErrc::malformed);
}

TEST_CASE("codec: a status of an unknown role or an overflowing count is malformed", "[node]") {
    StatusAnswer status = test::sample_status();
    REQUIRE(decode(test::frame_of(ClientReply{RequestId{1}, status})).has_value());
    for (const int role : {0, 5, 255}) {
        status.role = static_cast<raft::Role>(role);
        CHECK(code_of(decode(test::frame_of(ClientReply{RequestId{1}, status}))) ==
              CodecErrc::malformed);
    }
    status = test::sample_status();
    status.length = Position{std::uint64_t{1} << 63};
    CHECK(code_of(decode(test::frame_of(ClientReply{RequestId{1}, status}))) ==
          CodecErrc::malformed);
}

TEST_CASE("codec: unions with alternatives of a newer program are malformed", "[node]") {
    // Wherever the schema compiler has put the discriminant: every 16-bit place is tried.
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        if (std::holds_alternative<PeerHello>(sample.message)) {
            continue;  // it has no union
        }
        const ByteVector frame = test::frame_of(sample.message);
        bool unknown_union = false;
        for (std::uint32_t at = frame_header_bytes + 16; at + 2 <= frame.size(); at += 2) {
            ByteVector changed = frame;
            store_little_endian(changed.data() + at, std::uint16_t{99});
            seal_frame(changed, static_cast<FrameKind>(changed[6]));
            const auto decoded = decode(changed);
            unknown_union = unknown_union || (!decoded && decoded.error().place.find("union of") !=
                                                              std::string::npos);
        }
        CHECK(unknown_union);
    }
}

TEST_CASE("codec: pointers that share bytes cannot make a message grow", "[node]") {
    // Two entries; the second one's body pointer is aimed at the first one's body.
    const std::string large(4096, 'x');
    raft::AppendRequest message{Term{1}, {}, {}, 1, {}};
    message.entries.push_back(test::sample_entry(1, 1, large, ""));
    message.entries.push_back(test::sample_entry(2, 1, "e", ""));
    const ByteVector frame = append_frame(message);
    REQUIRE(decode(frame).has_value());
    // Words: table, root pointer, 13 of the message, list tag, 2 entries of 5 data words and a
    // pointer. A pointer counts from the word behind itself; the two are 6 words apart.
    const std::uint32_t first = 1 + 1 + 13 + 1 + 5;
    const std::uint32_t second = first + 6;
    const auto pointer =
        load_little_endian<std::uint64_t>(frame.data() + frame_header_bytes + 8 * first);
    REQUIRE((pointer >> 35) == 4096);
    const std::uint64_t moved = pointer - (std::uint64_t{6} << 2);
    CHECK(code_of(decode(with_word(frame, second, moved))) == CodecErrc::malformed);
}

TEST_CASE("codec: bodies are split where the writer split them, within their size", "[node]") {
    const EntryHandle body = EntryHandle::make(as_bytes("command"), as_bytes("payload"));
    const ByteVector frame = test::frame_of(test::sample_command(RequestId{77}, body));
    const auto decoded = decode(frame);
    REQUIRE(decoded.has_value());
    const auto* request = std::get_if<ClientRequest>(&*decoded);
    REQUIRE(request != nullptr);
    const auto* command = std::get_if<Command>(&request->operation);
    REQUIRE(command != nullptr);
    CHECK(as_text(command->body.envelope()) == "command");
    CHECK(as_text(command->body.erasable()) == "payload");
    CHECK(command->body.envelope_digest() == sha256(as_bytes("command")));
    // Words of the payload: table, root pointer, id; the next one begins with envelopeBytes.
    const auto word = load_little_endian<std::uint64_t>(frame.data() + frame_header_bytes + 24);
    REQUIRE((word & 0xffffffff) == 7);
    CHECK(decode(with_word(frame, 3, word + 7)).has_value());
    const auto refused = decode(with_word(frame, 3, word + 8));
    CHECK(code_of(refused) == CodecErrc::malformed);
    CHECK(refused.error().place == "client request: field envelopeBytes is out of range");
}

TEST_CASE("codec: an empty body needs no bytes and comes back empty", "[node]") {
    const ClientRequest nothing{RequestId{1}, Command{}};
    const ClientRequest empty{RequestId{1}, Command{EntryHandle::make({}, {})}};
    CHECK(nothing == empty);
    CHECK(test::frame_of(nothing) == test::frame_of(empty));
    const auto decoded = decode(test::frame_of(empty));
    REQUIRE(decoded.has_value());
    CHECK((*decoded == Decoded{nothing}));
}

TEST_CASE("codec: a body beyond entry_bytes_max is malformed", "[node]") {
    // Bodies this large cannot be made, so one that just fits is enlarged in its pointer, and the
    // payload by the words that it now claims.
    const ByteVector largest(entry_bytes_max);
    ByteVector frame =
        test::frame_of(test::sample_command(RequestId{1}, EntryHandle::make({}, largest)));
    REQUIRE(decode(frame).has_value());
    const std::uint64_t words = (frame.size() - frame_header_bytes) / 8;
    const std::uint32_t pointer_word = 1 + 1 + 2;
    const auto pointer =
        load_little_endian<std::uint64_t>(frame.data() + frame_header_bytes + 8 * pointer_word);
    REQUIRE((pointer >> 35) == entry_bytes_max);
    frame.resize(frame.size() + 8);
    store_little_endian(frame.data() + frame_header_bytes + 4, static_cast<std::uint32_t>(words));
    const auto refused = decode(with_word(frame, pointer_word, pointer + (std::uint64_t{1} << 35)));
    CHECK(code_of(refused) == CodecErrc::malformed);
    CHECK(refused.error().place == "client request: field body is out of range");
}

TEST_CASE("codec: the frames of the golden file are written and read", "[node]") {
    std::vector<test::NamedBytes> today;
    for (const test::NamedMessage& sample : test::sample_messages()) {
        today.push_back({sample.name, test::frame_of(sample.message)});
    }
    const auto stored = test::check_golden("node/frames.txt", today);
    const auto samples = test::sample_messages();
    REQUIRE(stored.size() == samples.size());
    for (std::uint32_t at = 0; at < stored.size(); ++at) {
        INFO(stored[at].name);
        const auto decoded = decode(stored[at].bytes);
        REQUIRE(decoded.has_value());
        CHECK((*decoded == samples[at].message));
    }
}

}  // namespace ledger::node
