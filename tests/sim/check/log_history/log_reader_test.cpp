#include "sim/check/log_history/log_reader.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidcheck/catch.h>

#include "tests/sim/check/log_history/judged.h"

namespace ledger::check::test {
namespace {

std::string error_of(std::string_view text) {
    const Result<LogHistory> history = parse_log_history(text);
    return history ? "none" : history.error().place;
}

std::string sample() {
    Lines lines;
    lines.append(1, "1,2", 0, R"(,"stream":"a","expected":"any","key":"k","attempt":2)");
    lines.append(1, R"("x","00000000000000030000000000000008")", 2, R"(,"session":4,"key":"4-1")");
    lines.read(2, 0, "1,2", R"(,"max":2,"end_of_log":false,"mode":"any","node":"n1")");
    lines.ok(2, R"("f":"read","from":0,"records":{"n":2,"hash":"1f"})");
    lines.fail(3, R"("f":"append","records":[7],"streams":[{"stream":"a","expected":4}],)"
                  R"("record_streams":[0],"error":"wrong-expected","conflicts":[)"
                  R"({"stream":"a","expected":4,"actual":null}],"at":3)");
    lines.unknown(3, R"("f":"append","records":[8],"conditions":[{"streams":["a"],"after":1}])");
    lines.line(R"({"f":"subscribe","sub":"s","from":0,"call_ns":3})");
    lines.line(R"({"f":"deliver","sub":"s","position":0,"record":1,"call_ns":4})");
    lines.line(R"({"f":"fault","call_ns":3,"ret_ns":9,"text":"n1 down"})");
    lines.line("").tail(1, 4);
    return lines.text();
}

}  // namespace

TEST_CASE("log reader: reads all that a line can hold", "[check]") {
    const LogHistory history = history_of(sample());
    REQUIRE(history.operations.size() == 9);
    const LogOperation& first = history.operations[0];
    CHECK(first.kind == LogKind::append);
    CHECK(first.count == 2);
    CHECK(first.position == 0);
    CHECK(first.attempt == 2);
    CHECK(history.keys[first.logical] == "k");
    CHECK(history.streams[first.stream] == "a");
    CHECK(history.record_name(history.records[history.operations[1].records]) == "x");
    CHECK(history.record_name(history.records[history.operations[1].records + 1]) ==
          "00000000000000030000000000000008");
    CHECK(history.operations[1].has(LogOperation::stored));
    CHECK(history.modes[history.operations[2].mode].has(LogMode::prefix));
    CHECK(history.operations[2].has(LogOperation::not_end));
    CHECK(history.operations[3].has(LogOperation::hashed));
    CHECK(history.hashes == std::vector<std::uint64_t>{0x1f});
    CHECK(history.operations[4].has(LogOperation::conflict));
    CHECK(history.operations[4].length == 3);
    CHECK(history.operations[5].returned == LogOperation::never);
    CHECK(history.operations[7].line == 8);
    CHECK(history.operations[8].line == 11);
    REQUIRE(history.annotations.size() == 1);
    CHECK(history.annotations[0].text == "n1 down");
    CHECK(history.bytes() > 9 * sizeof(LogOperation));
}

TEST_CASE("log reader: unknown fields are passed over", "[check]") {
    CHECK(error_of(R"({"op":1,"client":1,"call_ns":1,"ret_ns":2,"status":"ok","f":"tail",)"
                   R"("tail":0,"more":{"a":[1,"\u00e4"]},"x":null})") == "none");
}

TEST_CASE("log reader: errors name line and column", "[check]") {
    const std::string good =
        R"({"op":1,"client":1,"call_ns":1,"ret_ns":2,"status":"ok","f":"tail","tail":0})";
    const auto second = [&](const std::string& line) { return error_of(good + "\n" + line); };
    CHECK(error_of("") == "line 1, column 1: the history has no operation");
    CHECK(error_of("\n \n") == "line 1, column 1: the history has no operation");
    CHECK(second("nonsense") == "line 2, column 1: expected an operation as a JSON object");
    CHECK(second(R"({"op":x})") == "line 2, column 7: expected a number");
    CHECK(second(R"({"op":1 "client":2})") ==
          "line 2, column 9: expected a comma or the end of the object");
    CHECK(second(R"({"op":1,"op":2})") == "line 2, column 9: the key op is there twice");
    CHECK(second(R"({"op":1.5})") == "line 2, column 8: only whole numbers are read");
    CHECK(second(R"({"op":18446744073709551616})") ==
          "line 2, column 7: the number does not fit 64 bits");
    CHECK(second(R"({"records":[1,]})") == "line 2, column 15: expected a text in quotes");
    CHECK(second(R"({"records":{"n":1}})") ==
          "line 2, column 12: expected records, or {\"n\": how many, \"hash\": \"hex digits\"}");
    CHECK(second(R"({"more":[1,})") == "line 2, column 12: expected a value");
    CHECK(second(good + "x") ==
          fmt::format(
              "line 2, column {}: expected the end of the line after the object", good.size() + 1));
    const std::string start = R"({"op":1,"client":1,"call_ns":1,"ret_ns":2,)";
    CHECK(second(start + R"("status":"maybe","f":"tail","tail":0})")
              .find("expected ok, fail or unknown") != std::string::npos);
    CHECK(
        second(start + R"("status":"ok","f":"push"})").find("\"f\" is push") != std::string::npos);
    CHECK(second(start + R"("status":"ok","f":"tail"})").find("has no \"tail\"") !=
          std::string::npos);
    CHECK(second(start + R"("status":"ok","f":"append","records":[1]})")
              .find("has no \"position\"") != std::string::npos);
    CHECK(second(start + R"("status":"ok","f":"read","records":[1]})").find("has no \"from\"") !=
          std::string::npos);
    CHECK(second(start + R"("status":"ok","f":"read","from":0,"mode":"later"})")
              .find("a log has no level later") != std::string::npos);
    CHECK(second(R"({"op":1,"client":1,"call_ns":3,"ret_ns":2,"status":"ok","f":"tail","tail":0})")
              .find("returned before it was called") != std::string::npos);
    CHECK(second(R"({"op":1,"client":1,"call_ns":3,"status":"ok","f":"tail","tail":0})")
              .find("no \"ret_ns\"") != std::string::npos);
    CHECK(second(R"({"op":1,"client":1,"call_step":1,"ret_step":2,"status":"ok","f":"tail",)"
                 R"("tail":0})")
              .find("some operations have \"call_step\"") != std::string::npos);
}

TEST_CASE("log reader: whatever the bytes, it reads them or says where it stopped", "[check]") {
    rc::check("log reader: mutated lines", [] {
        std::string text = sample();
        const auto changes = *rc::gen::inRange(1, 6);
        for (int i = 0; i < changes; ++i) {
            const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
            switch (*rc::gen::inRange(0, 4)) {
                case 0: text[at] = *rc::gen::arbitrary<char>(); break;
                case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 20)); break;
                case 2:
                    text.insert(at, *rc::gen::elementOf(std::vector<std::string>{"{", "}", "[", "]",
                                        ",", "null", "-1", "\"", "\\", "99999999999999999999", "\n",
                                        "18446744073709551615", "\"from\":7,", "\xff"}));
                    break;
                default: text = text.substr(0, at) + text.substr(at / 2);
            }
            if (text.empty()) {
                text = "{";
            }
        }
        const Result<LogHistory> history = parse_log_history(text);
        if (!history) {
            RC_ASSERT(history.error().place.starts_with("line "));
            RC_ASSERT(history.error().place.find("column ") != std::string::npos);
            return;
        }
        Unlimited budget;
        const LogJudgement judged = judge_log(*history, {}, budget);
        RC_ASSERT(judged.judgement.level == "linearizable");
    });
}

