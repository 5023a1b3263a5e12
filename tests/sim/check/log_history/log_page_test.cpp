#include "sim/check/log_history/log_page.h"

#include "tests/sim/check/log_history/judged.h"

namespace ledger::check::test {

TEST_CASE("log page: an operation with its place, its text and the rule for it", "[check]") {
    Lines lines;
    lines.at(10, 20).append(1, "1", 0).at(15, 40).append(2, "2", 1, R"(,"key":"k")");
    lines.at(50, 60).tail(3, 1).at(70, 80).unknown(3, R"("f":"append","records":[3])");
    lines.line(R"({"f":"leader","call_ns":20,"ret_ns":70,"text":"n1, term 2"})");
    lines.at(90, 95).read(1, 0, "1,2");
    const LogHistory history = history_of(lines.text());
    Unlimited budget;
    const LogJudgement judged = judge_log(history, {}, budget);
    REQUIRE(judged.judgement.verdict == Verdict::violated);
    const LogPage page(history, judged);

    const PageOperation append = page.operation(1);
    CHECK(append.id == 1);
    CHECK(append.lane == "client 2");
    CHECK(append.called == 1);  // 10, 15, 20, 40, 50, ...
    CHECK(append.returned == 3);
    CHECK(append.called_ns == 15);
    CHECK(append.text == "append of record 2 with key k -> ok at 1");
    CHECK(append.kind == "append");
    CHECK(append.key == "k");
    CHECK(append.line == 2);
    CHECK(append.before == "version 0 had been shown");
    CHECK(append.after == "version 2 had been shown");

    const PageOperation tail = page.operation(2);
    CHECK(tail.rule == "must show version 2 or later");
    CHECK(page.operation(3).returned == RecordedOperation::never);
    CHECK(page.operation(3).outcome == Outcome::unknown);

    using Steps = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    CHECK(page.floor() == Steps{{2, 1}, {3, 2}});
    REQUIRE(page.annotations().size() == 1);
    CHECK(page.annotations()[0].from == 2);
    CHECK(page.annotations()[0].to == 6);
    CHECK(page.annotations()[0].lane == "leader");
}

}  // namespace ledger::check::test
