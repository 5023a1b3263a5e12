// List-append: each anomaly under its name, and what is none.

#include <catch2/catch.hpp>

#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {
namespace {

using Names = std::vector<std::string>;

Names at(const RecordedHistory& history, std::string_view level = "strict-serializable") {
    return names_of(judge(history, "list-append", level));
}

}  // namespace

TEST_CASE("list-append: what a serial store answers is ok at every level", "[transactions]") {
    const auto history = sequential({"0 ax1 ay1", "1 rx1 ax2", "0 rx12 ry1", "1 rz"});
    const Judgement judgement = judge(history, "list-append");
    CHECK(judgement.verdict == Verdict::ok);
    CHECK(judgement.level == "strict-serializable");
    CHECK(judgement.strongest_held == "strict-serializable");
    CHECK(judgement.weakest_violated.empty());
}

TEST_CASE("list-append: interleaved appends are a G0", "[transactions]") {
    const auto history = concurrent({"ax1 ay1", "ax2 ay2", "rx12 ry21"});
    const Judgement judgement = judge(history, "list-append");
    REQUIRE(names_of(judgement) == Names{"G0"});
    CHECK(judgement.weakest_violated == "read-uncommitted");
    CHECK(judgement.strongest_held.empty());
    CHECK(judgement.anomalies[0].operations == std::vector<std::uint64_t>{0, 1});
    CHECK(judgement.anomalies[0].steps[0] ==
          "transaction 0 must stand before transaction 1: it appended 1 to x, and transaction 1 "
          "appended 2 behind it");
}

TEST_CASE("list-append: two that saw each other are a G1c", "[transactions]") {
    const auto history = concurrent({"ax1 ry1", "ay1 rx1"});
    CHECK(at(history) == Names{"G1c"});
    CHECK(at(history, "read-committed") == Names{"G1c"});
    CHECK(at(history, "read-uncommitted").empty());
    CHECK(judge(history, "list-append").strongest_held == "read-uncommitted");
}

TEST_CASE("list-append: a read that missed one of two writes is fractured, a G-single",
    "[transactions]") {
    const auto history = concurrent({"ax1 ay1", "rx1 ry"});
    const Judgement judgement = judge(history, "list-append");
    REQUIRE(names_of(judgement) == Names{"G-single"});
    CHECK(judgement.anomalies[0].sentence.starts_with("fractured read: "));
    CHECK(at(history, "snapshot-isolation") == Names{"G-single"});
    CHECK(at(history, "read-committed").empty());
    CHECK(judgement.strongest_held == "read-committed");
}

TEST_CASE("list-append: write skew is a G2-item, which snapshots allow", "[transactions]") {
    const auto history = concurrent({"rx ay1", "ry ax1", "rx1 ry1"});
    const Judgement judgement = judge(history, "list-append");
    REQUIRE(names_of(judgement) == Names{"G2-item"});
    CHECK(judgement.anomalies[0].sentence.starts_with("write skew: "));
    CHECK(judgement.strongest_held == "snapshot-isolation");
    CHECK(judgement.weakest_violated == "repeatable-read");
    const Judgement snapshots = judge(history, "list-append", "snapshot-isolation");
    CHECK(snapshots.verdict == Verdict::ok);
    CHECK(snapshots.strongest_held == "snapshot-isolation");
    CHECK(at(history, "repeatable-read") == Names{"G2-item"});
}

TEST_CASE(
    "list-append: a long fork is what snapshot isolation calls G-nonadjacent", "[transactions]") {
    const auto history = concurrent({"ax1", "ay1", "rx1 ry", "ry1 rx"});
    const Judgement judgement = judge(history, "list-append");
    REQUIRE(names_of(judgement) == Names{"G2-item"});
    CHECK(judgement.anomalies[0].sentence.starts_with("long fork: "));
    CHECK(at(history, "snapshot-isolation") == Names{"G-nonadjacent"});
    CHECK(at(history, "read-committed").empty());
}

TEST_CASE(
    "list-append: two that read one version and appended are a lost update", "[transactions]") {
    // Seen by a later read, and not seen by any.
    CHECK(has(judge(concurrent({"rx ax1", "rx ax2", "rx12"}), "list-append"), "lost-update"));
    const auto unseen = concurrent({"rx ax1", "rx ax2"});
    CHECK(at(unseen, "snapshot-isolation") == Names{"lost-update"});
    CHECK(at(unseen, "read-committed").empty());
    // One of three that only appends is none.
    CHECK(at(concurrent({"rx ax1", "ax2", "rx21"}), "serializable") == Names{"G-single"});
    CHECK(at(concurrent({"rx ax1 ax2", "rx12"})).empty());
}