TEST_CASE("log mode: names are known, others are refused by name", "[check]") {
    for (const char* name : {"linearizable", "sequential", "bounded-staleness=5ms",
             "bounded-staleness=100", "monotonic-reads", "read-your-writes", "monotonic-writes",
             "consistent-prefix", "eventual", "snapshot-isolation", "serializable",
             "strong-session-serializable", "strict-serializable"}) {
        CHECK(static_cast<bool>(parse_log_mode(name)));
    }
    for (const char* name : {"", "linear", "bounded-staleness", "bounded-staleness=",
             "bounded-staleness=5h", "bounded-staleness=-1", "session+", "linearizable+x"}) {
        const Result<LogMode> mode = parse_log_mode(name);
        REQUIRE_FALSE(static_cast<bool>(mode));
        CHECK(mode.error().place.size() > 20);
    }
    CHECK(parse_log_mode("bounded-staleness=5ms")->bound_ns == 5'000'000);
    CHECK(parse_log_mode("bounded-staleness=100")->bound_records == 100);
}

TEST_CASE("log reader: objects may stand in an array and over several lines", "[check]") {
    const std::string a =
        R"({"op":0,"client":1,"call_ns":1,"ret_ns":2,"status":"ok","f":"append","records":["x}"],"position":0})";
    const std::string b =
        "{\n \"op\":1, \"client\":1,\r\n \"call_ns\":3, \"ret_ns\":4,\n\"status\":\"ok\", "
        "\"f\":\"tail\", \"tail\":1\n}";
    const LogHistory lines = history_of(a + "\n");
    for (const std::string& text : {"[" + a + ",\n" + b + "]\n", b + "\n" + a,
             "\xef\xbb\xbf" + a + "\n", "\xef\xbb\xbf[\n" + a + "\n]",
             "[" + a + " , " + a.substr(0, 6) + "1" + a.substr(7) + "]"}) {
        const LogHistory history = history_of(text);
        REQUIRE(!history.operations.empty());
        const LogOperation& one =
            history.operations[history.operations[0].kind == LogKind::append ? 0 : 1];
        CHECK(one.position == 0);
        CHECK(history.record_names == lines.record_names);
    }
    CHECK(history_of("[" + a + ",\n\n" + b + "]").operations[1].line == 3);
    // Places count in the file.
    CHECK(error_of("[" + a + ",\n  {\"op\": 1,\n   \"client\": x}]") ==
          "line 3, column 14: expected a number");
    CHECK(error_of("[" + a + ",\n  " + b)
              .find("line 6, column 2: expected a comma or ] of the array") == 0);
    CHECK(error_of("[" + a + " 5]").find("expected a comma") != std::string::npos);
    CHECK(error_of("[" + a + "] x").find("expected nothing behind the array") != std::string::npos);
    CHECK(error_of("[5]") == "line 1, column 2: expected an operation as a JSON object");
    CHECK(error_of("[]") == "line 1, column 1: the history has no operation");
    CHECK(error_of("{\n\"op\":0,\n\"client\":").find("line 3, column 10: ") == 0);
}

}  // namespace ledger::check::test
