#include "log/projection/value.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/projection/any.h"

namespace ledger::projection {
namespace {

TEST_CASE("value: nothing comes before truths, numbers and texts", "[projection]") {
    const std::vector<Value> ascending = {std::monostate{}, false, true, Number(2), Number(10),
        std::string(""), std::string("10"), std::string("2")};
    for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
        CHECK(ascending[i] < ascending[i + 1]);
    }
}

TEST_CASE("value: people and programs read it", "[projection]") {
    CHECK(text_of(Value{}) == "-");
    CHECK(json_of(Value{}) == "null");
    CHECK(text_of(Value(std::string("a\"b"))) == "a\"b");
    CHECK(json_of(Value(std::string("a\"b\n\x01"))) == R"("a\"b\n\u0001")");
    CHECK(json_of(Value(true)) == "true");
    CHECK(json_of(Value(*Number::parse("1.50"))) == "1.5");
}

TEST_CASE("value: its bytes lead back to it", "[projection]") {
    rc::prop("bytes", [] {
        const Value value = *any::value();
        ByteVector bytes;
        encode_value(value, bytes);
        state::FieldReader in(bytes);
        RC_ASSERT(bool(decode_value(in) == value));
        in.finish();
        RC_ASSERT(in.ok());
    });
}

}  // namespace
}  // namespace ledger::projection
