#include "sim/check/log_history/log_judge.h"

#include <fmt/format.h>

#include "sim/check/slice_hash.h"
#include "tests/sim/check/log_history/judged.h"

namespace ledger::check::test {

TEST_CASE("log: what fits one order is ok, and its parts are counted", "[check]") {
    Lines lines;
    lines.append(1, "1,2", 0).read(2, 0, "1,2").tail(1, 2).append(2, "3", 2);
    lines.fail(1, R"("f":"append","records":[9],"expected_tail":2,"error":"wrong-expected-tail")");
    lines.unknown(3, R"("f":"append","records":[4])").read(1, 0, "1,2,3,4");
    const Judgement judgement = judged(lines.text());
    CHECK(verdict_of(judgement) == "ok");
    CHECK(counted(judgement, "ok appends") == 2);
    CHECK(counted(judgement, "ok reads") == 3);
    CHECK(counted(judgement, "unknown operations") == 1);
    CHECK(counted(judgement, "conditional appends that failed") == 1);
    CHECK(counted(judgement, "records in the log") == 4);
    CHECK(judgement.model == "append-only-log");
}

TEST_CASE("log: a history in which nothing was examined is inconclusive", "[check]") {
    Lines lines;
    lines.fail(1, R"("f":"append","records":[1],"error":"overloaded")");
    lines.fail(1, R"("f":"read","from":0,"error":"not the leader")");
    const Judgement judgement = judged(lines.text());
    CHECK(verdict_of(judgement) == "inconclusive");
    CHECK(judgement.reason.find("nothing was examined") == 0);
}

TEST_CASE(
    "log: a stale answer names two operations, versions and the record at the gap", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).append(1, "2", 1).read(2, 0, "1").read(1, 0, "1,2");
    const Judgement judgement = judged(lines.text());
    REQUIRE(verdict_of(judgement) == "stale-read");
    const Anomaly& anomaly = judgement.anomalies.front();
    CHECK(anomaly.operations == std::vector<std::uint64_t>{1, 2});
    CHECK(anomaly.sentence ==
          "client 2's read from 0 (operation 3, line 3) was answered from version 1 at best, but "
          "client 1's append of record 2 (operation 2, line 2) had ended before it was called and "
          "shows version 2: record 2 at position 1 is missing from it");
    CHECK(anomaly.steps.size() == 3);
}

TEST_CASE("log: equal times are concurrent", "[check]") {
    Lines lines;
    lines.at(10, 20).append(1, "1", 0).at(20, 30).tail(2, 0).at(40, 50).read(1, 0, "1");
    CHECK(verdict_of(lines.text()) == "ok");
    Lines later;
    later.at(10, 20).append(1, "1", 0).at(21, 30).tail(2, 0).at(40, 50).read(1, 0, "1");
    CHECK(verdict_of(later.text()) == "stale-tail");
}

TEST_CASE("log: C1, a record other than the one that stands there is corrupt", "[check]") {
    Lines lines;
    lines.append(1, "1,2", 0).read(2, 0, "2", R"(,"max":1,"end_of_log":false)");
    lines.read(1, 0, "1,2");
    CHECK(verdict_of(lines.text()) == "corrupt-record");
    Lines split;
    split.append(1, "1", 0).append(1, "2", 1).read(2, 0, "1,2").read(1, 0, "2,1");
    const std::string names = verdict_of(split.text());
    CHECK(names.find("divergence") != std::string::npos);
    CHECK(names.find("reordered-pair") != std::string::npos);
}

TEST_CASE("log: C2, a record that stands twice is a duplicate append", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).append(1, "2", 1).read(1, 0, "1,2,1");
    CHECK(verdict_of(lines.text()) == "duplicate-append");
    Lines part;
    part.append(1, "1,2", 0).append(1, "3", 2).read(1, 0, "1,2,3,2");
    CHECK(verdict_of(part.text()) == "duplicate-append");
}

