#include "log/projection/json_scan.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::projection {
namespace {

std::string at(const char* text, const MemberPath& path) {
    std::vector<Value> found;
    const Result<void> scanned = scan_json(as_bytes(text), std::vector<MemberPath>{path},
        Field::Kind::payload, found);
    return scanned ? json_of(found.front()) : "error: " + scanned.error().place;
}

TEST_CASE("json scan: finds members at their depth, and never through an array", "[projection]") {
    const char* text = R"({"n": 1.50, "deep": {"n": "x", "deeper": {"n": true}},
        "list": [{"n": 9}, 7], "e": "a\nb\u00e9", "nothing": null})";
    CHECK(at(text, {"n"}) == "1.5");
    CHECK(at(text, {"deep", "n"}) == "\"x\"");
    CHECK(at(text, {"deep", "deeper", "n"}) == "true");
    CHECK(at(text, {"list", "n"}) == "null");
    CHECK(at(text, {"e"}) == "\"a\\nb\xc3\xa9\"");
    CHECK(at(text, {"nothing"}) == "null");
    CHECK(at(text, {"absent"}) == "null");
    CHECK(at(text, {"n", "n"}) == "null");
    CHECK(at("[1, 2]", {"n"}) == "null");
    CHECK(at("5", {"n"}) == "null");
    CHECK(at(R"({"n": 1, "n": 2})", {"n"}) == "2");
    CHECK(at(R"({"a": {"b": 1}, "b": {"b": 2}})", {"b", "b"}) == "2");
}

TEST_CASE("json scan: what is no scalar, does not fit or is no JSON is an error", "[projection]") {
    CHECK(at(R"({"a": {"b": 1}})", {"a"}) == "error: .a is an object; name a member of it");
    CHECK(at(R"({"a": [1]})", {"a"}) == "error: .a is an array; name a member of it");
    CHECK(at(R"({"a": 1e30})", {"a"}) ==
          "error: .a is 1e30; numbers are below 10^20 and have at most 18 decimals");
    CHECK(at(R"({"a": 1e30, "b": 2})", {"b"}) == "2");
    CHECK(at("{\"a\": tru", {"a"}) == "error: the payload is no JSON from byte 9 on");
    CHECK(at("", {"a"}) == "error: the payload is no JSON from byte 0 on");
    CHECK(at("{} x", {"a"}) == "error: the payload is no JSON from byte 3 on");
    const std::string long_text = "{\"a\": \"" + std::string(text_bytes_max + 1, 'x') + "\"}";
    CHECK(at(long_text.c_str(), {"a"}) == "error: .a has 4097 bytes, at most 4096");
    CHECK(at(long_text.c_str(), {"b"}) == "null");
    const std::string deep = std::string(40, '[') + std::string(40, ']');
    CHECK(at(deep.c_str(), {"a"}).starts_with("error: "));
}

TEST_CASE("json scan: any bytes are scanned or refused", "[projection]") {
    rc::prop("bytes", [](const std::string& text) {
        std::vector<Value> found;
        const Result<void> scanned =
            scan_json(as_bytes(text), std::vector<MemberPath>{{"a"}, {"a", "b"}},
                Field::Kind::metadata, found);
        RC_ASSERT(scanned.has_value() || !scanned.error().place.empty());
        RC_ASSERT(found.size() == 2u);
    });
}

}  // namespace
}  // namespace ledger::projection
