#include "sim/check/json.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/check/utf8.h"

namespace ledger::check::test {
namespace {

std::string written(const JsonValue& value) {
    std::string text;
    JsonWriter writer(text);
    value.write(writer);
    return text;
}

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
    const Result<JsonValue> value = parse_json(text, limits, 3);
    return value.has_value() ? "no error" : value.error().place;
}

std::string text_of(std::string_view text) {
    const Result<JsonValue> value = parse_json(text);
    REQUIRE(value.has_value());
    REQUIRE(value->text() != nullptr);
    return *value->text();
}

// Any value, up to a depth.
rc::Gen<JsonValue> any_value(int depth) {
    const auto text = rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(
                                       rc::gen::inRange<std::uint32_t>(0, 0x110000)),
        [](const std::vector<std::uint32_t>& codes) {
            std::string made;
            for (std::uint32_t code : codes) {
                append_utf8(made, code >= 0xd800 && code <= 0xdfff ? 'x' : code);
            }
            return made;
        });
    const auto leaf = rc::gen::oneOf(
        rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return JsonValue(b); }),
        rc::gen::map(
            rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t n) { return JsonValue(n); }),
        rc::gen::map(rc::gen::arbitrary<std::uint32_t>(),
            [](std::uint32_t n) { return JsonValue(-static_cast<std::int64_t>(n) - 1); }),
        rc::gen::map(text, [](std::string s) { return JsonValue(std::move(s)); }),
        rc::gen::just(JsonValue()));
    if (depth == 0) {
        return leaf;
    }
    const auto values = rc::gen::container<JsonArray>(any_value(depth - 1));
    const auto array =
        rc::gen::map(values, [](JsonArray items) { return JsonValue(std::move(items)); });
    const auto object = rc::gen::map(values, [](JsonArray items) {
        JsonObject members;
        for (std::size_t i = 0; i < items.size(); ++i) {
            members.emplace_back("k" + std::to_string(i), std::move(items[i]));
        }
        return JsonValue(std::move(members));
    });
    return rc::gen::oneOf(leaf, array, object);
}

}  // namespace

TEST_CASE("json: what is written is read back", "[check]") {
    rc::prop("round trip", [] {
        const JsonValue value = *any_value(3);
        const std::string text = written(value);
        const Result<JsonValue> read = parse_json(text);
        RC_ASSERT(read.has_value());
        RC_ASSERT(*read == value);
        RC_ASSERT(written(*read) == text);
    });
}

TEST_CASE("json: damaged text never does more than fail with a place", "[check]") {
    rc::prop("damage", [] {
        std::string text = written(*any_value(3));
        const auto cuts = *rc::gen::container<std::vector<std::pair<std::uint16_t, char>>>(
            rc::gen::arbitrary<std::pair<std::uint16_t, char>>());
        for (const auto& [at, c] : cuts) {
            if (!text.empty()) {
                text[at % text.size()] = c;
            }
        }
        const Result<JsonValue> read = parse_json(text);
        RC_ASSERT(read.has_value() || read.error().place.starts_with("line "));
        if (read.has_value()) {
            const Result<JsonValue> again = parse_json(written(*read));
            RC_ASSERT(again.has_value());
            RC_ASSERT(*again == *read);
        }
    });
}