TEST_CASE(
    "log: C3, an acknowledged append is there, whole, in order and where it was told", "[check]") {
    Lines lost;
    lost.append(1, "1", 0).append(1, "2", 1).append(1, "3", 1).read(1, 0, "1,3");
    CHECK(verdict_of(lost.text()) == "lost-append");
    Lines at_the_end;
    at_the_end.append(1, "1", 0).append(1, "2", 1).read(1, 0, "1");
    CHECK(verdict_of(at_the_end.text()) == "lost-append");
    Lines torn;
    torn.append(1, "1", 0).append(2, "2,3,4", 1).read(1, 0, "1,2,3");
    CHECK(verdict_of(torn.text()).find("torn-batch") != std::string::npos);
    Lines unknown;
    unknown.unknown(1, R"("f":"append","records":[1,2])").append(2, "3", 1).read(2, 0, "1,3");
    CHECK(verdict_of(unknown.text()) == "torn-batch");
    Lines place;
    place.append(1, "1", 0).at(11, 40).append(2, "2", 1).at(12, 41).append(3, "3,4", 2);
    place.at(50, 60).read(1, 0, "1,3,4,2");
    CHECK(verdict_of(place.text()).find("wrong-position") != std::string::npos);
}

TEST_CASE("log: C4, a record that nobody wrote is garbage", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).read(1, 0, "1,7");
    CHECK(verdict_of(lines.text()) == "garbage-record");
}

TEST_CASE("log: C5, nothing of a definite failure can be seen", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).fail(2, R"("f":"append","records":[2],"error":"overloaded")");
    lines.read(1, 0, "1,2");
    CHECK(verdict_of(lines.text()) == "aborted-append-visible");
    Lines conflict;
    conflict.append(1, "1", 0);
    conflict.fail(2, R"("f":"append","records":[2],"expected_tail":0,"error":"wrong-expected")");
    conflict.read(1, 0, "1,2");
    CHECK(verdict_of(conflict.text()) == "aborted-append-visible");
}

TEST_CASE("log: C6, an append stands where its condition held", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).append(1, "2", 1, R"(,"expected_tail":0)").read(1, 0, "1,2");
    CHECK(verdict_of(lines.text()) == "expected-tail-ignored");
    Lines stream;
    stream.append(1, "1", 0, R"(,"stream":"a")");
    stream.append(1, "2", 1, R"(,"stream":"a","expected":"no-stream")").read(1, 0, "1,2");
    CHECK(verdict_of(stream.text()) == "condition-ignored");
    Lines query;
    query.append(1, "1", 0, R"(,"stream":"a")").append(1, "2", 1, R"(,"stream":"b")");
    query.append(1, "3", 2, R"(,"stream":"c","conditions":[{"streams":["a"],"after":0}])");
    CHECK(verdict_of(query.text()) == "ok");
    query.append(1, "4", 3, R"(,"stream":"c","conditions":[{"streams":["b","x"],"after":0}])");
    CHECK(verdict_of(query.text()) == "condition-ignored");
}

TEST_CASE("log: C7, an end inside an append is a torn read", "[check]") {
    Lines lines;
    lines.at(10, 60).append(1, "1,2", 0).at(11, 15).tail(2, 1).at(70, 80).read(1, 0, "1,2");
    CHECK(verdict_of(lines.text()) == "torn-batch");
    Lines read;
    read.at(10, 60).append(1, "1,2", 0).at(11, 15).read(2, 0, "1").at(70, 80).read(1, 0, "1,2");
    CHECK(verdict_of(read.text()) == "torn-batch");
    // A page that is full may end anywhere.
    Lines page;
    page.append(1, "1,2", 0).read(2, 0, "1", R"(,"max":1,"end_of_log":false)").read(1, 0, "1,2");
    CHECK(verdict_of(page.text()) == "ok");
    LogOptions loose;
    loose.atomic = false;
    CHECK(verdict_of(read.text(), loose) == "ok");
}

TEST_CASE("log: C8, nothing is seen before it was sent", "[check]") {
    Lines lines;
    lines.at(10, 20).read(1, 0, "1").at(30, 40).append(2, "1", 0).at(50, 60).read(1, 0, "1");
    CHECK(verdict_of(lines.text()) == "future-read");
    Lines unknown;
    unknown.at(10, 20).read(1, 0, "1").at(30, 40).unknown(2, R"("f":"append","records":[1])");
    unknown.at(50, 60).read(1, 0, "1");
    CHECK(verdict_of(unknown.text()) == "future-read");
    Lines writes;
    writes.at(10, 20).append(1, "1", 1).at(30, 40).append(2, "2", 0).at(50, 60).read(1, 0, "2,1");
    CHECK(verdict_of(writes.text()) == "reordered-pair");
}

