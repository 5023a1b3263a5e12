#include "sim/check/page/history_page.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/check/page/page_assets.h"
#include "sim/check/page/script_text.h"
#include "sim/check/utf8.h"
#include "tests/sim/check/page/sample_pages.h"

namespace ledger::check::test {
namespace {

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::uint64_t count(std::string_view text, std::string_view part) {
    std::uint64_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
        at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace

TEST_CASE("history page: every page is small, whole, and runs its own script alone", "[check]") {
    for (const SamplePage& sample : all_samples()) {
        INFO(sample.name);
        const std::string page = history_page_html(sample.page());
        CHECK(page.size() <= history_page_bytes_max);
        CHECK(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
        CHECK(page.ends_with("</main></body></html>\n"));
        CHECK(is_utf8(page));
        // The data and the script; nothing that came with the history made another one.
        CHECK(count(page, "<script") == 2);
        CHECK(count(page, "</script") == 2);
        CHECK(has(page, "default-src 'none'; style-src 'unsafe-inline'; script-src " +
                            script_source(page_script) + "\">"));
        // The only address is a name: that of SVG elements.
        CHECK(count(page, "://") == count(page, "http://www.w3.org/2000/svg"));
    }
}

TEST_CASE(
    "history page: the first line says what is wrong, then why and what was looked at", "[check]") {
    const std::string page = history_page_html(stale_read().page());
    const auto at = [&page](std::string_view part) {
        INFO(part);
        REQUIRE(has(page, part));
        return page.find(part);
    };
    CHECK(at("violated</span>") < at("stale read</span>"));
    CHECK(at("stale read</span>") < at("yet it shows only 61"));
    CHECK(at("yet it shows only 61") < at("no moment between call and return"));
    CHECK(at("no moment between call and return") < at("<dt>ok appends</dt><dd>96</dd>"));
    CHECK(at("<dt>ok appends</dt>") < at("id=\"stage\""));
    CHECK(at("<code>ledgersim check stale-read.jsonl --model") < at("id=\"stage\""));
}

TEST_CASE("history page: levels that hold and are violated, and all violations", "[check]") {
    const std::string page = history_page_html(cycle().page());
    CHECK(has(page, "<dt>strongest level that holds</dt><dd>read-committed</dd>"));
    CHECK(has(page, "<dt>weakest level that is violated</dt><dd>snapshot-isolation</dd>"));
    CHECK(has(page, "id=\"violation-2\"><strong>lost update</strong>"));
    CHECK(has(page, "2 more were found and are not listed"));
}

TEST_CASE("history page: ok and inconclusive have coverage and a reason", "[check]") {
    const std::string fine = history_page_html(nothing_wrong().page());
    CHECK(has(fine, "nothing is wrong in 1,000 operations"));
    CHECK(has(fine, "<dt>ok reads</dt><dd>181</dd>"));
    CHECK(has(history_page_html(out_of_time().page()), "the time limit of 10s was reached"));
    const std::string empty = history_page_html(without_operations().page());
    CHECK(has(empty, "there was nothing to examine"));
    CHECK(has(empty, "Nothing: this is no pass."));
    CHECK(has(empty, "The history holds no operation."));
}

TEST_CASE("history page: a page says how much it does not show", "[check]") {
    CHECK(has(history_page_html(million().page()), "2,000 of 1,000,000 operations are here"));
    CHECK(has(history_page_html(absurd().page()), "are not among them"));
}

TEST_CASE("history page: for any texts a page stays below its limit", "[check]") {
    rc::prop("limit", [] {
        const auto unit = *rc::gen::elementOf(std::vector<std::string>{
            "<", "&", "\"", "\x01", "\xff", "\xe2\x80\xa8", "\xf0\x9f\x98\x80", "word "});
        std::string text;
        const auto bytes =
            static_cast<std::size_t>(*rc::gen::elementOf(std::vector<int>{0, 7, 300, 5'000}));
        while (text.size() < bytes) {
            text += unit;
        }
        SamplePage sample;
        sample.name = sample.repro = text;
        sample.count = *rc::gen::inRange<std::uint64_t>(1, 3'000);
        sample.operation = [text](std::uint64_t id) {
            PageOperation operation;
            operation.called = id;
            operation.lane = operation.text = operation.kind = operation.stream = text;
            operation.key = std::to_string(id) + text;
            operation.before = operation.after = operation.rule = text;
            return operation;
        };
        Judgement& judgement = sample.judgement;
        judgement.verdict = *rc::gen::elementOf(
            std::vector<Verdict>{Verdict::ok, Verdict::violated, Verdict::inconclusive});
        judgement.reason = judgement.model = judgement.level = text;
        const auto anomalies = *rc::gen::inRange<std::size_t>(0, 100);
        const std::vector<std::uint64_t> witness(
            *rc::gen::inRange<std::size_t>(0, 40), sample.count / 2);
        judgement.anomalies.assign(anomalies, {text, text, {text, text, text}, witness});
        judgement.partial.assign(*rc::gen::inRange<std::size_t>(0, 3),
            {text, text, {*rc::gen::inRange<std::size_t>(0, 300), {sample.count / 3, text}},
                {{0, text}}});
        judgement.coverage.assign(*rc::gen::inRange<std::size_t>(0, 300), {text, 7});
        const std::string page = history_page_html(sample.page());
        RC_ASSERT(page.size() <= history_page_bytes_max);
        RC_ASSERT(count(page, "</script") == 2);
        RC_ASSERT(is_utf8(page));
        const std::string lines = history_page_text(sample.page());
        RC_ASSERT(is_utf8(lines));
        RC_ASSERT(lines.size() < 400'000);
    });
}

TEST_CASE("history page: the text has the same in lines", "[check]") {
    const std::string text = history_page_text(stale_read().page());
    CHECK(
        text.starts_with("violated: stale read: the read of client 3 was called after client 5 "));
    CHECK(
        has(text, "300 operations of stale-read.jsonl, model append-only-log, level linearizable"));
    CHECK(has(
        text, "   1  client 5  read from 0 -> 63 records (ok; 70.899ms to 72.419ms; line 196)"));
    CHECK(has(text, "rule: must show version 63 or later"));
    // The first ends before the second begins.
    CHECK(has(text, "  client 5  |--1----|\n  client 3                  |--2----|\n"));
    CHECK(has(text, "  ok reads                                  181\n"));
    CHECK(text.ends_with("again\n  ledgersim check stale-read.jsonl --model 'append-only-log'\n"));
}

TEST_CASE("history page: the text draws an open operation to the end", "[check]") {
    SamplePage sample = failed_search();
    sample.judgement.anomalies[0].operations = {33, 48};
    const std::string text = history_page_text(sample.page());
    CHECK(has(text, "  client 3  |--------1-------------->\n  client 3          |--2----|\n"));
    CHECK(has(text, "from 46.2ms on, open"));
}

TEST_CASE("history page: the text lists the longest order and what was refused", "[check]") {
    const std::string text = history_page_text(failed_search().page());
    CHECK(has(text, "the longest order found of key 7: 48 operations"));
    CHECK(has(text, "(24 earlier ones)"));
    CHECK(has(text, "    48  client 2: read -> 0  => 0\n"));
    CHECK(has(text,
        "     x  client 3: read -> 9\n        refused: a read of 9, but the register held 0\n"));
}

TEST_CASE("history page: the text of a hostile history moves no cursor", "[check]") {
    const std::string text = history_page_text(hostile().page());
    for (const char c : text) {
        CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n'));
    }
    CHECK(history_page_text(absurd().page()).size() < 400'000);
}

}  // namespace ledger::check::test
