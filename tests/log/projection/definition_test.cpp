#include "log/projection/definition.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "tests/log/projection/any.h"

namespace ledger::projection {
namespace {

std::string respelled(const char* text) {
    const Result<Definition> definition = parse_definition(text);
    return definition ? text_of(*definition) : "error: " + definition.error().place;
}

TEST_CASE("definition: one line says which events, by what, into what", "[projection]") {
    CHECK(respelled("count") == "count");
    CHECK(respelled("  sum   .total,count by .customer,stream where type=placed and .total>=10 top 3")
          == R"(sum .total, count by .customer, stream where type = "placed" and .total >= 10 top 3)");
    CHECK(respelled(R"(last ."odd name".x where stream ~ "o-" and .paid != true)") ==
          R"(last ."odd name".x where stream ~ "o-" and .paid != true)");
    CHECK(respelled("count by @correlation.id where @\"a b\" != 1") ==
          "count by @correlation.id where @\"a b\" != 1");
    CHECK(respelled("set .seat where .gone = null") == "set .seat where .gone = null");
}

TEST_CASE("definition: an error names the column and what was expected there", "[projection]") {
    CHECK(respelled("") == "error: column 1: expected count, sum, min, max, first, last or set, "
                           "found the end");
    CHECK(respelled("sum total") == "error: column 5: expected a field: stream, category, type, id, "
                                    ".member of the payload, or @member of the metadata, found 'total'");
    CHECK(respelled("count by .a where .b") ==
          "error: column 21: expected one of = != < <= > >= ~, found the end");
    CHECK(respelled("count where .b = 1.2.3") ==
          "error: column 18: expected a number below 10^20 with at most 18 decimals, or a text in "
          "quotes, found '1.2.3'");
    CHECK(respelled("count where .b = \"x") ==
          "error: column 18: expected a text that ends with a quote, found '\"'");
    CHECK(respelled("count by .a count") ==
          "error: column 13: expected ',', 'where', 'top' or the end, found 'count'");
    CHECK(respelled("count top 0") == "error: column 11: expected a number from 1, found '0'");
    CHECK(respelled("sum .") ==
          "error: column 6: expected the name of a member after '.', found the end");
    CHECK(respelled(("count by " + std::string(8 * 3 + 2, ' ') + ".a,.a,.a,.a,.a,.a,.a,.a,.a").c_str())
          == "error: more than 8 fields after 'by'");
}

TEST_CASE("definition: its text leads back to it", "[projection]") {
    rc::prop("text", [] {
        const Definition definition = *any::definition();
        const Result<Definition> back = parse_definition(text_of(definition));
        RC_ASSERT(back.has_value());
        RC_ASSERT(bool(*back == definition));
    });
}

TEST_CASE("definition: any text is a definition or an error with words", "[projection]") {
    rc::prop("text", [](const std::string& text) {
        const Result<Definition> definition = parse_definition(text);
        RC_ASSERT(definition.has_value() || !definition.error().place.empty());
    });
    rc::prop("damaged text", [] {
        std::string text = text_of(*any::definition());
        text[*rc::gen::inRange<std::size_t>(0, text.size())] =
            *rc::gen::element('"', '.', ',', '\\', ' ', '=', '\n', '9', 'a');
        if (const Result<Definition> definition = parse_definition(text)) {
            const Result<Definition> back = parse_definition(text_of(*definition));
            RC_ASSERT(back.has_value());
            RC_ASSERT(bool(*back == *definition));
        }
    });
}

TEST_CASE("definition: one stream is enough where a condition names it", "[projection]") {
    CHECK(only_stream(*parse_definition("count where type = x and stream = o-1")) == "o-1");
    CHECK_FALSE(only_stream(*parse_definition("count where stream ~ o-1")).has_value());
    CHECK_FALSE(only_stream(*parse_definition("count where stream = 1")).has_value());
}

TEST_CASE("definition: values of different types are different, and neither is less",
    "[projection]") {
    const Value one = Number(1);
    const Value text = std::string("1");
    CHECK_FALSE(holds(one, Comparison::equal, text));
    CHECK(holds(one, Comparison::different, text));
    CHECK_FALSE(holds(one, Comparison::less, text));
    CHECK_FALSE(holds(one, Comparison::at_least, text));
    CHECK(holds(text, Comparison::begins_with, std::string("")));
    CHECK_FALSE(holds(one, Comparison::begins_with, std::string("")));
    CHECK(holds(Value{}, Comparison::equal, Value{}));
}

}  // namespace
}  // namespace ledger::projection
