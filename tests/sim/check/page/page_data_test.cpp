#include "sim/check/page/page_data.h"

#include <catch2/catch.hpp>

#include "sim/check/json.h"
#include "tests/sim/check/page/sample_pages.h"

namespace ledger::check::test {
namespace {

struct Data {
    explicit Data(const SamplePage& sample)
        : window(page_window(sample.page(), {})), text(page_data(sample.page(), window)) {
        const Result<JsonValue> parsed = parse_json(text);
        REQUIRE(parsed.has_value());
        json = *parsed;
    }
    const JsonArray& array(std::string_view key) const {
        const JsonValue* value = json.find(key);
        REQUIRE(value != nullptr);
        REQUIRE(value->array() != nullptr);
        return *value->array();
    }
    std::uint64_t number(std::string_view key) const { return *json.find(key)->number(); }

    PageWindow window;
    std::string text;
    JsonValue json;
};

std::uint64_t number(const JsonValue& value, std::size_t at) {
    const std::optional<std::uint64_t> number = (*value.array())[at].number();
    REQUIRE(number.has_value());
    return *number;
}

}  // namespace

TEST_CASE("page data: every operation is shown or counted in a gap", "[check]") {
    for (const SamplePage& sample : all_samples()) {
        INFO(sample.name);
        const Data data(sample);
        std::uint64_t counted = data.array("operations").size();
        for (const JsonValue& gap : data.array("gaps")) {
            CHECK(number(gap, 0) <= data.window.places.size());
            CHECK(number(gap, 1) > 0);
            counted += number(gap, 1);
        }
        CHECK(counted == sample.count);
        CHECK(data.number("total") == sample.count);
    }
}

TEST_CASE("page data: times of a wall clock count from the first call", "[check]") {
    const Data data(million());
    const JsonArray& first = *data.array("operations").front().array();
    CHECK(first[4].number() == 0);
    CHECK(first[5].number() == 675'450);
    const JsonArray& last = *data.array("operations").back().array();
    CHECK(last[4].number() == 999'999ull * 900);
    CHECK(*data.json.find("since_first_call")->boolean());
    const SamplePage sample = stale_read();
    CHECK((*Data(sample).array("operations").front().array())[4].signed_number() ==
          sample.operation(0).called_ns);
}

TEST_CASE("page data: an open operation has no rank to return at", "[check]") {
    const Data data(failed_search());
    const JsonArray& open = *data.array("operations")[33].array();
    CHECK(open[0].number() == 33);
    CHECK(open[3].is_null());
    CHECK(open[7].number() == 3);
}

TEST_CASE("page data: numbers that scripts cannot hold are texts", "[check]") {
    const Data data(absurd());
    CHECK(data.array("places").front().text() != nullptr);
    CHECK(*data.array("places").front().text() == "18446744073708551615");
    CHECK(Data(stale_read()).array("places").front().number().has_value());
}

TEST_CASE("page data: the floor rises along the axis, one point per place", "[check]") {
    for (const SamplePage& sample : {stale_read(), million()}) {
        const Data data(sample);
        const JsonArray& floor = data.array("floor");
        REQUIRE(floor.size() > 10);
        for (std::size_t i = 1; i < floor.size(); ++i) {
            CHECK(number(floor[i], 0) > number(floor[i - 1], 0));
            CHECK(number(floor[i], 1) >= number(floor[i - 1], 1));
        }
    }
}

TEST_CASE("page data: annotations beside the window lie in half ranks", "[check]") {
    const SamplePage sample = stale_read();
    const Data data(sample);
    REQUIRE(data.array("annotations").size() == 4);
    const JsonArray& leader = *data.array("annotations").front().array();
    CHECK(*leader[0].text() == "leader");
    CHECK(*leader[1].text() == "n1 leads term 3");
    CHECK(leader[2].number() == 0);
    CHECK(data.window.places[static_cast<std::size_t>(*leader[3].number() / 2)] ==
          sample.annotations[0].to);
}

TEST_CASE("page data: a long order keeps its end and says what is missing", "[check]") {
    SamplePage sample = failed_search();
    sample.judgement.partial[0].steps.assign(500, {3, "state"});
    sample.judgement.partial[0].refused.assign(80, {48, "no"});
    const Data data(sample);
    const JsonValue& order = data.array("partial").front();
    CHECK(order.find("skipped")->number() == 300);
    CHECK(order.find("steps")->array()->size() == steps_shown_max);
    CHECK(order.find("refused")->array()->size() == refused_shown_max);
    CHECK(order.find("refused_total")->number() == 80);
}

}  // namespace ledger::check::test