TEST_CASE("log: allowed sets of answers without records", "[check]") {
    const auto with = [](const std::string& status, const std::string& rest) {
        Lines lines;
        lines.append(1, "1", 0).append(1, "2", 1);
        if (status == "ok") {
            lines.ok(2, rest);
        } else {
            lines.fail(2, rest);
        }
        return verdict_of(lines.read(1, 0, "1,2").text());
    };
    // Empty at the end: the log is not longer than the position read from.
    CHECK(with("ok", R"("f":"read","from":2,"max":9,"records":[],"end_of_log":true)") == "ok");
    CHECK(with("ok", R"("f":"read","from":1,"max":9,"records":[],"end_of_log":true)") ==
          "stale-read");
    CHECK(with("ok", R"("f":"read-at","version":2,"from":0,"records":[1,2])") == "ok");
    CHECK(with("ok", R"("f":"read-at","version":1,"from":0,"records":[1])") == "stale-read");
    CHECK(with("ok", R"("f":"append","records":[],"expected_tail":2,"position":2)") == "ok");
    CHECK(with("ok", R"("f":"append","records":[],"position":1)") == "stale-check");
    CHECK(with("ok", R"("f":"append","records":[],"expected_tail":1,"position":2)") ==
          "condition-ignored");
    const std::string refused = R"("f":"append","records":[9],"error":"wrong-expected-tail")";
    CHECK(with("fail", refused + R"(,"expected_tail":1,"current":2)") == "ok");
    CHECK(with("fail", refused + R"(,"expected_tail":0,"current":1)") == "spurious-wrong-expected");
    CHECK(with("fail", refused + R"(,"expected_tail":2,"current":2)") == "spurious-wrong-expected");
    CHECK(with("fail", refused + R"(,"expected_tail":2)") == "spurious-wrong-expected");
    CHECK(with("fail", refused + R"(,"expected_tail":1)") == "ok");
    CHECK(with("fail",
              refused + R"(,"expected_tail":1,"conflicting":[{"position":1,"record":2}])") == "ok");
    CHECK(
        with("fail", refused + R"(,"expected_tail":1,"conflicting":[{"position":1,"record":1}])") ==
        "corrupt-record");
}

TEST_CASE("log: streams inside the log", "[check]") {
    const auto with = [](const std::string& rest, bool ok = true) {
        Lines lines;
        lines.append(1, "1", 0, R"(,"stream":"a")").append(1, "2", 1, R"(,"stream":"b")");
        lines.append(1, "3", 2, R"(,"stream":"a")");
        ok ? lines.ok(2, rest) : lines.fail(2, rest);
        return verdict_of(lines.read(1, 0, "1,2,3").text());
    };
    const std::string read = R"("f":"read","stream":"a","from":0,)";
    CHECK(with(read + R"("records":[1,3],"end_of_log":true)") == "ok");
    CHECK(with(read + R"("records":[1],"end_of_log":true)") == "stale-read");
    CHECK(with(read + R"("records":[1,2],"end_of_log":true)") == "corrupt-record");
    CHECK(with(read + R"("records":[1,3],"stream_length":2,"end_of_log":true)") == "ok");
    CHECK(with(R"("f":"read","stream":"b","from":0,"records":[2])") == "ok");
    const std::string refused =
        R"("f":"append","records":[9],"error":"wrong-expected","stream":"a",)";
    CHECK(with(refused + R"("expected":0,"actual":1)", false) == "ok");
    CHECK(with(refused + R"("expected":3,"actual":0)", false) == "spurious-wrong-expected");
    CHECK(with(refused + R"("expected":1)", false) == "spurious-wrong-expected");
    CHECK(with(refused + R"("expected":0)", false) == "ok");
}

TEST_CASE("log: several streams read at once are seen at one moment", "[check]") {
    const auto with = [](const std::string& b) {
        Lines lines;
        lines.at(1, 2).append(1, "1", 0, R"(,"stream":"a")");
        lines.at(3, 4).append(1, "2", 1, R"(,"stream":"b")");
        lines.at(5, 60).append(1, "3", 2, R"(,"stream":"a")");
        lines.at(5, 60).append(3, "4", 3, R"(,"stream":"b")");
        lines.at(6, 50).ok(2, R"("f":"read","reads":[{"stream":"a","from":0,"records":[1]},)"
                              R"({"stream":"b","from":0,"records":[)" +
                                  b + "]}]");
        return verdict_of(lines.at(70, 80).read(1, 0, "1,2,3,4").text());
    };
    CHECK(with("2") == "ok");
    CHECK(with("2,4") == "fractured-read");
    CHECK(with("2,3") == "corrupt-record");
}

