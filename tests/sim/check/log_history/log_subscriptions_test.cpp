#include "sim/check/log_history/log_subscriptions.h"

#include "tests/sim/check/log_history/judged.h"

namespace ledger::check::test {
namespace {

// Four appends in two streams, "1,2" being one; then what a subscriber did; then the read at the
// end. Times go on from line to line.
class Followed {
  public:
    Followed() {
        lines_.append(1, "1,2", 0, R"(,"stream":"a")").append(1, "3", 2, R"(,"stream":"b")");
        lines_.append(1, "4", 3, R"(,"stream":"a")");
    }
    Followed& subscribe(const std::string& rest = R"(,"from":0)", int sub = 1) {
        return line("subscribe", rest, sub);
    }
    Followed& deliver(
        std::uint64_t position, std::uint64_t record, const std::string& rest = "", int sub = 1) {
        return line("deliver",
            R"(,"position":)" + std::to_string(position) + R"(,"record":)" +
                std::to_string(record) + rest,
            sub);
    }
    Followed& from_to(std::uint64_t first, std::uint64_t last) {
        for (; first <= last; ++first) {
            deliver(first, first + 1);
        }
        return *this;
    }
    Followed& bookmark(std::uint64_t position) {
        return line("deliver", R"(,"bookmark":)" + std::to_string(position), 1);
    }
    Followed& ack(std::uint64_t position, int sub = 1) {
        return line("ack", R"(,"position":)" + std::to_string(position), sub);
    }
    Followed& nack(std::uint64_t position, int sub = 1) {
        return line("nack", R"(,"position":)" + std::to_string(position), sub);
    }
    Followed& line(const std::string& f, const std::string& rest, int sub = 1) {
        lines_.line(R"({"f":")" + f + R"(","sub":)" + std::to_string(sub) + R"(,"call_ns":)" +
                    std::to_string(time_) + rest + "}");
        time_ += 10;
        return *this;
    }
    Followed& at(std::int64_t time) {
        time_ = time;
        return *this;
    }
    Lines& lines() { return lines_; }
    std::string verdict(const LogOptions& options = {}) {
        lines_.at(100'000, 100'010).read(1, 0, "1,2,3,4");
        return verdict_of(lines_.text(), options);
    }

  private:
    Lines lines_;
    std::int64_t time_ = 1000;
};

}  // namespace

TEST_CASE("log: a subscription that is handed everything in order is ok", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 3).verdict() == "ok");
    CHECK(Followed().subscribe(R"(,"from":2)").from_to(2, 3).bookmark(3).verdict() == "ok");
    CHECK(Followed().subscribe(R"(,"checkpoint":2)").from_to(3, 3).verdict() == "ok");
    CHECK(Followed().subscribe("").from_to(1, 3).verdict() == "ok");
    CHECK(Followed().subscribe(R"(,"from":0,"stream":"b")").deliver(2, 3).verdict() == "ok");
    CHECK(Followed().subscribe(R"(,"from":0,"filter":"b")").deliver(2, 3).bookmark(3).verdict() ==
          "ok");
    CHECK(
        Followed().subscribe().line("deliver", R"(,"position":0,"records":[1,2,3,4])").verdict() ==
        "ok");
}

TEST_CASE("log: S1, the first delivery is the start that was asked for", "[check]") {
    CHECK(Followed().subscribe().from_to(1, 3).verdict() == "wrong-start");
    CHECK(Followed().subscribe(R"(,"from":2)").from_to(1, 3).verdict() == "wrong-start");
}

TEST_CASE("log: S2, nothing is left out", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 1).from_to(3, 3).verdict() == "subscription-gap");
    CHECK(Followed().subscribe(R"(,"from":0,"stream":"a")").deliver(0, 1).deliver(3, 4).verdict() ==
          "subscription-gap");
}

TEST_CASE("log: S3, nothing comes again or out of order", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 2).from_to(2, 3).verdict() == "repeated-delivery");
    CHECK(Followed().subscribe().from_to(0, 1).from_to(3, 3).from_to(2, 2).verdict() ==
          "subscription-gap, repeated-delivery");
}

