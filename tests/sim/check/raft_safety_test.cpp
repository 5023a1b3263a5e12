#include "sim/check/raft_safety.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

const NodeId n1{1};
const NodeId n2{2};

bool says(const Finding& finding, std::string_view part) {
    return finding && finding->find(part) != std::string::npos;
}

// Indexes 1..count, all of term 1, applied by n1.
void commit(CommittedLog& log, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
        const EntryRef noop{.index = Index{i}, .term = Term{1}, .kind = EntryKind::noop};
        REQUIRE_FALSE(
            log.applied(n1, Index{i}, Term{1}, EntryKind::noop, Digest{}, Hash128{}, &noop, {}));
    }
}

}  // namespace

TEST_CASE("raft safety: one leader per term", "[check]") {
    CommittedLog log;
    RaftSafety check(log);
    CHECK_FALSE(check.elected(n1, Term{1}, {}, std::nullopt));
    CHECK_FALSE(check.elected(n2, Term{2}, {}, std::nullopt));
    CHECK(check.elected(n2, Term{1}, {}, std::nullopt) == "n1 and n2 are both leader of term 1");
    CHECK(check.elected(n2, Term{2}, {}, std::nullopt) == "n2 became leader of term 2 twice");
    CHECK(check.elections() == 4);
}

TEST_CASE("raft safety: a leader holds everything that is committed", "[check]") {
    CommittedLog log;
    commit(log, 4);
    RaftSafety check(log);
    SECTION("it does") {
        CHECK_FALSE(check.elected(n2, Term{2}, {Term{1}, Index{6}}, Term{1}));
    }
    SECTION("its log is too short") {
        const Finding finding = check.elected(n2, Term{2}, {Term{1}, Index{3}}, std::nullopt);
        CHECK(says(finding, "n2 became leader of term 2 with a log that ends at index 3"));
        CHECK(says(finding, "n1 has applied index 4"));
    }
    SECTION("it holds another entry") {
        CHECK(says(check.elected(n2, Term{3}, {Term{2}, Index{9}}, Term{2}),
            "an entry of term 2 at index 4, where n1 has applied one of term 1"));
    }
    SECTION("votes that arrive late elect a leader that is already past") {
        CHECK_FALSE(check.hard_state(n1, {Term{5}, n1}));
        CHECK_FALSE(check.elected(n2, Term{3}, {Term{1}, Index{3}}, std::nullopt));
    }
}

TEST_CASE("raft safety: a leader has the durable votes of a majority", "[check]") {
    CommittedLog log;
    RaftSafety check(log);
    const NodeId three[] = {n1, n2, NodeId{3}};
    const NodeId others[] = {NodeId{3}, NodeId{4}, NodeId{5}};
    const Electorate one[] = {three};
    const Electorate joint[] = {three, others};
    CHECK_FALSE(check.hard_state(n1, {Term{2}, n1}));
    CHECK_FALSE(check.hard_state(n1, {Term{2}, n1}));  // said again: one vote
    CHECK_FALSE(check.hard_state(n2, {Term{2}, NodeId{}}));
    CHECK(check.won(n1, Term{2}, one) ==
          "n1 became leader of term 2, but only the disks of n1 have said that they voted for it");
    CHECK_FALSE(check.hard_state(n2, {Term{2}, n1}));
    CHECK_FALSE(check.won(n1, Term{2}, one));
    CHECK_FALSE(check.hard_state(n2, {Term{3}, n2}));  // it may have gone on
    CHECK_FALSE(check.won(n1, Term{2}, one));
    CHECK(check.won(n1, Term{2}, joint));
    CHECK(check.won(n1, Term{3}, one) ==
          "n1 became leader of term 3, but only the disks of nobody have said that they voted for it");
    CHECK_FALSE(check.won(n2, Term{2}, one) == std::nullopt);
    CHECK_FALSE(check.hard_state(n1, {Term{4}, NodeId{}}));
    CHECK_FALSE(check.won(n2, Term{3}, one));  // n1 may have said so before its disk said term 4
    CHECK_FALSE(check.hard_state(NodeId{4}, {Term{2}, n1}));
    CHECK_FALSE(check.hard_state(NodeId{5}, {Term{2}, n1}));
    CHECK_FALSE(check.won(n1, Term{2}, joint));
}

TEST_CASE("raft safety: term and vote on disk never go back", "[check]") {
    CommittedLog log;
    RaftSafety check(log);
    CHECK_FALSE(check.hard_state(n1, {Term{2}, NodeId{}}));
    CHECK_FALSE(check.hard_state(n1, {Term{2}, n2}));
    CHECK_FALSE(check.hard_state(n1, {Term{2}, n2}));
    SECTION("a lower term") {
        CHECK(check.hard_state(n1, {Term{1}, NodeId{}}) ==
              "the term on the disk of n1 fell from 2 to 1");
    }
    SECTION("another vote") {
        CHECK(says(check.hard_state(n1, {Term{2}, n1}),
            "n1 voted for n2 in term 2, but its disk now "
            "says n1"));
    }
    SECTION("a forgotten vote") {
        CHECK(says(check.hard_state(n1, {Term{2}, NodeId{}}), "n1 voted for n2 in term 2"));
        CHECK(check.result().verdict == CheckResult::Verdict::violated);
    }
    SECTION("a new term frees the vote") {
        CHECK_FALSE(check.hard_state(n1, {Term{3}, NodeId{}}));
        CHECK(check.result().verdict == CheckResult::Verdict::ok);
    }
}

}  // namespace ledger::check::test