TEST_CASE("list-append: a read of what failed is a G1a, and a dirty update at the lowest level",
    "[transactions]") {
    const auto history = concurrent({"!ax1", "ax2", "rx12"});
    CHECK(at(history) == Names{"G1a"});
    CHECK(at(history, "read-uncommitted") == Names{"dirty-update"});
    CHECK(at(concurrent({"!ax1", "rx1"}), "read-uncommitted").empty());
    CHECK(at(concurrent({"!ax1", "rx1"})) == Names{"G1a"});
}

TEST_CASE("list-append: a read between two appends of one transaction is a G1b", "[transactions]") {
    const auto history = concurrent({"ax1 ax2", "rx1"});
    CHECK(at(history, "read-committed") == Names{"G1b"});
    CHECK(at(history) == Names{"G1b", "G-single"});
}

TEST_CASE(
    "list-append: reads that contradict their own transaction are internal", "[transactions]") {
    // Its own append is not there: no level allows it.
    CHECK(at(concurrent({"ax1", "ax2 rx1"}), "read-uncommitted") == Names{"internal"});
    CHECK(at(concurrent({"ax1 rx"}), "read-uncommitted") == Names{"internal"});
    // Others' appends came in between: what read committed allows.
    const auto twice = concurrent({"ax1", "rx rx1"});
    CHECK(at(twice, "read-committed").empty());
    CHECK(at(twice, "snapshot-isolation") == Names{"internal"});
    CHECK(at(concurrent({"ax1", "rx1 ax2 rx12 ax3 rx123"})).empty());
}

TEST_CASE("list-append: a read of its own later append is of the future", "[transactions]") {
    CHECK(at(concurrent({"rx1 ax1"}), "read-uncommitted") == Names{"future-read"});
}

TEST_CASE(
    "list-append: elements that are there twice, out of order, or of nobody", "[transactions]") {
    CHECK(at(concurrent({"ax1", "rx11"}), "read-uncommitted") == Names{"duplicate-elements"});
    CHECK(at(concurrent({"ax1", "ax2", "rx12", "rx2"})) == Names{"incompatible-orders"});
    CHECK(at(concurrent({"ax1 ax2", "rx21"})) == Names{"incompatible-orders"});
    CHECK(at(concurrent({"ax1 ax2", "rx2"}), "read-uncommitted") == Names{"incompatible-orders"});
    CHECK(at(concurrent({"ax1", "rx19"}), "read-uncommitted") == Names{"garbage-read"});
    // A read that fits none of the others is searched for garbage and aborted appends too.
    CHECK(at(concurrent({"ax1", "ax2", "!ax3", "rx12", "rx9", "rx3"})) ==
          Names{"garbage-read", "incompatible-orders", "incompatible-orders", "G1a"});
}

TEST_CASE("list-append: what only the order of clients or of time forbids has a suffix",
    "[transactions]") {
    // A client that does not see its own append, another one that sees an old list.
    const auto session = sequential({"0 ax1", "0 rx", "1 rx1"});
    CHECK(at(session, "strong-session-serializable") == Names{"G-single-process"});
    CHECK(at(session) == Names{"G-single-process", "G-single-realtime"});
    const auto stale = sequential({"0 ax1", "1 rx", "2 rx1"});
    CHECK(at(stale, "strong-session-serializable").empty());
    CHECK(at(stale) == Names{"G-single-realtime"});
    CHECK(judge(stale, "list-append").strongest_held == "strong-session-serializable");
    CHECK(at(sequential({"0 rx1", "1 ax1"})) == Names{"G1c-realtime"});
    CHECK(at(sequential({"0 ax2", "1 ax1", "2 rx12"})) == Names{"G0-realtime"});
    CHECK(at(sequential({"0 ax2", "0 ax1", "2 rx12"}), "strong-session-serializable") ==
          Names{"G0-process"});
    CHECK(at(sequential({"0 rx rz1", "1 ax1", "1 rz", "2 az1"}), "strong-session-serializable") ==
          Names{"G-nonadjacent-process"});
    // Both missed what the other one's client did next.
    CHECK(at(sequential({"0 ax1", "0 ry", "1 ay1", "1 rx", "2 rx1 ry1"}),
              "strong-session-serializable") == Names{"G-nonadjacent-process"});
}

