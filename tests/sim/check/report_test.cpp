#include "sim/check/report.h"

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

Instant at(std::int64_t n) {
    return Instant{n * 1'000'000};
}

Report sample() {
    Report report;
    report.title = "ledgersim run";
    report.verdict = Verdict::violated;
    report.violations = {{"durability", Kind::safety, 812, at(1'250),
        "append of client 3 was acknowledged at index 812 but is on the disk of only 1 of 3 "
        "replicas (n1)"}};
    report.seed = 4711;
    report.trace_hash = "00ff";
    report.virtual_milliseconds = 60'000;
    report.wall_milliseconds = 1'234;
    report.events = 99;
    report.operations_ok = 10;
    report.operations_failed = 2;
    report.operations_unknown = 1;
    report.faults = {{"network.loss", 7, 5}, {"disk.crash", 3, 3}};
    report.checks = {{"agreement", CheckResult::Verdict::ok, 500},
        {"durability", CheckResult::Verdict::violated, 10},
        {"chain", CheckResult::Verdict::idle, 0}};
    report.facts = {{"leader changes", "12"}};
    report.repro = "ledgersim run --seed 4711";
    report.capsule = "out/4711.capsule";
    report.page = "out/4711.html";
    report.scenario = "scenario 1\nname x\n";
    report.lanes = {"n1", "n2"};
    report.marks = {{"n1", Mark::Kind::leader, at(10), at(600), "leader of term 4"},
        {"n2", Mark::Kind::crash, at(100), at(100), "crash"},
        {"network", Mark::Kind::partition, at(50), at(90), "n1 | n2"}};
    report.operations = {{"client 3", 7, at(100), at(300), "append 40..41", "ok", true},
        {"client 1", 8, at(200), at(400), "read 40", "unknown", false}};
    return report;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("report: the summary ends with verdict, seed, command, capsule and page", "[check]") {
    const std::string text = summary_text(sample());
    CHECK(has(text, "network.loss      7         5"));
    CHECK(has(text, "agreement        500        ok"));
    CHECK(has(text, "chain              0      idle"));
    CHECK(has(text, "leader changes  12"));
    const std::string end =
        "durability (safety, step 812, 1.250 s): append of client 3 was acknowledged at index 812 "
        "but is on the disk of only 1 of 3 replicas (n1)\n"
        "verdict  violated\n"
        "seed     4711\n"
        "repeat   ledgersim run --seed 4711\n"
        "capsule  out/4711.capsule\n"
        "page     out/4711.html\n";
    CHECK(text.ends_with(end));
}

TEST_CASE("report: an inconclusive run says why", "[check]") {
    Report report;
    report.verdict_reason = "durability examined nothing";
    CHECK(has(summary_text(report), "verdict  inconclusive: durability examined nothing\n"));
    CHECK(has(report_html(report), "durability examined nothing"));
}

TEST_CASE("report: the page shows the sentence, the command and every table", "[check]") {
    const std::string page = report_html(sample());
    CHECK(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    CHECK(has(page, "only 1 of 3 replicas (n1)"));
    CHECK(has(page, "<code>ledgersim run --seed 4711</code>"));
    CHECK(has(page, "<th scope=\"row\">network.loss</th><td class=\"number\">7</td>"));
    CHECK(has(page, "<th scope=\"row\">chain</th><td>idle</td>"));
    CHECK(has(page, "leader of term 4"));
    CHECK(has(page, "class=\"witness\""));
    CHECK(has(page, "<strong>witness</strong>"));
    CHECK(has(page, "prefers-color-scheme: dark"));
    CHECK(has(page, "role=\"img\""));
    CHECK(page.ends_with("</main></body></html>\n"));
}

TEST_CASE("report: the page refers to nothing outside and runs nothing", "[check]") {
    const std::string page = report_html(sample());
    for (const char* part : {"http:", "https:", "//", "<script", "src=", "href=", "url(", "@import",
             "<link", "<iframe", "javascript:"}) {
        INFO(part);
        CHECK_FALSE(has(page, part));
    }
}

TEST_CASE("report: text from outside cannot become markup", "[check]") {
    Report report = sample();
    const std::string evil = "<script>alert(\"1\")</script>' onload='x' & \xff \x01";
    report.title = evil;
    report.violations[0].sentence = evil;
    report.violations[0].check = evil;
    report.faults[0].kind = evil;
    report.checks[0].name = evil;
    report.facts[0] = {evil, evil};
    report.repro = evil;
    report.capsule = evil;
    report.scenario = evil;
    report.verdict_reason = evil;
    report.lanes[0] = evil;
    report.marks[0].lane = evil;
    report.marks[0].text = evil;
    report.operations[0].lane = evil;
    report.operations[0].text = evil;
    report.operations[0].outcome = evil;
    const std::string page = report_html(report);
    CHECK_FALSE(has(page, "<script"));
    CHECK_FALSE(has(page, "'x'"));
    CHECK_FALSE(has(page, "\xff"));
    CHECK_FALSE(has(page, "\x01"));
    CHECK(has(page, "&lt;script&gt;alert(&quot;1&quot;)"));
}

TEST_CASE(
    "report: a huge run still gives a page of at most 2 MB that says what is missing", "[check]") {
    Report report = sample();
    const std::string text(500, '"');
    for (int i = 0; i < 20'000; ++i) {
        const std::string lane = "lane " + std::to_string(i % 200) + text;
        report.marks.push_back({lane, Mark::Kind::disk, at(i), at(i + 3), text});
        report.operations.push_back({lane, 1, at(i), at(i + 3), text, text, false});
        report.faults.push_back({text, 1, 1});
        report.checks.push_back({text, CheckResult::Verdict::ok, 1});
        report.facts.emplace_back(text, text);
        report.violations.push_back({text, Kind::safety, 1, at(1), text});
    }
    report.scenario = std::string(1'000'000, '&');
    const std::string page = report_html(report);
    CHECK(page.size() <= report_bytes_max);
    CHECK(has(page, "more marks are left out"));
    CHECK(has(page, "more operations are left out"));
    CHECK(page.ends_with("</main></body></html>\n"));
}

TEST_CASE("report: times without a span can be drawn", "[check]") {
    Report report;
    report.marks = {{"n1", Mark::Kind::pause, at(5), at(5), "pause"}};
    CHECK(has(report_html(report), "<rect class=\"pause\""));
    report.marks.push_back({"n1", Mark::Kind::other, Instant{0}, Instant{INT64_MAX}, "for ever"});
    CHECK(has(report_html(report), "for ever"));
}

}  // namespace ledger::check::test