TEST_CASE("log: transactions are judged by their read sets", "[check]") {
    const auto with = [](const std::string& level, const std::string& stream) {
        Lines lines;
        lines.append(1, "1", 0, R"(,"stream":"a")").append(1, "2", 1, R"(,"stream":"b")");
        // Read a, and then somebody appended to a.
        lines.at(30, 90).append(2, "4", 3,
            R"(,"stream":")" + stream + R"(","reads":[{"stream":"a","from":0,"records":[1]}])");
        lines.at(40, 50).append(3, "3", 2, R"(,"stream":"a")");
        return verdict_of(lines.at(100, 110).read(1, 0, "1,2,3,4").text(), at_level(level));
    };
    CHECK(with("strict-serializable", "b") == "write-skew");
    CHECK(with("serializable", "b") == "write-skew");
    CHECK(with("snapshot-isolation", "b") == "ok");
    CHECK(with("serializable", "a") == "lost-update");
    CHECK(with("snapshot-isolation", "a") == "lost-update");
}

TEST_CASE("log: weaker levels ask for less", "[check]") {
    Lines lines;
    lines.at(0, 100).append(1, "1", 0).at(1000, 1100).append(1, "2", 1);
    lines.at(2000, 2100).append(1, "3", 2).at(3000, 3100).tail(2, 1).at(3200, 3300).tail(1, 2);
    lines.at(4000, 4100).read(1, 0, "1,2,3");
    CHECK(verdict_of(lines.text()) == "stale-tail");
    CHECK(verdict_of(lines.text(), at_level("sequential")) == "session-order-broken");
    CHECK(verdict_of(lines.text(), at_level("bounded-staleness=2us")) == "ok");
    CHECK(verdict_of(lines.text(), at_level("bounded-staleness=1us")) == "stale-beyond-the-bound");
    CHECK(
        verdict_of(lines.text(), at_level("bounded-staleness=1899ns")) == "stale-beyond-the-bound");
    CHECK(verdict_of(lines.text(), at_level("bounded-staleness=1900ns")) == "ok");
    CHECK(verdict_of(lines.text(), at_level("bounded-staleness=2")) == "ok");
    CHECK(verdict_of(lines.text(), at_level("bounded-staleness=1")) == "stale-beyond-the-bound");
    CHECK(verdict_of(lines.text(), at_level("monotonic-reads")) == "ok");
    CHECK(verdict_of(lines.text(), at_level("read-your-writes")) == "own-write-not-seen");
    CHECK(verdict_of(lines.text(), at_level("session")) == "own-write-not-seen");
    CHECK(verdict_of(lines.text(), at_level("monotonic-writes")) == "ok");
    CHECK(verdict_of(lines.text(), at_level("consistent-prefix")) == "ok");
    const Judgement any = judged(lines.text(), at_level("eventual"));
    CHECK(verdict_of(any) == "ok");
    CHECK(counted(any, "answers that lagged") == 2);
    CHECK(counted(any, "records behind, at most") == 2);
    CHECK(counted(any, "ns behind, at most") == 1900);
}

TEST_CASE("log: modes mix by operation, and a session ends at an unknown outcome", "[check]") {
    const auto with = [](const std::string& mode, bool lost) {
        Lines lines;
        lines.append(1, "1", 0).append(1, "2", 1).tail(2, 2);
        if (lost) {
            lines.unknown(2, R"("f":"append","records":[9])");
        }
        lines.tail(2, 1, mode.empty() ? "" : R"(,"mode":")" + mode + "\"");
        return verdict_of(lines.read(1, 0, "1,2").text());
    };
    CHECK(with("", false) == "stale-tail");
    CHECK(with("any", false) == "ok");
    CHECK(with("session", false) == "non-monotonic-read");
    CHECK(with("monotonic-reads", true) == "ok");
    CHECK(with("read-your-writes", false) == "ok");
    CHECK(with("monotonic-reads+read-your-writes", false) == "non-monotonic-read");
    CHECK(with("bounded_stale=1", false) == "ok");
}