TEST_CASE("json: keys keep their order and numbers their digits", "[check]") {
    std::string text;
    JsonWriter json(text);
    json.begin_object().key("z").number(UINT64_MAX).key("a").signed_number(INT64_MIN);
    json.key("seconds").fixed(12'345, 3).key("less").fixed(-7, 3).key("list").begin_array();
    json.boolean(true).null().text("a\"\\\n\x01").end_array().key("e").begin_object().end_object();
    json.end_object();
    CHECK(text ==
          "{\"z\":18446744073709551615,\"a\":-9223372036854775808,\"seconds\":12.345,"
          "\"less\":-0.007,\"list\":[true,null,\"a\\\"\\\\\\n\\u0001\"],\"e\":{}}");
}

TEST_CASE("json: text that is not UTF-8 is written with a replacement", "[check]") {
    std::string text;
    append_json_string(text,
        "a\xff"
        "b\xc3");
    CHECK(text ==
          "\"a\xef\xbf\xbd"
          "b\xef\xbf\xbd\"");
}

TEST_CASE("json: escapes and surrogates", "[check]") {
    CHECK(text_of("\"\\u0041\\n\\/\\u00e9\"") == "A\n/\xc3\xa9");
    CHECK(text_of("\"\\ud83d\\ude00\"") == "\xf0\x9f\x98\x80");
    CHECK(error_of("\"\\ud83d\"") == "line 3, column 8: a high surrogate without a low one");
    CHECK(
        error_of("\"\\ud83d\\u0041\"") == "line 3, column 14: a high surrogate without a low one");
    CHECK(error_of("\"\\ude00\"") == "line 3, column 8: a low surrogate without a high one");
    CHECK(error_of("\"\\u00g0\"") == "line 3, column 6: expected four hexadecimal digits");
    CHECK(error_of("\"\\x\"") == "line 3, column 3: unknown escape");
}

TEST_CASE("json: where decimals are allowed they stay as they were written", "[check]") {
    const std::string text = R"([1.50,-0.1e-7,18446744073709551616,7,-9223372036854775809,1E+3,{"a":2.0}])";
    const auto value = parse_json(text, any_json);
    REQUIRE(value.has_value());
    std::string written;
    JsonWriter writer(written);
    value->write(writer);
    CHECK(written == text);
    CHECK((*value->array())[3].number() == 7u);
    CHECK_FALSE((*value->array())[0].number().has_value());
    for (const char* wrong : {"1.", ".5", "01.5", "1e", "1e+", "-", "1.5.2", "--1"}) {
        CAPTURE(wrong);
        const auto refused = parse_json(wrong, any_json);
        REQUIRE(refused.has_error());
        CHECK(refused.error().place.starts_with("line 1, column "));
    }
}

TEST_CASE("json: errors name line, column and what was expected", "[check]") {
    CHECK(error_of("") == "line 3, column 1: expected a value, but the text ends");
    CHECK(error_of("{\"a\":1,}") == "line 3, column 8: expected a key in quotes");
    CHECK(error_of("{\"a\" 1}") == "line 3, column 6: expected a colon after the key");
    CHECK(error_of("{\"a\":1 \"b\"") ==
          "line 3, column 8: expected a comma or the end of the object");
    CHECK(error_of("[1 2]") == "line 3, column 4: expected a comma or the end of the array");
    CHECK(error_of("[1,\n 2,\n x]") == "line 5, column 2: expected a value");
    CHECK(error_of("1 2") == "line 3, column 3: the value has ended, but more follows");
    CHECK(error_of("1.5") == "line 3, column 2: only whole numbers are read");
    CHECK(error_of("1e5") == "line 3, column 2: only whole numbers are read");
    CHECK(error_of("01") == "line 3, column 1: a number does not begin with 0");
    CHECK(error_of("-") == "line 3, column 2: expected a digit");
    CHECK(error_of("18446744073709551616") == "line 3, column 1: the number does not fit 64 bits");
    CHECK(error_of("-9223372036854775809") == "line 3, column 1: the number does not fit 64 bits");
    CHECK(error_of("\"a") == "line 3, column 3: the text ends inside a string");
    CHECK(error_of("\"a\tb\"") ==
          "line 3, column 3: a control character in a string must be escaped");
    CHECK(error_of("\"\xed\xa0\x80\"") == "line 3, column 2: the string is not UTF-8 here");
    CHECK(error_of("{\"a\":1,\"a\":2}") == "line 3, column 8: the key a is there twice");
}

TEST_CASE("json: limits hold for depth, members and size", "[check]") {
    CHECK(error_of(std::string(10'000, '[')) == "line 3, column 33: nested too deep, at most 32");
    CHECK(error_of("[[1]]", {.depth_max = 2}).find("nested too deep") != std::string::npos);
    CHECK(error_of("{\"a\":1,\"b\":2}", {.members_max = 1}).find("too many members") !=
          std::string::npos);
    CHECK(error_of("[1,2]", {.bytes_max = 4}) == "line 3: 5 bytes, at most 4 are read");
}

TEST_CASE("json: numbers are asked for as what they are", "[check]") {
    CHECK(parse_json("-5")->signed_number() == -5);
    CHECK(parse_json("-5")->number() == std::nullopt);
    CHECK(parse_json("18446744073709551615")->signed_number() == std::nullopt);
    CHECK(parse_json("5")->signed_number() == 5);
    CHECK(parse_json("\"5\"")->number() == std::nullopt);
    CHECK(parse_json("[1]")->find("a") == nullptr);
}

TEST_CASE("json: lines are read one by one and an error names its line", "[check]") {
    const std::string text = "{\"n\":1}\n\n  \r\n{\"n\":\n{\"n\":3}";
    JsonLines lines(text);
    REQUIRE_FALSE(lines.at_end());
    CHECK(lines.next().has_value());
    CHECK(lines.line() == 1);
    REQUIRE_FALSE(lines.at_end());
    const Result<JsonValue> broken = lines.next();
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().place == "line 4, column 6: expected a value, but the text ends");
    REQUIRE_FALSE(lines.at_end());
    const Result<JsonValue> last = lines.next();
    REQUIRE(last.has_value());
    CHECK(last->find("n")->number() == 3u);
    CHECK(lines.line() == 5);
    CHECK(lines.at_end());
}

}  // namespace ledger::check::test
