#include "raft/configuration_body.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

Configuration any_configuration() {
    Configuration configuration;
    for (std::uint32_t id = 1; id <= 12; ++id) {
        const int place = *rc::gen::inRange(0, 5);
        if (place == 0 || id == 1) {
            configuration.voters.insert(NodeId{id});
        } else if (place == 1) {
            configuration.learners.insert(NodeId{id});
        } else if (place == 2) {
            configuration.outgoing.insert(NodeId{id});
        }
    }
    for (NodeId node : configuration.members()) {
        Member member{.node = node};
        member.incarnation = Incarnation{*rc::gen::arbitrary<std::uint64_t>()};
        member.priority = *rc::gen::arbitrary<std::uint8_t>();
        member.promote = !configuration.is_voter(node) && *rc::gen::arbitrary<bool>();
        member.replaces = member.promote ? NodeId{1} : NodeId{};
        configuration.set_member(member);
    }
    configuration.recoveries = *rc::gen::inRange<std::uint32_t>(0, 3);
    return configuration;
}

}  // namespace

TEST_CASE("configuration_body: any configuration comes back as it was", "[raft]") {
    CHECK(rc::check("decode undoes encode", [] {
        const Configuration configuration = any_configuration();
        RC_ASSERT(fault_of(configuration).empty());
        const EntryRef entry = configuration_entry(configuration);
        RC_ASSERT(entry.bytes == entry.handle->size());
        RC_ASSERT(configuration_of(entry) == configuration);
    }));
}

TEST_CASE("configuration_body: damaged bytes are refused or mean something well-formed", "[raft]") {
    CHECK(rc::check("one changed byte trips no assert", [] {
        ByteVector bytes;
        encode_configuration(any_configuration(), bytes);
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] = static_cast<std::byte>(*rc::gen::arbitrary<std::uint8_t>());
        const std::optional<Configuration> found = decode_configuration(bytes);
        // The macro takes the condition apart, so that || would look at both sides.
        const bool refused_or_fine = !found || fault_of(*found).empty();
        RC_ASSERT(refused_or_fine);
        bytes.resize(at);
        RC_ASSERT(!decode_configuration(bytes));
    }));
}

TEST_CASE("configuration_body: the bytes are the documented ones", "[raft]") {
    Configuration configuration = voters_1_to(2);
    configuration.learners.insert(NodeId{3});
    configuration.set_member({.node = NodeId{3}, .incarnation = Incarnation{9}, .priority = 4,
        .promote = true, .replaces = NodeId{2}});
    ByteVector bytes;
    encode_configuration(configuration, bytes);
    const std::vector<int> expected{1, 2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 3, 0, 0, 0, 1, 3, 0, 0, 0, 9,
        0, 0, 0, 0, 0, 0, 0, 4, 2, 2, 0, 0, 0};
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK(static_cast<int>(bytes[i]) == expected[i]);
    }
    CHECK_FALSE(configuration_of(entry_at(1, 1)));

    configuration.recoveries = 258;
    ByteVector recovered;
    encode_configuration(configuration, recovered);
    REQUIRE(recovered.size() == bytes.size() + 4);
    CHECK(recovered[0] == std::byte{2});
    CHECK(recovered[bytes.size()] == std::byte{2});
    CHECK(recovered[bytes.size() + 1] == std::byte{1});
    recovered[bytes.size()] = recovered[bytes.size() + 1] = std::byte{0};
    CHECK_FALSE(decode_configuration(recovered));  // no recovery is written as version 1
}

}  // namespace ledger::raft