TEST_CASE("list-append: equal times are concurrent", "[transactions]") {
    const std::vector<SampleTransaction> touching = {
        {0, Outcome::ok, "ax1", 0, 5}, {1, Outcome::ok, "rx", 5, 6}, {2, Outcome::ok, "rx1", 7, 8}};
    CHECK(at(history_of(touching)).empty());
    auto after = touching;
    after[1].called = 6;
    after[1].returned = 7;
    CHECK(at(history_of(after)) == Names{"G-single-realtime"});
}

TEST_CASE("list-append: an append without answer took effect if it was seen, and then whole",
    "[transactions]") {
    CHECK(at(concurrent({"?ax1", "rx1"})).empty());
    CHECK(at(concurrent({"?ax1", "rx"})).empty());
    CHECK(at(concurrent({"?ax1 ay1", "rx1 ry"})) == Names{"G-single"});
    // It may take effect long after its call, but not before.
    const std::vector<SampleTransaction> late = {{0, Outcome::unknown, "ax1", 0, 0},
        {1, Outcome::ok, "rx", 5, 6}, {2, Outcome::ok, "rx1", 7, 8}};
    CHECK(at(history_of(late)).empty());
    const std::vector<SampleTransaction> early = {
        {2, Outcome::ok, "rx1", 0, 1}, {0, Outcome::unknown, "ax1", 5, 0}};
    CHECK(at(history_of(early)) == Names{"G1c-realtime"});
}

TEST_CASE("list-append: appends that no read shows come last, in no order among themselves",
    "[transactions]") {
    CHECK(at(concurrent({"ax1", "ax2 ry", "ax3 ay1", "rx1"})).empty());
    // One that read the longest list and one that is seen elsewhere before it.
    CHECK(at(concurrent({"ax1", "ax2 ay1", "rx1 ry1"})) == Names{"G-single"});
    CHECK(at(sequential({"0 ax1", "1 rx", "2 ry"})) == Names{"G-single-realtime"});
}

TEST_CASE("list-append: a value that two may have appended leaves its list out", "[transactions]") {
    const Judgement judgement = judge(concurrent({"ax1", "ax1", "rx1", "ry"}), "list-append");
    CHECK(judgement.verdict == Verdict::ok);
    CHECK(judgement.coverage[5] == std::pair<std::string, std::uint64_t>{
                                       "lists left out (a value was appended to them twice)", 1});
    CHECK(judge(concurrent({"ax1", "ax1", "rx1"}), "list-append").verdict == Verdict::inconclusive);
    // Of a retry after a definite failure only the second can be what is read.
    CHECK(at(concurrent({"!ax1", "ax1", "rx1"})).empty());
    CHECK(at(concurrent({"ax1", "!ax1", "rx1"})).empty());
}

TEST_CASE("list-append: a history that shows nothing is inconclusive", "[transactions]") {
    for (const auto& history : {concurrent({"ax1", "ay1"}), concurrent({"!rx", "!ax1"}),
             concurrent({"?rx1", "?ax1"}), RecordedHistory{}}) {
        const Judgement judgement = judge(history, "list-append");
        CHECK(judgement.verdict == Verdict::inconclusive);
        CHECK(judgement.reason == "no answer shows anything that could be compared");
        CHECK(judgement.strongest_held.empty());
    }
}

TEST_CASE("list-append: of many anomalies all are counted, and some of each kind are shown",
    "[transactions]") {
    std::vector<SampleTransaction> all = {{300, Outcome::ok, "ay1 az1", 0, 1000},
        {301, Outcome::ok, "ry1 rz", 1, 1000}, {302, Outcome::failed, "ax1", 2, 1000}};
    for (std::uint64_t i = 0; i < 300; ++i) {
        all.push_back({static_cast<std::int64_t>(i), Outcome::ok, "rx1", 3 + i, 1000});
    }
    const Judgement judgement = judge(history_of(all), "list-append");
    CHECK(judgement.anomalies.size() == Judgement::anomalies_max);
    CHECK(judgement.anomalies_total == 301);
    CHECK(judgement.anomalies.front().name == "G1a");
    CHECK(judgement.anomalies.back().name == "G-single");
}

}  // namespace ledger::check::test
