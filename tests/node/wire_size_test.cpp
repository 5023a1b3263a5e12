#include "node/wire_size.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "node/codec.h"
#include "tests/node/generators.h"
#include "tests/node/samples.h"

namespace ledger::node {

namespace {

// What wire_size.h promises about a model of the real frame.
bool models(std::uint64_t modelled, std::uint64_t real) {
    const bool not_larger = modelled * 4 <= real * 5;
    const bool not_smaller = real < 1024 || modelled * 4 >= real * 3;
    return not_larger && not_smaller;
}

std::uint64_t modelled_size(const Decoded& message) {
    return std::visit([](const auto& alternative) { return wire_size(alternative); }, message);
}

}  // namespace

TEST_CASE("wire_size: the model of every kind of message is near the real frame", "[node]") {
    for (const test::NamedMessage& sample : test::sample_messages()) {
        INFO(sample.name);
        const ByteVector frame = test::frame_of(sample.message);
        CHECK(models(modelled_size(sample.message), frame.size()));
        CHECK(modelled_size(sample.message) * 2 >= frame.size());
    }
}

TEST_CASE("wire_size: the formula is the documented one", "[node]") {
    using test::sample_peer_message;
    CHECK(wire_size(sample_peer_message(raft::Heartbeat{})) == 128);
    CHECK(wire_size(sample_peer_message(raft::AppendRequest{})) == 128);
    // Bodies of 0, 24 and 16 bytes.
    CHECK(wire_size(sample_peer_message(test::sample_append_request())) ==
          128 + 8 + 3 * 48 + 24 + 16);
    const auto peer_size = [](auto body) {
        PeerMessage message = sample_peer_message({});
        message.body.emplace<decltype(body)>(std::move(body));
        return wire_size(message);
    };
    CHECK(peer_size(FetchEntry{}) == 128);
    CHECK(peer_size(FetchedEntry{.cut = {}, .copy = {}}) == 128);
    CHECK(peer_size(FetchedEntry{.cut = {}, .copy = test::sample_entry(40, 5, "", "")}) == 128 + 48);
    CHECK(peer_size(FetchedEntry{.cut = {},
              .copy = test::sample_entry(40, 5, "envelope", "salt and payload")}) ==
          128 + 48 + 24);
    CHECK(peer_size(FetchedEntry{.cut = {}, .copy = test::sample_erased_entry(40, 5)}) ==
          128 + 48 + 8);
    const EntryHandle body = EntryHandle::make(as_bytes("command"), as_bytes("payload"));
    CHECK(wire_size(ClientRequest{RequestId{1}, Command{body}}) == 72 + 16);
    CHECK(wire_size(ClientRequest{RequestId{1}, Command{}}) == 72);
    CHECK(wire_size(ClientRequest{RequestId{1}, Query{ByteVector(17)}}) == 72 + 24);
    CHECK(wire_size(ClientRequest{RequestId{1}, StatusQuery{}}) == 72);
    CHECK(wire_size(ClientRequest{RequestId{1}, Subscribe{false, {}, "orders", 1}}) ==
          72 + 32 + 8);
    CHECK(wire_size(ClientRequest{RequestId{1}, Grant{RequestId{1}, 5}}) == 72 + 16);
    CHECK(wire_size(ClientRequest{RequestId{1}, Unsubscribe{RequestId{1}}}) == 72 + 16);
    CHECK(wire_size(ClientReply{RequestId{1}, Indeterminate{}}) == 80);
    CHECK(wire_size(ClientReply{RequestId{1}, StatusAnswer{}}) == 80 + 160);
    CHECK(wire_size(ClientReply{RequestId{1}, test::sample_status()}) == 80 + 160 + 8 + 3 * 40);
    CHECK(wire_size(ClientRequest{RequestId{1}, ChangeMembership{}}) == 72 + 16);
    CHECK(wire_size(ClientReply{RequestId{1}, Refused{"reason"}}) == 80 + 8);
    CHECK(wire_size(ClientReply{RequestId{1}, Answered{Index{1}, ByteVector(100)}}) == 80 + 104);
}

TEST_CASE("wire_size: the model of any message is near the real frame", "[node]") {
    rc::prop("within a quarter", [] {
        const Decoded message = test::any_message();
        const ByteVector frame = test::frame_of(message);
        RC_ASSERT(models(modelled_size(message), frame.size()));
    });
}

TEST_CASE("wire_size: the largest entry fits into a frame", "[node]") {
    const ByteVector payload(entry_bytes_max);
    EntryRef entry = test::sample_entry(1, 1, "", "");
    entry.bytes = entry_bytes_max;
    entry.handle = EntryHandle::make({}, payload);
    const PeerMessage message =
        test::sample_peer_message(raft::AppendRequest{Term{1}, {}, {}, 1, {entry}});
    const ByteVector frame = test::frame_of(message);
    CHECK(frame.size() <= frame_bytes_max);
    CHECK(models(wire_size(message), frame.size()));
}

}  // namespace ledger::node