TEST_CASE("log: sequential appends keep the order of their sessions", "[check]") {
    Lines lines;
    lines.at(10, 100).append(1, "1", 1).at(10, 100).append(2, "2", 0);
    lines.at(110, 120).read(1, 0, "2,1");
    CHECK(verdict_of(lines.text(), at_level("sequential")) == "ok");
    Lines broken;
    broken.at(10, 20).append(1, "1", 1).at(30, 40).append(1, "2", 0);
    broken.at(110, 120).read(1, 0, "2,1");
    CHECK(verdict_of(broken.text(), at_level("sequential")) == "session-order-broken");
}

TEST_CASE("log: pipelined appends of a session are monotonic if that is promised", "[check]") {
    Lines lines;
    lines.at(10, 100).append(1, "1", 1).at(20, 100).append(1, "2", 0);
    lines.at(110, 120).read(1, 0, "2,1");
    CHECK(verdict_of(lines.text()) == "ok");
    CHECK(verdict_of(lines.text(), at_level("linearizable+monotonic-writes")) ==
          "non-monotonic-write");
}

TEST_CASE("log: after silence everybody sees everything", "[check]") {
    Lines lines;
    lines.append(1, "1", 0).append(1, "2", 1);
    lines.line(R"({"f":"quiescent","call_ns":50})").at(60, 70).tail(2, 1);
    lines.at(80, 90).read(1, 0, "1,2");
    CHECK(verdict_of(lines.text(), at_level("eventual")) == "not-converged");
}

TEST_CASE("log: retries of one key are one append", "[check]") {
    const std::string key = R"(,"key":"k")";
    const std::string payload = R"("f":"append","records":[2],"key":"k")";
    const auto with = [&](auto change) {
        Lines lines;
        lines.append(1, "1", 0);
        change(lines);
        return lines;
    };
    // I1
    Lines same = with([&](Lines& lines) {
        lines.unknown(1, payload).append(1, "2", 1, key).append(1, "2", 1, key).read(2, 0, "1,2");
    });
    CHECK(verdict_of(same.text()) == "ok");
    CHECK(counted(judged(same.text()), "retries") == 2);
    Lines moved = with([&](Lines& lines) {
        lines.append(1, "2", 1, key).append(2, "3", 2).append(1, "2", 2, key).read(2, 0, "1,2,3");
    });
    CHECK(verdict_of(moved.text()) == "idempotent-answer-changed");
    // A later acknowledgement is an observation, too.
    Lines twice = with([&](Lines& lines) {
        lines.unknown(1, payload).append(2, "3", 1).append(1, "2", 2, key).append(1, "2", 3, key);
        lines.read(2, 0, "1,3,2,2");
    });
    CHECK(verdict_of(twice.text()) == "duplicate-append, idempotent-answer-changed");
    // I2
    Lines lost = with([&](Lines& lines) {
        lines.append(1, "2", 1, key + R"(,"expected_tail":1)");
        lines.fail(1, payload + R"(,"expected_tail":1,"error":"wrong-expected")");
        lines.read(2, 0, "1,2");
    });
    CHECK(verdict_of(lost.text()) == "idempotent-success-lost");
    Lines before;
    before.at(0, 1).append(1, "1", 0).at(10, 90).unknown(1, payload + R"(,"expected_tail":1)");
    before.at(11, 12).fail(1, payload + R"(,"expected_tail":0,"error":"wrong-expected")");
    before.at(100, 110).read(2, 0, "1,2");
    CHECK(verdict_of(before.text()) == "ok");
    // I3
    Lines other = with([&](Lines& lines) {
        lines.append(1, "2", 1, key).append(1, "3", 2, key).read(2, 0, "1,2,3");
    });
    CHECK(verdict_of(other.text()) == "key-reused");
    Lines refused = with([&](Lines& lines) {
        lines.append(1, "2", 1, key);
        lines.fail(1, R"("f":"append","records":[3],"key":"k","error":"mismatch")");
        lines.read(2, 0, "1,2");
    });
    CHECK(verdict_of(refused.text()) == "ok");
    // I5
    Lines partial = with(
        [&](Lines& lines) { lines.append(1, "2,3", 1).append(1, "3,4", 3).read(2, 0, "1,2,3,4"); });
    CHECK(verdict_of(partial.text()).find("partial-duplicate-accepted") != std::string::npos);
    Lines stored = with([&](Lines& lines) {
        lines.append(1, "2,3", 1);
        lines.fail(1, R"("f":"append","records":[3,4],"error":"duplicate_partial")");
        lines.read(2, 0, "1,2,3");
    });
    CHECK(verdict_of(stored.text()) == "ok");
    // I6
    Lines expired = with([&](Lines& lines) {
        lines.unknown(1, payload).fail(1, payload + R"(,"error":"session expired")");
        lines.read(2, 0, "1,2");
    });
    CHECK(verdict_of(expired.text()) == "ok");
    Lines never = with([&](Lines& lines) {
        lines.fail(1, payload + R"(,"error":"session expired")").read(2, 0, "1,2");
    });
    CHECK(verdict_of(never.text()) == "aborted-append-visible");
}

