#include "sim/check/durability.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

Digest hash_of(std::uint64_t mark) {
    Digest digest;
    store_little_endian(digest.bytes.data(), mark);
    return digest;
}

void commit(CommittedLog& log, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
        const EntryRef noop{.index = Index{i}, .term = Term{1}, .kind = EntryKind::noop};
        REQUIRE_FALSE(log.applied(
            NodeId{1}, Index{i}, Term{1}, EntryKind::noop, hash_of(i), Hash128{}, &noop, {}));
    }
}

constexpr NodeId voters[] = {NodeId{1}, NodeId{2}, NodeId{3}};
constexpr Electorate three[] = {voters};

Acknowledgement acknowledgement(Index index, std::span<const NodeId> holders) {
    return {.client = ClientId{3},
        .session = SessionId{12},
        .sequence = Sequence{5},
        .index = index,
        .holders = holders,
        .electorates = three};
}

const NodeId n1{1};
const NodeId n2{2};
const NodeId n3{3};

}  // namespace

TEST_CASE("durability: a quorum of disks is enough", "[check]") {
    CommittedLog log;
    commit(log, 2);
    Durability check(log);
    const NodeId holders[] = {n1, n3};
    CHECK_FALSE(check.acknowledged(acknowledgement(Index{2}, holders)));
    check.holds(n1, Index{2}, hash_of(2));
    check.holds(n3, Index{2}, hash_of(2));
    CHECK_FALSE(check.finish(three));
    CHECK(check.promises() == 1);
    CHECK(check.result() == CheckResult{"durability", CheckResult::Verdict::ok, 1});
}

TEST_CASE("durability: an early acknowledgement names client, index and disks", "[check]") {
    CommittedLog log;
    Durability check(log);
    const NodeId holders[] = {n1};
    CHECK(check.acknowledged(acknowledgement(Index{812}, holders)) ==
          "append of client 3 (session 12, sequence 5) was acknowledged at index 812 but is on the "
          "disk of only 1 of 3 replicas (n1)");
    CHECK(check.acknowledged(acknowledgement(Index{813}, {})) ==
          "append of client 3 (session 12, sequence 5) was acknowledged at index 813 but is on the "
          "disk of none of 3 replicas");
    CHECK(check.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE("durability: what was acknowledged must still be there at the end", "[check]") {
    CommittedLog log;
    commit(log, 2);
    Durability check(log);
    const NodeId holders[] = {n1, n2};
    REQUIRE_FALSE(check.acknowledged(acknowledgement(Index{2}, holders)));
    check.holds(n1, Index{2}, hash_of(2));
    SECTION("gone") {}
    SECTION("another entry is no copy") {
        check.holds(n2, Index{2}, hash_of(7));
    }
    SECTION("one disk told twice is one disk") {
        check.holds(n1, Index{2}, hash_of(2));
    }
    CHECK(check.finish(three) ==
          "append of client 3 (session 12, sequence 5), acknowledged at index 2, is on the disk of "
          "only 1 of 3 replicas (n1) at the end");
}

TEST_CASE("durability: a joint configuration needs a majority of each half", "[check]") {
    CommittedLog log;
    Durability check(log);
    const NodeId n4{4};
    const NodeId n5{5};
    const NodeId after[] = {n3, n4, n5};
    const Electorate both[] = {voters, after};
    const NodeId enough[] = {n1, n3, n4};
    const NodeId three_of_five[] = {n3, n4, n5};
    Acknowledgement made = acknowledgement(Index{7}, enough);
    made.electorates = both;
    CHECK_FALSE(check.acknowledged(made));
    made.holders = three_of_five;  // a majority of all that vote, and not of those who did
    CHECK(check.acknowledged(made) ==
          "append of client 3 (session 12, sequence 5) was acknowledged at index 7 but is on the "
          "disk of only 1 of 3 replicas (n3)");
}

}  // namespace ledger::check::test
