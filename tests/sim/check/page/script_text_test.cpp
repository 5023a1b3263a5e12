#include "sim/check/page/script_text.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/check/json.h"
#include "sim/check/utf8.h"

namespace ledger::check::test {
namespace {

bool is_clean(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0 || static_cast<unsigned char>(text.front()) < 0x20 ||
            text.front() == 0x7f) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string random_bytes() {
    // Mostly what has a meaning somewhere on the way.
    const std::vector<std::string> pieces =
        *rc::gen::container<std::vector<std::string>>(rc::gen::weightedOneOf<std::string>(
            {{3, rc::gen::elementOf(std::vector<std::string>{"<", "</script", "<!--", "\\", "\"",
                     "'", "\n", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80", "\xf0\x9f\x98\x80",
                     "\xed\xa0\x80"})},
                {1, rc::gen::arbitrary<std::string>()}}));
    std::string text;
    for (const std::string& piece : pieces) {
        text += piece;
    }
    return text;
}

}  // namespace

TEST_CASE("script text: a cut text ends at a character and says that it was cut", "[check]") {
    CHECK(cut_text("short", 5) == "short");
    CHECK(cut_text("longer", 5) == "lo...");
    CHECK(cut_text("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 7) == "\xc3\xa4\xc3\xa4...");
    CHECK(cut_text("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 8) == "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
    CHECK(cut_text("long", 2) == "..");
    CHECK(cut_text("long", 0) == "");
}

TEST_CASE("script text: control characters become spaces, wrong bytes U+FFFD", "[check]") {
    CHECK(cut_text(std::string("a\0b\x1b[31m\x7f\tc\n", 12), 100) == "a b [31m  c ");
    CHECK(cut_text("a\xff\xc0\xaf", 100) == "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("script text: whatever comes, a cut text is clean and short enough", "[check]") {
    rc::prop("clean and short", [] {
        const std::string text = random_bytes();
        const auto bytes_max = static_cast<std::uint64_t>(*rc::gen::inRange(0, 200));
        const std::string cut = cut_text(text, bytes_max);
        RC_ASSERT(is_clean(cut));
        RC_ASSERT(cut.size() <= bytes_max);
        RC_ASSERT(cut_text(cut, bytes_max) == cut);
    });
}

TEST_CASE("script text: nothing in the data can end the element that carries it", "[check]") {
    rc::prop("the same JSON without <", [] {
        const std::string text = random_bytes();
        std::string json;
        append_json_string(json, text);
        const std::string safe = script_json(json);
        RC_ASSERT(safe.find('<') == std::string::npos);
        RC_ASSERT(safe.find("\xe2\x80\xa8") == std::string::npos);
        RC_ASSERT(safe.find("\xe2\x80\xa9") == std::string::npos);
        RC_ASSERT(safe.size() == script_bytes(text));
        const Result<JsonValue> before = parse_json(json);
        const Result<JsonValue> after = parse_json(safe);
        RC_ASSERT(before.has_value());
        RC_ASSERT(after.has_value());
        RC_ASSERT(*after == *before);
    });
}

TEST_CASE("script text: the policy names a script by the base64 of its SHA-256", "[check]") {
    CHECK(script_source("abc") == "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    CHECK(script_source("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

}  // namespace ledger::check::test