TEST_CASE("log: I4, a second effect is legal once the window is over", "[check]") {
    Lines lines;
    lines.append(1, "1", 0, R"(,"key":"k")").append(2, "2", 1);
    lines.at(1000, 1010).append(1, "1", 2, R"(,"key":"k")").at(1020, 1030).read(2, 0, "1,2,1");
    CHECK(verdict_of(lines.text()) == "duplicate-append, idempotent-answer-changed");
    LogOptions options;
    options.window_ns = 100;
    const Judgement judgement = judged(lines.text(), options);
    CHECK(verdict_of(judgement) == "ok");
    CHECK(counted(judgement, "second effects beyond the window") == 1);
    options.window_ns = 985;
    CHECK(verdict_of(lines.text(), options) == "duplicate-append, idempotent-answer-changed");
    options.window_records = 1;
    CHECK(verdict_of(lines.text(), options) == "ok");
}

TEST_CASE("log: a session stores its answers, so a conflict is final for its key", "[check]") {
    const std::string keyed = R"("f":"append","records":[2],"session":7,"key":"7-1")";
    Lines lines;
    lines.append(1, "1", 0).fail(1, keyed + R"(,"expected_tail":0,"error":"wrong-expected")");
    lines.unknown(1, keyed).read(2, 0, "1,2");
    CHECK(verdict_of(lines.text()) == "aborted-append-visible");
}

TEST_CASE("log: slices are judged by their hashes", "[check]") {
    LogHistory history = history_of(
        Lines().append(1, "1,2,3", 0).read(2, 1, R"(2)", R"(,"max":1)").read(1, 0, "1,2,3").text());
    const auto hashed = [&](std::uint64_t a, std::uint64_t b) {
        std::uint64_t hash = 0;
        for (const std::uint64_t id : {a, b}) {
            hash = slice_extended(hash, slice_digit(EventId{0, id}));
        }
        Lines lines;
        lines.append(1, "1,2,3", 0);
        lines.ok(2,
            fmt::format(R"("f":"read","from":1,"max":2,"records":{{"n":2,"hash":"{:x}"}})", hash));
        return verdict_of(lines.read(1, 0, "1,2,3").text());
    };
    CHECK(hashed(2, 3) == "ok");
    CHECK(hashed(3, 2) == "corrupt-record");
    CHECK(hashed(1, 2) == "corrupt-record");
    CHECK(verdict_of(judged(history)) == "ok");
}

