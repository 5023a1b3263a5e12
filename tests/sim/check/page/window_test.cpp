#include "sim/check/page/window.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidcheck/catch.h>

#include "sim/check/page/script_text.h"
#include "tests/sim/check/page/sample_pages.h"

namespace ledger::check::test {
namespace {

bool shows(const PageWindow& window, std::uint64_t id) {
    return std::any_of(window.operations.begin(), window.operations.end(),
        [id](const PageOperation& operation) { return operation.id == id; });
}

std::uint64_t bytes_of(const PageWindow& window) {
    std::uint64_t bytes = 0;
    for (const PageOperation& operation : window.operations) {
        for (const std::string* text :
            {&operation.lane, &operation.text, &operation.kind, &operation.stream, &operation.key,
                &operation.before, &operation.after, &operation.rule}) {
            bytes += script_bytes(*text);
        }
    }
    return bytes;
}

// Operations with texts of some length, called one after the other.
HistoryPage plain(const Judgement& judgement, std::uint64_t count, std::size_t text_bytes) {
    HistoryPage page;
    page.judgement = &judgement;
    page.operations = count;
    page.operation = [text_bytes](std::uint64_t id) {
        PageOperation operation;
        operation.lane = "client 1";
        operation.called = 2 * id;
        operation.returned = 2 * id + 1;
        operation.text = operation.before = std::string(text_bytes, 'x');
        return operation;
    };
    return page;
}

}  // namespace

TEST_CASE("window: it contains every witness of every sample", "[check]") {
    for (const SamplePage& sample : all_samples()) {
        const PageWindow window = page_window(sample.page(), {});
        INFO(sample.name);
        CHECK(window.operations.size() <= WindowBudget{}.operations_max);
        CHECK(bytes_of(window) <= WindowBudget{}.bytes_max);
        std::set<std::uint64_t> wanted;
        for (const Anomaly& anomaly : sample.judgement.anomalies) {
            wanted.insert(anomaly.operations.begin(), anomaly.operations.end());
        }
        if (sample.name == "absurd") {
            CHECK(window.wanted_missing > 0);
            continue;
        }
        CHECK(window.wanted_missing == 0);
        for (const std::uint64_t id : wanted) {
            CHECK(shows(window, id));
        }
    }
}

TEST_CASE("window: witnesses far apart have their neighbours on both sides", "[check]") {
    const SamplePage sample = million();
    const PageWindow window = page_window(sample.page(), {});
    CHECK(window.operations.size() == WindowBudget{}.operations_max);
    for (const std::uint64_t id : {0u, 16u, 18u, 77u, 999'939u, 999'998u, 999'999u}) {
        CHECK(shows(window, id));
    }
    CHECK_FALSE(shows(window, 500'000));
}

TEST_CASE("window: without anything to look at it is the beginning", "[check]") {
    Judgement judgement;
    const PageWindow window = page_window(plain(judgement, 5'000, 10), {.operations_max = 50});
    REQUIRE(window.operations.size() == 50);
    CHECK(window.operations.front().id == 0);
    CHECK(window.operations.back().id == 49);
    CHECK(page_window(plain(judgement, 0, 10), {}).operations.empty());
}

TEST_CASE("window: what a search refused and the end of its order are witnesses too", "[check]") {
    Judgement judgement;
    PartialOrder order;
    for (std::uint64_t id = 0; id < 3'000; ++id) {
        order.steps.push_back({id, ""});
    }
    order.refused = {{4'000, ""}};
    judgement.partial = {order};
    const PageWindow window = page_window(plain(judgement, 5'000, 10), {.operations_max = 100});
    CHECK(shows(window, 4'000));
    CHECK(shows(window, 2'999));
    CHECK(shows(window, 2'941));
    CHECK_FALSE(shows(window, 0));
}

TEST_CASE("window: texts are cut shorter before a witness is left out", "[check]") {
    Judgement judgement;
    judgement.anomalies.resize(1);
    for (std::uint64_t id = 0; id < 100; ++id) {
        judgement.anomalies[0].operations.push_back(id * 10);
    }
    const HistoryPage page = plain(judgement, 5'000, 3'000);
    const PageWindow wide = page_window(page, {.operations_max = 2'000, .bytes_max = 900'000});
    const PageWindow narrow = page_window(page, {.operations_max = 2'000, .bytes_max = 90'000});
    CHECK(wide.wanted_missing == 0);
    CHECK(narrow.wanted_missing == 0);
    CHECK(wide.operations[0].text.size() == 400);
    CHECK(narrow.operations[0].text.size() < 400);
    CHECK(narrow.operations[0].text.ends_with("..."));
}

TEST_CASE("window: places are the events of its operations, half ranks lie between", "[check]") {
    PageWindow window;
    window.places = {10, 20, 30};
    CHECK(window.half_rank(3) == 0);
    CHECK(window.half_rank(10) == 0);
    CHECK(window.half_rank(15) == 1);
    CHECK(window.half_rank(20) == 2);
    CHECK(window.half_rank(30) == 4);
    CHECK(window.half_rank(31) == 5);
}

TEST_CASE(
    "window: for any judgement it keeps its budget and loses no witness silently", "[check]") {
    rc::prop("budget and witnesses", [] {
        const auto count = static_cast<std::uint64_t>(*rc::gen::inRange(1, 400));
        const auto ids = *rc::gen::container<std::vector<std::vector<std::uint64_t>>>(
            rc::gen::container<std::vector<std::uint64_t>>(
                rc::gen::inRange<std::uint64_t>(0, count + 5)));
        Judgement judgement;
        std::set<std::uint64_t> wanted;
        for (const std::vector<std::uint64_t>& operations : ids) {
            judgement.anomalies.push_back({"", "", {}, operations});
            for (const std::uint64_t id : operations) {
                if (id < count) {
                    wanted.insert(id);
                }
            }
        }
        const WindowBudget budget{
            .operations_max = static_cast<std::uint64_t>(*rc::gen::inRange(4, 500)),
            .bytes_max = static_cast<std::uint64_t>(*rc::gen::inRange(0, 100'000))};
        const auto text_bytes = static_cast<std::size_t>(*rc::gen::inRange(0, 600));
        const PageWindow window = page_window(plain(judgement, count, text_bytes), budget);
        RC_ASSERT(window.operations.size() <= budget.operations_max);
        RC_ASSERT(bytes_of(window) <= budget.bytes_max);
        std::uint64_t shown = 0;
        for (const std::uint64_t id : wanted) {
            shown += shows(window, id) ? 1u : 0u;
        }
        RC_ASSERT(shown + window.wanted_missing >= wanted.size());
        RC_ASSERT(std::is_sorted(window.places.begin(), window.places.end()));
        RC_ASSERT(
            std::is_sorted(window.operations.begin(), window.operations.end(),
                [](const PageOperation& a, const PageOperation& b) { return a.id <= b.id; }) ||
            window.operations.size() < 2);
        for (const PageOperation& operation : window.operations) {
            RC_ASSERT(operation.id < count);
            RC_ASSERT(window.places[window.half_rank(operation.called) / 2] == operation.called);
        }
    });
}

}  // namespace ledger::check::test