TEST_CASE("log: S4, what was handed out stands in the log", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 3).deliver(4, 9).verdict() == "garbage-record");
    CHECK(Followed().subscribe().from_to(0, 1).deliver(2, 4).verdict().find(
              "uncommitted-delivery") != std::string::npos);
}

TEST_CASE("log: S5, the records of one append come together", "[check]") {
    CHECK(Followed()
              .subscribe()
              .deliver(0, 1, R"(,"batch":1)")
              .deliver(1, 2, R"(,"batch":1)")
              .deliver(2, 3, R"(,"batch":2)")
              .deliver(3, 4, R"(,"batch":2)")
              .verdict() == "ok");
    CHECK(Followed()
              .subscribe()
              .deliver(0, 1, R"(,"batch":1)")
              .deliver(1, 2, R"(,"batch":2)")
              .from_to(2, 3)
              .verdict() == "split-batch");
}

TEST_CASE("log: S6, a bookmark has everything before it and nothing after it", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 1).bookmark(2).from_to(3, 3).verdict() ==
          "wrong-bookmark");
    CHECK(Followed().subscribe().from_to(0, 3).bookmark(4).verdict() == "wrong-bookmark");
    CHECK(Followed()
              .subscribe(R"(,"from":0,"stream":"b")")
              .bookmark(1)
              .deliver(2, 3)
              .bookmark(3)
              .verdict() == "ok");
    CHECK(Followed().subscribe().from_to(0, 1).bookmark(1).deliver(1, 2).from_to(2, 3).verdict() ==
          "wrong-bookmark, repeated-delivery");
    // Before its record was sent.
    CHECK(Followed().at(21).subscribe(R"(,"from":4)").bookmark(3).verdict() == "ok");
    CHECK(Followed().at(1).subscribe(R"(,"from":4)").bookmark(3).verdict() == "wrong-bookmark");
}

TEST_CASE("log: S7, a filter lets its own pass and nothing else", "[check]") {
    CHECK(Followed().subscribe(R"(,"from":0,"stream":"b")").deliver(1, 2).deliver(2, 3).verdict() ==
          "filter-ignored");
    CHECK(Followed()
              .subscribe(R"(,"from":0,"filter":"b")")
              .deliver(3, 4)
              .verdict()
              .find("filter-ignored") != std::string::npos);
}

TEST_CASE("log: S8, nothing is handed out before it was sent", "[check]") {
    CHECK(Followed().at(-20).subscribe().from_to(0, 3).verdict() == "future-delivery");
}

TEST_CASE("log: S9, a subscription resumes behind its checkpoint", "[check]") {
    CHECK(
        Followed().subscribe().from_to(0, 2).ack(1).subscribe("").from_to(2, 3).verdict() == "ok");
    CHECK(
        Followed().subscribe().from_to(0, 2).ack(1).subscribe("").from_to(3, 3).verdict() == "ok");
    CHECK(Followed().subscribe().from_to(0, 2).ack(1).subscribe("").from_to(1, 3).verdict() ==
          "wrong-resumption");
    CHECK(Followed().subscribe().from_to(0, 1).ack(1).subscribe("").from_to(3, 3).verdict() ==
          "wrong-resumption");
    CHECK(Followed()
              .subscribe()
              .from_to(0, 1)
              .ack(1)
              .subscribe(R"(,"checkpoint":1)")
              .from_to(2, 3)
              .verdict() == "ok");
    CHECK(Followed()
              .subscribe()
              .from_to(0, 1)
              .subscribe(R"(,"checkpoint":2)")
              .from_to(3, 3)
              .verdict() == "wrong-resumption");
    CHECK(Followed()
              .subscribe()
              .from_to(0, 1)
              .ack(1)
              .subscribe(R"(,"checkpoint":0)")
              .from_to(1, 3)
              .verdict() == "wrong-resumption");
    CHECK(Followed().subscribe().from_to(0, 2).nack(1).from_to(1, 3).verdict() == "ok");
}

TEST_CASE("log: S10, nothing is left out at the switch to what is new", "[check]") {
    CHECK(
        Followed().subscribe().from_to(0, 1).line("caught-up", "").from_to(2, 3).verdict() == "ok");
    CHECK(Followed().subscribe().from_to(0, 1).line("caught-up", "").from_to(3, 3).verdict() ==
          "gap-at-the-switch-to-live");
}