TEST_CASE("log: without a read at the end holes are filled with what is unknown", "[check]") {
    // Position 0 was never seen; the unknown append was called in time.
    Lines in_time;
    in_time.unknown(1, R"("f":"append","records":[1],"error":"timeout")").append(2, "2", 1);
    CHECK(verdict_of(in_time.text()) == "ok");
    Lines too_late;
    too_late.append(2, "2", 1).unknown(1, R"("f":"append","records":[1])");
    CHECK(verdict_of(too_late.text()) == "lost-record");
    Lines one_short;
    one_short.unknown(1, R"("f":"append","records":[1])").append(2, "2", 2);
    // There are not so many records as that.
    CHECK(verdict_of(one_short.text()) == "lost-append");
    Lines elsewhere;
    elsewhere.unknown(1, R"("f":"append","records":[1],"expected_tail":1)").append(2, "2", 1);
    CHECK(verdict_of(elsewhere.text()) == "lost-record");
    // Batches: 3 positions, appends of 1, 2 and 3 records.
    Lines packed;
    packed.unknown(1, R"("f":"append","records":[1])")
        .unknown(3, R"("f":"append","records":[2,3])");
    packed.append(2, "9", 3);
    CHECK(verdict_of(packed.text()) == "ok");
    Lines unpackable;
    unpackable.unknown(1, R"("f":"append","records":[2,3])");
    unpackable.unknown(3, R"("f":"append","records":[4,5])").append(2, "9", 3);
    CHECK(verdict_of(unpackable.text()) == "lost-record");
    // A length that was seen parts the hole.
    Lines parted;
    parted.at(0, 90).unknown(1, R"("f":"append","records":[1])");
    parted.at(0, 90).unknown(3, R"("f":"append","records":[2,3])");
    parted.at(10, 20).tail(4, 1).at(30, 40).append(2, "9", 3);
    CHECK(verdict_of(parted.text()) == "ok");
}

TEST_CASE("log: too many ways to fill holes are inconclusive", "[check]") {
    Lines lines;
    for (int i = 0; i < 40; ++i) {
        const std::string pair = std::to_string(2 * i + 1) + "," + std::to_string(2 * i + 2);
        lines.unknown(100 + i, R"("f":"append","records":[)" + pair + "]");
    }
    lines.append(1, "1000", 41);
    const Judgement judgement = judged(lines.text());
    CHECK(verdict_of(judgement) == "inconclusive");
    CHECK(judgement.reason.find("too many ways") != std::string::npos);
}

TEST_CASE("log: the feed tells at once what is sure at once", "[check]") {
    LogFeed feed{LogOptions{}};
    const auto names = [&](const Lines& lines) {
        std::string_view rest = lines.text();
        std::string all;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            const auto news = feed.line(rest.substr(0, end));
            REQUIRE(static_cast<bool>(news));
            for (const Anomaly& anomaly : *news) {
                all += anomaly.name + ";";
            }
            rest.remove_prefix(end + 1);
        }
        return all;
    };
    Lines lines;
    lines.at(10, 20).append(1, "1", 0).at(30, 40).append(1, "2", 1);
    // Seen before its append has answered: it waits.
    lines.at(50, 60).read(2, 0, "1,2,3").at(70, 80).tail(2, 2);
    CHECK(names(lines).empty());
    CHECK(feed.waiting() == 2);
    CHECK(names(Lines().at(55, 90).append(1, "3", 2)) == "stale-tail;");
    CHECK(feed.waiting() == 0);
    // From a line on that is not in order nothing is sure before the end.
    CHECK(feed.stopped().empty());
    CHECK(names(Lines().at(1, 2).append(1, "4", 3)).empty());
    CHECK(feed.stopped() == "line 6 returned before an earlier line");
    CHECK(names(Lines().at(95, 99).tail(1, 1)).empty());
    Unlimited budget;
    const Judgement judgement = feed.finish(budget).judgement;
    CHECK(verdict_of(judgement) == verdict_of(judged(feed.history())));
    CHECK(judgement.verdict == Verdict::violated);
    CHECK(feed.bytes() > 0);
}

TEST_CASE("log: a feed in which too many wait tells nothing more before the end", "[check]") {
    LogOptions options;
    options.waiting_max = 3;
    LogFeed feed{options};
    Lines lines;
    // Record 2, between two others, is of an append that nobody has answered and nobody reads.
    lines.append(1, "1", 0).append(1, "3", 2);
    for (int i = 0; i < 6; ++i) {
        lines.tail(2, 3);
    }
    lines.tail(2, 1).unknown(3, R"("f":"append","records":[2])").read(2, 0, "1,2,3");
    std::string_view rest = lines.text();
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const auto news = feed.line(rest.substr(0, end));
        REQUIRE(static_cast<bool>(news));
        CHECK(news->empty());
        rest.remove_prefix(end + 1);
    }
    CHECK(feed.stopped().starts_with("at line 5 more than 3 operations wait"));
    Unlimited budget;
    CHECK(verdict_of(feed.finish(budget).judgement) == "reordered-pair, stale-tail");
}

}  // namespace ledger::check::test
