// RW-register and long-fork: each anomaly under its name, and what does not follow.

#include <catch2/catch.hpp>

#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {
namespace {

using Names = std::vector<std::string>;

RecordedHistory together(std::initializer_list<std::string_view> texts) {
    return concurrent(texts, Sample::registers);
}

RecordedHistory in_turn(std::initializer_list<std::string_view> texts) {
    return sequential(texts, Sample::registers);
}

Names at(const RecordedHistory& history, std::string_view level = "strict-serializable",
    std::string_view model = "rw-register") {
    return names_of(judge(history, model, level));
}

}  // namespace

TEST_CASE("rw-register: what a serial store answers is ok", "[transactions]") {
    const auto history = in_turn({"0 rx wx1", "1 rx1 wx2 rx2", "0 rx2 ry", "1 wx3", "0 rx3"});
    const Judgement judgement = judge(history, "rw-register");
    CHECK(names_of(judgement).empty());
    CHECK(judgement.verdict == Verdict::ok);
    CHECK(judgement.strongest_held == "strict-serializable");
}

TEST_CASE(
    "rw-register: values of nobody, of failed, unfinished and own later writes", "[transactions]") {
    CHECK(at(together({"wx1", "rx3"}), "read-uncommitted") == Names{"garbage-read"});
    CHECK(at(together({"!wx1", "rx1"})) == Names{"G1a"});
    CHECK(at(together({"!wx1", "rx1 wx2"}), "read-uncommitted") == Names{"dirty-update"});
    CHECK(at(together({"wx1 wx2", "rx1"}), "read-committed") == Names{"G1b"});
    CHECK(at(together({"rx1 wx1"}), "read-uncommitted") == Names{"future-read"});
    CHECK(at(together({"wx1 rx2", "wx2"}), "read-uncommitted") == Names{"internal"});
    CHECK(at(together({"rx rx1", "wx1"}), "read-committed").empty());
    CHECK(at(together({"rx rx1", "wx1"}), "snapshot-isolation") == Names{"internal"});
}

TEST_CASE("rw-register: cycles through nil and through what was read before it was written",
    "[transactions]") {
    CHECK(at(together({"wx1 ry1", "wy1 rx1"})) == Names{"G1c"});
    CHECK(at(together({"wx1 wy1", "rx1 ry"})) == Names{"G-single"});
    CHECK(at(together({"rx wy1", "ry wx1"})) == Names{"G2-item"});
    CHECK(at(together({"rx wy1", "ry wx1"}), "snapshot-isolation").empty());
    // The second wrote over what it read, the third has seen that and then not.
    CHECK(at(together({"wx1", "rx1 wx2 wy1", "ry1 rx1"})) == Names{"G-single"});
    CHECK(at(together({"wx1", "wy1", "rx1 ry", "rx ry1"}), "snapshot-isolation") ==
          Names{"G-nonadjacent"});
}

TEST_CASE("rw-register: two that read one version and wrote are a lost update", "[transactions]") {
    CHECK(at(together({"rx wx1", "rx wx2"})) == Names{"lost-update"});
    CHECK(
        at(together({"wx3", "rx3 wx1", "rx3 wx2"}), "snapshot-isolation") == Names{"lost-update"});
    CHECK(at(together({"rx wx1", "wx2"})).empty());
}

TEST_CASE(
    "rw-register: values that must come before each other are cyclic versions", "[transactions]") {
    const Judgement judgement = judge(together({"rx2 wx1", "rx1 wx2"}), "rw-register");
    CHECK(names_of(judgement) == Names{"G1c", "cyclic-versions"});
    // Reads in turn that go back and forth between two writes.
    const auto back =
        history_of({{0, Outcome::ok, "wx1", 0, 10}, {1, Outcome::ok, "wx2", 1, 11},
                       {2, Outcome::ok, "rx1", 20, 21}, {2, Outcome::ok, "rx2", 22, 23},
                       {3, Outcome::ok, "rx1", 24, 25}},
            Sample::registers);
    CHECK(has(judge(back, "rw-register"), "cyclic-versions-realtime"));
    CHECK(judge(back, "rw-register", "strong-session-serializable").verdict == Verdict::ok);
}