TEST_CASE("log: S11, in the end everybody has everything", "[check]") {
    CHECK(Followed().subscribe().from_to(0, 2).verdict() == "unseen-records");
    CHECK(Followed().subscribe().from_to(0, 2).line("unsubscribe", "").verdict() == "ok");
    LogOptions cut_off;
    cut_off.settled = false;
    CHECK(Followed().subscribe().from_to(0, 2).verdict(cut_off) == "ok");
}

TEST_CASE("log: S12, a group hands out everything, again only for a reason", "[check]") {
    const std::string member = R"(,"from":0,"group":"g")";
    const auto two = [&](const std::string& more = "") {
        Followed followed;
        followed.subscribe(member + more, 1).subscribe(member + more, 2);
        return followed;
    };
    CHECK(two()
              .deliver(0, 1, "", 1)
              .deliver(1, 2, "", 2)
              .deliver(3, 4, "", 1)
              .deliver(2, 3, "", 2)
              .verdict() == "ok");
    CHECK(two().deliver(0, 1, "", 1).deliver(1, 2, "", 2).deliver(3, 4, "", 1).verdict() ==
          "group-loss");
    CHECK(two().from_to(0, 3).deliver(2, 3, "", 2).verdict() == "group-redelivery");
    CHECK(two().from_to(0, 3).ack(2).deliver(2, 3, "", 2).verdict() == "group-redelivery");
    CHECK(two().from_to(0, 3).nack(2).deliver(2, 3, "", 2).verdict() == "ok");
    CHECK(two().from_to(0, 3).line("unsubscribe", "").deliver(2, 3, "", 2).verdict() == "ok");
    CHECK(two(R"(,"timeout_ns":10)").from_to(0, 3).deliver(3, 4, "", 2).verdict() == "ok");
    CHECK(two(R"(,"timeout_ns":11)").from_to(0, 3).deliver(3, 4, "", 2).verdict() ==
          "group-redelivery");
    CHECK(two(R"(,"ordered":true)").from_to(2, 3).from_to(0, 1).verdict() == "group-order");
    CHECK(two(R"(,"ordered":true)").from_to(2, 2).from_to(0, 1).from_to(3, 3).verdict() == "ok");
}

TEST_CASE("log: S13, what may be gone is never left out in silence", "[check]") {
    const auto with = [](const std::string& answer) {
        Followed followed;
        followed.lines().line(R"({"f":"retain","position":2,"call_ns":900})");
        followed.line("subscribe", R"(,"status":"fail","error":"truncated")" + answer);
        return followed.verdict();
    };
    CHECK(with(R"(,"from":0,"retained":2)") == "ok");
    CHECK(with(R"(,"from":2,"retained":2)") == "false-truncation");
    CHECK(with(R"(,"from":0)") == "false-truncation");
    Followed silent;
    silent.lines().line(R"({"f":"retain","position":2,"call_ns":900})");
    CHECK(silent.subscribe().from_to(2, 3).verdict() == "silent-truncation");
}

TEST_CASE("log: deliveries count as shown if that is promised", "[check]") {
    Followed followed;
    followed.subscribe().from_to(0, 3);
    followed.lines().at(2000, 2010).tail(1, 3);
    followed.lines().at(0, 90'000).ok(9, R"("f":"append","records":[5],"position":4)");
    LogOptions coupled;
    coupled.subscriptions_coupled = true;
    Lines lines = followed.lines();
    lines.at(100'000, 100'010).read(1, 0, "1,2,3,4,5");
    CHECK(verdict_of(lines.text()) == "stale-tail, unseen-records");
    Lines early;
    early.at(0, 500).append(1, "1", 0).at(100, 110).tail(2, 0);
    early.line(R"({"f":"subscribe","sub":1,"from":0,"call_ns":10})");
    early.line(R"({"f":"deliver","sub":1,"position":0,"record":1,"call_ns":50})");
    early.at(600, 610).read(1, 0, "1");
    CHECK(verdict_of(early.text()) == "ok");
    CHECK(verdict_of(early.text(), coupled) == "stale-tail");
}

}  // namespace ledger::check::test