TEST_CASE("rw-register: stale reads show by time and by client", "[transactions]") {
    CHECK(at(in_turn({"0 wx1", "1 wx2", "2 rx1"})) == Names{"G-single-realtime"});
    CHECK(at(in_turn({"0 wx1", "1 rx"})) == Names{"G-single-realtime"});
    CHECK(
        at(in_turn({"0 wx1", "0 rx"}), "strong-session-serializable") == Names{"G-single-process"});
    CHECK(at(in_turn({"0 wx1", "1 wx2", "2 rx1"}), "strong-session-serializable").empty());
    CHECK(at(in_turn({"0 rx1", "1 wx1"})) == Names{"G1c-realtime"});
    // Two writes at the same time can have either order.
    CHECK(at(history_of({{0, Outcome::ok, "wx1", 0, 10}, {1, Outcome::ok, "wx2", 1, 11},
                            {2, Outcome::ok, "rx1", 20, 21}},
                 Sample::registers))
            .empty());
}

TEST_CASE("rw-register: a nil that somebody wrote says nothing", "[transactions]") {
    auto history = in_turn({"0 wx1", "1 rx"});
    CHECK(at(history) == Names{"G-single-realtime"});
    // A transaction that writes nil: "wx" without a digit.
    CHECK(at(in_turn({"0 wx1", "1 rx", "2 wx"})).empty());
    CHECK(at(in_turn({"0 wx1", "2 wx", "1 rx"})).empty());
}

TEST_CASE("rw-register: a value that two may have written says nothing", "[transactions]") {
    CHECK(at(in_turn({"0 wx1", "1 wx2", "2 wx1", "3 rx1"})).empty());
    CHECK(at(together({"!wx1", "wx1", "rx1"})).empty());
}

TEST_CASE("rw-register: a write without answer counts once it was read", "[transactions]") {
    CHECK(at(together({"?wx1 wy1", "rx1 ry"})) == Names{"G-single"});
    CHECK(at(together({"?wx1 wy1", "rx ry"})).empty());
}

TEST_CASE("rw-register: the names that ask for G0 alone get G0 alone", "[transactions]") {
    for (const char* model : {"rw-register (default anomalies)", "rw-register (JSON form)"}) {
        const auto cycle = together({"ry2 wx1 wy1", "rx1 wx2 wy2"});
        CHECK(at(together({"wx1", "rx3"}), "", model).empty());
        CHECK(judge(together({"wx1", "rx3"}), model).verdict == Verdict::ok);
        const auto interleaved = together({"wx1 ry2 wy1", "wy2 rx1 wx2"});
        CHECK(at(interleaved, "", model) == Names{"G0"});
        CHECK(judge(interleaved, model).level == "read-uncommitted");
        CHECK(at(interleaved)[0] == "G1c");
        CHECK(at(cycle, "", model) == Names{"G0"});
    }
}

TEST_CASE("long-fork: two reads that saw two writes in opposite orders", "[transactions]") {
    const auto history = together({"wx1", "wy1", "rx1 ry", "rx ry1", "rx1 ry1"});
    const Judgement judgement = judge(history, "long-fork");
    REQUIRE(names_of(judgement) == Names{"long-fork"});
    CHECK(judgement.anomalies[0].sentence ==
          "transaction 2 saw the write of x and not that of y, transaction 3 saw them the "
          "other way round");
    CHECK(judgement.anomalies[0].operations == std::vector<std::uint64_t>{2, 3});
    CHECK(at(history, "snapshot-isolation", "long-fork") == Names{"long-fork"});
    CHECK(at(history, "read-committed", "long-fork").empty());
    CHECK(at(together({"wx1", "wy1", "rx1 ry", "rx1 ry1", "rx ry"}), "", "long-fork").empty());
    CHECK(at(in_turn({"0 wx1", "1 rx ry"}), "", "long-fork") == Names{"G-single-realtime"});
    // Groups of three, in which the larger sets hide the smaller one.
    CHECK(at(together({"wx1", "wy1", "wz1", "rx1 ry rz", "rx ry1 rz1"}), "", "long-fork") ==
          Names{"long-fork"});
}

}  // namespace ledger::check::test
